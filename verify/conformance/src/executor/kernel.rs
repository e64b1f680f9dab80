use super::{Action, Executor, SessionTable, Taken, sessions};
use crate::world;
use anyhow::{Context, Result, bail};
use aya::maps::{HashMap, Map, MapData, MapError, PerCpuArray, PerCpuValues};
use flumen_abi::{
    AnswerBudget, Counter, CounterIndex, FragmentKey, FragmentRow, IfIndex, SessionKey, SessionRow, VERSION,
};
use flumen_engine::xdp::{XdpEngine, XdpOptions};
use flumen_engine::{Engine, Ruleset};
use flumen_native::find_row;
use flumen_pipeline::SessionTables;
use std::path::{Path, PathBuf};
use zerocopy::transmute;

type Bytes<const N: usize> = [u8; N];
const FRAGMENT_KEY: usize = size_of::<FragmentKey>();
const FRAGMENT: usize = size_of::<FragmentRow>();
const ANSWERS: usize = size_of::<AnswerBudget>();

/// The XDP engine, run by `BPF_PROG_TEST_RUN` on a thread in the world's namespace. It reads and clears the pinned
/// tables beside the engine.
pub struct KernelExecutor {
    engine: XdpEngine,
    /// The ruleset in force.
    installed: Option<Ruleset>,
    fragments: HashMap<MapData, Bytes<FRAGMENT_KEY>, Bytes<FRAGMENT>>,
    counters: PerCpuArray<MapData, Bytes<16>>,
    answers: PerCpuArray<MapData, Bytes<ANSWERS>>,
}

// === impl KernelExecutor ===

impl KernelExecutor {
    /// Loads the program with room for `sessions`, pinned below a directory of its own called after `label`. The
    /// calling thread must be in the world's namespace, and stays on one CPU from here on.
    ///
    /// # Errors
    /// When the engine cannot be opened.
    pub fn new(sessions: u32, label: &str) -> Result<KernelExecutor> {
        stay_on_one_cpu()?;
        let pin_dir = PathBuf::from(format!("/sys/fs/bpf/flumen-conformance-{}-{label}", std::process::id()));
        let options =
            XdpOptions { pin_dir: pin_dir.clone(), sessions, sessions6: sessions, ..XdpOptions::default() };
        let engine = XdpEngine::open(&options)?;
        Ok(KernelExecutor {
            engine,
            installed: None,
            fragments: open(&pin_dir, "FRAGMENTS")?,
            counters: open(&pin_dir, "COUNTERS")?,
            answers: open(&pin_dir, "ANSWERS")?,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &XdpEngine {
        &self.engine
    }

    /// The tables that hold sessions.
    pub fn tables(&self) -> &impl SessionTables {
        self.engine.session_tables()
    }

    /// The row of one direction of a session.
    pub fn session(&self, key: &SessionKey) -> Option<SessionRow> {
        find_row(self.tables(), key)
    }

    /// The ageing pass.
    ///
    /// # Errors
    /// When a table cannot be written.
    pub fn sweep(&mut self, now_ms: u32) -> Result<()> {
        self.engine.sweep(now_ms)?;
        Ok(())
    }

    /// The clock that the program reads, nanoseconds.
    pub fn now_ns() -> u64 {
        let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC_COARSE)
            .expect("Linux has had this clock since 2.6.32");
        now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64
    }

    /// Empties every table that the pipeline fills, but the counters.
    pub(crate) fn clear(&mut self) -> Result<()> {
        sessions::clear(self.tables());
        let keys: Vec<_> = self.fragments.keys().collect::<Result<_, _>>()?;
        for key in keys {
            self.fragments.remove(&key)?;
        }
        let idle = vec![[0; ANSWERS]; aya::util::nr_cpus().map_err(|(_, error)| error)?];
        Ok(self.answers.set(0, PerCpuValues::try_from(idle)?, 0)?)
    }
}

impl Executor for KernelExecutor {
    fn name(&self) -> &'static str {
        "bpf"
    }

    fn begin(&mut self, ruleset: &Ruleset) -> Result<()> {
        self.clear()?;
        if self.installed.as_ref() == Some(ruleset) {
            return Ok(()); // to install takes longer than most fixtures
        }
        self.install(ruleset)
    }

    fn install(&mut self, ruleset: &Ruleset) -> Result<()> {
        self.installed = None;
        self.engine.install(ruleset, &world::facts())?;
        self.installed = Some(ruleset.clone());
        Ok(())
    }

    fn take(&mut self, device: IfIndex, frame: &[u8]) -> Result<Taken> {
        let (action, frame) = self.engine.test_run(device, frame)?;
        let action = match action {
            1 => Action::Drop,
            2 => Action::Pass,
            4 => Action::Redirect,
            other => bail!("the program returned {other}, which is no action it may return"),
        };
        Ok(Taken { action, verdict: None, frame })
    }

    /// Makes everything older: the kernel's clock cannot be set.
    fn advance(&mut self, ms: u32) -> Result<()> {
        sessions::age(self.tables(), ms);
        let rows: Vec<_> = self.fragments.iter().collect::<Result<_, _>>()?;
        for (key, row) in rows {
            let row: FragmentRow = transmute!(row);
            let older = FragmentRow { seen_ms: row.seen_ms.wrapping_sub(ms), ..row };
            let older: Bytes<FRAGMENT> = transmute!(older);
            self.fragments.insert(key, older, 0)?;
        }
        Ok(())
    }

    fn align_second(&mut self) {
        let now_ms = KernelExecutor::now_ns() / 1_000_000 % 1_000;
        if now_ms > 500 {
            std::thread::sleep(std::time::Duration::from_millis(1_010 - now_ms));
        }
    }

    fn leave_free_records(&mut self, count: u32) -> Result<()> {
        sessions::leave_free_records(self.tables(), count);
        Ok(())
    }

    /// Summed over CPUs.
    fn counter(&self, index: CounterIndex) -> Result<Counter> {
        let cpus = self.counters.get(&index.0, 0)?;
        Ok(cpus.iter().fold(Counter::default(), |sum, cpu| {
            let cpu: Counter = transmute!(*cpu);
            Counter { packets: sum.packets + cpu.packets, bytes: sum.bytes + cpu.bytes }
        }))
    }

    fn sessions(&self) -> Result<SessionTable> {
        Ok(sessions::all(self.tables()))
    }
}

impl Drop for KernelExecutor {
    fn drop(&mut self) {
        if let Err(error) = self.engine.detach() {
            eprintln!("the engine's pins stay behind: {error}");
        }
    }
}

/// Per-CPU state, as the budget of answers, is then always the same.
fn stay_on_one_cpu() -> Result<()> {
    let this = nix::unistd::Pid::from_raw(0);
    let allowed = nix::sched::sched_getaffinity(this)?;
    let first = (0..nix::sched::CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    let mut one = nix::sched::CpuSet::new();
    one.set(first.context("the thread may run somewhere")?)?;
    Ok(nix::sched::sched_setaffinity(this, &one)?)
}

fn open<M>(pin_dir: &Path, name: &str) -> Result<M>
where
    M: TryFrom<Map, Error = MapError>,
{
    let path = pin_dir.join(format!("v{VERSION}/maps")).join(name);
    let data = MapData::from_pin(&path).with_context(|| format!("open {}", path.display()))?;
    Ok(M::try_from(Map::from_map_data(data)?)?)
}
