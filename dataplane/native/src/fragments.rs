use flumen_abi::{FragmentKey, FragmentRow};
use hashbrown::HashMap;
use std::collections::VecDeque;

/// The `fragments` table: the entry that was inserted first makes room when it is full.
#[derive(Debug)]
pub(crate) struct FragmentTable {
    rows: HashMap<FragmentKey, FragmentRow>,
    order: VecDeque<FragmentKey>,
    limit: usize,
}

impl FragmentTable {
    pub(crate) fn new(limit: usize) -> FragmentTable {
        FragmentTable { rows: HashMap::new(), order: VecDeque::new(), limit }
    }

    pub(crate) fn find(&self, key: &FragmentKey) -> Option<FragmentRow> {
        self.rows.get(key).copied()
    }

    pub(crate) fn insert(&mut self, key: &FragmentKey, row: &FragmentRow) {
        if self.rows.insert(*key, *row).is_none() {
            self.order.push_back(*key);
        }
        while self.rows.len() > self.limit {
            let Some(oldest) = self.order.pop_front() else { return };
            self.rows.remove(&oldest);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&FragmentKey, &FragmentRow)> {
        self.rows.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::FragmentTable;
    use flumen_abi::{Addr, FragmentKey, FragmentRow, ZoneId};
    use zerocopy::FromZeros;

    fn key(identification: u32) -> FragmentKey {
        let addr = Addr::v4([192, 0, 2, 1]);
        FragmentKey { src: addr, dst: addr, identification, zone: ZoneId(1), proto: 17, reserved: 0 }
    }

    fn row(seen_ms: u32) -> FragmentRow {
        FragmentRow { seen_ms, ..FragmentRow::new_zeroed() }
    }

    #[test]
    fn the_entry_that_was_inserted_first_makes_room() {
        let mut table = FragmentTable::new(2);
        table.insert(&key(1), &row(10));
        table.insert(&key(2), &row(20));
        table.insert(&key(1), &row(30));
        assert_eq!(table.find(&key(1)), Some(row(30)), "inserted again, not twice");
        table.insert(&key(3), &row(40));
        assert_eq!((table.find(&key(1)), table.find(&key(2))), (None, Some(row(20))));
        assert_eq!(table.iter().count(), 2);
    }
}
