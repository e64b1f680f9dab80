use super::{Chains, Source, StageRule};
use crate::{CompileError, RuleKey, RuleKind};
use flumen_abi::{Action, PolicyId, PolicyRow, Stage};
use flumen_config::{Policy, PolicyThen};

/// Policies: their boxes and their rows.
pub(crate) fn policies(source: &Source<'_>, chains: &mut Chains) -> Result<Vec<PolicyRow>, CompileError> {
    let mut rows = Vec::new();
    let mut rules = Vec::new();
    for policy in &source.model.security.policies {
        let key = key(policy);
        let r#match = &policy.r#match;
        let terms = source.model.security.applications.resolve(&r#match.application);
        let products =
            source.products(&r#match.source_address, &r#match.destination_address, terms.as_deref());
        rules.push(StageRule {
            from: &policy.from_zone,
            to: Some(&policy.to_zone),
            action: rows.len() as u32,
            regions: source.regions(products, || key.to_string())?,
            key: Some(key.clone()),
        });
        rows.push(PolicyRow {
            id: PolicyId(source.ids.rules.id(&key)),
            action: action(policy.then) as u8,
            reserved: [0; 3],
        });
    }
    chains.add(Stage::Policy, rules, source);
    Ok(rows)
}

/// What makes it the same policy after a commit.
pub(crate) fn key(policy: &Policy) -> RuleKey {
    RuleKey {
        kind: RuleKind::Policy,
        from: policy.from_zone.to_string(),
        to: policy.to_zone.to_string(),
        name: policy.name.to_string(),
    }
}

fn action(then: PolicyThen) -> Action {
    match then {
        PolicyThen::Permit => Action::Permit,
        PolicyThen::Deny => Action::Deny,
        PolicyThen::Reject => Action::Reject,
    }
}
