use super::{Chains, Source, StageRule};
use crate::{CompileError, RuleKey, RuleKind};
use flumen_abi::{Addr, NatKind, NatRow, PolicyId, Stage};
use flumen_config::{SourceNatRule, SourceNatThen};

/// Source NAT rules: their boxes, and their rows behind those of `rows`.
pub(crate) fn source_nat(
    source: &Source<'_>,
    chains: &mut Chains,
    rows: &mut Vec<NatRow>,
) -> Result<(), CompileError> {
    let mut rules = Vec::new();
    for rule in &source.model.security.nat.source {
        let key = key(rule);
        let r#match = &rule.r#match;
        let applications = &r#match.application;
        let terms = if applications.is_empty() {
            None
        } else {
            source.model.security.applications.resolve(applications)
        };
        let products =
            source.products(&r#match.source_address, &r#match.destination_address, terms.as_deref());
        rules.push(StageRule {
            from: &rule.from_zone,
            to: Some(&rule.to_zone),
            action: rows.len() as u32,
            regions: source.regions(products, || key.to_string())?,
            key: Some(key.clone()),
        });
        rows.push(row(rule.then, PolicyId(source.ids.rules.id(&key))));
    }
    chains.add(Stage::SourceNat, rules, source);
    Ok(())
}

/// What makes it the same rule after a commit.
pub(crate) fn key(rule: &SourceNatRule) -> RuleKey {
    RuleKey {
        kind: RuleKind::SourceNat,
        from: rule.from_zone.to_string(),
        to: rule.to_zone.to_string(),
        name: rule.name.to_string(),
    }
}

fn row(then: SourceNatThen, id: PolicyId) -> NatRow {
    let (kind, port_low, port_high) = match then {
        SourceNatThen::Off => (NatKind::Off, 0, 0),
        SourceNatThen::Interface(nat) => (NatKind::Interface, nat.port_range.low(), nat.port_range.high()),
    };
    NatRow {
        addr: Addr::UNSPECIFIED,
        port_low,
        port_high,
        kind: kind as u8,
        reserved: [0; 3],
        id,
        reserved2: 0,
    }
}
