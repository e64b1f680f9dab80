use flumen_config::Mode;
use flumen_engine::{Engine, EngineError};
use std::path::{Path, PathBuf};

/// What an engine is opened with; fixed until it is detached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// Where programs and tables are pinned; lies in a bpf filesystem.
    pub bpf_dir: PathBuf,
    /// Sessions there is room for.
    pub sessions: u32,
    /// Sessions of IPv6 among them there is room for.
    pub sessions6: u32,
    /// How programs are attached.
    pub mode: Mode,
}

/// Makes engines.
pub trait Engines {
    /// Opens an engine; it takes over what an earlier one left pinned in the same place.
    ///
    /// # Errors
    /// When the host cannot run it, or what is pinned is of another release.
    fn open(&self, options: &EngineOptions) -> Result<Box<dyn Engine>, EngineError>;

    /// Detaches and removes what is pinned, of whichever release; nothing pinned is no error.
    ///
    /// # Errors
    /// When something cannot be removed; the rest still is.
    fn remove(&self, bpf_dir: &Path) -> Result<(), EngineError>;
}
