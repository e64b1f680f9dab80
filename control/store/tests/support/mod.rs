//! A disk that fails and loses power when it is told to, and a subject that keeps what is in force.
#![allow(dead_code, unused_imports, reason = "each test file uses its own part")]

mod power;

pub use power::{Fault, PowerDisk};

use flumen_store::{
    CandidateName, Clock, Committed, Confirm, Editor, FakeClock, Origin, Request, Source, Store, Subject,
};
use std::sync::Arc;

/// A gateway made of one text.
#[derive(Debug, Default)]
pub struct Gateway {
    pub in_force: String,
    /// Texts with this word are refused.
    pub refuse: Option<&'static str>,
    /// Texts with this word fail when they are applied.
    pub fail: Option<&'static str>,
    /// Prepared and neither kept nor reverted.
    pub reserved: i32,
    pub applied: u32,
    pub origins: Vec<Origin>,
}

pub struct Prepared {
    before: String,
    text: String,
}

impl Subject for Gateway {
    type Prepared = Prepared;
    type Error = String;

    fn prepare(&mut self, text: &str, origin: Origin) -> Result<Prepared, String> {
        self.origins.push(origin);
        if self.refuse.is_some_and(|word| text.contains(word)) {
            return Err("line 1: not today".to_owned());
        }
        self.reserved += 1;
        Ok(Prepared { before: self.in_force.clone(), text: text.to_owned() })
    }

    fn apply(&mut self, prepared: &mut Prepared) -> Result<(), String> {
        self.in_force.clone_from(&prepared.text);
        if self.fail.is_some_and(|word| prepared.text.contains(word)) {
            return Err("the device is gone".to_owned());
        }
        self.applied += 1;
        self.reserved -= 1;
        Ok(())
    }

    fn revert(&mut self, prepared: Prepared) {
        self.in_force = prepared.before;
        self.reserved -= 1;
    }
}

pub fn editor(user: &str) -> Editor {
    let id = user.bytes().map(u64::from).sum();
    Editor { id, user: user.to_owned(), client: "cli".to_owned() }
}

pub fn private(user: &str) -> CandidateName {
    CandidateName::Private(user.to_owned())
}

pub fn text(text: &str) -> Request {
    Request { source: Source::Text(text.to_owned()), comment: None, confirm: None }
}

pub fn candidate(name: CandidateName) -> Request {
    Request { source: Source::Candidate(name), comment: None, confirm: None }
}

pub fn confirmed(request: Request, minutes: u32) -> Request {
    Request { confirm: Some(Confirm { minutes, conditions: Vec::new() }), ..request }
}

/// A store on a disk, with its clock and what it configures.
pub struct Lab {
    pub disk: PowerDisk,
    pub clock: FakeClock,
    pub gateway: Gateway,
    pub store: Store,
}

pub fn open(disk: &PowerDisk, clock: &FakeClock) -> Store {
    try_open(disk, clock).unwrap()
}

pub fn try_open(disk: &PowerDisk, clock: &FakeClock) -> Result<Store, flumen_store::StoreError> {
    Store::open_on(Box::new(disk.clone()), Arc::new(clock.clone()))
}

impl Lab {
    /// Nothing was ever committed.
    pub fn new() -> Lab {
        let (disk, clock) = (PowerDisk::default(), FakeClock::default());
        let store = open(&disk, &clock);
        Lab { disk, clock, gateway: Gateway::default(), store }
    }

    /// The texts were committed one after the other, by root.
    pub fn with(texts: &[&str]) -> Lab {
        let mut lab = Lab::new();
        for committed in texts {
            lab.commit(text(committed)).unwrap();
        }
        lab
    }

    pub fn commit(&mut self, request: Request) -> Result<Committed, flumen_store::CommitError<String>> {
        self.commit_by("root", request)
    }

    pub fn commit_by(
        &mut self,
        user: &str,
        request: Request,
    ) -> Result<Committed, flumen_store::CommitError<String>> {
        self.store.commit(&editor(user), request, &mut self.gateway)
    }

    pub fn tick(&mut self) -> Vec<String> {
        let events = self.store.tick(&mut self.gateway, &mut flumen_store::NoProbes);
        events.iter().map(ToString::to_string).collect()
    }

    /// SIGKILL, and a new daemon, which applies what is active.
    pub fn kill_and_restart(&mut self) {
        self.disk.heal();
        self.store = open(&self.disk, &self.clock);
        self.gateway.in_force = self.active();
    }

    pub fn active(&self) -> String {
        self.store.active().map(|(_, text)| text.to_string()).unwrap_or_default()
    }

    pub fn texts(&self) -> Vec<String> {
        let slots = 0..self.store.slots().len();
        slots
            .map(|slot| self.store.rollback(slot).map_or_else(|error| error.to_string(), |(_, text)| text))
            .collect()
    }

    pub fn minutes(&self, minutes: u64) {
        self.clock.advance(std::time::Duration::from_secs(60 * minutes));
    }
}

/// All that can be seen of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot(pub Vec<String>);

impl Snapshot {
    pub fn of(store: &Store) -> Snapshot {
        let mut seen = Vec::new();
        for slot in store.slots() {
            let text = store.rollback(slot.slot).map(|(_, text)| text);
            seen.push(format!("{} {:?} {:?} {}", slot.number, slot.record, text, slot.confirmed));
        }
        seen.push(format!("active {:?}", store.active()));
        seen.push(format!("pending {:?}", store.pending()));
        seen.push(format!("rescue {:?}", store.rescue().ok()));
        seen.push(format!("plan {:?}", store.scheduled()));
        for name in [CandidateName::Shared, private("alice"), private("bob")] {
            seen.push(format!("{name:?} {:?}", store.candidate(&name)));
        }
        seen.extend(store.log().map(|entry| format!("{entry:?}")));
        Snapshot(seen)
    }

    pub fn difference(&self, other: &Snapshot) -> String {
        let only = |one: &Snapshot, two: &Snapshot, mark: char| {
            let lines = one.0.iter().filter(|line| !two.0.contains(line));
            lines.map(|line| format!("{mark} {line}\n")).collect::<String>()
        };
        only(self, other, '-') + &only(other, self, '+')
    }
}

pub fn boot_id(clock: &FakeClock) -> String {
    clock.boot_id()
}
