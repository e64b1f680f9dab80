use super::Effort;
use super::space::{Cell, Space, covers, edges};
use super::tally::{Change, Tally};
use flumen_abi::{LeafRef, MAX_DEPTH};

/// A search tree. Children have greater places than their parents; the root is at 0.
pub(super) struct Tree {
    pub(super) nodes: Vec<TreeNode>,
}

/// A node by place.
pub(super) enum TreeNode {
    /// Segments up to and including `segment` go low.
    Cut { axis: usize, segment: u32, low: usize, high: usize },
    /// Rules in the order of their ranks.
    Leaf(Vec<u32>),
}

/// What a tree is made from.
pub(super) struct Seed {
    /// Rules by their places in the space, in the order of their ranks.
    pub(super) rules: Vec<u32>,
    /// Whether rules may be left to another tree.
    pub(super) last: bool,
    /// Entries at most, in the last tree.
    pub(super) room: usize,
}

/// Why a tree cannot be grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stunted {
    /// More than [`MAX_DEPTH`] levels.
    Depth,
    /// More entries than there is room for.
    Room,
}

/// A cell that is not finished.
struct Bud {
    place: usize,
    cell: Cell,
    rules: Vec<u32>,
}

/// Where to cut, and how good that is.
#[derive(Clone, Copy)]
struct Candidate {
    cost: u64,
    axis: usize,
    segment: u32,
}

impl Tree {
    /// Grows a tree level by level. Returns the rules that were left to another tree too, in rank order.
    ///
    /// A leaf may end with a rule that covers its cell: what comes after it cannot win there, in whichever
    /// tree that rule is.
    pub(super) fn grow(space: &Space, seed: Seed, effort: Effort) -> Result<(Tree, Vec<u32>), Stunted> {
        let mut growth = Growth::new(space, seed.rules.len(), effort);
        let cell = space.whole();
        let rules = visible(space, &cell, seed.rules.iter().copied());
        let mut level = vec![Bud { place: 0, cell, rules }];
        for depth in 0_u32.. {
            let mut next = Vec::new();
            for bud in level {
                growth.unfold(bud, depth, seed.last, &mut next)?;
            }
            if next.is_empty() {
                break;
            }
            growth.settle(&mut next, &seed)?;
            level = next;
        }
        Ok(growth.finish(&seed.rules))
    }
}

/// A tree while it grows.
struct Growth<'a> {
    space: &'a Space,
    effort: Effort,
    nodes: Vec<TreeNode>,
    /// Entries of finished leaves.
    entries: usize,
    /// Finished leaves that each rule is in.
    copies: Vec<u32>,
    left: Vec<bool>,
    tally: Tally,
}

impl<'a> Growth<'a> {
    fn new(space: &'a Space, rules: usize, effort: Effort) -> Growth<'a> {
        Growth {
            space,
            effort,
            nodes: Vec::with_capacity(rules / 2 + 1),
            entries: 0,
            copies: vec![0; space.rules.len()],
            left: vec![false; space.rules.len()],
            tally: Tally::default(),
        }
    }

    /// Makes a leaf of `bud`, or cuts it in two.
    fn unfold(&mut self, mut bud: Bud, depth: u32, last: bool, next: &mut Vec<Bud>) -> Result<(), Stunted> {
        if bud.place == self.nodes.len() {
            self.nodes.push(TreeNode::Leaf(Vec::new()));
        }
        if bud.rules.len() > self.effort.leaf && depth < MAX_DEPTH {
            let Candidate { axis, segment, .. } = self
                .best_cut(&bud)
                .expect("only a rule that covers the cell has no edge in it, and it is the last");
            let (mut low_cell, mut high_cell) = (bud.cell, bud.cell);
            low_cell[axis].high = segment;
            high_cell[axis].low = segment + 1;
            let rules = &self.space.rules;
            let low = visible(
                self.space,
                &low_cell,
                bud.rules.iter().copied().filter(|rule| rules[*rule as usize][axis].low <= segment),
            );
            let high = visible(
                self.space,
                &high_cell,
                bud.rules.iter().copied().filter(|rule| rules[*rule as usize][axis].high > segment),
            );
            let place = self.nodes.len();
            self.nodes[bud.place] = TreeNode::Cut { axis, segment, low: place, high: place + 1 };
            for (offset, cell, rules) in [(0, low_cell, low), (1, high_cell, high)] {
                self.nodes.push(TreeNode::Leaf(Vec::new()));
                next.push(Bud { place: place + offset, cell, rules });
            }
            return Ok(());
        }
        let most = LeafRef::MAX_RULES as usize;
        if bud.rules.len() > most {
            if last {
                return Err(Stunted::Depth);
            }
            for rule in bud.rules.drain(most..) {
                self.left[rule as usize] = true;
            }
        }
        self.entries += bud.rules.len();
        for rule in &bud.rules {
            self.copies[*rule as usize] += 1;
        }
        self.nodes[bud.place] = TreeNode::Leaf(bud.rules);
        Ok(())
    }

    /// Keeps the number of entries within bounds: the rules in most cells are left to another tree.
    fn settle(&mut self, buds: &mut [Bud], seed: &Seed) -> Result<(), Stunted> {
        let total = self.entries + buds.iter().map(|bud| bud.rules.len()).sum::<usize>();
        if seed.last {
            return if total > seed.room { Err(Stunted::Room) } else { Ok(()) };
        }
        let budget = self.effort.budget(seed.rules.len());
        if total <= budget {
            return Ok(());
        }
        let mut copies = self.copies.clone();
        for rule in buds.iter().flat_map(|bud| &bud.rules) {
            copies[*rule as usize] += 1;
        }
        let mut by_copies: Vec<(u32, u32)> = seed
            .rules
            .iter()
            .map(|rule| (copies[*rule as usize], *rule))
            .filter(|(copies, rule)| *copies > 1 && !self.left[*rule as usize])
            .collect();
        by_copies.sort_unstable_by(|a, b| b.cmp(a));
        let mut excess = total - budget / 2;
        for (copies, rule) in by_copies {
            self.left[rule as usize] = true;
            self.entries -= self.copies[rule as usize] as usize;
            self.copies[rule as usize] = 0;
            excess = excess.saturating_sub(copies as usize);
            if excess == 0 {
                break;
            }
        }
        for bud in buds {
            bud.rules.retain(|rule| !self.left[*rule as usize]);
        }
        Ok(())
    }

    fn finish(mut self, rules: &[u32]) -> (Tree, Vec<u32>) {
        for node in &mut self.nodes {
            if let TreeNode::Leaf(rules) = node {
                rules.retain(|rule| !self.left[*rule as usize]);
            }
        }
        let left = rules.iter().copied().filter(|rule| self.left[*rule as usize]).collect();
        (Tree { nodes: self.nodes }, left)
    }

    /// The cut that leaves the least work in both halves; work is the square of the edges that are left,
    /// which weighs balance against rules that end up on both sides.
    fn best_cut(&mut self, bud: &Bud) -> Option<Candidate> {
        let mut best: Option<Candidate> = None;
        let totals: Vec<u32> = bud.rules.iter().map(|rule| self.edges_of(*rule, &bud.cell)).collect();
        for axis in 0..5 {
            if let Some(candidate) = self.best_cut_on(bud, axis, &totals)
                && best.is_none_or(|best| candidate.cost < best.cost)
            {
                best = Some(candidate);
            }
        }
        best
    }

    fn edges_of(&self, rule: u32, cell: &Cell) -> u32 {
        let rule = &self.space.rules[rule as usize];
        (0..5).map(|axis| edges(rule[axis], cell[axis])).sum()
    }

    fn best_cut_on(&mut self, bud: &Bud, axis: usize, totals: &[u32]) -> Option<Candidate> {
        let cell = bud.cell[axis];
        let (mut low, mut high) = (0_u64, 0_u64);
        self.tally.begin(cell);
        for (rule, total) in bud.rules.iter().zip(totals) {
            let span = self.space.rules[*rule as usize][axis];
            let others = total - edges(span, cell);
            high += u64::from(*total);
            if span.low > cell.low {
                self.tally.add(span.low - 1, 1, others + 1);
            } else {
                low += u64::from(others);
            }
            if span.high < cell.high {
                self.tally.add(span.high, others + 1, 1);
            }
        }
        let mut best: Option<Candidate> = None;
        self.tally.visit(|segment, Change { leaves_high, enters_low }| {
            high -= u64::from(leaves_high);
            let cost = low * low + high * high;
            if best.is_none_or(|best| cost < best.cost) {
                best = Some(Candidate { cost, axis, segment });
            }
            low += u64::from(enters_low);
        });
        best
    }
}

/// The rules that can win in `cell`: those up to and including the first that covers it.
fn visible(space: &Space, cell: &Cell, rules: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut visible = Vec::new();
    for rule in rules {
        visible.push(rule);
        if covers(&space.rules[rule as usize], cell) {
            break;
        }
    }
    visible
}
