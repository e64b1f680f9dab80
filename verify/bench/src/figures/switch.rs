//! Packets lost while one ruleset after the other is put in force under load.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use flumen_abi::limits::SESSIONS_DEFAULT;
use flumen_testkit::Error;
use flumen_testkit::generator::{Order, Spec};
use flumen_testkit::rig::{Rig, Traffic};

use super::Figure;
use crate::bed::{Bed, Middle};
use crate::configuration::{Configuration, LONG_TIMEOUT_S, Rules};
use crate::gateway::Gateway;

/// Flows that the load is drawn from: their first packets come while rulesets change, and packets of known sessions.
const FLOWS: u32 = 100_000;

/// Commits different rulesets, all of which permit the load, as long as packets come.
///
/// # Errors
/// When a commit fails.
pub(super) fn measure(short: bool) -> Result<Vec<Figure>> {
    let mut bed = Bed::new(Middle::Flumen(Rules::Policies(10), SESSIONS_DEFAULT))?;
    let (gateway, rig) = bed.parts().context("Flumen is the device")?;
    let spec = Spec::udp4().flows(FLOWS).order(Order::Random);
    let packets = if short { 500_000 } else { 6_000_000 };
    let loaded = AtomicBool::new(true);
    let (lost, commits) = std::thread::scope(|scope| {
        let switching = scope.spawn(|| switch(gateway, &loaded));
        let sent = send(rig, spec, packets);
        loaded.store(false, Ordering::Relaxed);
        let commits = switching.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        anyhow::Ok((sent?, commits?))
    })?;
    Ok(vec![
        Figure::new("switch/lost-packets", lost as f64, "packets"),
        Figure::new("switch/commits", commits as f64, "commits"),
        Figure::new("switch/packets", packets as f64, "packets"),
    ])
}

/// Sends, and says how many packets did not arrive.
fn send(rig: &mut Rig, spec: Spec, packets: u64) -> Result<u64> {
    match rig.run(&mut Traffic::forward(spec), packets) {
        Ok(_) => Ok(0),
        Err(Error::Loss { sent, arrived, .. }) => Ok(sent.abs_diff(arrived)),
        Err(error) => Err(error.into()),
    }
}

/// Commits until there is no more load, and says how often.
fn switch(gateway: &mut Gateway, loaded: &AtomicBool) -> Result<u64> {
    let mut commits = 0;
    for count in [1000, 10].into_iter().cycle() {
        if !loaded.load(Ordering::Relaxed) {
            break;
        }
        let rules = Rules::Policies(count);
        gateway.commit(&Configuration { rules, sessions: SESSIONS_DEFAULT, timeout_s: LONG_TIMEOUT_S })?;
        commits += 1;
    }
    Ok(commits)
}
