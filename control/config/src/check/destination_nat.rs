use super::{Findings, reference, security};
use crate::{DestinationNatThen, Model, Problem};
use std::collections::BTreeSet;

/// Destination NAT rules: every name defined, names unique in a zone, a new address that fits the old one.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let rules = security().field("nat").field("destination");
    let mut seen = BTreeSet::new();
    for (index, rule) in model.security.nat.destination.iter().enumerate() {
        let path = rules.index(index);
        if !rule.name.is_placeholder() && !seen.insert((&rule.from_zone, &rule.name)) {
            let context = format!("from zone {}", rule.from_zone);
            let problem =
                Problem::DuplicateRule { what: "destination NAT rule", name: rule.name.to_string(), context };
            findings.add(path.field("name"), problem);
        }
        reference::zone(model, &rule.from_zone, path.field("from-zone"), findings);
        let r#match = &rule.r#match;
        let place = path.field("match");
        let destination = place.field("destination-address");
        reference::not_empty(&r#match.destination_address, destination, findings);
        if !r#match.destination_port.is_empty()
            && let Some(protocol) = r#match.protocol.iter().find(|protocol| !protocol.has_ports())
        {
            let problem = Problem::PortsWithoutTransport { protocol: protocol.to_string() };
            findings.add(place.field("destination-port"), problem);
        }
        reference::ends(model, &r#match.source_address, &r#match.destination_address, place, findings);
        if let DestinationNatThen::To { address, port } = rule.then {
            let then = path.field("then");
            let matched = [&r#match.destination_address, &r#match.source_address];
            reference::new_address(model, matched, address, then.field("address"), findings);
            reference::new_port(&r#match.protocols(), port, then.field("port"), findings);
        }
    }
}
