//! Configurations on disk, and how one of them becomes the active one.
//!
//! A [`Store`] keeps the active configuration, the 49 before it, a rescue configuration, candidates, a commit log and
//! whether a commit still waits for its confirmation. A configuration is a text here: its words are known elsewhere.
//!
//! Each file is complete under its name or not there at all: it is written beside it, synced, renamed, and the directory is
//! synced. A commit is one such file, so its rename is the instant at which it happens, and a power cut at any system call
//! leaves the configuration of before or that of after.
//!
//! [`Store::commit`] prepares a [`Subject`] (may fail, changes nothing), writes the commit, then applies it. A commit that
//! must be confirmed carries its deadline in its own file, so it cannot be on disk without it.
#![forbid(unsafe_code)]

mod candidate;
mod check;
mod clock;
mod commit;
mod condition;
mod confirm;
mod directory;
mod disk;
mod document;
mod due;
mod editor;
mod error;
mod files;
mod history;
mod journal;
mod merge;
mod open;
mod record;
mod rescue;
mod schedule;
mod store;
mod subject;
mod time;

pub use candidate::{Candidate, CandidateName};
pub use clock::{Clock, FakeClock, SystemClock};
pub use commit::{Committed, Confirm, Request, Source};
pub use condition::{Condition, Finding, Probes, Watched};
pub use directory::Directory;
pub use document::Damage;
pub use due::{Event, NoProbes};
pub use editor::Editor;
pub use error::{CommitError, StoreError};
pub use files::{Files, OpenFile};
pub use journal::{LogEntry, LogResult};
pub use merge::{Conflict, LineMerge, Merge};
pub use record::{Author, Cause, CommitRecord, Deadline};
pub use schedule::Scheduled;
pub use store::{Pending, Problem, Slot, Store};
pub use subject::{Origin, Subject};
pub use time::Time;
