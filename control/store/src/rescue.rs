use crate::document::encode;
use crate::editor::Editor;
use crate::error::StoreError;
use crate::record::Author;
use crate::store::{Store, check_word};
use crate::time::Time;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RescueRecord {
    time: Time,
    #[serde(flatten)]
    author: Author,
    /// The commit whose text it is.
    number: Option<u64>,
}

/// The kind in the header of its file.
const RESCUE: &str = "rescue";
const FILE: &str = "rescue.conf";

impl Store {
    /// Keeps the active configuration as the rescue configuration (`request system configuration rescue save`).
    ///
    /// # Errors
    /// [`StoreError::NoSuchSlot`] when nothing is active; those of the file system. The one of before stays.
    pub fn save_rescue(&mut self, editor: &Editor) -> Result<(), StoreError> {
        let Some(active) = &self.active else {
            return Err(StoreError::NoSuchSlot { slot: 0, count: 0 });
        };
        check_word("user name", &editor.user)?;
        check_word("client", &editor.client)?;
        let (time, number) = (self.clock.wall(), Some(active.record.number));
        let record = RescueRecord { time, author: Author::from(editor), number };
        let bytes = encode(RESCUE, &record, &active.text);
        self.disk.replace(FILE, Some(&bytes))
    }

    /// The rescue configuration.
    ///
    /// # Errors
    /// [`StoreError::NoRescue`], [`StoreError::Damaged`].
    pub fn rescue(&self) -> Result<String, StoreError> {
        match self.disk.document::<RescueRecord>(RESCUE, FILE)? {
            Some((_, text)) => Ok(text),
            None => Err(StoreError::NoRescue),
        }
    }

    /// Forgets it (`request system configuration rescue delete`).
    ///
    /// # Errors
    /// Those of the file system; it stays.
    pub fn delete_rescue(&mut self) -> Result<(), StoreError> {
        self.disk.replace(FILE, None)
    }
}
