use crate::DaemonError;
use flumen_compile::Identities;
use flumen_kernel::replace_file;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The state directory: what must outlive the process.
///
/// Numbers are written before a ruleset that uses them is installed: after a crash between the two, numbers
/// are reserved that nothing uses, but no number ever changes its meaning under a session that carries it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    directory: PathBuf,
}

/// Numbers in use, and where the active configuration came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Record {
    /// Greatest generation that was ever installed, or tried.
    pub(crate) generation: u32,
    /// Where the configuration came from.
    pub(crate) source: String,
    /// When it was applied.
    pub(crate) applied_unix_s: u64,
    /// Numbers of zones, rules and interfaces.
    pub(crate) identities: Identities,
}

impl Store {
    /// Opens the directory, made if need be.
    pub(crate) fn open(directory: &Path) -> Result<Store, DaemonError> {
        make_directory(directory, 0o700)?;
        Ok(Store { directory: directory.to_owned() })
    }

    /// The record; a fresh one when there is none.
    pub(crate) fn record(&self) -> Result<Record, DaemonError> {
        let path = self.record_path();
        match read(&path)? {
            Some(text) => serde_json::from_str(&text).map_err(|source| DaemonError::State { path, source }),
            None => Ok(Record::default()),
        }
    }

    /// Text of the last applied configuration.
    pub(crate) fn config(&self) -> Result<Option<String>, DaemonError> {
        read(&self.config_path())
    }

    pub(crate) fn write_record(&self, record: &Record) -> Result<(), DaemonError> {
        let text = serde_json::to_vec_pretty(record).expect("numbers and names are always JSON");
        Ok(replace_file(&self.record_path(), &text)?)
    }

    pub(crate) fn write_config(&self, text: &str) -> Result<(), DaemonError> {
        Ok(replace_file(&self.config_path(), text.as_bytes())?)
    }

    fn record_path(&self) -> PathBuf {
        self.directory.join("identities.json")
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.directory.join("active.json")
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
    use super::{Record, Store};

    #[test]
    fn a_fresh_store_is_empty_and_what_is_written_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("a/b")).unwrap();
        assert_eq!(store.record().unwrap(), Record::default());
        assert_eq!(store.config().unwrap(), None);
        let record = Record { generation: 7, source: "x".into(), applied_unix_s: 9, ..Record::default() };
        store.write_record(&record).unwrap();
        store.write_config("{}").unwrap();
        assert_eq!(store.record().unwrap(), record);
        assert_eq!(store.config().unwrap().as_deref(), Some("{}"));
    }

    #[test]
    fn a_damaged_record_is_named_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        std::fs::write(dir.path().join("identities.json"), "{\"generation\":").unwrap();
        assert!(store.record().unwrap_err().to_string().contains("identities.json is damaged"));
        assert!(dir.path().join("identities.json").exists());
    }
}
