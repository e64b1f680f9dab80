use crate::words::{BAD, GOOD, WARN, list};
use flumen_api::{PolicyAction, PolicyMatch};

/// The policy that decides, and what it says.
pub(crate) fn render(found: &PolicyMatch) -> String {
    let Some(policy) = &found.policy else {
        return format!("No policy matches: {BAD}deny{BAD:#} (reason policy-default)\n");
    };
    let style = match policy.action {
        PolicyAction::Permit => GOOD,
        PolicyAction::Deny => BAD,
        PolicyAction::Reject => WARN,
    };
    format!(
        "Policy {}: {style}{}{style:#}\n  From         {}\n  To           {}\n  Source       {}\n  Destination  {}\n  Application  {}\n",
        policy.name,
        policy.action.name(),
        list(&policy.from_zones),
        list(&policy.to_zones),
        list(&policy.sources),
        list(&policy.destinations),
        list(&policy.services),
    )
}
