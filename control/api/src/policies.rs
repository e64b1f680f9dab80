use crate::Traffic;
use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::ShowPolicies`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoliciesReport {
    /// In order of evaluation.
    pub policies: Vec<PolicyInfo>,
}

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyInfo {
    /// Its name.
    pub name: String,
    /// Its number in tables and sessions.
    pub id: u32,
    /// Zones of the opener.
    pub from_zones: Vec<String>,
    /// Zones it leaves by.
    pub to_zones: Vec<String>,
    /// Source prefixes; empty for any.
    pub sources: Vec<String>,
    /// Destination prefixes, after destination NAT; empty for any.
    pub destinations: Vec<String>,
    /// Applications: `tcp 443`, `icmp echo-request`; empty for any.
    pub services: Vec<String>,
    /// What it does.
    pub action: PolicyAction,
    /// What it matched, first packets and all later ones of their sessions.
    pub hits: Traffic,
    /// When it was hit last, seconds since 1970, to the minute; none when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_hit_unix_s: Option<u64>,
}

/// What a policy does with a first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyAction {
    /// Opens a session.
    Permit,
    /// Drops, silently.
    Deny,
    /// Drops, with an answer.
    Reject,
}

impl PolicyAction {
    /// As shown.
    pub const fn name(self) -> &'static str {
        match self {
            PolicyAction::Permit => "permit",
            PolicyAction::Deny => "deny",
            PolicyAction::Reject => "reject",
        }
    }
}
