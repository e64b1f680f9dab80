use crate::disk::Disk;
use crate::document::encode;
use crate::editor::Editor;
use crate::error::StoreError;
use crate::history::{read_commit, read_record};
use crate::record::{Author, Spent};
use crate::store::{Store, check_text, check_word};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Which candidate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CandidateName {
    /// The one that all edit together.
    Shared,
    /// That of one user (`configure private`).
    Private(String),
}

/// A configuration that is being edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its text; that of the active configuration while nothing was changed.
    pub text: String,
    /// The commit that it began from; none when nothing was committed then.
    pub base: Option<u64>,
    /// Who changed it last; none when nothing was changed.
    pub author: Option<Author>,
    /// When that was.
    pub time: Option<Time>,
}

/// The header of a candidate's file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct CandidateRecord {
    base: Option<u64>,
    time: Time,
    #[serde(flatten)]
    author: Author,
}

/// The kind in the header of a candidate's file.
const CANDIDATE: &str = "candidate";

// === impl CandidateName ===

impl CandidateName {
    /// The name of its file. User names may hold anything: what is no letter or digit is spelt by its bytes.
    pub(crate) fn file(&self) -> String {
        let CandidateName::Private(user) = self else {
            return "candidate-shared.conf".to_owned();
        };
        let mut name = "candidate-private-".to_owned();
        for byte in user.bytes() {
            if byte.is_ascii_alphanumeric() {
                name.push(char::from(byte));
            } else {
                write!(name, "%{byte:02x}").expect("a string takes everything");
            }
        }
        name + ".conf"
    }
}

// === impl Store ===

impl Store {
    /// A candidate as it was saved, or the active configuration.
    ///
    /// # Errors
    /// [`StoreError::Damaged`]: discard it.
    pub fn candidate(&self, name: &CandidateName) -> Result<Candidate, StoreError> {
        if let Some((record, text)) = self.saved(name)? {
            let (author, time) = (Some(record.author), Some(record.time));
            return Ok(Candidate { text, base: record.base, author, time });
        }
        let active = self.active.as_ref();
        let text = active.map(|active| active.text.to_string()).unwrap_or_default();
        Ok(Candidate { text, base: active.map(|active| active.record.number), author: None, time: None })
    }

    fn saved(&self, name: &CandidateName) -> Result<Option<(CandidateRecord, String)>, StoreError> {
        let file = name.file();
        let found = self.disk.document::<CandidateRecord>(CANDIDATE, &file)?;
        Ok(found.filter(|(record, text)| !self.is_spent(&Spent::new(file, record.base, text))))
    }

    /// Whether a commit has taken it in already: a power cut may leave the file behind.
    fn is_spent(&self, candidate: &Spent) -> bool {
        let since = candidate.base.map_or(0, |base| base.saturating_add(1));
        let mut later = self.history.numbers.range(since..).rev();
        later.any(|number| match read_record(&self.disk, *number) {
            Ok(record) => record.spent.as_ref() == Some(candidate),
            Err(_) => false, // a damaged commit is reported where it is asked for
        })
    }

    /// Saves a candidate; it keeps the commit that it began from.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::NotYours`], [`StoreError::TooLong`], and those of the file system; the
    /// candidate is as before.
    pub fn save_candidate(
        &mut self,
        editor: &Editor,
        name: &CandidateName,
        text: &str,
    ) -> Result<(), StoreError> {
        let base = match self.saved(name) {
            Ok(Some((record, _))) => record.base,
            Ok(None) | Err(StoreError::Damaged { .. }) => self.active_number(),
            Err(error) => return Err(error),
        };
        self.write_candidate(editor, name, text, base)
    }

    fn write_candidate(
        &mut self,
        editor: &Editor,
        name: &CandidateName,
        text: &str,
        base: Option<u64>,
    ) -> Result<(), StoreError> {
        self.may_edit(editor, name)?;
        check_text(text)?;
        check_word("user name", &editor.user)?;
        check_word("client", &editor.client)?;
        let record = CandidateRecord { base, time: self.clock.wall(), author: Author::from(editor) };
        self.disk.replace(&name.file(), Some(&encode(CANDIDATE, &record, text)))
    }

    /// Forgets the changes of a candidate.
    ///
    /// # Errors
    /// As [`Store::save_candidate`].
    pub fn discard_candidate(&mut self, editor: &Editor, name: &CandidateName) -> Result<(), StoreError> {
        self.may_edit(editor, name)?;
        self.disk.replace(&name.file(), None)
    }

    /// Takes what was committed since a candidate began into it (`update`); it begins from the active commit then.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], [`StoreError::BaseGone`], and those of [`Store::save_candidate`].
    pub fn update_candidate(&mut self, editor: &Editor, name: &CandidateName) -> Result<(), StoreError> {
        let Some((record, text)) = self.saved(name)? else {
            return Ok(()); // it is the active configuration already
        };
        let text = self.merged(record.base, text)?;
        let base = self.active_number();
        self.write_candidate(editor, name, &text, base)
    }

    /// Takes an earlier configuration, or the rescue configuration's text, as the candidate: `rollback 3` is
    /// `load_rollback(editor, name, 3)`, and takes effect with the next commit.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSlot`], [`StoreError::Damaged`], and those of [`Store::save_candidate`].
    pub fn load_rollback(
        &mut self,
        editor: &Editor,
        name: &CandidateName,
        slot: usize,
    ) -> Result<(), StoreError> {
        let (_, text) = self.rollback(slot)?;
        let base = self.active_number(); // the whole text is wanted, whatever was committed before
        self.write_candidate(editor, name, &text, base)
    }

    /// A candidate's text with what was committed since it began.
    pub(crate) fn merged(&self, base: Option<u64>, text: String) -> Result<String, StoreError> {
        let Some(active) = &self.active else {
            return Ok(text);
        };
        if base == Some(active.record.number) || text == *active.text {
            return Ok(text);
        }
        let Some(number) = base.filter(|base| self.history.numbers.contains(base)) else {
            return Err(StoreError::BaseGone { base });
        };
        let (_, before) = read_commit(&self.disk, number)?;
        if before == *active.text {
            return Ok(text);
        }
        self.merge.merge(&before, &active.text, &text).map_err(|conflicts| StoreError::Conflict {
            base: number,
            active: active.record.number,
            user: active.record.author.user.clone(),
            conflicts,
        })
    }

    fn may_edit(&self, editor: &Editor, name: &CandidateName) -> Result<(), StoreError> {
        match name {
            CandidateName::Shared => self.admit(editor),
            CandidateName::Private(owner) if *owner != editor.user => {
                Err(StoreError::NotYours { owner: owner.clone() })
            }
            CandidateName::Private(_) => Ok(()),
        }
    }
}

/// Removes the file of a candidate that was committed; it counts no more in any case.
pub(crate) fn forget(disk: &mut Disk, spent: &Spent) -> Result<(), StoreError> {
    disk.prune(std::slice::from_ref(&spent.file))
}

#[cfg(test)]
mod tests {
    use super::CandidateName;

    #[test]
    fn every_user_name_is_a_file_name_of_its_own() {
        let file = |user: &str| CandidateName::Private(user.to_owned()).file();
        assert_eq!(file("alice"), "candidate-private-alice.conf");
        assert_eq!(file("../x"), "candidate-private-%2e%2e%2fx.conf");
        assert_eq!(file(""), "candidate-private-.conf");
        assert_ne!(file("%2e"), file("."));
        assert_ne!(CandidateName::Shared.file(), file("shared"));
    }
}
