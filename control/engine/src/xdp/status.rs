use super::arrays::Arrays;
use super::install::sizes;
use crate::MapUse;
use flumen_compile::Ruleset;

/// How full each table is; nothing is used before a ruleset is installed.
pub(crate) fn tables(arrays: &Arrays, ruleset: Option<&Ruleset>) -> Vec<MapUse> {
    let records = arrays.records();
    let sessions = records.iter().filter(|record| !record.is_free()).count();
    let mut tables = vec![MapUse { name: "sessions", used: sessions as u64, size: records.len() as u64 }];
    if let Some(ruleset) = ruleset {
        for (name, used, size) in sizes(ruleset) {
            tables.push(MapUse { name, used: used as u64, size: u64::from(size) });
        }
    }
    tables
}
