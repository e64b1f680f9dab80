//! Runs fixtures on an executor.

use crate::executor::{Action, Executor, Moved, Snapshot, moved};
use crate::fixture::{Bytes, Fixture, FrameStep, Step};
use crate::site::compiled;
use crate::world::WorldLink;
use flumen_abi::{Outcome, Reason};
use flumen_engine::Ruleset;
use flumen_testkit::packet::{dissect, verify_checksums};
use serde_json::Value;

/// Sessions that executors of fixtures have room for.
pub const SESSIONS: u32 = 64;
/// Greatest interface number whose counters are watched.
const LAST_INTERFACE: u16 = 9;

/// Runs `fixture` and returns everything that was not as it must be, each with its place.
pub fn failures(fixture: &Fixture, executor: &mut dyn Executor) -> Vec<String> {
    let name = executor.name();
    let mut run = Run { executor, failures: Vec::new(), generation: 0, last: None };
    run.steps(fixture);
    run.failures.iter().map(|text| format!("{name}: {}: {text}", fixture.name)).collect()
}

/// A fixture under way.
struct Run<'a> {
    executor: &'a mut dyn Executor,
    failures: Vec<String>,
    generation: u32,
    /// What the last frame left, as long as nothing else has happened.
    last: Option<Snapshot>,
}

impl Run<'_> {
    fn steps(&mut self, fixture: &Fixture) {
        let Some(mut ruleset) = self.compile(&fixture.configuration) else { return };
        let begun = self.executor.begin(&ruleset);
        if self.check(begun).is_none() {
            return;
        }
        for (number, step) in fixture.steps.iter().enumerate() {
            let before = self.failures.len();
            self.step(&mut ruleset, step);
            for text in &mut self.failures[before..] {
                *text = format!("step {number}: {text}");
            }
        }
    }

    fn step(&mut self, ruleset: &mut Ruleset, step: &Step) {
        if !matches!(step, Step::Frame(_)) {
            self.last = None;
        }
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

    fn check<T>(&mut self, result: anyhow::Result<T>) -> Option<T> {
        result.map_err(|error| self.failures.push(format!("{error:#}"))).ok()
    }

    fn fail(&mut self, text: String) {
        self.failures.push(text);
    }

    fn frame(&mut self, ruleset: &Ruleset, step: &FrameStep) {
        let ingress = WorldLink::named(step.device).ifindex();
        let before = match self.last.take() {
            Some(last) => Ok(last),
            None => self.executor.snapshot(LAST_INTERFACE),
        };
        let Some(before) = self.check(before) else { return };
        let taken = self.executor.take(ingress, &step.frame);
        let Some(taken) = self.check(taken) else { return };
        let after = self.executor.snapshot(LAST_INTERFACE);
        let Some(after) = self.check(after) else { return };
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
        self.counters(ruleset, step, &before, &after);
        self.sessions(step, &before, &after);
        self.last = Some(after);
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

    fn counters(&mut self, ruleset: &Ruleset, step: &FrameStep, before: &Snapshot, after: &Snapshot) {
        let bytes = step.frame.len() as u64;
        let interface = interface_of(ruleset, step.device, tags(&step.frame));
        let moving = |interface, what| Moved { interface, what, packets: 1, bytes };
        let mut wanted = vec![moving(interface, "received"), moving(interface, step.reason.name())];
        if step.reason.outcome() == Outcome::Forward {
            let (outer, inner) = step.egress_vlan;
            let egress = step.egress.map_or(0, |name| interface_of(ruleset, name, vec![outer, inner]));
            wanted.push(moving(egress, "transmitted"));
        }
        wanted.sort();
        let mut got = moved(before, after);
        got.sort();
        if got != wanted {
            self.fail(format!("counters moved: {got:?}\n  instead of {wanted:?}"));
        }
    }

    fn sessions(&mut self, step: &FrameStep, before: &Snapshot, after: &Snapshot) {
        let rows = after.sessions.rows.len() as i64 - before.sessions.rows.len() as i64;
        if rows != step.rows {
            self.fail(format!("{rows} session rows more instead of {}", step.rows));
        }
        let before = &before.sessions;
        let changed = before.rows.iter().any(|(key, (_, row))| {
            let now = after.sessions.rows.get(key);
            now.is_some_and(|(_, now)| now != row)
        });
        if changed != step.replaces {
            self.fail(format!("rows of sessions that were there have changed: {changed}"));
        }
        if let Some(wanted) = &step.timeouts_s {
            let mut got: Vec<u32> =
                after.sessions.records.values().map(|record| record.timeout_ms / 1_000).collect();
            got.sort_unstable();
            if got != *wanted {
                self.fail(format!("idle timeouts are {got:?} s instead of {wanted:?} s"));
            }
        }
    }
}

/// The number of the interface that a frame with `tags` on `device` belongs to; 0 for none.
fn interface_of(ruleset: &Ruleset, device: &str, tags: Vec<u16>) -> u16 {
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
