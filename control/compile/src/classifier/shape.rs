use crate::Ruleset;
use flumen_abi::{LeafRef, RootKey};
use std::collections::HashMap;

/// The trees of one root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootShape {
    /// The root.
    pub key: RootKey,
    /// Depth of each tree: nodes on the longest way to a leaf.
    pub depths: Vec<usize>,
    /// Rules in the fullest leaf.
    pub fullest_leaf: usize,
}

impl Ruleset {
    /// What the search trees look like, by root.
    pub fn shapes(&self) -> Vec<RootShape> {
        let mut known = HashMap::new();
        let shape = |(key, root): &(RootKey, flumen_abi::RootRow)| {
            let trees = root.trees.iter().filter(|tree| **tree != LeafRef::EMPTY);
            let measured: Vec<(usize, usize)> = trees.map(|tree| self.measure(*tree, &mut known)).collect();
            RootShape {
                key: *key,
                depths: measured.iter().map(|(depth, _)| *depth).collect(),
                fullest_leaf: measured.iter().map(|(_, fullest)| *fullest).max().unwrap_or(0),
            }
        };
        self.roots.iter().map(shape).collect()
    }

    /// Depth and fullest leaf below a reference. Children are stored before their parents.
    fn measure(&self, reference: u32, known: &mut HashMap<u32, (usize, usize)>) -> (usize, usize) {
        if LeafRef::is_leaf(reference) {
            return (0, LeafRef(reference).count() as usize);
        }
        if let Some(measured) = known.get(&reference) {
            return *measured;
        }
        let node = &self.nodes[reference as usize];
        let (low, high) = (self.measure(node.low, known), self.measure(node.high, known));
        let measured = (low.0.max(high.0) + 1, low.1.max(high.1));
        known.insert(reference, measured);
        measured
    }
}
