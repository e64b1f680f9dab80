use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a commit would change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Preview {
    /// Policies and NAT rules that are there afterwards.
    pub added: Vec<String>,
    /// Those that are not any more.
    pub removed: Vec<String>,
    /// Those that say something else.
    pub changed: Vec<String>,
    /// Rules that are there before and after come in another order.
    pub reordered: bool,
    /// Rules that stay and were not hit for long, with when each was hit last.
    pub unused: Vec<UnusedRule>,
    /// Sessions that live; all of them were judged by the rules of the candidate.
    pub sessions: u64,
    /// So many of them would not be admitted, by the policy that admitted them.
    pub denied: BTreeMap<String, u64>,
    /// So many would be translated otherwise, likewise.
    pub retranslated: BTreeMap<String, u64>,
    /// Both end with the commit; else they go on until they end.
    pub rematch: bool,
}

/// A rule that nobody seems to need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct UnusedRule {
    /// Kind, name and zones.
    pub rule: String,
    /// The gateway has been watched for so many days without a hit; days that it was switched off do not count.
    pub days: u64,
    /// When it was hit last, seconds since 1970; none when it never was.
    pub last_hit_unix_s: Option<u64>,
}
