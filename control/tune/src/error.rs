use flumen_kernel::{Change, KernelError, Setting};
use std::path::PathBuf;

/// Why a host was not tuned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuneError {
    /// There is no such device.
    #[error("there is no network device {0}")]
    NoDevice(String),
    /// Another run is at work in the same directory.
    #[error("another `flumen tune` is at work ({path})")]
    Busy {
        /// Its lock.
        path: PathBuf,
    },
    /// A file or directory for what was saved.
    #[error("cannot open {path}: {source}")]
    Place {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The kernel cannot be asked, or what was saved not be kept.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// A setting was refused.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
}

/// A setting that was refused. What the run had changed before was put back, except what is `stuck`.
#[derive(Debug, thiserror::Error)]
#[error("{reason}; {}", aftermath(.undone, .stuck))]
pub struct Refusal {
    /// The setting.
    pub setting: Setting,
    /// The kernel's answer.
    #[source]
    pub reason: KernelError,
    /// Changes that were taken back, in the order in which that was done.
    pub undone: Vec<Change>,
    /// What could not be put back, and why; what it was is still saved, for `undo`.
    pub stuck: Vec<(Setting, KernelError)>,
}

fn aftermath(undone: &[Change], stuck: &[(Setting, KernelError)]) -> String {
    let done = match undone.len() {
        0 => "nothing else had been changed".to_owned(),
        1 => "the one change before it was taken back".to_owned(),
        count => format!("the {count} changes before it were taken back"),
    };
    stuck
        .iter()
        .fold(done, |text, (setting, error)| format!("{text}; {setting} could not be put back: {error}"))
}
