use crate::candidate::forget;
use crate::condition::Condition;
use crate::document::encode;
use crate::error::{CommitError, StoreError};
use crate::history::{COMMIT, commit_file, read_commit};
use crate::journal::{LogEntry, LogResult};
use crate::record::{Author, Cause, CommitRecord, Deadline, Spent};
use crate::store::{Active, Store, Waiting, check_text, check_word};
use crate::subject::{Origin, Subject};
use crate::{CandidateName, Editor};
use std::sync::Arc;

/// What is to be committed, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The configuration.
    pub source: Source,
    /// `commit comment`.
    pub comment: Option<String>,
    /// `commit confirmed`.
    pub confirm: Option<Confirm>,
}

/// Where a configuration comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A candidate; its changes are merged with what was committed since it began.
    Candidate(CandidateName),
    /// This text, whatever was committed before.
    Text(String),
}

/// How a commit is to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// Within so many minutes: 1 to 65535.
    pub minutes: u32,
    /// What must hold until then.
    pub conditions: Vec<Condition>,
}

/// What a commit did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The commit that is active now; for a mere confirmation, the confirmed one.
    pub number: u64,
    /// The commit that this one confirmed.
    pub confirmed: Option<u64>,
    /// Until when this one is to be confirmed.
    pub deadline: Option<Deadline>,
    /// The text is not the candidate's alone: changes committed since were merged into it.
    pub merged: bool,
}

/// A text to commit.
pub(crate) struct Wanted {
    pub(crate) text: String,
    pub(crate) spent: Option<Spent>,
    pub(crate) merged: bool,
}

/// A commit, but for its number and time.
pub(crate) struct Draft {
    pub(crate) author: Author,
    pub(crate) comment: Option<String>,
    pub(crate) cause: Cause,
    pub(crate) wanted: Wanted,
}

// === impl Store ===

impl Store {
    /// Makes a configuration the active one: prepares the subject, writes the commit, applies it.
    ///
    /// A commit without changes while another waits to be confirmed confirms that one and does nothing else. A commit
    /// with changes confirms it, too; one that is itself to be confirmed returns to where the first one would have.
    ///
    /// # Errors
    /// Nothing is half done: the configuration of before is active, in force and on disk. One thing is left open when a
    /// failing disk also refuses to take back what it was given: until the next operation has removed it, a restart
    /// may find the new configuration, complete.
    pub fn commit<S: Subject>(
        &mut self,
        editor: &Editor,
        request: Request,
        subject: &mut S,
    ) -> Result<Committed, CommitError<S::Error>> {
        self.admit(editor)?;
        check_author(editor, request.comment.as_deref())?;
        let wanted = self.wanted(request.source)?;
        let unchanged = self.active.as_ref().is_some_and(|active| *active.text == *wanted.text);
        if unchanged && request.confirm.is_none() && self.waiting.is_some() {
            let number = self.confirm(editor, request.comment)?;
            self.forget(wanted.spent.as_ref());
            return Ok(Committed { number, confirmed: Some(number), deadline: None, merged: false });
        }
        let cause = match request.confirm {
            None => Cause::Commit,
            Some(confirm) => Cause::CommitConfirmed { deadline: self.deadline(confirm)? },
        };
        let draft = Draft { author: Author::from(editor), comment: request.comment, cause, wanted };
        self.enact(draft, subject)
    }

    /// The text that a source stands for.
    pub(crate) fn wanted(&self, source: Source) -> Result<Wanted, StoreError> {
        let name = match source {
            Source::Text(text) => {
                check_text(&text)?;
                return Ok(Wanted { text, spent: None, merged: false });
            }
            Source::Candidate(name) => name,
        };
        let candidate = self.candidate(&name)?;
        if candidate.author.is_none() {
            return match &self.active {
                Some(_) => Ok(Wanted { text: candidate.text, spent: None, merged: false }),
                None => Err(StoreError::Empty),
            };
        }
        let spent = Some(Spent::new(name.file(), candidate.base, &candidate.text));
        let text = self.merged(candidate.base, candidate.text.clone())?;
        check_text(&text)?;
        Ok(Wanted { merged: text != candidate.text, text, spent })
    }

    /// The deadline of a commit that begins now. What it would return to is read once, so that it is known to be there.
    fn deadline(&self, confirm: Confirm) -> Result<Deadline, StoreError> {
        let Confirm { minutes, conditions } = confirm;
        if !(1..=65_535).contains(&minutes) {
            return Err(StoreError::Minutes { minutes });
        }
        if self.clock.boot_id().is_empty() {
            return Err(StoreError::NoBootId);
        }
        for condition in &conditions {
            check_word("condition", &condition.watched.to_string())?;
        }
        if conditions.len() > 16 {
            return Err(StoreError::LongWord {
                what: "list of conditions",
                bytes: conditions.len(),
                limit: 16,
            });
        }
        let fallback = self.last_confirmed().map(|fallback| fallback.record.number);
        let fallback = fallback.or(self.active_number()).ok_or(StoreError::NoFallback)?;
        read_commit(&self.disk, fallback)?;
        Ok(Deadline::new(minutes, fallback, conditions, &*self.clock))
    }

    /// Prepares, writes, applies.
    pub(crate) fn enact<S: Subject>(
        &mut self,
        draft: Draft,
        subject: &mut S,
    ) -> Result<Committed, CommitError<S::Error>> {
        let Draft { author, comment, cause, wanted: Wanted { text, spent, merged } } = draft;
        let number = self.history.take_number();
        let record = CommitRecord { number, time: self.clock.wall(), author, comment, cause, spent };
        let mut prepared = match subject.prepare(&text, Origin::New) {
            Ok(prepared) => prepared,
            Err(error) => {
                self.log_failure(&record, LogResult::Refused { reason: error.to_string() });
                return Err(CommitError::Refused(error));
            }
        };
        if let Err(error) = self.publish(&record, &text) {
            subject.revert(prepared);
            return Err(error.into());
        }
        if let Err(error) = subject.apply(&mut prepared) {
            subject.revert(prepared);
            self.disk.take_back(&commit_file(number));
            self.log_failure(&record, LogResult::NotApplied { reason: error.to_string() });
            return Err(CommitError::NotApplied(error));
        }
        let deadline = record.deadline().cloned();
        let before = self.adopt(record, text.into());
        let confirmed = before.filter(|_| deadline.is_none());
        Ok(Committed { number, confirmed, deadline, merged })
    }

    /// What an unconfirmed commit would return to, or is about to.
    fn last_confirmed(&self) -> Option<&Active> {
        let waiting = self.waiting.as_ref().map(|waiting| &waiting.fallback);
        waiting.or(self.returning.as_ref().map(|back| &back.fallback))
    }

    pub(crate) fn publish(&mut self, record: &CommitRecord, text: &str) -> Result<(), StoreError> {
        self.disk.publish(&commit_file(record.number), &encode(COMMIT, record, text))
    }

    /// Takes a commit that is on disk and in force as the active one; returns the number of the one that it confirmed.
    pub(crate) fn adopt(&mut self, record: CommitRecord, text: Arc<str>) -> Option<u64> {
        let confirmed = self.active_number().filter(|_| self.waiting.is_some());
        let fallback = self.last_confirmed().cloned().or(self.active.take());
        (self.waiting, self.returning) = (None, None);
        if let Some(deadline) = record.deadline().cloned() {
            self.waiting = fallback.map(|fallback| Waiting::new(deadline, fallback));
        }
        self.history.numbers.insert(record.number);
        let (entry, spent) = (LogEntry::of(&record), record.spent.clone());
        self.active = Some(Active { record, text });
        let logged = self.journal.add(&mut self.disk, entry);
        self.later(logged);
        self.forget(spent.as_ref());
        self.prune();
        confirmed
    }

    fn forget(&mut self, spent: Option<&Spent>) {
        if let Some(spent) = spent {
            let forgotten = forget(&mut self.disk, spent);
            self.later(forgotten);
        }
    }

    fn log_failure(&mut self, record: &CommitRecord, result: LogResult) {
        let entry = LogEntry { number: None, result, ..LogEntry::of(record) };
        let logged = self.journal.add(&mut self.disk, entry);
        self.later(logged);
    }
}

// === impl Waiting ===

impl Waiting {
    pub(crate) fn new(deadline: Deadline, fallback: Active) -> Waiting {
        let failures = vec![0; deadline.conditions.len()];
        Waiting { deadline, fallback, failures, looked: None }
    }
}

/// Refuses names and comments that do not fit a header.
pub(crate) fn check_author(editor: &Editor, comment: Option<&str>) -> Result<(), StoreError> {
    check_word("user name", &editor.user)?;
    check_word("client", &editor.client)?;
    check_word("comment", comment.unwrap_or_default())
}
