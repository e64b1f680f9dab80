use super::{hits, words};
use crate::active::Active;
use flumen_api::{NatInfo, NatReport, Translation};
use flumen_compile::RuleKind;
use flumen_config::{DestinationNatMatch, DestinationNatThen, SourceNatThen};
use flumen_engine::{Engine, EngineError};
use std::net::SocketAddr;

/// Destination rules, which come first, then source rules.
pub(crate) fn nat(active: &Active, engine: &dyn Engine) -> Result<NatReport, EngineError> {
    let model = &active.model.security.nat;
    let mut rules = Vec::new();
    for (id, name) in active.names.rules(RuleKind::DestinationNat) {
        let Some(rule) = name.place.and_then(|place| model.destination.get(place)) else {
            continue;
        };
        rules.push(NatInfo {
            name: rule.name.to_string(),
            id: id.0,
            translation: Translation::Destination,
            from_zones: vec![rule.from_zone.to_string()],
            to_zones: Vec::new(),
            sources: words(&rule.r#match.source_address),
            destinations: words(&rule.r#match.destination_address),
            services: services(&rule.r#match),
            becomes: match rule.then {
                DestinationNatThen::Off => "off".to_owned(),
                DestinationNatThen::To { address, port: None } => address.to_string(),
                DestinationNatThen::To { address, port: Some(port) } => {
                    SocketAddr::new(address, port).to_string()
                }
            },
            hits: hits(engine, id)?,
        });
    }
    for (id, name) in active.names.rules(RuleKind::SourceNat) {
        let Some(rule) = name.place.and_then(|place| model.source.get(place)) else {
            continue;
        };
        rules.push(NatInfo {
            name: rule.name.to_string(),
            id: id.0,
            translation: Translation::Source,
            from_zones: vec![rule.from_zone.to_string()],
            to_zones: vec![rule.to_zone.to_string()],
            sources: words(&rule.r#match.source_address),
            destinations: words(&rule.r#match.destination_address),
            services: words(&rule.r#match.application),
            becomes: match rule.then {
                SourceNatThen::Off => "off".to_owned(),
                SourceNatThen::Interface(nat) => format!("interface {}", nat.port_range),
            },
            hits: hits(engine, id)?,
        });
    }
    Ok(NatReport { rules })
}

/// `tcp 80`, `udp 5000-5010`: each protocol with each range of ports.
fn services(wanted: &DestinationNatMatch) -> Vec<String> {
    let protocols = wanted.protocols();
    if wanted.destination_port.is_empty() {
        return words(&protocols);
    }
    let with_ports =
        |protocol| wanted.destination_port.iter().map(move |range| format!("{protocol} {range}"));
    protocols.into_iter().flat_map(with_ports).collect()
}
