use super::space::Segments;

/// How the edges on both sides change when a cut moves over a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// Edges that the high side loses when the cut comes to this segment.
    pub(super) leaves_high: u32,
    /// Edges that the low side gains when it goes on.
    pub(super) enters_low: u32,
}

/// The changes of one cell in one dimension, in the order of the segments.
#[derive(Default)]
pub(super) struct Tally {
    cell: Option<Segments>,
    changes: Vec<(u32, Change)>,
    sums: Vec<Change>,
}

impl Tally {
    /// Forgets everything; what follows is about `cell`.
    pub(super) fn begin(&mut self, cell: Segments) {
        self.cell = Some(cell);
        self.changes.clear();
    }

    /// Adds a change at a segment of the cell.
    pub(super) fn add(&mut self, segment: u32, leaves_high: u32, enters_low: u32) {
        self.changes.push((segment, Change { leaves_high, enters_low }));
    }

    /// Calls `visit` for each segment with changes, with their sum.
    pub(super) fn visit(&mut self, mut visit: impl FnMut(u32, Change)) {
        let Some(cell) = self.cell else { return };
        let width = (cell.high - cell.low + 1) as usize;
        if self.changes.is_empty() {
            return;
        }
        // Sorting costs more than an array over all segments, unless most of those have no change.
        if width <= 4 * self.changes.len() {
            self.sums.clear();
            self.sums.resize(width, Change::default());
            for (segment, change) in &self.changes {
                self.sums[(segment - cell.low) as usize].add(*change);
            }
            for (place, sum) in self.sums.iter().enumerate().filter(|(_, sum)| **sum != Change::default()) {
                visit(cell.low + place as u32, *sum);
            }
            return;
        }
        self.changes.sort_unstable_by_key(|(segment, _)| *segment);
        for group in self.changes.chunk_by(|(a, _), (b, _)| a == b) {
            let mut sum = Change::default();
            group.iter().for_each(|(_, change)| sum.add(*change));
            visit(group[0].0, sum);
        }
    }
}

impl Change {
    fn add(&mut self, other: Change) {
        self.leaves_high += other.leaves_high;
        self.enters_low += other.enters_low;
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Segments, Tally};

    #[test]
    fn dense_and_sparse_cells_give_the_same_sums_in_order() {
        let changes = [(7, 1, 2), (3, 1, 1), (7, 4, 1), (9, 2, 2)];
        let mut visits = Vec::new();
        for high in [10, 1000] {
            let mut tally = Tally::default();
            tally.begin(Segments { low: 2, high });
            changes.iter().for_each(|(segment, leaves, enters)| tally.add(*segment, *leaves, *enters));
            let mut seen = Vec::new();
            tally.visit(|segment, Change { leaves_high, enters_low }| {
                seen.push((segment, leaves_high, enters_low))
            });
            visits.push(seen);
        }
        assert_eq!(visits[0], [(3, 1, 1), (7, 5, 3), (9, 2, 2)]);
        assert_eq!(visits[0], visits[1]);
    }
}
