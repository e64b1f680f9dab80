//! Traffic of one row, for a profiler.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use flumen_testkit::rig::Traffic;

use crate::args::LoadArgs;
use crate::bed::Bed;
use crate::interrupt::Interrupt;
use crate::row::{Flows, rows};

/// Packets between two looks at the clock; of new sessions, as many as a run of the benchmark opens.
const BURST: u64 = 100_000;

/// Sends until the time is over.
///
/// # Errors
/// When there is no such row, a packet is lost, or a signal comes.
pub(crate) fn send(args: &LoadArgs, interrupt: &Interrupt) -> Result<()> {
    let row = rows().into_iter().find(|row| row.name == args.row);
    let row = row.with_context(|| format!("there is no row {}", args.row))?;
    let mut bed = Bed::new(row.middle)?;
    if row.flows == Flows::Known {
        bed.establish(&row.traffic, row.tcp)?;
    }
    let mut traffic = Traffic::forward(row.traffic);
    println!("{}: sending on the last CPU for {} s", row.name, args.seconds);
    let start = Instant::now();
    let (mut packets, mut busy) = (0, Duration::ZERO);
    while start.elapsed() < Duration::from_secs(args.seconds) {
        interrupt.check()?;
        bed.forget()?;
        busy += bed.run(&mut traffic, BURST)?.busy;
        packets += BURST;
    }
    println!("{packets} packets, {:.1} ns each", busy.as_secs_f64() * 1e9 / packets as f64);
    Ok(())
}
