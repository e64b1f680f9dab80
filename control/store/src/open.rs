use crate::clock::Clock;
use crate::directory::Directory;
use crate::disk::{Disk, unfinished};
use crate::due::Event;
use crate::error::StoreError;
use crate::files::Files;
use crate::history::{History, read_commit, read_record};
use crate::journal::{self, Journal, LogEntry};
use crate::merge::LineMerge;
use crate::record::Standing;
use crate::store::{Active, Problem, Return, Store, Waiting};
use std::path::Path;
use std::sync::Arc;

impl Store {
    /// Opens the store of a directory; makes it if need be.
    ///
    /// A commit that was to be confirmed goes on waiting for the rest of its time when this is still the same boot.
    /// After its time, or after a restart of the host, the configuration of before is active again.
    ///
    /// Nothing has to be written for that: a store opens on a full or read-only file system, too.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another process has it; [`StoreError::File`] when the directory cannot be
    /// read at all. Damaged files are no error: see [`Store::problems`].
    pub fn open(directory: &Path, clock: Arc<dyn Clock>) -> Result<Store, StoreError> {
        Store::open_on(Box::new(Directory::open(directory)?), clock)
    }

    /// The same, on any file system.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(files: Box<dyn Files>, clock: Arc<dyn Clock>) -> Result<Store, StoreError> {
        let mut disk = Disk::new(files);
        let names = disk.list()?;
        let swept = disk.prune(&unfinished(&names));
        let mut store = Store {
            disk,
            clock,
            merge: Box::new(LineMerge),
            history: History::find(&names),
            active: None,
            waiting: None,
            returning: None,
            scheduled: None,
            journal: Journal::default(),
            lock: None,
            problems: Vec::new(),
            caught_up: None,
            events: Vec::new(),
        };
        store.later(swept);
        store.find_active();
        store.read_journal(&names);
        store.read_schedule();
        store.find_deadline();
        Ok(store)
    }

    /// The newest commit that is complete.
    fn find_active(&mut self) {
        for number in self.history.numbers.iter().rev() {
            match read_commit(&self.disk, *number) {
                Ok((record, text)) => {
                    self.active = Some(Active { record, text: text.into() });
                    return;
                }
                Err(error) => self.problems.push(Problem::NewestDamaged(error)),
            }
        }
    }

    /// Reads the log, and adds what the files say and it does not.
    fn read_journal(&mut self, names: &[String]) {
        match Journal::read(&self.disk) {
            Ok((journal, lines)) => {
                self.journal = journal;
                if !lines.is_empty() {
                    self.problems.push(Problem::LogLines { lines });
                }
            }
            Err(error) => {
                self.journal = Journal::unreadable(names.iter().any(|name| name == journal::FILE));
                return self.problems.push(Problem::Later(error));
            }
        }
        self.history.next = self.history.next.max(self.journal.last_number().saturating_add(1));
        let (known, confirmed) = (self.journal.commits(), self.journal.confirmed());
        let last = known.last().copied().unwrap_or(0);
        for number in self.history.numbers.clone() {
            if number > last {
                match read_record(&self.disk, number) {
                    Ok(record) => self.log_later(LogEntry::of(&record)),
                    Err(_) => continue, // told where it is asked for
                }
            }
            if self.history.confirmed.contains(&number) && !confirmed.contains(&number) {
                self.log_confirmation(number);
            }
        }
        let shortened = self.journal.shorten(&mut self.disk);
        self.later(shortened);
    }

    fn log_later(&mut self, entry: LogEntry) {
        let logged = self.journal.add(&mut self.disk, entry);
        self.later(logged);
    }

    /// Whether the active commit is still to be confirmed; if not in time, goes back to the one before.
    fn find_deadline(&mut self) {
        let Some(active) = &self.active else { return };
        let number = active.record.number;
        // A newer commit confirms it, also one that cannot be read any more.
        let newest = self.history.numbers.last() == Some(&number);
        let confirmed =
            self.history.confirmed.contains(&number) || self.journal.confirmed().contains(&number);
        let Some(deadline) = active.record.deadline().filter(|_| newest && !confirmed).cloned() else {
            return;
        };
        let Some(fallback) = self.find_fallback(deadline.fallback) else {
            return self.problems.push(Problem::NothingToReturnTo { number });
        };
        match deadline.standing(&*self.clock) {
            Standing::Left(_) => self.waiting = Some(Waiting::new(deadline, fallback)),
            Standing::Over(reason) => {
                let to = fallback.record.number;
                self.active = Some(fallback.clone());
                self.events.push(Event::Returned { of: number, to, reason: reason.clone() });
                // The caller applies what is active after the opening in any case.
                let applied = true;
                self.returning =
                    Some(Return { of: number, reason, fallback, written: None, applied, tried: None });
                let written = self.write_return();
                self.later(written);
            }
        }
    }

    /// The commit to return to, or the next older one that is complete.
    fn find_fallback(&mut self, number: u64) -> Option<Active> {
        for number in self.history.numbers.range(..=number).rev() {
            match read_commit(&self.disk, *number) {
                Ok((record, text)) => return Some(Active { record, text: text.into() }),
                Err(error) => self.problems.push(Problem::FallbackDamaged(error)),
            }
        }
        None
    }
}
