use flumen_abi::{CounterIndex, InterfaceId, Outcome, Reason};
use flumen_conformance::differential::{CaseStep, View, unhex};
use flumen_conformance::executor::{Executor, NativeExecutor, NextHops};
use flumen_conformance::site::compiled;
use flumen_conformance::world::WorldLink;
use flumen_engine::Ruleset;
use std::collections::BTreeMap;

/// The native engine under a ruleset, and what was done to it.
pub struct Gateway {
    engine: NativeExecutor,
    rulesets: Vec<Ruleset>,
    active: usize,
    /// Frames and bytes by ingress interface, counted here.
    offered: BTreeMap<u16, (u64, u64)>,
}

// === impl Gateway ===

impl Gateway {
    /// With room for `sessions`, under the first of some configurations, which must compile.
    ///
    /// # Panics
    /// When one does not.
    pub fn new(sessions: u32, configurations: &[serde_json::Value]) -> Gateway {
        let rulesets: Vec<Ruleset> = (1..)
            .zip(configurations)
            .map(|(generation, site)| compiled(site, generation).expect("the configuration compiles"))
            .collect();
        let mut engine = NativeExecutor::new(sessions, NextHops::Kept);
        engine.begin(&rulesets[0]).expect("native tables take every ruleset");
        Gateway { engine, rulesets, active: 0, offered: BTreeMap::new() }
    }

    /// What a generator may know.
    pub fn view(&self) -> View<'_> {
        View {
            ruleset: &self.rulesets[self.active],
            configurations: self.rulesets.len(),
            sessions: self.engine.tables().session_rows(),
        }
    }

    /// Takes a step of generated traffic; tells how a frame ended. The native engine has no ageing pass.
    pub fn step(&mut self, step: &CaseStep) -> Option<Reason> {
        match step {
            CaseStep::Frame(device, hex) => {
                let frame = unhex(hex).expect("generated frames are hexadecimal");
                return Some(self.take(WorldLink::named(device), &frame));
            }
            CaseStep::Wait(ms) => self.engine.advance(*ms).expect("a clock of our own"),
            CaseStep::Commit(number) => {
                self.active = number % self.rulesets.len();
                self.engine.install(&self.rulesets[self.active]).expect("native tables take every ruleset");
            }
            CaseStep::Sweep => {}
        }
        None
    }

    /// Takes a frame.
    pub fn take(&mut self, link: &WorldLink, frame: &[u8]) -> Reason {
        let taken = self.engine.take(link.ifindex(), frame).expect("the native engine takes every frame");
        let (reason, device) = taken.verdict.expect("the native engine tells the reason");
        let leaves = matches!(reason.outcome(), Outcome::Forward | Outcome::Consume);
        assert_eq!(leaves, device.0 != 0, "{reason:?} by device {device}");
        let before = self.offered.values().map(|(frames, _)| frames).sum::<u64>();
        self.recount(frame.len() as u64);
        let after = self.offered.values().map(|(frames, _)| frames).sum::<u64>();
        assert_eq!(after, before + 1, "a frame is received once");
        reason
    }

    /// Adds the frame to the interface whose counter of received frames has moved.
    fn recount(&mut self, bytes: u64) {
        for id in (0..16).map(InterfaceId) {
            let received = self.engine.tables().counter(CounterIndex::received(id));
            let known = self.offered.entry(id.0).or_default();
            if received.packets != known.0 {
                assert_eq!(received.bytes, known.1 + bytes, "its bytes are received with it");
                *known = (received.packets, received.bytes);
            }
        }
    }

    /// The law of conservation: on each interface the frames and bytes received are those forwarded, delivered,
    /// consumed and dropped, and the frames of all interfaces forwarded are those transmitted.
    ///
    /// # Panics
    /// When it does not hold.
    pub fn assert_conserved(&self) {
        let tables = self.engine.tables();
        let (mut forwarded, mut transmitted) = (0, 0);
        for id in (0..InterfaceId::COUNT).map(InterfaceId) {
            let received = tables.counter(CounterIndex::received(id));
            let mut ended = (0, 0);
            for reason in Reason::ALL {
                let counter = tables.counter(CounterIndex::reason(id, *reason));
                ended = (ended.0 + counter.packets, ended.1 + counter.bytes);
                if reason.outcome() == Outcome::Forward {
                    forwarded += counter.packets;
                }
            }
            assert_eq!((received.packets, received.bytes), ended, "interface {id}");
            transmitted += tables.counter(CounterIndex::transmitted(id)).packets;
        }
        assert_eq!(forwarded, transmitted);
    }

    /// Sessions have both of their rows, each the other's way back, and a record of their own.
    ///
    /// # Panics
    /// When one has not.
    pub fn assert_sessions_whole(&self) {
        let rows = self.engine.tables().session_rows();
        let mut by_slot = BTreeMap::<u32, Vec<_>>::new();
        for (key, row) in &rows {
            by_slot.entry(row.slot.0).or_default().push((key, row));
        }
        for (slot, rows) in by_slot {
            let [(key, row), (other_key, other_row)] = rows[..] else {
                panic!("session {slot} has {} rows", rows.len());
            };
            assert_eq!(row.reverse_key(key.proto), *other_key, "session {slot}");
            assert_eq!(other_row.reverse_key(other_key.proto), *key, "session {slot}");
        }
    }
}
