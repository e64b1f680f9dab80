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
