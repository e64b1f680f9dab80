//! What the counters say, and whether they add up.

use anyhow::{Context, Result};
use flumen_api::ReasonsReport;

use crate::Flumen;

/// One interface's side of the conservation law.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Its name.
    pub interface: String,
    /// Frames received.
    pub received: u64,
    /// Frames with an outcome.
    pub ended: u64,
}

/// The balance of every interface.
///
/// # Errors
/// When the daemon does not answer.
pub fn balances(flumen: &Flumen) -> Result<Vec<Balance>> {
    let report = flumen.reasons()?;
    let balance = |interface: flumen_api::InterfaceReasons| Balance {
        ended: interface.reasons.iter().map(|count| count.frames.packets).sum(),
        received: interface.received.packets,
        interface: interface.interface,
    };
    Ok(report.interfaces.into_iter().map(balance).collect())
}

/// Frames of one interface that ended with one reason.
///
/// # Errors
/// When the report has no such interface or reason.
pub fn reason(report: &ReasonsReport, interface: &str, reason: &str) -> Result<u64> {
    let of_interface = report.interfaces.iter().find(|reasons| reasons.interface == interface);
    let reasons = &of_interface.with_context(|| format!("no interface {interface}"))?.reasons;
    let count = reasons.iter().find(|count| count.reason == reason);
    Ok(count.with_context(|| format!("no reason {reason}"))?.frames.packets)
}
