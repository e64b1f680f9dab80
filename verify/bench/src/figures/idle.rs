//! What a gateway costs that has nothing to do.

use std::time::Duration;

use anyhow::Result;
use flumen_abi::limits::SESSIONS_DEFAULT;
use flumen_testkit::rig::{Device, Rig};

use super::Figure;
use super::daemon::DaemonProcess;
use super::memory::{Memory, megabytes};
use crate::configuration::{Configuration, LONG_TIMEOUT_S, Rules};

/// A daemon with tables of the usual size and no traffic.
///
/// # Errors
/// When it does not start.
pub(super) fn measure(short: bool) -> Result<Vec<Figure>> {
    let rig = Rig::new(Device::External)?;
    let configuration =
        Configuration { rules: Rules::SourceNat, sessions: SESSIONS_DEFAULT, timeout_s: LONG_TIMEOUT_S };
    let daemon = DaemonProcess::start(rig.dut(), &configuration)?;
    let cpu = daemon.cpu_percent(Duration::from_secs(if short { 1 } else { 10 }))?;
    let memory = Memory::of(daemon.pid())?;
    Ok(vec![
        Figure::new("idle/memory", memory.megabytes(), "MB"),
        Figure::new("idle/memory-tables", megabytes(memory.tables), "MB"),
        Figure::new("idle/memory-resident", megabytes(memory.resident), "MB"),
        Figure::new("idle/cpu", cpu, "% of a CPU"),
    ])
}
