use super::{Chains, Source, StageRule, root_key};
use crate::classifier::Chain;
use crate::region::FAMILIES;
use crate::{CompileError, RuleKey, RuleKind};
use flumen_abi::{Addr, Family, MirrorRow, NatKind, NatRow, PolicyId, Stage, ZoneId};
use flumen_config::{MirrorMatch, MirrorRule, MirrorThen, Name, Term, ZoneRef};
use std::net::IpAddr;

/// Rules of traffic mirrors: their boxes, and their rows behind those of `rows`. Each mirror is asked as a zone of its
/// own.
pub(crate) fn mirror_rules(
    source: &Source<'_>,
    chains: &mut Chains,
    rows: &mut Vec<NatRow>,
) -> Result<(), CompileError> {
    for (number, (name, mirror)) in source.model.services.traffic_mirror.iter().enumerate() {
        let mut own: [Vec<u32>; 2] = Default::default();
        for (rank, rule) in mirror.rules.iter().enumerate() {
            let key = key(name, rule);
            let r#match = &rule.r#match;
            let terms = terms(r#match);
            let products =
                source.products(&r#match.source_address, &r#match.destination_address, terms.as_deref());
            let regions = source.regions_toward(products, new_address(rule.then), || key.to_string())?;
            let id = PolicyId(source.ids.rules.id(&key));
            let rule_boxes = StageRule {
                from: &ZoneRef::Any,
                to: None,
                action: rows.len() as u32,
                regions,
                key: Some(key),
            };
            for (own, boxes) in own.iter_mut().zip(chains.place(rule_boxes, rank as u32)) {
                own.extend(boxes);
            }
            rows.push(row(rule.then, id));
        }
        for (family, own) in FAMILIES.into_iter().zip(own) {
            if !own.is_empty() {
                chains.chains.push(chain(name, number as u16, family, own));
            }
        }
    }
    Ok(())
}

fn chain(name: &Name, number: u16, family: Family, own: Vec<u32>) -> Chain {
    let key = root_key(Stage::DestinationNat, family, MirrorRow::zone(number), ZoneId::NONE);
    let place = format!("rules of traffic mirror {name}, IPv{}", family as u8);
    Chain { key, family, own, shared: Vec::new(), what: "rules of traffic mirrors", place }
}

/// What makes it the same rule after a commit.
pub(crate) fn key(mirror: &Name, rule: &MirrorRule) -> RuleKey {
    RuleKey {
        kind: RuleKind::Mirror,
        from: mirror.to_string(),
        to: String::new(),
        name: rule.name.to_string(),
    }
}

fn terms(r#match: &MirrorMatch) -> Option<Vec<Term>> {
    let protocols = r#match.protocols();
    let term = |protocol| Term {
        source_port: r#match.source_port.clone(),
        destination_port: r#match.destination_port.clone(),
        ..Term::protocol(protocol)
    };
    (!protocols.is_empty()).then(|| protocols.into_iter().map(term).collect())
}

fn new_address(then: MirrorThen) -> Option<IpAddr> {
    match then {
        MirrorThen::Accept | MirrorThen::Discard => None,
        MirrorThen::To { address, .. } => Some(address),
    }
}

fn row(then: MirrorThen, id: PolicyId) -> NatRow {
    let (kind, addr, port_low) = match then {
        MirrorThen::Accept => (NatKind::Off, Addr::UNSPECIFIED, 0),
        MirrorThen::Discard => (NatKind::Discard, Addr::UNSPECIFIED, 0),
        MirrorThen::To { address, port } => (NatKind::Destination, Addr::from(address), port.unwrap_or(0)),
    };
    NatRow { addr, port_low, port_high: 0, kind: kind as u8, reserved: [0; 3], id, reserved2: 0 }
}
