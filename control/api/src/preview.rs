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
    /// Sessions that live.
    pub sessions: u64,
    /// So many of them were judged by the policies of the candidate.
    pub judged: u64,
    /// So many of those would not be admitted, by the policy that admitted them. They go on until they end.
    pub refused: BTreeMap<String, u64>,
}
