use super::arrays::Arrays;
use crate::MapUse;
use flumen_abi::limits;
use flumen_compile::Ruleset;

/// How full each table is; nothing is used before a ruleset is installed.
pub(crate) fn tables(arrays: &Arrays, ruleset: Option<&Ruleset>) -> Vec<MapUse> {
    let records = arrays.records();
    let sessions = records.iter().filter(|record| !record.is_free()).count();
    let mut tables = vec![MapUse { name: "sessions", used: sessions as u64, size: records.len() as u64 }];
    if let Some(ruleset) = ruleset {
        for (name, used, size) in [
            ("interfaces", ruleset.interfaces.len(), limits::INTERFACES),
            ("classifier_roots", ruleset.roots.len(), limits::ROOTS),
            ("classifier_nodes", ruleset.nodes.len(), limits::NODES),
            ("classifier_leaves", ruleset.leaves.len(), limits::LEAVES),
            ("classifier_rules", ruleset.rules.len(), limits::RULES),
            ("policies", ruleset.policies.len(), limits::POLICIES),
            ("nat", ruleset.nat.len(), limits::NAT),
        ] {
            tables.push(MapUse { name, used: used as u64, size: u64::from(size) });
        }
    }
    tables
}
