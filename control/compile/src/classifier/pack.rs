use super::space::Space;
use super::tree::{Stunted, Tree, TreeNode};
use super::{Effort, forest};
use crate::region::{AXES, Region, cut};
use crate::{CompileError, Limits, Table};
use flumen_abi::{Family, LeafRef, MAX_DEPTH, NodeRow, RootKey, RootRow, RuleRow, TREES_PER_ROOT};
use std::collections::HashMap;

/// A box with its rank and action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boxed {
    pub(crate) region: Region,
    pub(crate) rank: u32,
    pub(crate) action: u32,
}

/// The rules of one root, by their places among all boxes, in the order of their ranks.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) key: RootKey,
    pub(crate) family: Family,
    /// Rules of these two zones alone.
    pub(crate) own: Vec<u32>,
    /// Rules that other roots have too; they come after the others.
    pub(crate) shared: Vec<u32>,
    /// For error messages: the stage.
    pub(crate) what: &'static str,
    /// For error messages: stage, zones and family.
    pub(crate) place: String,
}

/// The classifier's part of a ruleset.
#[derive(Debug, Default)]
pub(crate) struct Packed {
    pub(crate) roots: Vec<(RootKey, RootRow)>,
    pub(crate) nodes: Vec<NodeRow>,
    pub(crate) leaves: Vec<u32>,
    pub(crate) rules: Vec<RuleRow>,
    /// By box: some leaf lists it.
    pub(crate) reached: Vec<bool>,
}

/// Makes the tables of all `chains`, with fewer rows and slower look-ups when they do not fit otherwise.
pub(crate) fn pack(chains: &[Chain], boxes: &[Boxed], limits: &Limits) -> Result<Packed, Vec<CompileError>> {
    let mut result = Packer::run(chains, boxes, limits, Effort::LEVELS[0]);
    for effort in &Effort::LEVELS[1..] {
        if result.is_ok() {
            break;
        }
        result = Packer::run(chains, boxes, limits, *effort);
    }
    result.map_err(|error| vec![error])
}

/// Shared rules are kept in trees of their own when there are more, so that they are stored once.
const FEW: usize = 24;

/// The tables while they are filled.
pub(super) struct Packer<'a> {
    boxes: &'a [Boxed],
    limits: &'a Limits,
    effort: Effort,
    packed: Packed,
    /// Trees by what they were made from: the rules, and how many trees were allowed.
    forests: HashMap<(Vec<u32>, usize), Vec<u32>>,
    nodes: HashMap<(u32, u128, u32, u32), u32>,
    leaves: HashMap<Vec<u32>, u32>,
    /// Nodes and leaf entries that a chain alone needed, and the chain.
    most: [(usize, String); 2],
}

impl<'a> Packer<'a> {
    pub(super) fn run(
        chains: &'a [Chain],
        boxes: &'a [Boxed],
        limits: &'a Limits,
        effort: Effort,
    ) -> Result<Packed, CompileError> {
        let mut packer = Packer {
            boxes,
            limits,
            effort,
            packed: Packed::default(),
            forests: HashMap::new(),
            nodes: HashMap::new(),
            leaves: HashMap::new(),
            most: [(0, String::new()), (0, String::new())],
        };
        for chain in chains {
            let before = [packer.packed.nodes.len(), packer.packed.leaves.len()];
            let trees = packer.trees(chain)?;
            let after = [packer.packed.nodes.len(), packer.packed.leaves.len()];
            for (most, (before, after)) in packer.most.iter_mut().zip(before.into_iter().zip(after)) {
                if after - before > most.0 {
                    *most = (after - before, chain.place.clone());
                }
            }
            packer.packed.roots.push((chain.key, RootRow { trees }));
            packer.check()?;
        }
        packer.number_rules();
        Ok(packer.packed)
    }

    fn trees(&mut self, chain: &Chain) -> Result<[u32; TREES_PER_ROOT], CompileError> {
        debug_assert!(self.in_order(chain), "a leaf is read from top to bottom, trees are compared by rank");
        let separate = !chain.own.is_empty() && chain.shared.len() > FEW;
        let mut references = Vec::new();
        if separate {
            references.extend(self.forest(&chain.own, TREES_PER_ROOT / 2, chain)?);
            references.extend(self.forest(&chain.shared, TREES_PER_ROOT / 2, chain)?);
        } else {
            let all: Vec<u32> = chain.own.iter().chain(&chain.shared).copied().collect();
            references = self.forest(&all, TREES_PER_ROOT, chain)?;
        }
        let mut trees = [LeafRef::EMPTY; TREES_PER_ROOT];
        trees[..references.len()].copy_from_slice(&references);
        Ok(trees)
    }

    fn in_order(&self, chain: &Chain) -> bool {
        let all = chain.own.iter().chain(&chain.shared);
        all.map(|rule| self.boxes[*rule as usize].rank).is_sorted()
    }

    /// References of the trees that hold `rules`, which are of the family of `chain`.
    fn forest(&mut self, rules: &[u32], trees: usize, chain: &Chain) -> Result<Vec<u32>, CompileError> {
        let made_from = (rules.to_vec(), trees);
        if let Some(known) = self.forests.get(&made_from) {
            return Ok(known.clone());
        }
        let regions: Vec<Region> = rules.iter().map(|rule| self.boxes[*rule as usize].region).collect();
        let space = Space::new(&regions, &Region::all(chain.family));
        let place = &chain.place;
        let grown =
            forest::grow(&space, trees, self.limits.leaves, self.effort).map_err(
                |stunted| match stunted {
                    Stunted::Depth => CompileError::TooDeep { place: place.clone(), depth: MAX_DEPTH },
                    Stunted::Room => {
                        self.too_many(Table::Leaves, self.limits.leaves + 1, self.limits.leaves, place)
                    }
                },
            )?;
        let references: Vec<u32> = grown.iter().map(|tree| self.emit(&space, tree, rules)).collect();
        self.forests.insert(made_from, references.clone());
        Ok(references)
    }

    fn too_many(&self, table: Table, needed: usize, size: usize, place: &str) -> CompileError {
        CompileError::TooManyRows { table, needed, size, most: place.to_owned(), share: needed }
    }

    /// Stores a tree; what is stored already is used again. Returns its reference.
    fn emit(&mut self, space: &Space, tree: &Tree, rules: &[u32]) -> u32 {
        let mut references = vec![LeafRef::EMPTY; tree.nodes.len()];
        for (place, node) in tree.nodes.iter().enumerate().rev() {
            references[place] = match node {
                TreeNode::Leaf(list) => self.leaf(list.iter().map(|rule| rules[*rule as usize]).collect()),
                TreeNode::Cut { axis, segment, low, high } => {
                    let (low, high) = (references[*low], references[*high]);
                    if low == high { low } else { self.node(*axis, space.end(*axis, *segment), low, high) }
                }
            };
        }
        references[0]
    }

    fn leaf(&mut self, list: Vec<u32>) -> u32 {
        if list.is_empty() {
            return LeafRef::EMPTY;
        }
        let count = list.len() as u32;
        if let Some(first) = self.leaves.get(&list) {
            return LeafRef::new(*first, count).0;
        }
        let first = self.packed.leaves.len() as u32;
        self.packed.leaves.extend_from_slice(&list);
        self.leaves.insert(list, first);
        LeafRef::new(first, count).0
    }

    fn node(&mut self, axis: usize, value: u128, low: u32, high: u32) -> u32 {
        let dimension = AXES[axis] as u32;
        let nodes = &mut self.packed.nodes;
        *self.nodes.entry((dimension, value, low, high)).or_insert_with(|| {
            nodes.push(NodeRow { cut: cut(value), low, high, dimension, reserved: 0 });
            nodes.len() as u32 - 1
        })
    }

    fn check(&self) -> Result<(), CompileError> {
        let packed = &self.packed;
        let sizes = [
            (Table::Nodes, packed.nodes.len(), self.limits.nodes, &self.most[0]),
            (Table::Leaves, packed.leaves.len(), self.limits.leaves, &self.most[1]),
        ];
        for (table, needed, size, (share, most)) in sizes {
            if needed > size {
                return Err(CompileError::TooManyRows {
                    table,
                    needed,
                    size,
                    most: most.clone(),
                    share: *share,
                });
            }
        }
        Ok(())
    }

    /// Stores the rules that some leaf lists, and makes the leaves point to them.
    fn number_rules(&mut self) {
        let mut reached = vec![false; self.boxes.len()];
        for entry in &self.packed.leaves {
            reached[*entry as usize] = true;
        }
        let mut numbers = vec![0; self.boxes.len()];
        for (place, boxed) in self.boxes.iter().enumerate().filter(|(place, _)| reached[*place]) {
            numbers[place] = self.packed.rules.len() as u32;
            self.packed.rules.push(boxed.region.row(boxed.rank, boxed.action));
        }
        self.packed.reached = reached;
        for entry in &mut self.packed.leaves {
            *entry = numbers[*entry as usize];
        }
    }
}
