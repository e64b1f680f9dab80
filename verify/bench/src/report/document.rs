//! The whole report.

use anyhow::Result;
use serde::Serialize;

use super::goal::{self, Goal};
use super::{RowResult, machine};
use crate::figures::Figure;

/// What `bench.json` says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    machine: String,
    kernel: String,
    /// Of the source tree; `unknown` without git.
    commit: String,
    /// Files differ from the commit.
    uncommitted_changes: bool,
    /// Load average of the last minute when the measurements had ended.
    load_average: Option<f64>,
    /// Fewer and shorter runs.
    short: bool,
    pub(super) rows: Vec<RowResult>,
    pub(super) figures: Vec<Figure>,
    pub(super) goals: Vec<Goal>,
}

// === impl Document ===

impl Document {
    /// Results with where they come from.
    pub(crate) fn new(rows: Vec<RowResult>, figures: Vec<Figure>, short: bool) -> Self {
        let commit = machine::commit();
        Self {
            machine: machine::machine(),
            kernel: machine::kernel(),
            uncommitted_changes: commit.as_ref().is_some_and(|(_, changed)| *changed),
            commit: commit.map_or_else(|| "unknown".to_owned(), |(hash, _)| hash),
            load_average: machine::load_average(),
            short,
            goals: goal::goals(&rows, &figures),
            rows,
            figures,
        }
    }

    /// What could not be measured, by name.
    pub(crate) fn failures(&self) -> Vec<&str> {
        let rows = self.rows.iter().filter(|row| row.failure.is_some()).map(|row| row.name.as_str());
        let figures = self.figures.iter().filter(|figure| figure.failure.is_some()).map(|figure| figure.name);
        rows.chain(figures).collect()
    }

    /// One line: what was measured where.
    pub(super) fn title(&self) -> String {
        let changed = if self.uncommitted_changes { " with changes" } else { "" };
        let short: String = self.commit.chars().take(12).collect();
        format!("{}; Linux {}; commit {short}{changed}", self.machine, self.kernel)
    }

    /// As JSON, indented.
    pub(super) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
