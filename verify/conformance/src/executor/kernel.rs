use super::{Action, Executor, RecordView, SessionTable, Taken};
use crate::world;
use anyhow::{Context, Result, bail};
use aya::maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray, PerCpuValues, Stack};
use flumen_abi::{
    AnswerBudget, Counter, CounterIndex, FragmentKey, FragmentRow, IfIndex, SessionKey, SessionKey4,
    SessionOwner, SessionRecord, SessionRow, SessionRow4, VERSION,
};
use flumen_engine::xdp::{XdpEngine, XdpOptions};
use flumen_engine::{Engine, Ruleset};
use std::path::{Path, PathBuf};
use zerocopy::{FromBytes, transmute};

type Bytes<const N: usize> = [u8; N];
const KEY4: usize = size_of::<SessionKey4>();
const ROW4: usize = size_of::<SessionRow4>();
const KEY6: usize = size_of::<SessionKey>();
const ROW6: usize = size_of::<SessionRow>();
const OWNER: usize = size_of::<SessionOwner>();
const RECORD: usize = size_of::<SessionRecord>();
const FRAGMENT_KEY: usize = size_of::<FragmentKey>();
const FRAGMENT: usize = size_of::<FragmentRow>();
const ANSWERS: usize = size_of::<AnswerBudget>();

/// The XDP engine, run by `BPF_PROG_TEST_RUN` on a thread in the world's namespace. It reads and clears the pinned
/// tables beside the engine.
pub struct KernelExecutor {
    engine: XdpEngine,
    limit: u32,
    /// The ruleset in force.
    installed: Option<Ruleset>,
    sessions4: HashMap<MapData, Bytes<KEY4>, Bytes<ROW4>>,
    sessions6: HashMap<MapData, Bytes<KEY6>, Bytes<ROW6>>,
    owners: Array<MapData, Bytes<OWNER>>,
    records: Array<MapData, Bytes<RECORD>>,
    free_records: Stack<MapData, u32>,
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
        let pin_dir = PathBuf::from(format!("/sys/fs/bpf/flumen-{label}-{}", std::process::id()));
        let options = XdpOptions { pin_dir: pin_dir.clone(), sessions, ..XdpOptions::default() };
        let engine = XdpEngine::open(&options)?;
        Ok(KernelExecutor {
            engine,
            limit: sessions,
            installed: None,
            sessions4: open(&pin_dir, "SESSIONS4")?,
            sessions6: open(&pin_dir, "SESSIONS6")?,
            owners: open(&pin_dir, "OWNERS")?,
            records: open(&pin_dir, "RECORDS")?,
            free_records: open(&pin_dir, "FREE_RECORDS")?,
            fragments: open(&pin_dir, "FRAGMENTS")?,
            counters: open(&pin_dir, "COUNTERS")?,
            answers: open(&pin_dir, "ANSWERS")?,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &XdpEngine {
        &self.engine
    }

    /// The row of one direction of a session.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn session(&self, key: &SessionKey) -> Result<Option<SessionRow>> {
        let found = if key.is_v4() {
            let row = self.sessions4.get(&transmute!(SessionKey4::new(key)), 0);
            row.map(|row| -> SessionRow4 { transmute!(row) }).map(|row| row.row())
        } else {
            self.sessions6.get(&transmute!(*key), 0).map(|row| transmute!(row))
        };
        match found {
            Ok(row) => Ok(Some(row)),
            Err(MapError::KeyNotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
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

    /// Adds a row with its record to `table`.
    pub(crate) fn add(&self, table: &mut SessionTable, key: SessionKey, row: SessionRow) -> Result<()> {
        let slot = row.slot.0;
        table.add(key, row);
        let owner: SessionOwner = transmute!(self.owners.get(&slot, 0)?);
        table.records.insert(slot, RecordView::of(&self.record(slot)?, owner.load()));
        Ok(())
    }

    fn record(&self, slot: u32) -> Result<SessionRecord> {
        let bytes = self.records.get(&slot, 0)?;
        SessionRecord::read_from_bytes(&bytes).ok().context("a record has the size of a record")
    }

    fn set_record(&mut self, slot: u32, record: &SessionRecord) -> Result<()> {
        let copy = SessionRecord::default();
        copy.copy_from(record);
        let bytes: Bytes<RECORD> = transmute!(copy);
        Ok(self.records.set(slot, bytes, 0)?)
    }

    /// Empties every table that the pipeline fills, but the counters.
    pub(crate) fn clear(&mut self) -> Result<()> {
        let keys: Vec<_> = self.sessions4.keys().collect::<Result<_, _>>()?;
        for key in keys {
            self.sessions4.remove(&key)?;
        }
        let keys: Vec<_> = self.sessions6.keys().collect::<Result<_, _>>()?;
        for key in keys {
            self.sessions6.remove(&key)?;
        }
        let keys: Vec<_> = self.fragments.keys().collect::<Result<_, _>>()?;
        for key in keys {
            self.fragments.remove(&key)?;
        }
        for slot in 0..self.limit {
            if !self.record(slot)?.is_free() {
                self.set_record(slot, &SessionRecord::default())?;
            }
        }
        while self.pop_free_record()?.is_some() {}
        for slot in (0..self.limit).rev() {
            self.free_records.push(slot, 0)?;
        }
        let idle = vec![[0; ANSWERS]; aya::util::nr_cpus().map_err(|(_, error)| error)?];
        Ok(self.answers.set(0, PerCpuValues::try_from(idle)?, 0)?)
    }

    fn pop_free_record(&mut self) -> Result<Option<u32>> {
        match self.free_records.pop(0) {
            Ok(slot) => Ok(Some(slot)),
            Err(MapError::ElementNotFound | MapError::KeyNotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
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
        for slot in 0..self.limit {
            let record = self.record(slot)?;
            if !record.is_free() {
                record.last_seen_ms.store(record.last_seen_ms.load().wrapping_sub(ms));
                self.set_record(slot, &record)?;
            }
        }
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
        let mut taken = Vec::new();
        while let Some(slot) = self.pop_free_record()? {
            taken.push(slot);
        }
        for _ in 0..count {
            if let Some(slot) = taken.pop() {
                self.free_records.push(slot, 0)?;
            }
        }
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
        let mut table = SessionTable::default();
        for entry in self.sessions4.iter() {
            let (key, row) = entry?;
            let (key, row): (SessionKey4, SessionRow4) = (transmute!(key), transmute!(row));
            self.add(&mut table, key.expand(), row.row())?;
        }
        for entry in self.sessions6.iter() {
            let (key, row) = entry?;
            self.add(&mut table, transmute!(key), transmute!(row))?;
        }
        Ok(table)
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
