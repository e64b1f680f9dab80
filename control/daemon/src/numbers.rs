use crate::DaemonError;
use flumen_compile::Identities;
use flumen_kernel::replace_file;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file of the numbers in use, in the state directory; configurations are in `config` beside it.
///
/// Numbers are written before a ruleset that uses them is installed: after a crash between the two, numbers
/// are reserved that nothing uses, but no number ever changes its meaning under a session that carries it.
#[derive(Clone, Debug)]
pub(crate) struct NumbersFile {
    directory: PathBuf,
}

/// Numbers in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Record {
    /// Greatest generation that was ever installed, or tried.
    pub(crate) generation: u32,
    /// Numbers of zones, rules and interfaces.
    pub(crate) identities: Identities,
}

impl NumbersFile {
    /// Opens the directory, made if need be.
    pub(crate) fn open(directory: &Path) -> Result<NumbersFile, DaemonError> {
        make_directory(directory, 0o700)?;
        Ok(NumbersFile { directory: directory.to_owned() })
    }

    /// The record; a fresh one when there is none.
    pub(crate) fn record(&self) -> Result<Record, DaemonError> {
        let path = self.record_path();
        match read(&path)? {
            Some(text) => serde_json::from_str(&text).map_err(|source| DaemonError::State { path, source }),
            None => Ok(Record::default()),
        }
    }

    pub(crate) fn write_record(&self, record: &Record) -> Result<(), DaemonError> {
        let text = serde_json::to_vec_pretty(record).expect("numbers and names are always JSON");
        Ok(replace_file(&self.record_path(), &text)?)
    }

    fn record_path(&self) -> PathBuf {
        self.directory.join("identities.json")
    }
}

/// Makes a directory and those above it; one that is there keeps its mode.
pub(crate) fn make_directory(path: &Path, mode: u32) -> Result<(), DaemonError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(|error| DaemonError::file(format!("make the directory {}", path.display()), error))
}

fn read(path: &Path) -> Result<Option<String>, DaemonError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DaemonError::file(format!("read {}", path.display()), error)),
    }
}

#[cfg(test)]
mod tests {
    use super::{NumbersFile, Record};

    #[test]
    fn numbers_that_are_written_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let file = NumbersFile::open(&dir.path().join("a/b")).unwrap();
        assert_eq!(file.record().unwrap(), Record::default());
        let record = Record { generation: 7, ..Record::default() };
        file.write_record(&record).unwrap();
        assert_eq!(file.record().unwrap(), record);
    }

    #[test]
    fn a_damaged_record_is_named_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = NumbersFile::open(dir.path()).unwrap();
        std::fs::write(dir.path().join("identities.json"), "{\"generation\":").unwrap();
        assert!(file.record().unwrap_err().to_string().contains("identities.json is damaged"));
        assert!(dir.path().join("identities.json").exists());
    }
}
