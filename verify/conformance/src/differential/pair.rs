use super::case::{CaseStep, unhex};
use super::twin::{Twin, TwinTaken};
use super::{View, invariant};
use crate::executor::{Executor, KernelExecutor, SessionTable, Taken, counter_name, counters_of, sessions};
use crate::harness::hex;
use crate::site::compiled;
use crate::world::WorldLink;
use anyhow::{Context, Result, anyhow};
use flumen_abi::{Counter, CounterIndex, InterfaceId, Outcome, PolicyId, Reason, Tally, TallyIndex};
use flumen_engine::{Engine, Ruleset, TallyView};
use flumen_testkit::packet::dissect;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// Both engines, in the same state as long as they agree.
pub struct Pair {
    kernel: KernelExecutor,
    twin: Twin,
    rulesets: Vec<(Value, Ruleset)>,
    /// Number of the ruleset that the kernel's engine has in force.
    installed: Option<usize>,
    active: usize,
    generation: u32,
    /// Counters that the kernel must have now.
    counters: BTreeMap<u32, Counter>,
    /// Hits of each rule when the case began.
    hits: Vec<Counter>,
    /// What services of each interface had counted when the case began.
    tallies: Vec<TallyView>,
    /// How each frame of the case ended.
    reasons: Vec<Reason>,
}

/// How the engines differ, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference(pub String);

/// Rules whose hits are compared.
const RULES: u32 = 32;
/// Interfaces whose counters are compared.
const INTERFACES: RangeInclusive<u16> = 0..=10;

// === impl Pair ===

impl Pair {
    /// On the calling thread, which must be in the world's namespace; `label` names the pin directory.
    ///
    /// # Errors
    /// When the kernel's engine cannot be opened.
    pub fn new(label: &str) -> Result<Pair> {
        let kernel = KernelExecutor::new(super::SESSIONS, label)?;
        Ok(Pair {
            twin: Twin::new(super::SESSIONS),
            kernel,
            rulesets: Vec::new(),
            installed: None,
            active: 0,
            generation: 0,
            counters: BTreeMap::new(),
            hits: Vec::new(),
            tallies: Vec::new(),
            reasons: Vec::new(),
        })
    }

    /// Compiles the configurations of the next cases.
    ///
    /// # Errors
    /// When one does not compile.
    pub fn prepare<'a>(&mut self, configurations: impl Iterator<Item = &'a Value>) -> Result<()> {
        self.rulesets.clear();
        self.installed = None;
        for configuration in configurations {
            self.generation += 1;
            let ruleset = compiled(configuration, self.generation).map_err(|why| anyhow!(why))?;
            self.rulesets.push((configuration.clone(), ruleset));
        }
        Ok(())
    }

    /// Starts a case whose configurations are prepared.
    ///
    /// # Errors
    /// When a table cannot be written.
    pub fn begin(&mut self) -> Result<()> {
        self.kernel.clear()?;
        if self.installed != Some(0) {
            self.install_in_kernel(0)?;
        }
        self.active = 0;
        self.twin.begin(&self.rulesets[0].1);
        self.counters = self.kernel_counters()?;
        self.hits = self.kernel_hits()?;
        self.tallies = self.kernel_tallies()?;
        self.reasons.clear();
        Ok(())
    }

    /// How each frame since the case began has ended.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    pub(super) fn view(&self) -> View<'_> {
        View {
            ruleset: &self.rulesets[self.active].1,
            configurations: self.rulesets.len(),
            sessions: self.twin.tables.session_rows(),
        }
    }

    /// Takes one step on both engines.
    ///
    /// # Errors
    /// When an engine cannot be run.
    pub fn step(&mut self, step: &CaseStep) -> Result<Option<Difference>> {
        match step {
            CaseStep::Frame(device, bytes) => {
                let frame = unhex(bytes).context("a frame is hexadecimal")?;
                self.frame(device, &frame)
            }
            CaseStep::Wait(ms) => {
                self.kernel.advance(*ms)?;
                self.twin.age(*ms);
                Ok(None)
            }
            CaseStep::Commit(number) => {
                let number = number % self.rulesets.len();
                self.install_in_kernel(number)?;
                self.twin.install(&self.rulesets[number].1);
                self.active = number;
                Ok(None)
            }
            CaseStep::Sweep => {
                let now_ms = (KernelExecutor::now_ns() / 1_000_000) as u32;
                self.kernel.sweep(now_ms)?;
                self.twin.sweep(now_ms);
                Ok(None)
            }
        }
    }

    fn frame(&mut self, device: &str, frame: &[u8]) -> Result<Option<Difference>> {
        let ingress = WorldLink::named(device).ifindex();
        let now_ns = KernelExecutor::now_ns();
        let taken = self.kernel.take(ingress, frame)?;
        let twin = self.twin.take(&self.kernel, now_ns, ingress, frame);
        self.reasons.push(twin.reason);
        let mut text = String::new();
        self.compare_frames(&taken, &twin, &mut text);
        if let Some(why) = invariant::broken(frame, self.twin.bytes(), twin.reason, self.served()) {
            writeln!(text, "  both are wrong: {why}")?;
        }
        self.compare_counters(&twin, frame.len() as u64, &mut text)?;
        self.compare_session(&twin, &mut text);
        if text.is_empty() {
            return Ok(None);
        }
        Ok(Some(Difference(format!(
            "on {device}: {}\n  {}\n  native: {:?} by device {}\n{text}",
            dissect(frame),
            hex(frame),
            twin.reason,
            twin.device,
        ))))
    }

    /// The ruleset in force has services.
    fn served(&self) -> bool {
        !self.rulesets[self.active].1.services.is_empty()
    }

    fn compare_frames(&self, taken: &Taken, twin: &TwinTaken, text: &mut String) {
        if taken.action != twin.action {
            writeln!(text, "  kernel tells the driver to {:?}, native to {:?}", taken.action, twin.action)
                .expect("a string takes all");
        }
        let native = self.twin.bytes();
        if taken.frame != native {
            for (name, bytes) in [("kernel", taken.frame.as_slice()), ("native", native)] {
                writeln!(text, "  {name} leaves {}\n    {}", dissect(bytes), hex(bytes))
                    .expect("a string takes all");
            }
        }
    }

    /// The counters that must move are read now; that no other has moved is seen when the case ends.
    fn compare_counters(&mut self, twin: &TwinTaken, bytes: u64, text: &mut String) -> Result<()> {
        let ingress = InterfaceId(twin.ingress);
        let mut moving = vec![CounterIndex::received(ingress), CounterIndex::reason(ingress, twin.reason)];
        if twin.reason.outcome() == Outcome::Forward {
            moving.push(CounterIndex::transmitted(InterfaceId(twin.egress)));
        }
        for index in moving {
            let wanted = self.counters.entry(index.0).or_default();
            *wanted = Counter { packets: wanted.packets + 1, bytes: wanted.bytes + bytes };
            let got = self.kernel.counter(index)?;
            if got != *wanted {
                writeln!(text, "  kernel's counter {} is {got:?} instead of {wanted:?}", counter_name(index))
                    .expect("a string takes all");
            }
        }
        Ok(())
    }

    fn compare_session(&self, twin: &TwinTaken, text: &mut String) {
        let Some(key) = twin.key else { return };
        let (mut kernel, mut native) = (SessionTable::default(), SessionTable::default());
        if let Some(row) = self.kernel.session(&key) {
            sessions::add(self.kernel.tables(), &mut kernel, key, row);
        }
        if let Some(row) = self.twin.session(&key) {
            sessions::add(&self.twin.tables, &mut native, key, row);
        }
        if kernel != native {
            writeln!(text, "  kernel's session {kernel:?}\n  native's session {native:?}")
                .expect("a string takes all");
        }
    }

    /// Compares every table after the last step.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub fn end(&mut self) -> Result<Option<Difference>> {
        let mut text = String::new();
        let counters = self.kernel_counters()?;
        let indices = counters.keys().chain(self.counters.keys());
        for index in indices.copied().collect::<std::collections::BTreeSet<_>>() {
            let wanted = self.counters.get(&index).copied().unwrap_or_default();
            let got = counters.get(&index).copied().unwrap_or_default();
            if got != wanted {
                writeln!(
                    text,
                    "  kernel's counter {} is {got:?} instead of {wanted:?}",
                    counter_name(CounterIndex(index))
                )?;
            }
        }
        let (kernel, native) = (self.kernel.sessions()?, self.twin.sessions());
        if kernel != native {
            writeln!(text, "  kernel's sessions {kernel:#?}\n  native's sessions {native:#?}")?;
        }
        let native = self.twin.tables.hits();
        for (id, (before, after)) in self.hits.iter().zip(self.kernel_hits()?).enumerate() {
            let native = native.get(&PolicyId(id as u32)).copied().unwrap_or_default();
            let kernel = (after.packets - before.packets, after.bytes - before.bytes);
            if kernel != (native.packets, native.bytes) {
                writeln!(text, "  kernel's hits of rule {id} are {kernel:?}, native's {native:?}")?;
            }
        }
        for ((interface, before), after) in INTERFACES.zip(&self.tallies).zip(self.kernel_tallies()?) {
            for tally in Tally::ALL {
                let native = self.twin.tables.tallied(TallyIndex::new(InterfaceId(interface), tally));
                let (before, after) = (before.get(tally), after.get(tally));
                let kernel = (after.packets - before.packets, after.bytes - before.bytes);
                if kernel != (native.packets, native.bytes) {
                    writeln!(text, "  kernel's {tally:?} of {interface} is {kernel:?}, native's {native:?}")?;
                }
            }
        }
        Ok((!text.is_empty()).then_some(Difference(format!("after all steps:\n{text}"))))
    }

    fn install_in_kernel(&mut self, number: usize) -> Result<()> {
        self.kernel.install(&self.rulesets[number].1)?;
        self.installed = Some(number);
        Ok(())
    }

    fn kernel_counters(&self) -> Result<BTreeMap<u32, Counter>> {
        let mut counters = BTreeMap::new();
        for index in INTERFACES.flat_map(counters_of) {
            let counter = self.kernel.counter(index)?;
            if counter != Counter::default() {
                counters.insert(index.0, counter);
            }
        }
        Ok(counters)
    }

    fn kernel_tallies(&self) -> Result<Vec<TallyView>> {
        let tallies = INTERFACES.map(|id| self.kernel.engine().tallies(InterfaceId(id)));
        Ok(tallies.collect::<Result<_, _>>()?)
    }

    fn kernel_hits(&self) -> Result<Vec<Counter>> {
        let hits = (0..RULES).map(|id| self.kernel.engine().policy_hits(PolicyId(id)));
        Ok(hits.collect::<Result<_, _>>()?)
    }
}
