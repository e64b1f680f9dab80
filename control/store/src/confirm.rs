use crate::commit::check_author;
use crate::document::encode;
use crate::editor::Editor;
use crate::error::StoreError;
use crate::history::confirmed_file;
use crate::journal::{LogEntry, LogResult};
use crate::record::{Author, Standing};
use crate::store::{Problem, Store};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The header of the file that says that a commit was confirmed. That the file is there decides; this is for the log.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Confirmation {
    time: Time,
    #[serde(flatten)]
    author: Author,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

/// The kind in its header.
const CONFIRMATION: &str = "confirmation";

impl Store {
    /// Confirms the active commit: it stays. Returns its number. Anybody may, also while a session has the
    /// configuration locked: it changes nothing that is being edited.
    ///
    /// # Errors
    /// [`StoreError::NothingToConfirm`]; [`StoreError::TooLate`]; after one of the file system the commit still waits.
    pub fn confirm(&mut self, editor: &Editor, comment: Option<String>) -> Result<u64, StoreError> {
        check_author(editor, comment.as_deref())?;
        if let Some(back) = &self.returning {
            return Err(StoreError::TooLate { number: back.of, reason: back.reason.clone() });
        }
        let (Some(waiting), Some(number)) = (&self.waiting, self.active_number()) else {
            return Err(StoreError::NothingToConfirm);
        };
        if let Standing::Over(reason) = waiting.deadline.standing(&*self.clock) {
            return Err(StoreError::TooLate { number, reason });
        }
        let confirmation = Confirmation { time: self.clock.wall(), author: Author::from(editor), comment };
        self.disk.publish(&confirmed_file(number), &encode(CONFIRMATION, &confirmation, ""))?;
        self.history.confirmed.insert(number);
        self.waiting = None;
        let logged = self.journal.add(&mut self.disk, confirmation.entry(number));
        self.later(logged);
        Ok(number)
    }

    /// Makes the log entry of a confirmation anew.
    pub(crate) fn log_confirmation(&mut self, number: u64) {
        let read = self.disk.header::<Confirmation>(CONFIRMATION, &confirmed_file(number));
        match read {
            Ok(Some(confirmation)) => {
                let logged = self.journal.add(&mut self.disk, confirmation.entry(number));
                self.later(logged);
            }
            Ok(None) => {}
            Err(error) => self.problems.push(Problem::Later(error)),
        }
    }
}

impl Confirmation {
    fn entry(&self, number: u64) -> LogEntry {
        LogEntry {
            time: self.time,
            number: Some(number),
            author: self.author.clone(),
            comment: self.comment.clone(),
            result: LogResult::Confirmed,
        }
    }
}
