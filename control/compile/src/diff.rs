use crate::{Ruleset, Table};
use std::collections::BTreeMap;
use std::fmt;

/// What changes from one ruleset to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulesetDiff {
    /// Timeouts or limits changed; the generation always does and does not count.
    pub settings: bool,
    /// Tables with changed rows.
    pub tables: Vec<TableDiff>,
}

/// What changes in one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDiff {
    /// The table.
    pub table: Table,
    /// Rows that only the new ruleset has.
    pub added: usize,
    /// Rows that only the old ruleset has.
    pub removed: usize,
    /// Places, or keys of roots and interfaces, that both have with another content.
    pub changed: usize,
}

impl Ruleset {
    /// What changes when `next` takes the place of this ruleset.
    ///
    /// Interfaces are compared by device and tags, roots by key, all other rows by place.
    pub fn diff(&self, next: &Ruleset) -> RulesetDiff {
        let tables = [
            keyed(Table::Interfaces, &self.interfaces, &next.interfaces, |row| {
                ((row.device.clone(), row.vlan.outer, row.vlan.inner), (row.link.clone(), row.zone, row.id))
            }),
            keyed(Table::Roots, &self.roots, &next.roots, |(key, row)| {
                ((key.stage, key.family, key.from, key.to), row.trees)
            }),
            placed(Table::Nodes, &self.nodes, &next.nodes),
            placed(Table::Leaves, &self.leaves, &next.leaves),
            placed(Table::Rules, &self.rules, &next.rules),
            placed(Table::Policies, &self.policies, &next.policies),
            placed(Table::Nat, &self.nat, &next.nat),
            keyed(Table::Services, &self.services, &next.services, |(id, row)| {
                (*id, (row.df_port, row.df_over, row.flags))
            }),
            keyed(Table::Mirrors, &self.mirrors, &next.mirrors, |(key, row)| {
                ((key.interface, key.port.get(), key.vni), (row.zone, row.output, row.df_over, row.flags))
            }),
        ];
        let mut old = self.settings;
        old.generation = next.settings.generation;
        RulesetDiff {
            settings: old != next.settings,
            tables: tables.into_iter().filter(|diff| !diff.is_empty()).collect(),
        }
    }
}

impl RulesetDiff {
    /// True when a packet could not tell the two apart.
    pub fn is_empty(&self) -> bool {
        !self.settings && self.tables.is_empty()
    }
}

impl TableDiff {
    fn is_empty(&self) -> bool {
        self.added + self.removed + self.changed == 0
    }
}

impl fmt::Display for RulesetDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing changes\n");
        }
        if self.settings {
            f.write_str("settings: changed\n")?;
        }
        for TableDiff { table, added, removed, changed } in &self.tables {
            writeln!(f, "{table}: {added} added, {removed} removed, {changed} changed")?;
        }
        Ok(())
    }
}

fn placed<T: PartialEq>(table: Table, old: &[T], new: &[T]) -> TableDiff {
    let changed = old.iter().zip(new).filter(|(old, new)| old != new).count();
    TableDiff {
        table,
        added: new.len().saturating_sub(old.len()),
        removed: old.len().saturating_sub(new.len()),
        changed,
    }
}

fn keyed<T, K: Ord, V: PartialEq>(
    table: Table,
    old: &[T],
    new: &[T],
    split: impl Fn(&T) -> (K, V),
) -> TableDiff {
    let old: BTreeMap<K, V> = old.iter().map(&split).collect();
    let new: BTreeMap<K, V> = new.iter().map(&split).collect();
    TableDiff {
        table,
        added: new.keys().filter(|key| !old.contains_key(key)).count(),
        removed: old.keys().filter(|key| !new.contains_key(key)).count(),
        changed: new.iter().filter(|(key, row)| old.get(key).is_some_and(|old| old != *row)).count(),
    }
}
