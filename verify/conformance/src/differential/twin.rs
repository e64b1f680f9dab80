use crate::executor::{Action, FIRST_BUFFER, KernelExecutor, SessionTable, sessions};
use crate::world::{self, WorldRoutes};
use flumen_abi::{Family, FragmentRow, IfIndex, NatRow, Reason, SessionKey, SessionRow, Slot, Stage};
use flumen_engine::{Ruleset, native};
use flumen_native::{Bounds, FrameBuffer, NativeTables, Routes, find_row, take};
use flumen_pipeline::{Environment, Route, RouteQuery, Scratch, Step, Tables, Trace, Turn};
use std::cell::Cell;
use std::collections::HashSet;

/// The native engine beside the kernel's: same clock, same routes, and where a port is drawn by lot, the port that the
/// kernel's engine has drawn.
pub(super) struct Twin {
    pub(super) tables: NativeTables<'static>,
    routes: WorldRoutes,
    awaited: HashSet<SessionKey>,
    scratch: Scratch,
    slot: Slot,
    buffer: FrameBuffer,
    bounds: Bounds,
}

/// What became of one frame.
pub(super) struct TwinTaken {
    pub(super) action: Action,
    pub(super) reason: Reason,
    pub(super) device: IfIndex,
    /// Counter number of the ingress interface.
    pub(super) ingress: u16,
    /// Counter number of the egress interface, if the frame has left by one.
    pub(super) egress: u16,
    /// Key of the packet, if it was read.
    pub(super) key: Option<SessionKey>,
}

// === impl Twin ===

impl Twin {
    pub(super) fn new(sessions: u32) -> Twin {
        let bounds = Bounds { sessions: sessions as usize, ..Bounds::default() };
        Twin {
            tables: NativeTables::new(bounds),
            routes: WorldRoutes::new(),
            awaited: HashSet::new(),
            scratch: Scratch::default(),
            slot: Slot::new(0),
            buffer: FrameBuffer::new(&[]),
            bounds,
        }
    }

    /// Starts anew under `ruleset`.
    pub(super) fn begin(&mut self, ruleset: &Ruleset) {
        self.tables = native::tables(ruleset, &world::facts(), self.bounds);
        self.slot = Slot::new(0);
        self.scratch = Scratch::default();
        self.awaited = world::awaited(ruleset.interfaces.iter().map(|interface| interface.zone));
    }

    /// Switches to `ruleset`.
    pub(super) fn install(&mut self, ruleset: &Ruleset) {
        let mut fresh = native::tables(ruleset, &world::facts(), Bounds { sessions: 0, fragments: 0 });
        self.slot = self.slot.other();
        *self.tables.ruleset_mut(self.slot) = std::mem::take(fresh.ruleset_mut(Slot::new(0)));
        self.tables.activate(self.slot);
        self.awaited = world::awaited(ruleset.interfaces.iter().map(|interface| interface.zone));
    }

    /// Takes a frame that `kernel` has taken before, at `now_ns`.
    pub(super) fn take(
        &mut self,
        kernel: &KernelExecutor,
        now_ns: u64,
        device: IfIndex,
        frame: &[u8],
    ) -> TwinTaken {
        self.tables.vouch(((now_ns / 1_000_000) as u32).wrapping_add(1_000));
        let watch = Watch::default();
        let mut environment =
            TwinEnvironment { now_ns, routes: &self.routes, awaited: &self.awaited, watch: &watch, kernel };
        let (tables, scratch) = (&self.tables, &mut self.scratch);
        self.buffer.refill(frame);
        self.buffer.first_buffer(FIRST_BUFFER);
        let verdict = self
            .buffer
            .with(|frame| take(frame, device, tables, &mut environment, &mut Watching(&watch), scratch));
        TwinTaken {
            action: Action::of(verdict.outcome()),
            reason: verdict.reason,
            device: verdict.device,
            ingress: watch.ingress.get(),
            egress: watch.egress.get(),
            key: watch.key.get(),
        }
    }

    /// The bytes after the last frame was taken.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// Makes everything older.
    pub(super) fn age(&mut self, ms: u32) {
        sessions::age(&self.tables, ms);
        for (key, row) in self.tables.fragment_rows() {
            let older = FragmentRow { seen_ms: row.seen_ms.wrapping_sub(ms), ..row };
            self.tables.insert_fragment(&key, &older);
        }
    }

    /// The ageing pass, which the native engine has not by itself.
    pub(super) fn sweep(&mut self, now_ms: u32) {
        self.tables.sessions().sweep(now_ms);
    }

    /// The row of one direction of a session.
    pub(super) fn session(&self, key: &SessionKey) -> Option<SessionRow> {
        find_row(&self.tables, key)
    }

    /// Every session.
    pub(super) fn sessions(&self) -> SessionTable {
        sessions::all(&self.tables)
    }
}

/// What the pipeline has shown of one frame.
#[derive(Default)]
struct Watch {
    ingress: Cell<u16>,
    egress: Cell<u16>,
    key: Cell<Option<SessionKey>>,
    nat: Cell<Option<NatRow>>,
}

struct Watching<'a>(&'a Watch);

impl Trace for Watching<'_> {
    fn step(&mut self, step: Step<'_>) {
        let watch = self.0;
        match step {
            Step::Interface(_, Some(row)) => watch.ingress.set(row.id.0),
            Step::Decoded(packet) | Step::Reassembled(packet) => watch.key.set(Some(packet.key)),
            Step::Nat(Stage::SourceNat, row) => watch.nat.set(Some(*row)),
            Step::Hop(_, link) | Step::Egress(Some(link)) => watch.egress.set(link.id.0),
            _ => {}
        }
    }
}

struct TwinEnvironment<'a> {
    now_ns: u64,
    routes: &'a WorldRoutes,
    awaited: &'a HashSet<SessionKey>,
    watch: &'a Watch,
    kernel: &'a KernelExecutor,
}

impl Environment for TwinEnvironment<'_> {
    fn repeat<T: Turn>(limit: u32, turn: &mut T) {
        let mut index = 0;
        while index < limit && turn.take(index) {
            index += 1;
        }
    }

    fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// A number that makes the port search find the port that the kernel's engine has given to this packet.
    fn random(&mut self) -> u32 {
        const STEP: u32 = 7919; // the distance of two attempts in the pipeline's search of a range that it does not divide
        let (Some(key), Some(nat)) = (self.watch.key.get(), self.watch.nat.get()) else { return 0 };
        let Some(row) = self.kernel.session(&key) else { return 0 };
        let span = u32::from(nat.port_high - nat.port_low) + 1;
        let own = (nat.port_low..=nat.port_high).contains(&key.sport.get());
        let skipped = if own { STEP } else { 0 }; // attempt 0 takes the sender's own port when that is in range
        let place = u32::from(row.sport.get().wrapping_sub(nat.port_low));
        (place % span + span - skipped % span) % span
    }

    fn route(&mut self, query: &RouteQuery) -> Route {
        self.routes.find(query)
    }

    fn route_out(&mut self, query: &RouteQuery, out: IfIndex) -> Route {
        self.routes.clone().route_out(query, out)
    }

    fn expected_by_host(&mut self, key: &SessionKey, _: Family) -> bool {
        self.awaited.contains(key)
    }
}
