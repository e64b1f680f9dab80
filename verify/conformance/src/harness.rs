//! Runs fixtures on an executor.

use crate::executor::{Action, Executor, SessionTable, counter_name, counters_of};
use crate::fixture::{Bytes, Fixture, FrameStep, Step};
use crate::site::compiled;
use crate::world::WorldLink;
use anyhow::Result;
use flumen_abi::{Counter, CounterIndex, InterfaceId, Outcome, Reason};
use flumen_engine::Ruleset;
use flumen_testkit::packet::{dissect, verify_checksums};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Sessions that executors of fixtures have room for.
pub const SESSIONS: u32 = 64;

/// An executor, and what it must have counted.
pub struct Harness<'a> {
    executor: &'a mut dyn Executor,
    /// Counters that are not zero, by index.
    counters: BTreeMap<u32, Counter>,
    /// Sessions after the last step.
    sessions: SessionTable,
    failures: Vec<String>,
    generation: u32,
}

impl<'a> Harness<'a> {
    /// Reads what the executor has counted so far.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn new(executor: &'a mut dyn Executor) -> Result<Harness<'a>> {
        let counters = all_counters(executor)?;
        let sessions = SessionTable::default();
        Ok(Harness { executor, counters, sessions, failures: Vec::new(), generation: 0 })
    }

    /// Runs `fixture` and returns everything that was not as it must be, each with its place.
    pub fn run(&mut self, fixture: &Fixture) -> Vec<String> {
        self.generation = 0;
        self.steps(fixture);
        let name = self.executor.name();
        self.failures.drain(..).map(|text| format!("{name}: {}: {text}", fixture.name)).collect()
    }

    /// Compares every counter there is, after the last fixture: none has moved that no step has named.
    pub fn finish(self) -> Vec<String> {
        let name = self.executor.name();
        match all_counters(self.executor) {
            Ok(counters) if counters == self.counters => Vec::new(),
            Ok(counters) => differing(&counters, &self.counters)
                .map(|index| format!("{name}: after all: {} has moved", counter_name(CounterIndex(index))))
                .collect(),
            Err(error) => vec![format!("{name}: after all: {error:#}")],
        }
    }

    fn steps(&mut self, fixture: &Fixture) {
        let Some(mut ruleset) = self.compile(&fixture.configuration) else { return };
        if let Some(percent) = fixture.share {
            ruleset = ruleset.with_share(percent);
        }
        let begun = self.executor.begin(&ruleset);
        if self.check(begun).is_none() {
            return;
        }
        self.sessions = SessionTable::default();
        for (number, step) in fixture.steps.iter().enumerate() {
            let before = self.failures.len();
            self.step(&mut ruleset, step);
            for text in &mut self.failures[before..] {
                *text = format!("step {number}: {text}");
            }
        }
    }

    fn step(&mut self, ruleset: &mut Ruleset, step: &Step) {
        let done = match step {
            Step::Frame(step) => {
                self.frame(ruleset, step);
                Ok(())
            }
            Step::Wait(ms) => self.executor.advance(*ms),
            Step::Commit(configuration) => match self.compile(configuration) {
                Some(next) => {
                    *ruleset = next;
                    self.executor.install(ruleset)
                }
                None => Ok(()),
            },
            Step::LeaveRoomFor(sessions) => self.executor.leave_free_records(*sessions),
            Step::WithinOneSecond => {
                self.executor.align_second();
                Ok(())
            }
        };
        self.check(done);
    }

    fn compile(&mut self, configuration: &Value) -> Option<Ruleset> {
        self.generation += 1;
        match compiled(configuration, self.generation) {
            Ok(ruleset) => Some(ruleset),
            Err(why) => {
                self.failures.push(why);
                None
            }
        }
    }

    fn check<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.failures.push(format!("{error:#}"))).ok()
    }

    fn fail(&mut self, text: String) {
        self.failures.push(text);
    }

    fn frame(&mut self, ruleset: &Ruleset, step: &FrameStep) {
        let ingress = WorldLink::named(step.device).ifindex();
        let taken = self.executor.take(ingress, &step.frame);
        let Some(taken) = self.check(taken) else { return };
        if taken.action != Action::of(step.reason.outcome()) {
            self.fail(format!(
                "the driver is told to {:?} a frame that ends {:?}",
                taken.action, step.reason
            ));
        }
        if let Some((reason, device)) = taken.verdict {
            let wanted = step.egress.map_or(0, |name| WorldLink::named(name).index);
            if (reason, device.0) != (step.reason, wanted) {
                self.fail(format!("ends {reason:?} by device {device}, not {:?} by {wanted}", step.reason));
            }
        }
        self.bytes(step, &taken.frame);
        let counted = self.counters(ruleset, step);
        self.check(counted);
        let sessions = self.executor.sessions();
        if let Some(sessions) = self.check(sessions) {
            self.sessions(step, &sessions);
            self.sessions = sessions;
        }
    }

    fn bytes(&mut self, step: &FrameStep, got: &[u8]) {
        let wanted = match &step.bytes {
            Bytes::Unchanged => std::slice::from_ref(&step.frame),
            Bytes::Are(bytes) => std::slice::from_ref(bytes),
            Bytes::OneOf(frames) => frames,
        };
        if !wanted.iter().any(|bytes| bytes == got) {
            let shown = |bytes: &[u8]| format!("\n    {}\n    {}", dissect(bytes), hex(bytes));
            let first = wanted.first().map_or_else(String::new, |bytes| shown(bytes));
            self.fail(format!("leaves as{}\n  instead of{first}", shown(got)));
        }
        if let (true, Err(why)) = (step.checksums, verify_checksums(got)) {
            self.fail(format!("{why}: {}", dissect(got)));
        }
    }

    /// Reads every counter of the interfaces that the frame has to do with.
    fn counters(&mut self, ruleset: &Ruleset, step: &FrameStep) -> Result<()> {
        let ingress = interface_of(ruleset, step.device, &tags(&step.frame));
        let (outer, inner) = step.egress_vlan;
        let egress = step.egress.map_or(0, |name| interface_of(ruleset, name, &[outer, inner]));
        let id = InterfaceId(ingress);
        let mut moving = vec![CounterIndex::received(id), CounterIndex::reason(id, step.reason)];
        if step.reason.outcome() == Outcome::Forward {
            moving.push(CounterIndex::transmitted(InterfaceId(egress)));
        }
        let mut wanted = self.counters.clone();
        for index in moving {
            let counter = wanted.entry(index.0).or_default();
            counter.packets += 1;
            counter.bytes += step.frame.len() as u64;
        }
        let mut got = wanted.clone();
        for interface in BTreeSet::from([0, ingress, egress]) {
            read(self.executor, interface, &mut got)?;
        }
        for index in differing(&got, &wanted) {
            let [got, wanted] =
                [&got, &wanted].map(|counters| counters.get(&index).copied().unwrap_or_default());
            self.fail(format!("{} is {got:?} instead of {wanted:?}", counter_name(CounterIndex(index))));
        }
        self.counters = got;
        Ok(())
    }

    fn sessions(&mut self, step: &FrameStep, after: &SessionTable) {
        let rows = after.rows.len() as i64 - self.sessions.rows.len() as i64;
        if rows != step.rows {
            self.fail(format!("{rows} session rows more instead of {}", step.rows));
        }
        let changed = self.sessions.rows.iter().any(|(key, (_, row))| {
            let now = after.rows.get(key);
            now.is_some_and(|(_, now)| now != row)
        });
        if changed != step.replaces {
            self.fail(format!("rows of sessions that were there have changed: {changed}"));
        }
        if let Some(wanted) = &step.timeouts_s {
            let mut got: Vec<u32> = after.records.values().map(|record| record.timeout_ms / 1_000).collect();
            got.sort_unstable();
            if got != *wanted {
                self.fail(format!("idle timeouts are {got:?} s instead of {wanted:?} s"));
            }
        }
    }
}

/// Puts the counters of one interface into `counters`; those that are zero are left out.
fn read(executor: &dyn Executor, interface: u16, counters: &mut BTreeMap<u32, Counter>) -> Result<()> {
    for index in counters_of(interface) {
        match executor.counter(index)? {
            counter if counter == Counter::default() => counters.remove(&index.0),
            counter => counters.insert(index.0, counter),
        };
    }
    Ok(())
}

fn all_counters(executor: &dyn Executor) -> Result<BTreeMap<u32, Counter>> {
    let mut counters = BTreeMap::new();
    for interface in 0..InterfaceId::COUNT {
        read(executor, interface, &mut counters)?;
    }
    Ok(counters)
}

/// Indices under which the two have different counters.
fn differing<'a>(
    left: &'a BTreeMap<u32, Counter>,
    right: &'a BTreeMap<u32, Counter>,
) -> impl Iterator<Item = u32> + 'a {
    let indices: BTreeSet<u32> = left.keys().chain(right.keys()).copied().collect();
    indices.into_iter().filter(|index| left.get(index) != right.get(index))
}

/// The number of the interface that a frame with `tags` on `device` belongs to; 0 for none.
fn interface_of(ruleset: &Ruleset, device: &str, tags: &[u16]) -> u16 {
    let tags = (tags.first().copied().unwrap_or(0), tags.get(1).copied().unwrap_or(0));
    let found = ruleset
        .interfaces
        .iter()
        .find(|binding| binding.device == device && (binding.vlan.outer, binding.vlan.inner) == tags);
    found.map_or(0, |binding| binding.id.0)
}

/// VLAN ids of a frame, outermost first; none when they cannot be read or are more than two.
fn tags(frame: &[u8]) -> Vec<u16> {
    let mut tags = Vec::new();
    let mut at = 12;
    while let Some([0x81, 0x00] | [0x88, 0xa8]) = frame.get(at..at + 2) {
        match frame.get(at + 2..at + 6) {
            Some(&[high, low, ..]) if tags.len() < 2 => tags.push(u16::from_be_bytes([high, low]) & 0xfff),
            _ => return Vec::new(),
        }
        at += 4;
    }
    tags
}

/// Two digits for each byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reasons that no frame of these fixtures ends with.
pub fn uncovered(fixtures: &[Fixture]) -> Vec<Reason> {
    let ended = |reason: &Reason| {
        let mut steps = fixtures.iter().flat_map(|fixture| &fixture.steps);
        steps.any(|step| matches!(step, Step::Frame(step) if step.reason == *reason))
    };
    Reason::ALL.iter().copied().filter(|reason| !ended(reason)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Harness, SESSIONS};
    use crate::executor::{NativeExecutor, NextHops};
    use crate::fixture::{Fixture, FrameStep, fixture, forwards, on};
    use crate::site::open_site;
    use flumen_abi::Reason;
    use flumen_testkit::packet::{Mac, Packet};

    fn out() -> Packet {
        let lan = Mac(crate::world::WorldLink::named("lan").mac());
        Packet::eth().macs([2, 0, 0, 0, 0, 1], lan).ipv4("10.0.1.10", "203.0.113.10").udp(4000, 53)
    }

    fn right() -> FrameStep {
        let after = Packet::eth()
            .macs([2, 0, 0, 0, 0, 12], Mac([2, 1, 203, 0, 113, 10]))
            .ipv4("10.0.1.10", "203.0.113.10")
            .ttl(63)
            .udp(4000, 53);
        forwards("lan", out(), "wan", after).opens_a_session().timeouts_s([60])
    }

    fn failures(fixture: &Fixture) -> Vec<String> {
        let mut native = NativeExecutor::new(SESSIONS, NextHops::Kept);
        let mut harness = Harness::new(&mut native).unwrap();
        let mut failures = harness.run(fixture);
        failures.extend(harness.finish());
        failures
    }

    #[test]
    fn what_is_as_it_must_be_is_not_reported() {
        assert_eq!(failures(&fixture("right", open_site()).step(right())), [""; 0]);
    }

    #[test]
    fn each_thing_that_is_not_as_it_must_be_is_reported() {
        let wrong = [
            ("bytes", right().becomes(out())),
            ("egress", right().leaves("dmz")),
            ("tags", right().tagged(7, 8)),
            ("rows", right().rows(0)),
            ("replacement", right().replaces_the_session()),
            ("timeout", right().timeouts_s([61])),
            ("reason", on("lan", out(), Reason::PolicyDenied).becomes(right_bytes()).opens_a_session()),
        ];
        for (name, step) in wrong {
            assert!(!failures(&fixture(name, open_site()).step(step)).is_empty(), "{name}");
        }
        let no_configuration = fixture("configuration", serde_json::json!({"zone": {}})).step(right());
        assert_eq!(failures(&no_configuration).len(), 1);
    }

    fn right_bytes() -> Vec<u8> {
        match right().bytes {
            crate::fixture::Bytes::Are(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }
}
