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
    /// Sessions that live; all of them were judged by the rules of the candidate.
    pub sessions: u64,
    /// So many of them would not be admitted, by the policy that admitted them.
    pub denied: BTreeMap<String, u64>,
    /// So many would be translated otherwise, likewise.
    pub retranslated: BTreeMap<String, u64>,
    /// Both end with the commit; else they go on until they end.
    pub rematch: bool,
}
