use super::{Findings, reference, security};
use crate::{DestinationNatThen, IpFamily, Model, Path, Problem};
use std::collections::BTreeSet;
use std::net::IpAddr;

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
            check_address(model, rule, address, path.field("then").field("address"), findings);
            let protocols = r#match.protocols();
            let ported = !protocols.is_empty() && protocols.iter().all(|protocol| protocol.has_ports());
            if port.is_some() && !ported {
                findings.add(path.field("then").field("port"), Problem::PortWithoutTransport);
            }
            if port == Some(0) {
                findings.add(path.field("then").field("port"), Problem::PortZero);
            }
        }
    }
}

fn check_address(
    model: &Model,
    rule: &crate::DestinationNatRule,
    address: IpAddr,
    path: Path,
    findings: &mut Findings,
) {
    let broadcast = address == IpAddr::V4(std::net::Ipv4Addr::BROADCAST);
    if address.is_unspecified() || address.is_multicast() || address.is_loopback() || broadcast {
        findings.add(path.clone(), Problem::NotUnicast { address });
    }
    let to = if address.is_ipv4() { IpFamily::V4 } else { IpFamily::V6 };
    for references in [&rule.r#match.destination_address, &rule.r#match.source_address] {
        let families = reference::families(model, references);
        if let [from] = families[..]
            && from != to
        {
            findings.add(path, Problem::TranslatedFamily { from, to });
            return;
        }
    }
}
