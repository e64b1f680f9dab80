//! What the verifier says of the program.

use std::time::Duration;

use anyhow::{Context, Result};
use flumen_engine::Engine;
use flumen_engine::xdp::{ModeChoice, XdpEngine, XdpOptions};

use super::Figure;
use crate::gateway::PinDirectory;
use crate::report::median;

/// Loads the program several times; it is attached to nothing.
///
/// # Errors
/// When it cannot be loaded.
pub(super) fn measure(short: bool) -> Result<Vec<Figure>> {
    let mut load_times = Vec::new();
    let mut facts = None;
    for _ in 0..if short { 1 } else { 9 } {
        let pins = PinDirectory::new()?;
        let pin_dir = pins.path().to_owned();
        let options = XdpOptions { pin_dir, sessions: 1024, sessions6: 1024, mode: ModeChoice::Driver };
        let mut engine = XdpEngine::open(&options)?;
        let program = *engine.program_facts();
        engine.detach()?;
        load_times.push(milliseconds(program.load_time));
        facts = Some(program);
    }
    let facts = facts.context("loaded at least once")?;
    let load_time = median(&load_times).context("loaded at least once")?;
    let verified = facts.verified_instructions.context("the kernel does not tell: it is older than 5.16")?;
    Ok(vec![
        Figure::new("program/verified-instructions", verified.into(), "instructions"),
        Figure::new("program/load-time", load_time, "ms"),
        Figure::new("program/machine-code", f64::from(facts.machine_code_bytes) / 1024.0, "KiB"),
    ])
}

pub(super) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
