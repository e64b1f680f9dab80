use crate::EngineError;
use flumen_abi::VERSION;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory of the bpf file system that holds everything that outlives the daemon.
#[derive(Clone)]
pub(crate) struct Pins {
    root: PathBuf,
    version: PathBuf,
    ready: bool,
    /// Held as long as the engine lives: two daemons on the same tables would undo each other's work.
    _lock: Arc<Flock<File>>,
}

impl Pins {
    /// Opens or creates `root` and this layout version's part of it.
    ///
    /// Pins of an opening that was interrupted before its tables were complete are removed: nothing was
    /// attached to them yet.
    pub(crate) fn open(root: &Path) -> Result<Pins, EngineError> {
        let parent = root.parent().unwrap_or(root);
        match statfs(parent) {
            Ok(facts) if facts.filesystem_type() == BPF_FS_MAGIC => {}
            _ => {
                return Err(EngineError::Unsupported {
                    problem: format!("{} is not in a bpf file system", root.display()),
                    remedy: "mount one as root: mount -t bpf bpf /sys/fs/bpf".to_owned(),
                });
            }
        }
        let lock = Arc::new(lock(root)?);
        refuse_other_versions(root)?;
        let version = root.join(format!("v{VERSION}"));
        let mut pins =
            Pins { root: root.to_owned(), ready: version.join("ready").exists(), version, _lock: lock };
        if !pins.ready && pins.version.exists() {
            remove(&pins.version)?;
        }
        for directory in [pins.version.join("maps"), pins.links()] {
            fs::create_dir_all(&directory)
                .map_err(|source| system(format!("create {}", directory.display()), source))?;
        }
        pins.ready = pins.version.join("ready").exists();
        Ok(pins)
    }

    /// True when an earlier daemon completed the tables.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready
    }

    /// After a failed opening: removes what it pinned, unless an earlier daemon's tables are there.
    pub(crate) fn remove_unfinished(&self) {
        if !self.ready && !self.ready().exists() {
            if let Err(error) = remove(&self.version) {
                tracing::warn!(%error, "cannot remove unfinished tables");
            }
            let _others_use_it = fs::remove_dir(&self.root);
        }
    }

    pub(crate) fn map(&self, name: &str) -> PathBuf {
        self.version.join("maps").join(name)
    }

    pub(crate) fn links(&self) -> PathBuf {
        self.version.join("links")
    }

    pub(crate) fn link(&self, device: &str) -> PathBuf {
        self.links().join(device)
    }

    pub(crate) fn ready(&self) -> PathBuf {
        self.version.join("ready")
    }

    /// Removes every pin; what is not held open by a process is freed by the kernel.
    pub(crate) fn remove_all(&self) -> Result<(), EngineError> {
        remove(&self.root)
    }
}

/// Makes `root` and claims it. The lock is the kernel's and ends with the process, however that ends.
fn lock(root: &Path) -> Result<Flock<File>, EngineError> {
    fs::create_dir_all(root).map_err(|source| system(format!("create {}", root.display()), source))?;
    let directory = File::open(root).map_err(|source| system(format!("open {}", root.display()), source))?;
    match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(lock),
        Err((_, Errno::EWOULDBLOCK)) => Err(EngineError::Unsupported {
            problem: format!("another daemon uses the tables in {}", root.display()),
            remedy: "stop it, or choose another directory with --bpf-dir".to_owned(),
        }),
        Err((_, errno)) => Err(system(format!("lock {}", root.display()), errno.into())),
    }
}

fn refuse_other_versions(root: &Path) -> Result<(), EngineError> {
    let Ok(entries) = fs::read_dir(root) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let found =
            name.to_str().and_then(|name| name.strip_prefix('v')).and_then(|digits| digits.parse().ok());
        if let Some(found) = found
            && found != VERSION
            && entry.path().join("ready").exists()
        {
            return Err(EngineError::Layout { path: root.to_owned(), found, wanted: VERSION });
        }
    }
    Ok(())
}

/// Removes a directory and everything in it; that it is gone already is fine.
fn remove(path: &Path) -> Result<(), EngineError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(system(format!("remove {}", path.display()), error))
        }
        _ => Ok(()),
    }
}

pub(crate) fn system(action: String, source: io::Error) -> EngineError {
    EngineError::System { action, source }
}
