use crate::clock::Clock;
use crate::disk::Disk;
use crate::due::Event;
use crate::editor::Editor;
use crate::error::StoreError;
use crate::history::{History, SLOTS, commit_file, read_commit, read_record};
use crate::journal::{Journal, LogEntry};
use crate::merge::Merge;
use crate::record::{Cause, CommitRecord, Deadline, Standing};
use crate::schedule::Scheduled;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Configurations on disk, and which of them is active.
///
/// One process has a store at a time, and one thread uses it at a time. It does nothing by itself: what is due at a time
/// happens in [`Store::tick`].
pub struct Store {
    pub(crate) disk: Disk,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) merge: Box<dyn Merge>,
    pub(crate) history: History,
    pub(crate) active: Option<Active>,
    /// The active commit is to be confirmed.
    pub(crate) waiting: Option<Waiting>,
    /// A commit was not confirmed, and the way back is not complete.
    pub(crate) returning: Option<Return>,
    pub(crate) scheduled: Option<Scheduled>,
    pub(crate) journal: Journal,
    pub(crate) lock: Option<Editor>,
    pub(crate) problems: Vec<Problem>,
    /// Boot time of the last try to do what the disk had refused.
    pub(crate) caught_up: Option<Duration>,
    /// What happened while the store was opened; told by the first tick.
    pub(crate) events: Vec<Event>,
}

/// A commit with its text.
#[derive(Clone, Debug)]
pub(crate) struct Active {
    pub(crate) record: CommitRecord,
    pub(crate) text: Arc<str>,
}

/// A commit that is to be confirmed.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) deadline: Deadline,
    /// What becomes active else.
    pub(crate) fallback: Active,
    /// Failed looks in a row, by condition.
    pub(crate) failures: Vec<u32>,
    /// Boot time of the last look.
    pub(crate) looked: Option<Duration>,
}

/// The way back from a commit that was not confirmed.
#[derive(Debug)]
pub(crate) struct Return {
    pub(crate) of: u64,
    pub(crate) reason: String,
    pub(crate) fallback: Active,
    /// It is on disk as this commit.
    pub(crate) written: Option<CommitRecord>,
    /// It is in force.
    pub(crate) applied: bool,
    /// Boot time of the last try.
    pub(crate) tried: Option<Duration>,
}

/// A rollback (`show system commit`).
#[derive(Debug)]
pub struct Slot {
    /// 0 is the active one.
    pub slot: usize,
    /// Number of the commit.
    pub number: u64,
    /// The commit; its text is looked at when it is asked for.
    pub record: Result<CommitRecord, StoreError>,
    /// It was to be confirmed, and was.
    pub confirmed: bool,
}

/// A commit that is to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// That commit.
    pub number: u64,
    /// As it was asked for.
    pub deadline: Deadline,
    /// How long it can still be confirmed.
    pub left: Duration,
}

/// Something is wrong, and was not in the way.
#[derive(Debug)]
pub enum Problem {
    /// This newest commit cannot be read; an older one is active instead.
    NewestDamaged(StoreError),
    /// What a commit would return to cannot be read; something older takes its place.
    FallbackDamaged(StoreError),
    /// A commit was not confirmed, and there is nothing to return to.
    NothingToReturnTo {
        /// That commit.
        number: u64,
    },
    /// The log has lines that cannot be read; a power cut may have cut one off.
    LogLines {
        /// Their numbers, from 1.
        lines: Vec<usize>,
    },
    /// A plan cannot be read, and is not carried out.
    PlanDamaged(StoreError),
    /// Something was left for later: a log entry, an old file, the record of a return.
    Later(StoreError),
}

/// A configuration may have so many bytes: 100,000 long lines several times over.
const TEXT_LIMIT: usize = 64 * 1024 * 1024;

// === impl Store ===

impl Store {
    /// Merges candidates with `merge` from now on; [`crate::LineMerge`] does it otherwise.
    pub fn set_merge(&mut self, merge: Box<dyn Merge>) {
        self.merge = merge;
    }

    /// The active configuration: its commit and its text. None before the first commit.
    ///
    /// After [`Store::open`] this is what is to be applied, whatever happened before: a commit whose confirmation
    /// did not come in time is not active any more.
    pub fn active(&self) -> Option<(&CommitRecord, Arc<str>)> {
        self.active.as_ref().map(|active| (&active.record, Arc::clone(&active.text)))
    }

    pub(crate) fn active_number(&self) -> Option<u64> {
        self.active.as_ref().map(|active| active.record.number)
    }

    /// Rollbacks, the active configuration first: data of `show system commit`.
    pub fn slots(&self) -> Vec<Slot> {
        let slot = |(slot, number)| Slot {
            slot,
            number,
            record: read_record(&self.disk, number),
            confirmed: self.history.confirmed.contains(&number),
        };
        self.numbers().into_iter().enumerate().map(slot).collect()
    }

    fn numbers(&self) -> Vec<u64> {
        self.active_number().map(|active| self.history.slots(active)).unwrap_or_default()
    }

    /// A configuration by its rollback number; 0 is the active one.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSlot`]; [`StoreError::DamagedSlot`].
    pub fn rollback(&self, slot: usize) -> Result<(CommitRecord, String), StoreError> {
        let numbers = self.numbers();
        let number = *numbers.get(slot).ok_or(StoreError::NoSuchSlot { slot, count: numbers.len() })?;
        read_commit(&self.disk, number).map_err(|error| match error {
            StoreError::Damaged { path, damage } => StoreError::DamagedSlot { slot, path, damage },
            other => other,
        })
    }

    /// The commit of this text that was undone because nobody confirmed it, unless the text was committed again since.
    /// For callers that keep configurations elsewhere, too: what locked somebody out once is not to come back from there.
    pub fn undone(&self, text: &str) -> Option<u64> {
        if let Some(back) = &self.returning
            && read_commit(&self.disk, back.of).is_ok_and(|(_, committed)| committed == text)
        {
            return Some(back.of);
        }
        let numbers = self.numbers();
        let returned = |number: &u64| match read_record(&self.disk, *number).ok()?.cause {
            Cause::Return { of, .. } => Some((*number, of)),
            _ => None,
        };
        let returns: BTreeMap<u64, u64> = numbers.iter().filter_map(returned).collect();
        let mut committed = numbers.iter().filter(|number| !returns.contains_key(number));
        let last = committed
            .find(|number| read_commit(&self.disk, **number).is_ok_and(|(_, committed)| committed == text))?;
        returns.values().any(|of| of == last).then_some(*last)
    }

    /// The commit log, from the oldest entry to the newest; at least the last 5,000.
    pub fn log(&self) -> impl DoubleEndedIterator<Item = &LogEntry> {
        self.journal.entries()
    }

    /// The commit that is to be confirmed; none when its time is over, too.
    pub fn pending(&self) -> Option<Pending> {
        let waiting = self.waiting.as_ref()?;
        match waiting.deadline.standing(&*self.clock) {
            Standing::Left(left) => {
                Some(Pending { number: self.active_number()?, deadline: waiting.deadline.clone(), left })
            }
            Standing::Over(_) => None,
        }
    }

    /// What is wrong and was not in the way; told once.
    pub fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// Remembers a failure of something that can be done later.
    pub(crate) fn later(&mut self, done: Result<(), StoreError>) {
        if let Err(error) = done {
            self.problems.push(Problem::Later(error));
        }
    }

    /// Removes the files of commits that are no rollback any more.
    pub(crate) fn prune(&mut self) {
        let Some(active) = self.active_number() else { return };
        let keep = self.waiting.as_ref().map(|waiting| waiting.deadline.fallback);
        let outdated = self.history.outdated(active, keep);
        let confirmed = outdated.iter().map(|number| crate::history::confirmed_file(*number));
        let files: Vec<String> =
            outdated.iter().map(|number| commit_file(*number)).chain(confirmed).collect();
        let pruned = self.disk.prune(&files);
        if pruned.is_ok() {
            self.history.numbers.retain(|number| !outdated.contains(number));
            self.history.confirmed.retain(|number| !outdated.contains(number));
        }
        self.later(pruned);
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let active = self.active_number();
        let mut told = f.debug_struct("Store");
        told.field("place", &self.disk.path("")).field("active", &active).field("slots", &SLOTS);
        told.finish_non_exhaustive()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NewestDamaged(error) => write!(f, "{error}; an older configuration is active instead"),
            Problem::FallbackDamaged(error) => {
                write!(f, "{error}; an older configuration takes its place as the one to return to")
            }
            Problem::NothingToReturnTo { number } => write!(
                f,
                "commit {number} was not confirmed, but there is no readable configuration to return to: it stays"
            ),
            Problem::LogLines { lines } => {
                write!(f, "lines {lines:?} of the commit log cannot be read and are skipped")
            }
            Problem::PlanDamaged(error) => write!(f, "{error}; the planned commit is not carried out"),
            Problem::Later(error) => {
                write!(f, "{error}; this is tried again later and concerns nothing else")
            }
        }
    }
}

pub(crate) fn check_text(text: &str) -> Result<(), StoreError> {
    match text.len() {
        bytes if bytes > TEXT_LIMIT => Err(StoreError::TooLong { bytes, limit: TEXT_LIMIT }),
        _ => Ok(()),
    }
}

/// Refuses words that would not fit a header or a file name.
pub(crate) fn check_word(what: &'static str, word: &str) -> Result<(), StoreError> {
    let limit = match what {
        "user name" => 64, // spelt by bytes it is part of a file name
        _ => 1024,
    };
    if word.len() > limit { Err(StoreError::LongWord { what, bytes: word.len(), limit }) } else { Ok(()) }
}
