use super::{hits, words};
use crate::active::Active;
use crate::usage::Usage;
use flumen_api::{PoliciesReport, PolicyAction, PolicyInfo};
use flumen_compile::RuleKind;
use flumen_config::PolicyThen;
use flumen_engine::{Engine, EngineError};
use flumen_store::Time;

/// Policies in order of the configuration, which is that of evaluation.
pub(crate) fn policies(
    active: &Active,
    engine: &dyn Engine,
    usage: Option<&Usage>,
) -> Result<PoliciesReport, EngineError> {
    let mut policies = Vec::new();
    for (id, rule) in active.names.rules(RuleKind::Policy) {
        let Some(policy) = rule.place.and_then(|place| active.model.security.policies.get(place)) else {
            continue;
        };
        policies.push(PolicyInfo {
            name: policy.name.to_string(),
            id: id.0,
            from_zones: vec![policy.from_zone.to_string()],
            to_zones: vec![policy.to_zone.to_string()],
            sources: words(&policy.r#match.source_address),
            destinations: words(&policy.r#match.destination_address),
            services: words(&policy.r#match.application),
            action: match policy.then {
                PolicyThen::Permit => PolicyAction::Permit,
                PolicyThen::Deny => PolicyAction::Deny,
                PolicyThen::Reject => PolicyAction::Reject,
            },
            hits: hits(engine, id)?,
            last_hit_unix_s: usage
                .and_then(|usage| usage.quiet(&rule.key))
                .and_then(|quiet| quiet.last_hit)
                .map(Time::unix_s),
        });
    }
    Ok(PoliciesReport { policies })
}
