use crate::error::StoreError;
use crate::files::{Files, OpenFile};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A directory of this host, for one process at a time.
///
/// The lock is on the directory itself, so that taking it writes nothing: a store opens on a full or read-only file
/// system, too. It is the kernel's (`flock`), and ends with the process however that ends.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    lock: Flock<File>,
}

/// Says which process has the directory; for messages only.
const OWNER: &str = "owner.pid";

// === impl Directory ===

impl Directory {
    /// Takes the directory; makes it and those above it if need be, for their owner alone.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another process has it; [`StoreError::File`].
    pub fn open(path: &Path) -> Result<Directory, StoreError> {
        make(path).map_err(|source| StoreError::file("make the directory", path, source))?;
        let directory = File::open(path).map_err(|source| StoreError::file("open", path, source))?;
        let lock = match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((_, Errno::EWOULDBLOCK)) => {
                let pid = std::fs::read_to_string(path.join(OWNER)).unwrap_or_default();
                let pid = pid.trim();
                let pid = if pid.is_empty() { "?" } else { pid }.to_owned();
                return Err(StoreError::InUse { pid, place: path.to_owned() });
            }
            Err((_, errno)) => return Err(StoreError::file("lock", path, errno.into())),
        };
        let directory = Directory { path: path.to_owned(), lock };
        match std::fs::write(path.join(OWNER), format!("{}\n", std::process::id())) {
            Ok(()) => Ok(directory),
            // Without it a second process is told "?" instead of a number, which is no reason not to open.
            Err(_) => Ok(directory),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Files for Directory {
    fn place(&self) -> &Path {
        &self.path
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            // A name that is no text is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.at(name))?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn OpenFile>> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(self.at(name))?;
        Ok(Box::new(file))
    }

    fn append(&self, name: &str) -> io::Result<Box<dyn OpenFile>> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(self.at(name))?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.at(from), self.at(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.at(name))
    }

    fn sync(&self) -> io::Result<()> {
        self.lock.sync_all()
    }
}

impl OpenFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(self, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Makes the directories of a path, each one on disk when this returns.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        make(above)?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(above.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::Directory;
    use crate::{Files, StoreError};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_are_written_renamed_and_removed_and_belong_to_their_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/config");
        let files = Directory::open(&path).unwrap();
        let mut file = files.create("x.new").unwrap();
        assert_eq!(file.write(b"hello").unwrap(), 5);
        file.sync().unwrap();
        files.rename("x.new", "x").unwrap();
        files.sync().unwrap();
        files.append("x").unwrap().write(b" world").unwrap();
        assert_eq!(files.read("x", 64).unwrap(), b"hello world");
        assert_eq!(files.read("x", 4).unwrap(), b"hell");
        assert_eq!(path.join("x").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        files.remove("x").unwrap();
        assert_eq!(files.list().unwrap(), ["owner.pid"]);
    }

    #[test]
    fn a_second_opening_is_refused_with_the_pid_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = Directory::open(dir.path()).unwrap();
        let Err(StoreError::InUse { pid, place }) = Directory::open(dir.path()) else {
            panic!("opened twice")
        };
        assert_eq!((pid, place), (std::process::id().to_string(), dir.path().to_owned()));
        drop(first);
        Directory::open(dir.path()).unwrap();
    }

    #[test]
    fn a_place_that_is_no_directory_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Directory::open(&file.join("config")).unwrap_err().to_string();
        assert!(error.contains("file/config"), "{error}");
    }
}
