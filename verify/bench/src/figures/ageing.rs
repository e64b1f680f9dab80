//! A million sessions: their memory, what it costs to look after them, and how late they go.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use flumen_abi::limits::SESSIONS_DEFAULT;
use flumen_kernel::monotonic_ms;
use flumen_testkit::generator::Spec;
use flumen_testkit::rig::{Device, Rig, Traffic};
use nix::time::{ClockId, clock_gettime};

use super::Figure;
use super::daemon::DaemonProcess;
use super::memory::{Memory, megabytes};
use crate::bed::{Bed, Middle};
use crate::configuration::{Configuration, LONG_TIMEOUT_S, Rules};
use crate::gateway::Gateway;
use crate::row::MILLION;

/// Sessions that are opened.
const SESSIONS: u32 = 1_000_000;

/// Time between two ageing passes, as the daemon has it.
const INTERVAL: Duration = Duration::from_millis(400);

/// Sessions that shall expire are opened in parts of this many, ...
const PART: u32 = 20_000;

/// ... one part after the other in this time: as fast as they will expire.
const PART_TIME: Duration = Duration::from_millis(400);

/// Sessions that are opened together.
struct Part {
    /// When the first of them expires.
    deadline: Instant,
    /// Sessions that are left when all of them and of the parts before are gone.
    left: u64,
}

/// A daemon with a million live sessions; then an engine whose sessions expire 50,000 a second.
///
/// # Errors
/// When packets are lost, or sessions do not go.
pub(super) fn measure(short: bool) -> Result<Vec<Figure>> {
    let mut figures = live(Duration::from_secs(if short { 1 } else { 10 }))?;
    figures.extend(if short {
        expiring(60_000, 2, SESSIONS_DEFAULT)?
    } else {
        expiring(SESSIONS, 21, MILLION)?
    });
    Ok(figures)
}

fn live(watched: Duration) -> Result<Vec<Figure>> {
    let mut rig = Rig::new(Device::External)?;
    let configuration =
        Configuration { rules: Rules::SourceNat, sessions: MILLION, timeout_s: LONG_TIMEOUT_S };
    let daemon = DaemonProcess::start(rig.dut(), &configuration)?;
    rig.warm_up(&Spec::udp4().flows(SESSIONS))?;
    let cpu = daemon.cpu_percent(watched)?;
    let memory = Memory::of(daemon.pid())?;
    Ok(vec![
        Figure::new("memory/1m-sessions", memory.megabytes(), "MB"),
        Figure::new("memory/1m-sessions-tables", megabytes(memory.tables), "MB"),
        Figure::new("memory/1m-sessions-resident", megabytes(memory.resident), "MB"),
        Figure::new("ageing/1m-sessions-cpu", cpu, "% of a CPU"),
    ])
}

/// `sessions` in a table for `room`, that live for `timeout_s`: longer than it takes to open them all.
fn expiring(sessions: u32, timeout_s: u32, room: u32) -> Result<Vec<Figure>> {
    let mut bed = Bed::new(Middle::Flumen(Rules::SourceNat, room))?;
    let (gateway, rig) = bed.parts().context("Flumen is the device")?;
    gateway.commit(&Configuration { rules: Rules::SourceNat, sessions: room, timeout_s })?;
    let parts = open_in_parts(rig, sessions / PART, Duration::from_secs(timeout_s.into()))?;
    let first = parts.first().context("there are parts")?.deadline;
    std::thread::sleep(first.saturating_duration_since(Instant::now()));
    let (start, before) = (Instant::now(), cpu_time()?);
    let late = sweep_until_empty(gateway, &parts)?;
    let (elapsed, busy) = (start.elapsed().as_secs_f64(), (cpu_time()? - before).as_secs_f64());
    Ok(vec![
        Figure::new("ageing/worst-lateness", late.as_secs_f64() * 1e3, "ms"),
        Figure::new("ageing/expiring-rate", f64::from(sessions) / elapsed, "sessions/s"),
        Figure::new("ageing/expiring-cpu", busy / elapsed * 100.0, "% of a CPU"),
        Figure::new("ageing/removal", busy / f64::from(sessions) * 1e9, "ns/session"),
    ])
}

fn open_in_parts(rig: &mut Rig, parts: u32, timeout: Duration) -> Result<Vec<Part>> {
    let mut traffic = Traffic::forward(Spec::udp4().flows(parts * PART));
    let start = Instant::now();
    let mut opened = Vec::new();
    for part in 1..=parts {
        let deadline = Instant::now() + timeout;
        rig.run(&mut traffic, PART.into())?;
        opened.push(Part { deadline, left: u64::from((parts - part) * PART) });
        std::thread::sleep((PART_TIME * part).saturating_sub(start.elapsed()));
    }
    Ok(opened)
}

/// Sweeps as the daemon does until no session is left. Returns the longest time that a part outlived its deadline.
fn sweep_until_empty(gateway: &mut Gateway, parts: &[Part]) -> Result<Duration> {
    let mut late = Duration::ZERO;
    let mut waiting = parts.iter().peekable();
    let last = parts.last().context("there are parts")?.deadline;
    while waiting.peek().is_some() {
        let live = gateway.sweep(monotonic_ms())?.live;
        let now = Instant::now();
        ensure!(now < last + Duration::from_secs(60), "{live} sessions do not expire");
        while let Some(part) = waiting.next_if(|part| live <= part.left) {
            late = late.max(now.saturating_duration_since(part.deadline));
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(late)
}

/// CPU time of the calling thread.
fn cpu_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}
