//! The search trees: rules are boxes, a tree cuts the space until few boxes are left in each cell.

mod forest;
mod lookup;
mod pack;
mod shape;
mod space;
mod tally;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use lookup::find;
pub use lookup::{Fields, Match, Steps, classify, classify_counted, fields};
pub(crate) use pack::{Boxed, Chain, Packed, pack};
pub use shape::RootShape;

/// How hard to work for fast look-ups: from wasteful to frugal with table rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effort {
    /// A cell with at most this many rules becomes a leaf.
    pub(crate) leaf: usize,
    /// A tree may hold this many entries for each of its rules before rules are moved to the next tree.
    pub(crate) copies: usize,
    /// And this many besides.
    pub(crate) slack: usize,
}

impl Effort {
    /// Tried in turn until the tables hold the result.
    pub(crate) const LEVELS: [Effort; 3] = [
        Effort { leaf: 8, copies: 16, slack: 512 },
        Effort { leaf: 16, copies: 4, slack: 64 },
        Effort { leaf: 31, copies: 1, slack: 31 },
    ];

    /// Entries that a tree of so many rules may have.
    pub(crate) const fn budget(self, rules: usize) -> usize {
        self.copies * rules + self.slack
    }
}
