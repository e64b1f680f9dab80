use crate::disk::Disk;
use crate::error::StoreError;
use crate::record::{Author, Cause, CommitRecord};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

/// One line of the commit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogEntry {
    /// When.
    pub time: Time,
    /// The commit that it is about; none when none came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Who.
    #[serde(flatten)]
    pub author: Author,
    /// What they said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What came of it.
    #[serde(flatten)]
    pub result: LogResult,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum LogResult {
    /// It is active.
    Committed,
    /// It is active, and is to be confirmed.
    CommittedUnconfirmed {
        /// Within so many minutes.
        minutes: u32,
    },
    /// It was confirmed.
    Confirmed,
    /// An earlier configuration is active again.
    Returned {
        /// The commit that was undone.
        of: u64,
        /// The commit whose text this is.
        to: u64,
        /// Why.
        reason: String,
    },
    /// It was refused; nothing changed.
    Refused {
        /// Why.
        reason: String,
    },
    /// It could not be applied; the configuration of before is in force.
    NotApplied {
        /// Why.
        reason: String,
    },
    /// It was planned for a time at which it could not be done.
    Missed {
        /// That time.
        at: Time,
    },
}

/// The commit log: JSON lines, only ever appended to.
///
/// It follows what happened, it does not decide it: entries of commits that a power cut kept from it are made anew from
/// the commits' own files.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: VecDeque<LogEntry>,
    /// Entries that are not on disk yet.
    owed: Vec<LogEntry>,
    /// The file is there.
    made: bool,
    /// The end of the file may be half a line.
    torn: bool,
}

pub(crate) const FILE: &str = "commits.log";

/// Entries that are kept at least; a log of twice as many is cut down when the store is opened.
const KEPT: usize = 5_000;
/// Entries that are remembered for a disk that refuses them.
const OWED: usize = 100;
/// An entry that could not be written for certain may be there twice, so close together.
const NEAR: usize = OWED;

// === impl LogEntry ===

impl LogEntry {
    /// What the log says of a commit.
    pub(crate) fn of(record: &CommitRecord) -> LogEntry {
        let result = match &record.cause {
            Cause::Commit | Cause::CommitAt { .. } => LogResult::Committed,
            Cause::CommitConfirmed { deadline } => {
                LogResult::CommittedUnconfirmed { minutes: deadline.minutes }
            }
            Cause::Return { of, to, reason } => {
                LogResult::Returned { of: *of, to: *to, reason: reason.clone() }
            }
        };
        LogEntry {
            time: record.time,
            number: Some(record.number),
            author: record.author.clone(),
            comment: record.comment.clone(),
            result,
        }
    }

    /// Whether a commit came of it.
    fn is_commit(&self) -> bool {
        use LogResult::{Committed, CommittedUnconfirmed, Returned};
        matches!(self.result, Committed | CommittedUnconfirmed { .. } | Returned { .. })
    }
}

// === impl Journal ===

impl Journal {
    /// Reads the log; also the numbers of lines that cannot be read.
    pub(crate) fn read(disk: &Disk) -> Result<(Journal, Vec<usize>), StoreError> {
        let Some(bytes) = disk.read(FILE)? else {
            return Ok((Journal::default(), Vec::new()));
        };
        let torn = bytes.last().is_some_and(|byte| *byte != b'\n');
        let mut journal = Journal { made: true, torn, ..Journal::default() };
        let mut unreadable = Vec::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            match serde_json::from_slice::<LogEntry>(line) {
                Ok(entry) if !journal.entries.iter().rev().take(NEAR).any(|near| *near == entry) => {
                    journal.entries.push_back(entry);
                }
                Ok(_) => {}
                Err(_) if line.is_empty() => {}
                Err(_) => unreadable.push(index + 1),
            }
        }
        Ok((journal, unreadable))
    }

    /// A log that cannot be read, but perhaps appended to.
    pub(crate) fn unreadable(made: bool) -> Journal {
        Journal { made, torn: true, ..Journal::default() }
    }

    /// From the oldest to the newest.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &LogEntry> {
        self.entries.iter()
    }

    /// Numbers of commits that it knows.
    pub(crate) fn commits(&self) -> BTreeSet<u64> {
        self.entries().filter(|entry| entry.is_commit()).filter_map(|entry| entry.number).collect()
    }

    /// Numbers of commits of which it knows that they were confirmed.
    pub(crate) fn confirmed(&self) -> BTreeSet<u64> {
        let confirmed = |entry: &&LogEntry| entry.result == LogResult::Confirmed;
        self.entries().filter(confirmed).filter_map(|entry| entry.number).collect()
    }

    /// The greatest number in it.
    pub(crate) fn last_number(&self) -> u64 {
        self.entries().filter_map(|entry| entry.number).max().unwrap_or(0)
    }

    /// Adds an entry, on disk when this returns.
    ///
    /// # Errors
    /// It is remembered, and written with the next one.
    pub(crate) fn add(&mut self, disk: &mut Disk, entry: LogEntry) -> Result<(), StoreError> {
        self.entries.push_back(entry.clone());
        if self.entries.len() > 2 * KEPT {
            self.entries.pop_front();
        }
        self.owed.push(entry);
        if self.owed.len() > OWED {
            self.owed.remove(0);
        }
        self.write(disk)
    }

    /// Writes what is owed.
    pub(crate) fn write(&mut self, disk: &mut Disk) -> Result<(), StoreError> {
        if self.owed.is_empty() {
            return Ok(());
        }
        let mut lines = if self.torn { "\n".to_owned() } else { String::new() };
        for entry in &self.owed {
            lines.push_str(&line(entry));
        }
        self.torn = true; // until it is known to be whole
        disk.append(FILE, lines.as_bytes(), self.made)?;
        (self.torn, self.made) = (false, true);
        self.owed.clear();
        Ok(())
    }

    /// Cuts a log that has become long.
    pub(crate) fn shorten(&mut self, disk: &mut Disk) -> Result<(), StoreError> {
        if self.entries.len() < 2 * KEPT {
            return Ok(());
        }
        self.entries.drain(..self.entries.len() - KEPT);
        let lines: String = self.entries.iter().map(line).collect();
        disk.replace(FILE, Some(lines.as_bytes()))?;
        (self.torn, self.made) = (false, true);
        self.owed.clear();
        Ok(())
    }
}

fn line(entry: &LogEntry) -> String {
    let json = serde_json::to_string(entry).expect("entries are made of words and numbers");
    format!("{json}\n")
}
