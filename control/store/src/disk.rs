use crate::document::{Damage, HEADER_LIMIT, decode, decode_header};
use crate::error::StoreError;
use crate::files::{Files, OpenFile};
use serde::de::DeserializeOwned;
use std::io;
use std::path::PathBuf;

/// Whole files, written so that a power cut leaves the old or the new one.
pub(crate) struct Disk {
    files: Box<dyn Files>,
    /// Files that must not be there, and perhaps are: what could not be taken back. Gone before anything is written.
    debris: Vec<String>,
}

/// What is appended to a name while the file is written.
const BESIDE: &str = ".new";

/// A configuration file is read up to this length: more than any text that is accepted.
const READ_LIMIT: u64 = 256 * 1024 * 1024;

// === impl Disk ===

impl Disk {
    pub(crate) fn new(files: Box<dyn Files>) -> Disk {
        Disk { files, debris: Vec::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.files.place().join(name)
    }

    fn failed(&self, action: &'static str, name: &str, source: io::Error) -> StoreError {
        StoreError::file(action, self.path(name), source)
    }

    pub(crate) fn list(&self) -> Result<Vec<String>, StoreError> {
        self.files.list().map_err(|source| StoreError::file("list", self.files.place(), source))
    }

    /// All bytes of a file; none when there is none. Asked for twice: a bad sector stays bad.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_some(name, READ_LIMIT).map_err(|source| self.failed("read", name, source))
    }

    fn read_some(&self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        match self.files.read(name, limit).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Err(error),
            _ => self.files.read(name, limit),
        }) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Header and text of a file; none when there is none.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], also for a file that the disk does not give back.
    pub(crate) fn document<H: DeserializeOwned>(
        &self,
        kind: &str,
        name: &str,
    ) -> Result<Option<(H, String)>, StoreError> {
        let read = self.read_some(name, READ_LIMIT);
        self.decoded(name, read, |bytes| decode(kind, bytes))
    }

    /// Header of a file, whatever its text is like; none when there is none.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub(crate) fn header<H: DeserializeOwned>(
        &self,
        kind: &str,
        name: &str,
    ) -> Result<Option<H>, StoreError> {
        let read = self.read_some(name, HEADER_LIMIT);
        self.decoded(name, read, |bytes| decode_header(kind, bytes))
    }

    fn decoded<T>(
        &self,
        name: &str,
        read: io::Result<Option<Vec<u8>>>,
        decode: impl FnOnce(&[u8]) -> Result<T, Damage>,
    ) -> Result<Option<T>, StoreError> {
        let decoded = match read {
            Ok(Some(bytes)) => decode(&bytes),
            Ok(None) => return Ok(None),
            Err(error) => Err(Damage::Unreadable { reason: error.to_string() }),
        };
        decoded.map(Some).map_err(|damage| StoreError::Damaged { path: self.path(name), damage })
    }

    /// Writes a file of a name that is not in use. When this returns it is on disk; after an error it is not there.
    pub(crate) fn publish(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.clear()?;
        let written = self.put(name, bytes).and_then(|()| self.files.sync());
        written.map_err(|source| {
            self.take_back(name);
            self.failed("write", name, source)
        })
    }

    /// Replaces the content of a file, or removes the file. On disk when this returns; after an error it is as before.
    ///
    /// # Errors
    /// [`StoreError::Uncertain`] when the disk fails twice.
    pub(crate) fn replace(&mut self, name: &str, bytes: Option<&[u8]>) -> Result<(), StoreError> {
        self.clear()?;
        let old = self.read(name)?;
        if let Err(source) = self.set(name, bytes) {
            return Err(self.failed("write", name, source));
        }
        let Err(source) = self.files.sync() else {
            return Ok(());
        };
        match self.set(name, old.as_deref()).and_then(|()| self.files.sync()) {
            Ok(()) => Err(self.failed("write", name, source)),
            Err(again) => Err(StoreError::Uncertain { path: self.path(name), source, again }),
        }
    }

    fn set(&mut self, name: &str, bytes: Option<&[u8]>) -> io::Result<()> {
        match bytes {
            Some(bytes) => self.put(name, bytes),
            None => self.gone(name),
        }
    }

    /// Writes a file beside its name, and gives it the name.
    fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let beside = format!("{name}{BESIDE}");
        let mut file = self.files.create(&beside)?;
        let written = write_all(&mut *file, bytes).and_then(|()| file.sync());
        drop(file);
        written.and_then(|()| self.files.rename(&beside, name)).inspect_err(|_| self.take_back(&beside))
    }

    fn gone(&self, name: &str) -> io::Result<()> {
        match self.files.remove(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes a file that must not be there: now, or before the next file is written.
    pub(crate) fn take_back(&mut self, name: &str) {
        if self.gone(name).and_then(|()| self.files.sync()).is_err() {
            self.debris.push(name.to_owned());
        }
    }

    /// Removes what could not be taken back before.
    ///
    /// # Errors
    /// When it still cannot; nothing may be written then.
    pub(crate) fn clear(&mut self) -> Result<(), StoreError> {
        if self.debris.is_empty() {
            return Ok(());
        }
        for name in &self.debris {
            self.gone(name).map_err(|source| self.failed("remove", name, source))?;
        }
        self.files.sync().map_err(|source| StoreError::file("sync", self.files.place(), source))?;
        self.debris.clear();
        Ok(())
    }

    /// Removes files that nothing depends on. Those that cannot be removed are tried again with the next ones.
    pub(crate) fn prune(&mut self, names: &[String]) -> Result<(), StoreError> {
        for name in names {
            self.gone(name).map_err(|source| self.failed("remove", name, source))?;
        }
        if names.is_empty() {
            return Ok(());
        }
        self.files.sync().map_err(|source| StoreError::file("sync", self.files.place(), source))
    }

    /// Appends to a file; `made` tells that it was there before, and so its name is on disk.
    pub(crate) fn append(&mut self, name: &str, bytes: &[u8], made: bool) -> Result<(), StoreError> {
        let appended = || -> io::Result<()> {
            let mut file = self.files.append(name)?;
            write_all(&mut *file, bytes)?;
            file.sync()?;
            if made { Ok(()) } else { self.files.sync() }
        };
        appended().map_err(|source| self.failed("write", name, source))
    }
}

/// Names of files that a writer left unfinished.
pub(crate) fn unfinished(names: &[String]) -> Vec<String> {
    names.iter().filter(|name| name.ends_with(BESIDE)).cloned().collect()
}

fn write_all(file: &mut dyn OpenFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
