use super::{Findings, reference, security};
use crate::{Model, Problem};
use std::collections::BTreeSet;

/// Policies: every name defined, names unique between two zones, a match that can be true.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let policies = security().field("policies");
    let mut seen = BTreeSet::new();
    for (index, policy) in model.security.policies.iter().enumerate() {
        let path = policies.index(index);
        if !policy.name.is_placeholder() && !seen.insert((&policy.from_zone, &policy.to_zone, &policy.name)) {
            let context = format!("from zone {} to zone {}", policy.from_zone, policy.to_zone);
            let problem = Problem::DuplicateRule { what: "policy", name: policy.name.to_string(), context };
            findings.add(path.field("name"), problem);
        }
        reference::zone(model, &policy.from_zone, path.field("from-zone"), findings);
        reference::zone(model, &policy.to_zone, path.field("to-zone"), findings);
        let r#match = &policy.r#match;
        let place = path.field("match");
        let (source, destination) = (place.field("source-address"), place.field("destination-address"));
        let application = place.field("application");
        reference::applications(model, reference::named(&r#match.application), &application, findings);
        reference::not_empty(&r#match.source_address, source, findings);
        reference::not_empty(&r#match.destination_address, destination, findings);
        reference::not_empty(&r#match.application, application, findings);
        reference::ends(model, &r#match.source_address, &r#match.destination_address, place, findings);
    }
}
