use super::{Findings, reference, security};
use crate::{Model, Problem};
use std::collections::BTreeSet;

/// Source NAT rules: every name defined, names unique between two zones, a match that can be true.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let rules = security().field("nat").field("source");
    let mut seen = BTreeSet::new();
    for (index, rule) in model.security.nat.source.iter().enumerate() {
        let path = rules.index(index);
        if !rule.name.is_placeholder() && !seen.insert((&rule.from_zone, &rule.to_zone, &rule.name)) {
            let context = format!("from zone {} to zone {}", rule.from_zone, rule.to_zone);
            let problem =
                Problem::DuplicateRule { what: "source NAT rule", name: rule.name.to_string(), context };
            findings.add(path.field("name"), problem);
        }
        reference::zone(model, &rule.from_zone, path.field("from-zone"), findings);
        reference::zone(model, &rule.to_zone, path.field("to-zone"), findings);
        let r#match = &rule.r#match;
        let place = path.field("match");
        let application = place.field("application");
        reference::applications(model, reference::named(&r#match.application), &application, findings);
        reference::ends(model, &r#match.source_address, &r#match.destination_address, place, findings);
    }
}
