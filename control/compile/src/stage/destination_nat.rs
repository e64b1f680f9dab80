use super::{Chains, Source, StageRule};
use crate::{CompileError, RuleKey, RuleKind};
use flumen_abi::{Addr, NatKind, NatRow, PolicyId, Stage};
use flumen_config::{DestinationNatMatch, DestinationNatRule, DestinationNatThen, Term};
use std::net::IpAddr;

/// Destination NAT rules: their boxes, and their rows behind those of `rows`.
///
/// A rule matches in the family of its new address only.
pub(crate) fn destination_nat(
    source: &Source<'_>,
    chains: &mut Chains,
    rows: &mut Vec<NatRow>,
) -> Result<(), CompileError> {
    let mut rules = Vec::new();
    for rule in &source.model.security.nat.destination {
        let key = key(rule);
        let r#match = &rule.r#match;
        let terms = terms(r#match);
        let products =
            source.products(&r#match.source_address, &r#match.destination_address, terms.as_deref());
        let regions = source.regions_toward(products, new_address(rule.then), || key.to_string())?;
        rules.push(StageRule {
            from: &rule.from_zone,
            to: None,
            action: rows.len() as u32,
            regions,
            key: Some(key.clone()),
        });
        rows.push(row(rule.then, PolicyId(source.ids.rules.id(&key))));
    }
    chains.add(Stage::DestinationNat, rules, source);
    Ok(())
}

/// What makes it the same rule after a commit.
pub(crate) fn key(rule: &DestinationNatRule) -> RuleKey {
    RuleKey {
        kind: RuleKind::DestinationNat,
        from: rule.from_zone.to_string(),
        to: String::new(),
        name: rule.name.to_string(),
    }
}

fn terms(r#match: &DestinationNatMatch) -> Option<Vec<Term>> {
    let protocols = r#match.protocols();
    if protocols.is_empty() {
        return None;
    }
    let ports = &r#match.destination_port;
    Some(
        protocols
            .iter()
            .map(|protocol| Term { destination_port: ports.clone(), ..Term::protocol(*protocol) })
            .collect(),
    )
}

fn new_address(then: DestinationNatThen) -> Option<IpAddr> {
    match then {
        DestinationNatThen::Off => None,
        DestinationNatThen::To { address, .. } => Some(address),
    }
}

fn row(then: DestinationNatThen, id: PolicyId) -> NatRow {
    let (kind, addr, port) = match then {
        DestinationNatThen::Off => (NatKind::Off, Addr::UNSPECIFIED, 0),
        DestinationNatThen::To { address, port } => {
            (NatKind::Destination, Addr::from(address), port.unwrap_or(0))
        }
    };
    NatRow { addr, port_low: port, port_high: 0, kind: kind as u8, reserved: [0; 3], id, reserved2: 0 }
}
