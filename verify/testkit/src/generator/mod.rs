//! Millions of packets per second without a network card: an XDP program that `BPF_PROG_TEST_RUN` runs with live frames,
//! in batches of 64, writes all headers of each frame and redirects it into an interface.
//!
//! The kernel pushes each batch all the way through the peer of that interface before it starts the next one, on the
//! same CPU. So nothing is lost, and the time per packet is the sum of what generator, device and sink cost.

mod spec;
mod template;

use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aya::maps::{Array, MapData};
use aya::programs::{ProgramError, TestRun as _, TestRunAttrs, TestRunOptions};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::utsname::uname;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use zerocopy::transmute;

pub use spec::{Order, Spec, TransportChecksum};

use crate::Error;
use crate::netns::{Link, run_command};
use crate::probes::layout::Traffic;
use crate::probes::{Probes, failed, map_failed};

const PROGRAM: &str = "generate";
const TRAFFIC: &str = "GENERATOR_TRAFFIC";
const NEXT: &str = "GENERATOR_NEXT";

/// Frames that the kernel pushes before it runs what they have caused. A veth's queue holds 256.
const BATCH: u32 = 64;

/// What the kernel usually sleeps before and after a run, for its page pool.
const SET_UP: Duration = Duration::from_millis(100);

/// Sends traffic of one [`Spec`] out of one interface.
#[derive(Debug)]
pub struct Generator<'ns> {
    probes: Probes,
    out: Link<'ns>,
    frame: Vec<u8>,
    cpu: usize,
}

/// One run of a generator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets sent.
    pub sent: u64,
    /// Time that went by.
    pub elapsed: Duration,
    /// Time that the CPU spent on it: time in which other processes had the CPU does not count.
    pub busy: Duration,
}

/// Readings of the sending thread's clocks.
#[derive(Clone, Copy, Debug)]
struct Clocks {
    now: Instant,
    on_cpu: Duration,
    /// Ready to run, but waiting for the CPU.
    waited: Duration,
}

// === impl Generator ===

impl<'ns> Generator<'ns> {
    /// A generator that sends out of `out`, on the last CPU that this process may use.
    ///
    /// # Errors
    /// [`Error::Spec`]; [`Error::NoProbes`], [`Error::NoLink`] or what kept the program from being loaded.
    pub fn new(spec: &Spec, out: Link<'ns>) -> Result<Self, Error> {
        let (frame, traffic) = template::template(spec, out.ifindex()?)?;
        let mut probes = Probes::load()?;
        let mut map: Array<&mut MapData, [u8; size_of::<Traffic>()]> = probes.map(TRAFFIC)?;
        let bytes: [u8; size_of::<Traffic>()] = transmute!(traffic);
        map.set(0, bytes, 0).map_err(|source| map_failed(TRAFFIC, source))?;
        probes.load_xdp(PROGRAM)?;
        Ok(Self { probes, out, frame, cpu: last_cpu()? })
    }

    /// Sends on this CPU.
    #[must_use]
    pub fn on_cpu(mut self, cpu: usize) -> Self {
        self.cpu = cpu;
        self
    }

    /// Goes on with this flow; in random order, with this draw.
    ///
    /// # Errors
    /// [`Error::Map`].
    pub fn seek(&mut self, next: u32) -> Result<(), Error> {
        let mut map: Array<&mut MapData, u32> = self.probes.map(NEXT)?;
        map.set(0, next, 0).map_err(|source| map_failed(NEXT, source))
    }

    /// Length of its frames in bytes.
    pub fn frame_len(&self) -> usize {
        self.frame.len()
    }

    /// Sends `packets` packets, going on where the last run ended. Returns when the last of them is through.
    ///
    /// # Errors
    /// [`Error::Program`], e.g. when a signal interrupts it.
    pub fn run(&mut self, packets: u64) -> Result<Stats, Error> {
        let (cpu, frame, namespace) = (self.cpu, &self.frame, self.out.namespace());
        let program = self.probes.xdp(PROGRAM)?;
        namespace.run(|| {
            pin_to(cpu)?;
            let start = Clocks::read()?;
            let mut left = packets;
            while left > 0 {
                let repeat = u32::try_from(left).unwrap_or(u32::MAX);
                let options = TestRunOptions {
                    data_in: Some(frame),
                    repeat,
                    attrs: TestRunAttrs::new().xdp_live_frames(BATCH.min(repeat)),
                    ..TestRunOptions::default()
                };
                program.test_run(options).map_err(|source: ProgramError| failed(PROGRAM, source))?;
                left -= u64::from(repeat);
            }
            let (elapsed, busy) = Clocks::read()?.since(&start);
            Ok(Stats { sent: packets, elapsed, busy })
        })?
    }
}

fn last_cpu() -> Result<usize, Error> {
    let failed = |source| Error::System { call: "sched_getaffinity", source };
    let allowed = sched_getaffinity(Pid::from_raw(0)).map_err(failed)?;
    let last = (0..CpuSet::count()).rev().find(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    Ok(last.expect("a thread may run on some CPU"))
}

fn pin_to(cpu: usize) -> Result<(), Error> {
    let failed = |source| Error::System { call: "sched_setaffinity", source };
    let mut only = CpuSet::new();
    only.set(cpu).map_err(failed)?;
    sched_setaffinity(Pid::from_raw(0), &only).map_err(failed)
}

/// Whether this kernel books the time of softirqs apart from the threads that they interrupt, as its configuration
/// tells; none where it cannot be read.
///
/// It is not to be guessed from a run: on a busy machine the kernel may sleep longer than the run takes, for a grace
/// period after it.
fn irq_time_is_apart() -> Option<bool> {
    static APART: OnceLock<Option<bool>> = OnceLock::new();
    *APART.get_or_init(|| {
        let release = uname().ok()?.release().to_str()?.to_owned();
        let config = std::fs::read_to_string(format!("/boot/config-{release}"));
        let config = config.ok().or_else(|| {
            let mut zcat = Command::new("zcat");
            run_command(zcat.arg("/proc/config.gz")).ok()
        })?;
        Some(config.lines().any(|line| line == "CONFIG_IRQ_TIME_ACCOUNTING=y"))
    })
}

// === impl Clocks ===

impl Clocks {
    fn read() -> Result<Self, Error> {
        let failed = |source| Error::System { call: "clock_gettime", source };
        let on_cpu = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_err(failed)?;
        // time on the CPU, time of waiting for it, time slices; a kernel without these counters has no such file
        let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        let waited = schedstat.split_whitespace().nth(1).and_then(|ns| ns.parse().ok());
        let waited = Duration::from_nanos(waited.unwrap_or_default());
        Ok(Self { now: Instant::now(), on_cpu: on_cpu.into(), waited })
    }

    /// Time that went by since `start`, and how much of it the CPU was busy for this thread.
    ///
    /// That is the thread's CPU time: the kernel runs the softirqs that a batch causes on this thread's account. A
    /// kernel with `CONFIG_IRQ_TIME_ACCOUNTING` books them apart; then it is the time that went by without that of
    /// waiting for the CPU, in which the kernel's pauses before and after a run are included.
    fn since(&self, start: &Self) -> (Duration, Duration) {
        let elapsed = self.now - start.now;
        let on_cpu = self.on_cpu.saturating_sub(start.on_cpu);
        let not_waited = elapsed.saturating_sub(self.waited.saturating_sub(start.waited));
        let booked_apart = irq_time_is_apart().unwrap_or(not_waited > on_cpu * 3 / 2 + SET_UP);
        (elapsed, if booked_apart { not_waited } else { on_cpu })
    }
}

#[cfg(test)]
mod tests;
