use crate::region::Region;

/// A span of segments, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segments {
    pub(super) low: u32,
    pub(super) high: u32,
}

/// A box of segments.
pub(super) type Cell = [Segments; 5];

/// Rules in small numbers: each dimension is cut at every bound of every rule, and the segments between
/// are counted from 0. Within a segment no rule begins or ends.
pub(super) struct Space {
    /// Least value of each segment, by dimension.
    starts: [Vec<u128>; 5],
    /// Rules in the order of their ranks.
    pub(super) rules: Vec<Cell>,
}

impl Space {
    /// `regions` in the order of their ranks, of packets that lie in `domain`.
    pub(super) fn new(regions: &[Region], domain: &Region) -> Space {
        let starts: [Vec<u128>; 5] = std::array::from_fn(|axis| {
            let mut starts = Vec::with_capacity(2 * regions.len() + 1);
            starts.push(domain.0[axis].low);
            for region in regions {
                starts.push(region.0[axis].low);
                starts.extend(region.0[axis].high.checked_add(1));
            }
            starts.sort_unstable();
            starts.dedup();
            starts.truncate(starts.partition_point(|start| *start <= domain.0[axis].high));
            starts
        });
        let segment =
            |axis: usize, value: u128| starts[axis].partition_point(|start| *start <= value) as u32 - 1;
        let cell = |region: &Region| -> Cell {
            std::array::from_fn(|axis| {
                let span = region.0[axis];
                Segments { low: segment(axis, span.low), high: segment(axis, span.high) }
            })
        };
        let rules = regions.iter().map(cell).collect();
        Space { starts, rules }
    }

    /// The cell that holds everything.
    pub(super) fn whole(&self) -> Cell {
        std::array::from_fn(|axis| Segments { low: 0, high: self.starts[axis].len() as u32 - 1 })
    }

    /// Greatest value of a segment that has one after it.
    pub(super) fn end(&self, axis: usize, segment: u32) -> u128 {
        self.starts[axis][segment as usize + 1] - 1
    }
}

/// True when `rule` contains all of `cell`.
pub(super) fn covers(rule: &Cell, cell: &Cell) -> bool {
    rule.iter().zip(cell).all(|(rule, cell)| rule.low <= cell.low && cell.high <= rule.high)
}

/// Bounds of `rule` that lie inside `cell` in one dimension: 0, 1 or 2.
pub(super) fn edges(rule: Segments, cell: Segments) -> u32 {
    u32::from(rule.low > cell.low) + u32::from(rule.high < cell.high)
}
