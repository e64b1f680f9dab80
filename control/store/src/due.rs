use crate::condition::{Finding, Probes, Watched};
use crate::error::StoreError;
use crate::record::{Author, Cause, CommitRecord, Standing};
use crate::schedule::Done;
use crate::store::{Active, Problem, Return, Store};
use crate::subject::{Origin, Subject};
use crate::time::Time;
use std::fmt;
use std::time::Duration;

/// What happened because it was time.
#[derive(Debug)]
pub enum Event {
    /// A commit was not confirmed; an earlier configuration is active again.
    Returned {
        /// That commit.
        of: u64,
        /// The commit whose text is active now.
        to: u64,
        /// Why.
        reason: String,
    },
    /// It should be, but the subject does not take it; tried again every few seconds, and when the store is opened.
    NotReturned {
        /// The commit that is to be undone.
        of: u64,
        /// What the subject says.
        reason: String,
    },
    /// A planned commit was made.
    Committed {
        /// Its number.
        number: u64,
    },
    /// A planned commit failed; it is not tried again.
    PlanFailed {
        /// Why.
        reason: String,
    },
    /// A planned commit could not be made at its time, and is dropped.
    PlanMissed {
        /// That time.
        at: Time,
    },
    /// Something is wrong, and was not in the way.
    Problem(Problem),
}

/// Knows nothing of any condition; for callers without.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbes;

/// Conditions are looked at so often.
const LOOK: Duration = Duration::from_secs(1);
/// A return that was refused is tried again after this long.
const RETRY: Duration = Duration::from_secs(5);

impl Probes for NoProbes {
    fn look(&mut self, _: &Watched) -> Finding {
        Finding::Unknown
    }
}

// === impl Store ===

impl Store {
    /// Does what is due: goes back from a commit that was not confirmed in time or whose conditions do not hold, makes a
    /// planned commit, finishes what a disk refused before. To be called several times a second; the clock of the
    /// store says what is due, so a call too late does all that was missed.
    pub fn tick<S: Subject>(&mut self, subject: &mut S, probes: &mut dyn Probes) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.events);
        self.catch_up();
        if let Some(reason) = self.is_over(probes)
            && let (Some(waiting), Some(of)) = (self.waiting.take(), self.active_number())
        {
            let fallback = waiting.fallback;
            self.returning =
                Some(Return { of, reason, fallback, written: None, applied: false, tried: None });
        }
        events.extend(self.go_back(subject));
        events.extend(match self.carry_out(subject) {
            Ok(None) => None,
            Ok(Some(Done::Committed { number })) => Some(Event::Committed { number }),
            Ok(Some(Done::Missed { at })) => Some(Event::PlanMissed { at }),
            Err(error) => Some(Event::PlanFailed { reason: error.to_string() }),
        });
        events.extend(self.problems().into_iter().map(Event::Problem));
        events
    }

    /// Tries again what the disk refused; it was told of then, and is not told of again.
    fn catch_up(&mut self) {
        let now = self.clock.boottime();
        let due = self.caught_up.is_none_or(|last| now.saturating_sub(last) >= RETRY);
        if due && self.disk.clear().and_then(|()| self.journal.write(&mut self.disk)).is_err() {
            self.caught_up = Some(now);
        }
    }

    /// Why the active commit is not to be confirmed any more.
    fn is_over(&mut self, probes: &mut dyn Probes) -> Option<String> {
        let now = self.clock.boottime();
        let waiting = self.waiting.as_mut()?;
        if let Standing::Over(reason) = waiting.deadline.standing(&*self.clock) {
            return Some(reason);
        }
        if waiting.looked.is_some_and(|looked| now.saturating_sub(looked) < LOOK) {
            return None;
        }
        waiting.looked = Some(now);
        let mut over = None;
        for (condition, failures) in waiting.deadline.conditions.iter().zip(&mut waiting.failures) {
            match probes.look(&condition.watched) {
                Finding::Holds => *failures = 0,
                Finding::Unknown => {}
                Finding::Fails(found) => {
                    *failures += 1;
                    if *failures >= condition.tolerance.max(1) && over.is_none() {
                        let watched = &condition.watched;
                        over = Some(format!(
                            "a condition failed ({watched}): {found}, {failures} times in a row"
                        ));
                    }
                }
            }
        }
        over
    }

    /// The way back, as far as it can be gone now. The disk is tried first; if it refuses, the configuration is
    /// applied all the same: what is on disk leads back as well, once the window is over.
    fn go_back<S: Subject>(&mut self, subject: &mut S) -> Option<Event> {
        let now = self.clock.boottime();
        let back = self.returning.as_mut()?;
        if back.tried.is_some_and(|tried| now.saturating_sub(tried) < RETRY) {
            return None;
        }
        let first = back.tried.replace(now).is_none();
        if back.applied {
            let written = self.write_return();
            if first {
                self.later(written);
            }
            return None;
        }
        let (of, text) = (back.of, back.fallback.text.clone());
        let refused = |error: S::Error| Event::NotReturned { of, reason: error.to_string() };
        let mut prepared = match subject.prepare(&text, Origin::Known) {
            Ok(prepared) => prepared,
            Err(error) => return first.then(|| refused(error)),
        };
        let written = self.write_return();
        self.later(written);
        if let Err(error) = subject.apply(&mut prepared) {
            subject.revert(prepared);
            return first.then(|| refused(error));
        }
        let back = self.returning.as_mut()?;
        back.applied = true;
        let (to, reason) = (back.fallback.record.number, back.reason.clone());
        self.active = Some(back.fallback.clone());
        self.finish_return();
        Some(Event::Returned { of, to, reason })
    }

    /// Writes the return as a commit of its own, and takes it as active if it is in force.
    pub(crate) fn write_return(&mut self) -> Result<(), StoreError> {
        let Some(back) = &self.returning else { return Ok(()) };
        if back.written.is_none() {
            let (of, to, reason) = (back.of, back.fallback.record.number, back.reason.clone());
            let text = back.fallback.text.clone();
            let record = CommitRecord {
                number: self.history.take_number(),
                time: self.clock.wall(),
                author: Author::store(),
                comment: None,
                cause: Cause::Return { of, to, reason },
                spent: None,
            };
            self.publish(&record, &text)?;
            self.history.numbers.insert(record.number);
            if let Some(back) = &mut self.returning {
                back.written = Some(record);
            }
        }
        self.finish_return();
        Ok(())
    }

    /// Ends the way back when it is on disk and in force.
    fn finish_return(&mut self) {
        if let Some(Return { fallback: Active { text, .. }, written: Some(record), .. }) =
            self.returning.take_if(|back| back.applied && back.written.is_some())
        {
            self.adopt(record, text);
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Returned { of, to, reason } => {
                write!(f, "the configuration of commit {to} is active again instead of commit {of}: {reason}")
            }
            Event::NotReturned { of, reason } => {
                write!(
                    f,
                    "commit {of} is to be undone, but the configuration of before cannot be applied: {reason}"
                )
            }
            Event::Committed { number } => write!(f, "the planned commit {number} is active"),
            Event::PlanFailed { reason } => write!(f, "the planned commit failed: {reason}"),
            Event::PlanMissed { at } => write!(f, "the commit planned for {at} was missed and is dropped"),
            Event::Problem(problem) => problem.fmt(f),
        }
    }
}
