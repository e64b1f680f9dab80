use super::{Action, Executor, SessionTable, Taken, sessions};
use crate::world::{self, WorldRoutes};
use anyhow::Result;
use flumen_abi::{Counter, CounterIndex, IfIndex, Slot};
use flumen_engine::{Ruleset, native};
use flumen_native::{Bounds, FrameBuffer, Native, NativeEnvironment, NativeTables};
use std::collections::BTreeMap;

/// What `BPF_PROG_TEST_RUN` puts in the first buffer of a frame: a page less headroom and `struct skb_shared_info`.
pub const FIRST_BUFFER: usize = 4096 - 256 - 320;

/// Whether sessions keep the next hops that they have learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextHops {
    /// Until the epoch ends, as under a running daemon.
    Kept,
    /// Never: every packet asks for its route, as after the daemon's death.
    Asked,
}

/// The native engine.
pub struct NativeExecutor {
    bounds: Bounds,
    next_hops: NextHops,
    engine: Native<'static, WorldRoutes>,
    slot: Slot,
    buffer: FrameBuffer,
    /// Counters of the engines before this one.
    earlier: BTreeMap<u32, Counter>,
}

// === impl NativeExecutor ===

impl NativeExecutor {
    /// With room for `sessions`.
    pub fn new(sessions: u32, next_hops: NextHops) -> NativeExecutor {
        let bounds = Bounds { sessions: sessions as usize, ..Bounds::default() };
        NativeExecutor {
            bounds,
            next_hops,
            engine: Native::new(NativeTables::new(bounds), NativeEnvironment::new(WorldRoutes::new(), 1)),
            slot: Slot::new(0),
            buffer: FrameBuffer::new(&[]),
            earlier: BTreeMap::new(),
        }
    }

    /// The engine's tables.
    pub fn tables(&self) -> &NativeTables<'static> {
        &self.engine.tables
    }

    fn now_ms(&self) -> u32 {
        (self.engine.environment.now_ns / 1_000_000) as u32
    }

    fn await_zones(&mut self, ruleset: &Ruleset) {
        let zones = ruleset.interfaces.iter().map(|interface| interface.zone);
        self.engine.environment.expected = world::awaited(zones);
    }
}

impl Executor for NativeExecutor {
    fn name(&self) -> &'static str {
        match self.next_hops {
            NextHops::Kept => "native",
            NextHops::Asked => "native without next hops",
        }
    }

    fn begin(&mut self, ruleset: &Ruleset) -> Result<()> {
        for (index, counter) in self.engine.tables.counters() {
            let earlier = self.earlier.entry(index).or_default();
            earlier.packets += counter.packets;
            earlier.bytes += counter.bytes;
        }
        let tables = native::tables(ruleset, &world::facts(), self.bounds);
        let now_ns = self.engine.environment.now_ns;
        self.engine = Native::new(tables, NativeEnvironment::new(WorldRoutes::new(), 1));
        self.engine.environment.now_ns = now_ns;
        self.slot = Slot::new(0);
        self.await_zones(ruleset);
        Ok(())
    }

    fn install(&mut self, ruleset: &Ruleset) -> Result<()> {
        let mut fresh = native::tables(ruleset, &world::facts(), self.bounds);
        self.slot = self.slot.other();
        *self.engine.tables.ruleset_mut(self.slot) = std::mem::take(fresh.ruleset_mut(Slot::new(0)));
        self.engine.tables.activate(self.slot);
        self.await_zones(ruleset);
        Ok(())
    }

    fn take(&mut self, device: IfIndex, frame: &[u8]) -> Result<Taken> {
        if self.next_hops == NextHops::Kept {
            self.engine.tables.vouch(self.now_ms().wrapping_add(1_000));
        }
        self.buffer.refill(frame);
        self.buffer.first_buffer(FIRST_BUFFER);
        let verdict = self.engine.take(device, &mut self.buffer);
        Ok(Taken {
            action: Action::of(verdict.outcome()),
            verdict: Some((verdict.reason, verdict.device)),
            frame: self.buffer.bytes().to_vec(),
        })
    }

    fn advance(&mut self, ms: u32) -> Result<()> {
        self.engine.environment.now_ns += u64::from(ms) * 1_000_000;
        Ok(())
    }

    fn align_second(&mut self) {
        // the clock stands still between steps
    }

    fn leave_free_records(&mut self, count: u32) -> Result<()> {
        sessions::leave_free_records(&self.engine.tables, count);
        Ok(())
    }

    fn counter(&self, index: CounterIndex) -> Result<Counter> {
        let now = self.engine.tables.counter(index);
        let earlier = self.earlier.get(&index.0).copied().unwrap_or_default();
        Ok(Counter { packets: earlier.packets + now.packets, bytes: earlier.bytes + now.bytes })
    }

    fn sessions(&self) -> Result<SessionTable> {
        Ok(sessions::all(&self.engine.tables))
    }
}
