use super::{Findings, reference};
use crate::{Interface, MirrorThen, Model, Name, Path, Problem, Services, TrafficMirror};
use std::collections::{BTreeMap, BTreeSet};

/// Services: interfaces that are there and fit, one mirror for each VNI, rules that can be true.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let services = Path::root().field("services");
    let mirrors = services.field("traffic-mirror");
    let all = &model.services.traffic_mirror;
    if all.len() > Services::MOST_MIRRORS {
        findings
            .add(mirrors.clone(), Problem::TooMany { what: "traffic mirrors", most: Services::MOST_MIRRORS });
    }
    let mut taken = BTreeMap::new();
    for (name, mirror) in all {
        let path = mirrors.field(name.as_str());
        if let Some(other) = taken.insert((&mirror.interface, mirror.port, mirror.vni), name) {
            let context = format!("takes VNI {} on port {} of its interface", mirror.vni, mirror.port);
            let problem = Problem::DuplicateRule { what: "traffic mirror", name: other.to_string(), context };
            findings.add(path.clone(), problem);
        }
        check_mirror(model, mirror, &path, findings);
    }
    let zoned = zoned(model);
    for name in model.services.df_clear.keys() {
        let path = services.field("df-clear").field(name.as_str());
        let interface = interface(model, name, path.clone(), findings);
        // Without a zone it stands for all frames of its device, so that none is ever dropped.
        if interface.is_some_and(|interface| interface.tags() != (0, 0)) && !zoned.contains(name) {
            findings.add(path, Problem::TagsOfService { service: "df-clear outside all zones" });
        }
    }
}

fn check_mirror(model: &Model, mirror: &TrafficMirror, path: &Path, findings: &mut Findings) {
    let place = path.field("interface");
    if interface(model, &mirror.interface, place.clone(), findings).is_some()
        && !zoned(model).contains(&mirror.interface)
    {
        findings.add(place, Problem::NoZone);
    }
    if let Some(output) = &mirror.output {
        let place = path.field("output").field("interface");
        let tagged = interface(model, &output.interface, place.clone(), findings)
            .is_some_and(|interface| interface.tags() != (0, 0));
        if tagged && output.keep_link_addresses {
            let service = "a traffic mirror's output that keeps link addresses";
            findings.add(place, Problem::TagsOfService { service });
        } else if tagged && !zoned(model).contains(&output.interface) {
            findings.add(
                place,
                Problem::TagsOfService { service: "a traffic mirror's output outside all zones" },
            );
        }
    }
    let mut names = BTreeSet::new();
    for (index, rule) in mirror.rules.iter().enumerate() {
        let path = path.field("rules").index(index);
        if !rule.name.is_placeholder() && !names.insert(&rule.name) {
            let problem = Problem::DuplicateRule {
                what: "rule",
                name: rule.name.to_string(),
                context: "of this traffic mirror".to_owned(),
            };
            findings.add(path.field("name"), problem);
        }
        let r#match = &rule.r#match;
        let place = path.field("match");
        for (field, ports) in
            [("source-port", &r#match.source_port), ("destination-port", &r#match.destination_port)]
        {
            if !ports.is_empty()
                && let Some(protocol) = r#match.protocol.iter().find(|protocol| !protocol.has_ports())
            {
                let problem = Problem::PortsWithoutTransport { protocol: protocol.to_string() };
                findings.add(place.field(field), problem);
            }
        }
        reference::ends(model, &r#match.source_address, &r#match.destination_address, place, findings);
        if let MirrorThen::To { address, port } = rule.then {
            let then = path.field("then");
            reference::new_address(
                model,
                [&r#match.destination_address, &r#match.source_address],
                address,
                then.field("address"),
                findings,
            );
            reference::new_port(&r#match.protocols(), port, then.field("port"), findings);
        }
    }
}

fn interface<'m>(
    model: &'m Model,
    name: &Name,
    path: Path,
    findings: &mut Findings,
) -> Option<&'m Interface> {
    let found = model.interfaces.get(name);
    if found.is_none() && !name.is_placeholder() {
        findings.add_unknown(path, "interface", name, model.interfaces.keys().map(Name::as_str));
    }
    found
}

fn zoned(model: &Model) -> BTreeSet<&Name> {
    model.security.zones.values().flat_map(|zone| &zone.interfaces).collect()
}
