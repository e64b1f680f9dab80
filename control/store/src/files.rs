use std::io;
use std::path::Path;

/// The one directory that a store lives in. Each method is one system call, or one that can be cut off only at its end.
///
/// Names are file names without a slash. What POSIX promises is all that is expected: data is on disk after
/// [`OpenFile::sync`], names (made, renamed, removed) are after [`Files::sync`], and before that a power cut may leave any
/// of it, in any order, or none.
pub trait Files: Send {
    /// Where it is, for messages.
    fn place(&self) -> &Path;

    /// The names of all files.
    ///
    /// # Errors
    /// The system's.
    fn list(&self) -> io::Result<Vec<String>>;

    /// The first `limit` bytes of a file, or all there are.
    ///
    /// # Errors
    /// `NotFound` when there is none; the system's.
    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>>;

    /// An empty file, readable by its owner alone; one of that name is emptied.
    ///
    /// # Errors
    /// The system's.
    fn create(&self, name: &str) -> io::Result<Box<dyn OpenFile>>;

    /// A file to write to the end of; made if need be.
    ///
    /// # Errors
    /// The system's.
    fn append(&self, name: &str) -> io::Result<Box<dyn OpenFile>>;

    /// Gives a file another name; a file that had it is gone. Never half.
    ///
    /// # Errors
    /// The system's.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// `NotFound` when there is none; the system's.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Brings the names to disk.
    ///
    /// # Errors
    /// The system's.
    fn sync(&self) -> io::Result<()>;
}

/// A file that is being written.
pub trait OpenFile {
    /// Writes some of the bytes, and says how many.
    ///
    /// # Errors
    /// The system's.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Brings what was written to disk.
    ///
    /// # Errors
    /// The system's.
    fn sync(&mut self) -> io::Result<()>;
}
