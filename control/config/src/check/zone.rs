use super::{Findings, security};
use crate::{Model, Name, Path, Problem, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// Each interface is in one zone, and in no other.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let zones = security().field("zones");
    let mut homes = BTreeMap::new();
    for (name, zone) in &model.security.zones {
        let path = zones.field(name.as_str());
        if Zone::RESERVED.contains(&name.as_str()) {
            findings.add(path.clone(), Problem::ReservedName { name: name.to_string() });
        }
        for (index, interface) in zone.interfaces.iter().enumerate() {
            let place = path.field("interfaces").index(index);
            if interface.is_placeholder() {
                continue;
            }
            if !model.interfaces.contains_key(interface) {
                let known = model.interfaces.keys().map(Name::as_str);
                findings.add_unknown(place, "interface", interface, known);
                continue;
            }
            match homes.insert(interface, name) {
                Some(home) if home == name => {
                    findings.add(place, Problem::DuplicateWord { word: interface.to_string() });
                }
                Some(home) => {
                    let problem =
                        Problem::ZoneOverlap { interface: interface.to_string(), zone: home.to_string() };
                    findings.add(place, problem);
                }
                None => {}
            }
        }
        let host_inbound = path.field("host-inbound");
        once_each(
            zone.host_inbound.services.iter().map(|s| s.word()),
            &host_inbound.field("services"),
            findings,
        );
        once_each(
            zone.host_inbound.protocols.iter().map(|p| p.word()),
            &host_inbound.field("protocols"),
            findings,
        );
    }
    let free = model.services.interfaces_without_need_of_a_zone();
    let homeless = |name: &&Name| !homes.contains_key(name) && !free.contains(name);
    for name in model.interfaces.keys().filter(homeless) {
        findings.add(Path::root().field("interfaces").field(name.as_str()), Problem::NoZone);
    }
}

fn once_each<'a>(words: impl Iterator<Item = &'a str>, path: &Path, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (index, word) in words.enumerate() {
        if !seen.insert(word) {
            findings.add(path.index(index), Problem::DuplicateWord { word: word.to_owned() });
        }
    }
}
