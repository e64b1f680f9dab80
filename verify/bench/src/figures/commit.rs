//! What a commit of 10,000 policies takes.

use anyhow::{Context, Result};
use flumen_abi::limits::SESSIONS_DEFAULT;

use super::Figure;
use super::program::milliseconds;
use crate::bed::{Bed, Middle};
use crate::configuration::{Configuration, LONG_TIMEOUT_S, Rules};
use crate::report::median;

/// Commits ten and 10,000 policies in turn.
///
/// # Errors
/// When a commit fails.
pub(super) fn measure(short: bool) -> Result<Vec<Figure>> {
    let mut bed = Bed::new(Middle::Flumen(Rules::Policies(10), SESSIONS_DEFAULT))?;
    let (gateway, _) = bed.parts().context("Flumen is the device")?;
    let configuration =
        |rules| Configuration { rules, sessions: SESSIONS_DEFAULT, timeout_s: LONG_TIMEOUT_S };
    let mut times = Vec::new();
    for _ in 0..if short { 3 } else { 9 } {
        times.push(gateway.commit(&configuration(Rules::Policies(10_000)))?);
        gateway.commit(&configuration(Rules::Policies(10)))?;
    }
    let each = |step: fn(&crate::gateway::CommitTime) -> std::time::Duration| {
        let times: Vec<f64> = times.iter().map(|time| milliseconds(step(time))).collect();
        median(&times).context("committed at least once")
    };
    Ok(vec![
        Figure::new("commit/10k-policies", each(|time| time.read + time.compile + time.apply)?, "ms"),
        Figure::new("commit/10k-policies-read", each(|time| time.read)?, "ms"),
        Figure::new("commit/10k-policies-compile", each(|time| time.compile)?, "ms"),
        Figure::new("commit/10k-policies-apply", each(|time| time.apply)?, "ms"),
    ])
}
