use crate::stage::Chains;
use crate::{CompileError, Limits, Table};
use flumen_config::Model;
use std::collections::BTreeMap;

/// Tables that have one row for each entry of the model.
pub(crate) fn check(model: &Model, limits: &Limits) -> Result<(), Vec<CompileError>> {
    let security = &model.security;
    let zones = |kind: &str, from: &str, to: &str| format!("{kind} from zone {from} to zone {to}");
    let policies = security
        .policies
        .iter()
        .map(|rule| zones("policies", rule.from_zone.as_str(), rule.to_zone.as_str()));
    let source = security
        .nat
        .source
        .iter()
        .map(|rule| zones("source NAT", rule.from_zone.as_str(), rule.to_zone.as_str()));
    let destination =
        security.nat.destination.iter().map(|rule| format!("destination NAT from zone {}", rule.from_zone));
    let mirrors = model.services.traffic_mirror.iter().flat_map(|(name, mirror)| {
        mirror.rules.iter().map(move |_| format!("rules of traffic mirror {name}"))
    });
    let interfaces =
        model.interfaces.iter().map(|(name, interface)| format!("device {}", interface.device(name)));
    let errors: Vec<CompileError> = [
        count(Table::Policies, policies, limits.policies),
        count(Table::Nat, source.chain(destination).chain(mirrors), limits.nat),
        count(Table::Interfaces, interfaces, limits.interfaces),
    ]
    .into_iter()
    .flatten()
    .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// The error for more roots than there is room for.
pub(crate) fn too_many_roots(chains: &Chains, limits: &Limits) -> CompileError {
    let stages = chains.chains.iter().map(|chain| chain.what.to_owned());
    count(Table::Roots, stages, limits.roots).expect("called when there are too many")
}

/// An error when there are more than `size` rows; each is given as the part of the configuration that it is for.
fn count(table: Table, parts: impl Iterator<Item = String>, size: usize) -> Option<CompileError> {
    let mut shares: BTreeMap<String, usize> = BTreeMap::new();
    for part in parts {
        *shares.entry(part).or_default() += 1;
    }
    let needed = shares.values().sum();
    let (most, share) = shares.into_iter().max_by_key(|(_, share)| *share)?;
    (needed > size).then_some(CompileError::TooManyRows { table, needed, size, most, share })
}
