//! The native engine: the pipeline alone, decode to emit, without input and output.
//!
//! Frames are written in bursts and then taken through the pipeline, as a worker gets them from a ring. What writing
//! costs is measured beside it, with the same frames, and taken away.

mod traffic;

use std::hint::black_box;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use flumen_abi::limits::SESSIONS_DEFAULT;
use flumen_abi::{Addr, Generation, IfIndex, Reason, SessionSlot};
use flumen_compile::{Identities, compile};
use flumen_config::Model;
use flumen_engine::{HostFacts, LinkFacts, LocalFacts, native};
use flumen_native::{Bounds, FrameBuffer, Loops, Native, NativeEnvironment, NativeTables, RouteTable};
use flumen_pipeline::sessions;
use flumen_testkit::topology::Segment;
use nix::time::{ClockId, clock_gettime};

use crate::configuration::{Configuration, LONG_TIMEOUT_S, Rules};
use crate::interrupt::Interrupt;
use crate::measure::Plan;
use crate::report::RowResult;
use crate::row::{Flows, MILLION};
use traffic::Traffic;

/// Frames of a burst.
const BURST: usize = 64;

/// Longer than the rows of ended sessions rest before others take them.
const REST_NS: u64 = 1_000_000_000;

/// Interfaces of the imagined host.
const LAN: IfIndex = IfIndex(2);
const WAN: IfIndex = IfIndex(3);

/// What the rows are called, and how many flows they have.
const ROWS: [(&str, Flows, u32); 4] = [
    ("native/udp4-snat/1", Flows::Known, 1),
    ("native/udp4-snat/10k", Flows::Known, 10_000),
    ("native/udp4-snat/1m", Flows::Known, 1_000_000),
    ("native/udp4-snat-new", Flows::New, u32::MAX),
];

/// A row that is being measured.
struct Lane {
    name: &'static str,
    flows: Flows,
    engine: Native<'static, RouteTable>,
    traffic: Traffic,
    packets: u64,
    ns: Vec<f64>,
    failure: Option<String>,
}

/// Measures the rows whose names `patterns` have a part of, all of them without a pattern, in rounds.
///
/// # Errors
/// An interrupt; a configuration that is refused.
pub(crate) fn measure(patterns: &[String], plan: &Plan, interrupt: &Interrupt) -> Result<Vec<RowResult>> {
    let mut lanes = Vec::new();
    for (name, flows, count) in ROWS {
        if patterns.is_empty() || patterns.iter().any(|pattern| name.contains(pattern.as_str())) {
            let mut lane = Lane::new(name, flows, count)?;
            let prepared = lane.prepare(plan);
            lane.note(prepared);
            lanes.push(lane);
        }
    }
    for _ in 0..plan.rounds {
        for lane in lanes.iter_mut().filter(|lane| lane.failure.is_none()) {
            interrupt.check()?;
            let ran = lane.run();
            lane.note(ran);
        }
    }
    let result = |lane: Lane| {
        RowResult::without_rig(lane.name.to_owned(), lane.flows, lane.packets, &lane.ns, lane.failure)
    };
    Ok(lanes.into_iter().map(result).collect())
}

/// Tables with the configuration that the rows of the rig have too.
fn tables(sessions: u32) -> Result<NativeTables<'static>> {
    let configuration = Configuration { rules: Rules::SourceNat, sessions, timeout_s: LONG_TIMEOUT_S };
    let refused = |errors: String| anyhow::anyhow!("the benchmark's own configuration is refused: {errors}");
    let model = Model::from_json(&configuration.text()).map_err(|errors| refused(format!("{errors:?}")))?;
    let compiled = compile(&model, &Identities::default(), Generation(1));
    let compiled = compiled.map_err(|errors| refused(format!("{errors:?}")))?;
    let bounds = Bounds { sessions: sessions as usize, ..Bounds::default() };
    let tables = native::tables(&compiled.ruleset, &host(), bounds);
    tables.vouch(1 << 30); // the clock stands still at one second
    Ok(tables)
}

/// A host like the rig's.
fn host() -> HostFacts {
    let mut facts = HostFacts::default();
    for (segment, index) in [(Segment::Lan, LAN), (Segment::Wan, WAN)] {
        let own = segment.gateway();
        facts.links.push(LinkFacts {
            index,
            name: segment.dev().to_owned(),
            mac: own.mac.0,
            mtu: 1500,
            v4: Some(IpAddr::from(own.v4).into()),
            v6: Some(IpAddr::from(own.v6).into()),
            running: true,
            xdp_transmit: true,
            xdp_transmit_fragments: true,
        });
        for addr in [IpAddr::from(own.v4), IpAddr::from(own.v6)] {
            facts.locals.push(LocalFacts { addr: addr.into(), link: index, broadcast: false });
        }
    }
    facts
}

fn environment() -> NativeEnvironment<RouteTable> {
    let mut routes = RouteTable::default();
    let (own, next) = (Segment::Wan.gateway(), Segment::Wan.host());
    routes.forward(Addr::v4([100, 64, 0, 0]), 96 + 10, WAN, own.mac.0, next.mac.0);
    NativeEnvironment::new(routes, 1)
}

/// CPU time of this thread.
fn cpu_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}

// === impl Lane ===

impl Lane {
    fn new(name: &'static str, flows: Flows, count: u32) -> Result<Self> {
        let sessions = if count >= 1_000_000 { MILLION } else { SESSIONS_DEFAULT };
        let engine = Native::new(tables(sessions)?, environment());
        let traffic = Traffic::new(count, flows == Flows::Known);
        Ok(Self { name, flows, engine, traffic, packets: 0, ns: Vec::new(), failure: None })
    }

    /// Makes the flows known, and decides how many packets a run has.
    fn prepare(&mut self, plan: &Plan) -> Result<()> {
        if self.flows == Flows::New {
            self.packets = u64::from(plan.fresh) / BURST as u64 * BURST as u64;
            // memory of the tables is touched before it is measured
            self.send(self.packets)?;
            return self.forget();
        }
        self.traffic.random = false;
        self.send(u64::from(self.traffic.flows).next_multiple_of(BURST as u64))?;
        self.traffic.random = true;
        self.packets = u64::from(plan.fresh) / BURST as u64 * BURST as u64;
        Ok(())
    }

    fn run(&mut self) -> Result<()> {
        let first = self.traffic.number;
        let start = cpu_time()?;
        self.send(self.packets)?;
        let whole = cpu_time()? - start;
        self.traffic.number = first;
        let start = cpu_time()?;
        self.write(self.packets);
        let writing = cpu_time()? - start;
        if self.flows == Flows::New {
            self.forget()?;
        }
        let ns = whole.saturating_sub(writing).as_secs_f64() * 1e9 / self.packets as f64;
        self.ns.push(ns);
        Ok(())
    }

    /// Writes frames and takes them through the pipeline.
    fn send(&mut self, packets: u64) -> Result<()> {
        let mut burst: Vec<FrameBuffer> = (0..BURST).map(|_| FrameBuffer::new(&[])).collect();
        for _ in 0..packets / BURST as u64 {
            self.traffic.fill(&mut burst);
            for frame in &mut burst {
                let verdict = self.engine.take(LAN, frame);
                ensure!(verdict.reason == Reason::Forwarded, "a packet ended as {}", verdict.reason.name());
            }
            black_box(&burst);
        }
        Ok(())
    }

    /// Writes the same frames.
    fn write(&mut self, packets: u64) {
        let mut burst: Vec<FrameBuffer> = (0..BURST).map(|_| FrameBuffer::new(&[])).collect();
        for _ in 0..packets / BURST as u64 {
            self.traffic.fill(&mut burst);
            black_box(&burst);
        }
    }

    /// Removes every session.
    fn forget(&mut self) -> Result<()> {
        let tables = &self.engine.tables;
        let now_ms = (self.engine.environment.now_ns / 1_000_000) as u32;
        for slot in (0..tables.sessions().limit()).map(SessionSlot) {
            sessions::end::<_, Loops>(tables, slot, now_ms);
        }
        self.engine.environment.now_ns += REST_NS;
        ensure!(self.engine.tables.session_row_count() == 0, "sessions are left");
        Ok(())
    }

    fn note(&mut self, done: Result<()>) {
        if let Err(error) = done {
            eprintln!("{}: {error:#}", self.name);
            self.failure = Some(format!("{error:#}"));
        }
    }
}
