use crate::condition::Condition;
use crate::time::Time;
use crate::{Clock, Editor};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who did something, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Name of the user.
    pub user: String,
    /// What they used: `cli`, `grpc`, a file name.
    pub client: String,
}

/// The header of a commit's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommitRecord {
    /// Counts commits of this store from 1; never used twice.
    pub number: u64,
    /// When.
    pub time: Time,
    /// Who.
    #[serde(flatten)]
    pub author: Author,
    /// What they said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// How it came about.
    #[serde(flatten)]
    pub cause: Cause,
    /// The candidate that it took in, which counts no more from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spent: Option<Spent>,
}

/// How a commit came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum Cause {
    /// Somebody committed.
    Commit,
    /// Somebody committed, and is to confirm it.
    CommitConfirmed {
        /// Until when, and what comes otherwise.
        deadline: Deadline,
    },
    /// The time that somebody had set came.
    CommitAt {
        /// That time.
        at: Time,
        /// Number of the plan.
        plan: u64,
    },
    /// A commit was not confirmed: the configuration of before is active again.
    Return {
        /// The commit that was undone.
        of: u64,
        /// The commit whose text this is.
        to: u64,
        /// Why.
        reason: String,
    },
}

/// Until when a commit must be confirmed. It lies in the commit's own file: neither is on disk without the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deadline {
    /// As it was asked for.
    pub minutes: u32,
    /// The commit that becomes active again.
    pub fallback: u64,
    /// By the wall clock as it stood then; for people only, since that clock may jump.
    pub wall: Time,
    /// By boot time, in milliseconds: this decides.
    pub boottime_ms: u64,
    /// The boot that `boottime_ms` belongs to.
    pub boot_id: String,
    /// What must hold until then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// A candidate as it was when it was committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Spent {
    /// Name of its file.
    pub(crate) file: String,
    /// The commit that it began from.
    pub(crate) base: Option<u64>,
    /// CRC-32 of its text.
    pub(crate) crc32: u32,
    /// Length of its text.
    pub(crate) bytes: u64,
}

/// How a deadline stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// So much time is left.
    Left(Duration),
    /// It is over, for this reason.
    Over(String),
}

// === impl Author ===

impl Author {
    /// The store itself: what happens because a time has come.
    pub(crate) fn store() -> Author {
        Author { user: "flumen".to_owned(), client: "store".to_owned() }
    }
}

impl From<&Editor> for Author {
    fn from(editor: &Editor) -> Author {
        Author { user: editor.user.clone(), client: editor.client.clone() }
    }
}

// === impl CommitRecord ===

impl CommitRecord {
    /// The deadline of a commit that is to be confirmed.
    pub fn deadline(&self) -> Option<&Deadline> {
        match &self.cause {
            Cause::CommitConfirmed { deadline } => Some(deadline),
            _ => None,
        }
    }
}

// === impl Deadline ===

impl Deadline {
    pub(crate) fn new(
        minutes: u32,
        fallback: u64,
        conditions: Vec<Condition>,
        clock: &dyn Clock,
    ) -> Deadline {
        let window = Duration::from_secs(u64::from(minutes) * 60);
        let boottime = clock.boottime() + window;
        Deadline {
            minutes,
            fallback,
            wall: clock.wall().after(window),
            boottime_ms: u64::try_from(boottime.as_millis()).unwrap_or(u64::MAX),
            boot_id: clock.boot_id(),
            conditions,
        }
    }

    /// A host that was started anew, or does not know its boot, is not one on which anybody can be counted on to
    /// confirm: the window is over. In the same boot it goes on, whatever happened to the process or the wall clock.
    pub(crate) fn standing(&self, clock: &dyn Clock) -> Standing {
        if self.boot_id.is_empty() || self.boot_id != clock.boot_id() {
            return Standing::Over("the host was restarted before it was confirmed".to_owned());
        }
        match Duration::from_millis(self.boottime_ms).checked_sub(clock.boottime()) {
            Some(left) if !left.is_zero() => Standing::Left(left),
            _ => Standing::Over(format!("it was not confirmed within {} minutes", self.minutes)),
        }
    }
}

// === impl Spent ===

impl Spent {
    pub(crate) fn new(file: String, base: Option<u64>, text: &str) -> Spent {
        Spent { file, base, crc32: crc32fast::hash(text.as_bytes()), bytes: text.len() as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Author, Cause, CommitRecord, Deadline, Standing};
    use crate::{Clock, FakeClock, Time};
    use std::time::Duration;

    #[test]
    fn a_record_is_flat_json_that_reads_back() {
        let clock = FakeClock::default();
        let deadline = Deadline::new(10, 3, Vec::new(), &clock);
        let record = CommitRecord {
            number: 4,
            time: clock.wall(),
            author: Author::store(),
            comment: None,
            cause: Cause::CommitConfirmed { deadline },
            spent: None,
        };
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(
            json,
            r#"{"number":4,"time":"2023-11-14T22:13:20Z","user":"flumen","client":"store","cause":"commit-confirmed","deadline":{"minutes":10,"fallback":3,"wall":"2023-11-14T22:23:20Z","boottime-ms":1600000,"boot-id":"boot-1"}}"#
        );
        assert_eq!(serde_json::from_str::<CommitRecord>(&json).unwrap(), record);
    }

    #[test]
    fn a_deadline_follows_the_boot_time_and_not_the_wall_clock() {
        let clock = FakeClock::default();
        let deadline = Deadline::new(2, 1, Vec::new(), &clock);
        for wall in [0, 1_600_000_000, 4_000_000_000] {
            clock.set_wall(Time::from_unix_s(wall));
            assert_eq!(deadline.standing(&clock), Standing::Left(Duration::from_secs(120)));
        }
        clock.advance(Duration::from_secs(119));
        assert_eq!(deadline.standing(&clock), Standing::Left(Duration::from_secs(1)));
        clock.advance(Duration::from_secs(1));
        assert!(
            matches!(deadline.standing(&clock), Standing::Over(reason) if reason.contains("within 2 minutes"))
        );
    }

    #[test]
    fn a_deadline_ends_with_its_boot() {
        let clock = FakeClock::default();
        let deadline = Deadline::new(65_535, 1, Vec::new(), &clock);
        clock.reboot();
        assert!(matches!(deadline.standing(&clock), Standing::Over(reason) if reason.contains("restarted")));
    }

    #[test]
    fn boots_that_are_not_known_are_not_taken_for_the_same() {
        struct Nameless;

        impl Clock for Nameless {
            fn wall(&self) -> Time {
                Time::default()
            }

            fn boottime(&self) -> Duration {
                Duration::ZERO
            }

            fn boot_id(&self) -> String {
                String::new()
            }
        }

        let deadline = Deadline::new(10, 1, Vec::new(), &Nameless);
        assert!(matches!(deadline.standing(&Nameless), Standing::Over(_)));
    }
}
