//! What is measured besides the cost of packets.

mod ageing;
mod commit;
mod control;
mod daemon;
mod idle;
mod memory;
mod program;
mod switch;

pub(crate) use daemon::run as run_daemon;

use anyhow::Result;
use serde::Serialize;

use crate::interrupt::Interrupt;

/// One measured number.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// Group and what it is, as `memory/tables`.
    pub(crate) name: &'static str,
    pub(crate) value: Option<f64>,
    pub(crate) unit: &'static str,
    /// Why there is no value.
    pub(crate) failure: Option<String>,
}

/// Figures that are measured together.
type Group = (&'static str, fn(bool) -> Result<Vec<Figure>>);

const GROUPS: [Group; 6] = [
    ("program", program::measure),
    ("commit", commit::measure),
    ("control", control::measure),
    ("switch", switch::measure),
    ("idle", idle::measure),
    ("ageing", ageing::measure),
];

/// Measures the groups whose names `patterns` have a part of; all of them without a pattern. A group that fails stops
/// none of the others.
///
/// # Errors
/// An interrupt.
pub(crate) fn measure(patterns: &[String], short: bool, interrupt: &Interrupt) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (group, measure) in GROUPS {
        interrupt.check()?;
        if !patterns.is_empty() && !patterns.iter().any(|pattern| group.contains(pattern.as_str())) {
            continue;
        }
        eprintln!("{group}");
        match measure(short) {
            Ok(measured) => figures.extend(measured),
            Err(error) => {
                let failure = Some(format!("{error:#}"));
                figures.push(Figure { name: group, value: None, unit: "", failure });
            }
        }
    }
    Ok(figures)
}

// === impl Figure ===

impl Figure {
    fn new(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value: Some(value), unit, failure: None }
    }
}
