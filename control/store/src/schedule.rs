use crate::commit::{Draft, Source, Wanted, check_author};
use crate::document::encode;
use crate::editor::Editor;
use crate::error::{CommitError, StoreError};
use crate::history::read_record;
use crate::journal::{LogEntry, LogResult};
use crate::record::{Author, Cause, Spent};
use crate::store::{Problem, Store};
use crate::subject::{Origin, Subject};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A commit that is planned for a time (`commit at`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Scheduled {
    /// When it is to happen, by the wall clock.
    pub at: Time,
    /// Who planned it.
    #[serde(flatten)]
    pub author: Author,
    /// What they said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Number of the plan: taken from those of commits, so that it is never used again.
    pub plan: u64,
    /// The commit that was active when it was planned.
    base: Option<u64>,
    spent: Option<Spent>,
}

/// The kind in the header of its file.
const PLAN: &str = "plan";
const FILE: &str = "planned.conf";

/// A plan that could not be carried out for so long is missed: a change that was planned for the night is not to happen in
/// the morning, when the host is switched on again.
const LATE: Duration = Duration::from_secs(10 * 60);

impl Store {
    /// The commit that is planned.
    pub fn scheduled(&self) -> Option<&Scheduled> {
        self.scheduled.as_ref()
    }

    /// Plans a commit of the configuration as it is now; what is committed until then is merged with it. It is checked now
    /// and again at its time.
    ///
    /// # Errors
    /// [`StoreError::Past`], [`StoreError::Planned`], and those of [`Store::check`]; nothing is planned.
    pub fn schedule<S: Subject>(
        &mut self,
        editor: &Editor,
        source: Source,
        comment: Option<String>,
        at: Time,
        subject: &mut S,
    ) -> Result<(), CommitError<S::Error>> {
        self.admit(editor)?;
        check_author(editor, comment.as_deref())?;
        if let Some(Scheduled { at, author, .. }) = self.scheduled.clone() {
            return Err(StoreError::Planned { at, author }.into());
        }
        let now = self.clock.wall();
        if at <= now {
            return Err(StoreError::Past { at, now }.into());
        }
        let Wanted { text, spent, .. } = self.wanted(source)?;
        let prepared = subject.prepare(&text, Origin::New).map_err(CommitError::Refused)?;
        subject.revert(prepared);
        let (author, base) = (Author::from(editor), self.active_number());
        let plan = Scheduled { at, author, comment, plan: self.history.take_number(), base, spent };
        self.disk.replace(FILE, Some(&encode(PLAN, &plan, &text)))?;
        self.scheduled = Some(plan);
        Ok(())
    }

    /// Cancels the planned commit (`clear system commit`).
    ///
    /// # Errors
    /// [`StoreError::NothingPlanned`]; after one of the file system it is still planned.
    pub fn cancel_scheduled(&mut self) -> Result<Scheduled, StoreError> {
        let Some(plan) = self.scheduled.clone() else {
            return Err(StoreError::NothingPlanned);
        };
        self.disk.replace(FILE, None)?;
        self.scheduled = None;
        Ok(plan)
    }

    /// Finds a plan that was not carried out.
    pub(crate) fn read_schedule(&mut self) {
        let plan = match self.disk.document::<Scheduled>(PLAN, FILE) {
            Ok(Some((plan, _))) => plan,
            Ok(None) => return,
            Err(error) => return self.problems.push(Problem::PlanDamaged(error)),
        };
        self.history.next = self.history.next.max(plan.plan.saturating_add(1));
        let mut later = self.history.numbers.range(plan.plan..).rev();
        let done = later.any(|number| {
            read_record(&self.disk, *number).is_ok_and(
                |record| matches!(record.cause, Cause::CommitAt { plan: done, .. } if done == plan.plan),
            )
        });
        if done {
            let removed = self.disk.prune(&[FILE.to_owned()]);
            return self.later(removed);
        }
        self.scheduled = Some(plan);
    }

    /// Carries out the plan if its time has come. While a commit is to be confirmed it is put off: it would confirm it.
    ///
    /// # Errors
    /// Why it failed; it is not tried again.
    pub(crate) fn carry_out<S: Subject>(
        &mut self,
        subject: &mut S,
    ) -> Result<Option<Done>, CommitError<S::Error>> {
        let now = self.clock.wall();
        if self.waiting.is_some() || self.returning.is_some() {
            return Ok(None);
        }
        let Some(Scheduled { at, author, comment, plan, base, spent }) =
            self.scheduled.take_if(|plan| plan.at <= now)
        else {
            return Ok(None);
        };
        let late = at.until(now) > LATE;
        let done = if late {
            let (number, result) = (None, LogResult::Missed { at });
            let logged =
                self.journal.add(&mut self.disk, LogEntry { time: now, number, author, comment, result });
            self.later(logged);
            Ok(Some(Done::Missed { at }))
        } else {
            self.planned_text(base).map_err(CommitError::Store).and_then(|text| {
                let wanted = Wanted { text, spent, merged: false };
                let draft = Draft { author, comment, cause: Cause::CommitAt { at, plan }, wanted };
                self.enact(draft, subject).map(|committed| Some(Done::Committed { number: committed.number }))
            })
        };
        let removed = self.disk.prune(&[FILE.to_owned()]);
        self.later(removed);
        done
    }

    fn planned_text(&self, base: Option<u64>) -> Result<String, StoreError> {
        match self.disk.document::<Scheduled>(PLAN, FILE)? {
            Some((_, text)) => self.merged(base, text),
            None => Err(StoreError::NothingPlanned),
        }
    }
}

/// What became of a plan.
pub(crate) enum Done {
    Committed { number: u64 },
    Missed { at: Time },
}
