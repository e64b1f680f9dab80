use crate::candidate::{Candidate, whole};
use flumen_api::{Checked, ConfigMessage};
use flumen_compile::{CompileError, Identities};
use flumen_config::{ConfigError, LoadMode};
use flumen_engine::Generation;
use flumen_engine::{HostFacts, Ruleset};
use flumen_kernel::{Host, KernelError, LinuxHost};
use std::collections::BTreeMap;

/// Would this configuration be accepted? Needs no daemon and no privileges.
///
/// # Errors
/// Every complaint, in order of place.
pub fn check(text: &str, mode: LoadMode) -> Result<Checked, Vec<ConfigMessage>> {
    let candidate = Candidate::read(text, mode)?;
    let compiled = candidate.compile(&Identities::default(), Generation(1))?;
    let notes = compiled.notes.iter().map(|note| whole(note.to_string()));
    let warnings = candidate.warnings.into_iter().chain(notes).collect();
    Ok(Checked { warnings, rows: rows(&compiled.ruleset), preview: None })
}

/// Devices of a valid configuration that a host does not have.
pub fn missing_devices(text: &str, mode: LoadMode, host: &HostFacts) -> Vec<ConfigMessage> {
    Candidate::read(text, mode).map(|candidate| candidate.missing_devices(host)).unwrap_or_default()
}

/// What this host says of its links and addresses; needs no privileges.
///
/// # Errors
/// When the kernel cannot be asked.
pub fn host_facts() -> Result<HostFacts, KernelError> {
    LinuxHost.facts()
}

/// A configuration error as the API has it.
pub(crate) fn complaint(error: &ConfigError) -> ConfigMessage {
    let (line, column) = error.position.map_or((0, 0), |position| (position.line, position.column));
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ConfigMessage {
        line: number(line),
        column: number(column),
        path: error.path.to_string(),
        text: error.problem.to_string(),
    }
}

pub(crate) fn compile_complaint(error: &CompileError) -> ConfigMessage {
    match error {
        CompileError::Invalid(error) => complaint(error),
        other => whole(other.to_string()),
    }
}

/// Rows of each table that a ruleset needs.
pub(crate) fn rows(ruleset: &Ruleset) -> BTreeMap<String, u64> {
    let counts = [
        ("interfaces", ruleset.interfaces.len()),
        ("classifier_roots", ruleset.roots.len()),
        ("classifier_nodes", ruleset.nodes.len()),
        ("classifier_leaves", ruleset.leaves.len()),
        ("classifier_rules", ruleset.rules.len()),
        ("policies", ruleset.policies.len()),
        ("nat", ruleset.nat.len()),
    ];
    counts.into_iter().map(|(name, count)| (name.to_owned(), count as u64)).collect()
}
