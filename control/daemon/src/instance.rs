use crate::numbers::make_directory;
use crate::{DaemonError, Options};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;

/// The right to be the daemon of a run directory; given up when dropped, or when the process dies.
#[derive(Debug)]
pub(crate) struct Instance {
    _lock: Flock<File>,
}

impl Instance {
    /// Takes the lock, and writes our process id into it.
    ///
    /// # Errors
    /// [`DaemonError::Running`] when another process has it.
    pub(crate) fn claim(options: &Options) -> Result<Instance, DaemonError> {
        make_directory(&options.run_dir, 0o755)?;
        let path = options.lock();
        let failed = |error: std::io::Error| DaemonError::file(format!("open {}", path.display()), error);
        let mut open = OpenOptions::new();
        let file = open
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut lock) => {
                lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(failed)?;
                Ok(Instance { _lock: lock })
            }
            Err((mut file, Errno::EWOULDBLOCK)) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(failed)?;
                let pid = if pid.trim().is_empty() { "?" } else { pid.trim() }.to_owned();
                Err(DaemonError::Running { pid, lock: path })
            }
            Err((_, errno)) => Err(failed(errno.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Instance;
    use crate::{DaemonError, Options};

    #[test]
    fn a_second_daemon_is_refused_by_name_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { run_dir: dir.path().join("run"), ..Options::default() };
        let first = Instance::claim(&options).unwrap();
        let Err(DaemonError::Running { pid, .. }) = Instance::claim(&options) else {
            panic!("claimed twice")
        };
        assert_eq!(pid, std::process::id().to_string());
        drop(first);
        Instance::claim(&options).unwrap();
    }
}
