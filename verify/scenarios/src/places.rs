//! The three directories of one daemon.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// What the names of all our directories start with; then comes the process that made them.
const PREFIX: &str = "flumen-scenarios-";

const BPFFS: &str = "/sys/fs/bpf";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Directories of a daemon that nobody else uses. Dropping them detaches what is pinned there.
#[derive(Debug)]
pub struct Places {
    directory: TempDir,
    bpf_dir: PathBuf,
}

// === impl Places ===

impl Places {
    /// Fresh directories. That of the pins is only named: the daemon makes it.
    ///
    /// # Errors
    /// When there is no temporary directory.
    pub fn new() -> Result<Self> {
        let maker = format!("{PREFIX}{}-", std::process::id());
        let directory = TempDir::with_prefix(&maker).context("a temporary directory")?;
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let bpf_dir = Path::new(BPFFS).join(format!("{maker}{number}"));
        Ok(Self { directory, bpf_dir })
    }

    /// Room for files of the test.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// `--run-dir`.
    pub fn run_dir(&self) -> PathBuf {
        self.file("run")
    }

    /// `--state-dir`.
    pub fn state_dir(&self) -> PathBuf {
        self.file("state")
    }

    /// `--bpf-dir`.
    pub fn bpf_dir(&self) -> &Path {
        &self.bpf_dir
    }

    /// The three as the commands' environment.
    pub fn environment(&self) -> [(&'static str, PathBuf); 3] {
        [
            ("FLUMEN_RUN_DIR", self.run_dir()),
            ("FLUMEN_STATE_DIR", self.state_dir()),
            ("FLUMEN_BPF_DIR", self.bpf_dir.clone()),
        ]
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        // a pinned link is what holds a program at its interface: without the pin it is detached
        if let Err(error) = remove(&self.bpf_dir) {
            eprintln!("{error:#}");
        }
    }
}

/// Removes a directory with everything in it; that it is gone already is fine.
fn remove(directory: &Path) -> Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} stays behind", directory.display()))
        }
        _ => Ok(()),
    }
}

/// Removes the pins and files of processes that were killed before they could do so.
///
/// # Errors
/// When one cannot be removed.
pub fn remove_leftovers() -> Result<()> {
    for folder in [Path::new(BPFFS), &std::env::temp_dir()] {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
            let maker = rest.split('-').next().and_then(|pid| pid.parse::<u32>().ok());
            if maker.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
                remove(&entry.path())?;
            }
        }
    }
    Ok(())
}
