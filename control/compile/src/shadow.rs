//! Which rules win no packet because earlier ones match all of theirs.

use crate::classifier::{Boxed, Fields, find};
use crate::region::{Region, Span, cut};
use crate::stage::Chains;
use crate::{Note, RuleKey, Ruleset};
use flumen_abi::{DIMENSIONS, LeafRef, RootRow};
use std::collections::BTreeSet;

/// Nodes, entries of leaves and parts of boxes that are looked at in one compilation: some tenths of a second. What is
/// left then is judged by whether a leaf lists it, which overlooks what several rules cover together.
const LOOKS: usize = 10_000_000;
/// Parts that a box may fall into before it is taken for one that wins somewhere.
const PARTS: usize = 2_048;

/// What is known of a rule.
#[derive(Clone, Debug, Default)]
enum Reach {
    /// No zones that have interfaces ask it.
    #[default]
    NeverAsked,
    /// So far every packet that it matches belongs to one of these rules, which come before it.
    Covered(BTreeSet<usize>),
    /// It wins some packet, or may.
    Wins,
}

/// The search for rules that win nothing.
struct Search<'c> {
    chains: &'c Chains,
    ruleset: &'c Ruleset,
    /// By box: some leaf of the search trees lists it.
    listed: &'c [bool],
    /// The boxes of the rules in the tables.
    places: Vec<u32>,
    /// Looks that are left.
    left: usize,
}

/// Rules that no packet reaches, and those that have no box at all, in the order of the stages.
///
/// A rule that is noted is never reached. The other way round some may be overlooked, in configurations that are made
/// for it: the search is bounded.
pub(crate) fn notes(chains: &Chains, ruleset: &Ruleset, listed: &[bool]) -> Vec<Note> {
    let mut has_box = vec![false; chains.rules.len()];
    for owner in chains.owners.iter().flatten() {
        has_box[*owner] = true;
    }
    let places = (0..listed.len() as u32).filter(|place| listed[*place as usize]).collect();
    let reach = Search { chains, ruleset, listed, places, left: LOOKS }.run();
    let note = |(place, rule): (usize, &RuleKey)| {
        let rule = rule.clone();
        match &reach[place] {
            _ if !has_box[place] => Some(Note::Empty { rule }),
            Reach::Covered(by) => {
                let by = by.iter().map(|owner| chains.rules[*owner].name.clone()).collect();
                Some(Note::Shadowed { rule, by })
            }
            Reach::NeverAsked | Reach::Wins => None,
        }
    };
    chains.rules.iter().enumerate().filter_map(note).collect()
}

impl Search<'_> {
    fn run(mut self) -> Vec<Reach> {
        let mut reach = vec![Reach::default(); self.chains.rules.len()];
        // Roots are in the order of their chains.
        for (chain, (_, root)) in self.chains.chains.iter().zip(&self.ruleset.roots) {
            for place in chain.own.iter().chain(&chain.shared) {
                let Some(owner) = self.chains.owners[*place as usize] else { continue };
                if matches!(reach[owner], Reach::Wins) {
                    continue;
                }
                let found = self.cover(root, *place);
                match (found, &mut reach[owner]) {
                    (None, known) => *known = Reach::Wins,
                    (Some(by), Reach::Covered(known)) => known.extend(by),
                    (Some(by), known) => *known = Reach::Covered(by),
                }
            }
        }
        reach
    }

    /// The rules that match every packet of a box before its own does; none if there is a packet left.
    fn cover(&mut self, root: &RootRow, place: u32) -> Option<BTreeSet<usize>> {
        let own = self.boxed(place);
        let wins = |fields: &Fields| find(self.ruleset, root, fields).is_some_and(|won| won.rank == own.rank);
        if wins(&corner(&own.region, |span| span.low)) || wins(&corner(&own.region, |span| span.high)) {
            return None;
        }
        let Some(others) = self.others(root, &own) else {
            return (!self.listed[place as usize]).then(BTreeSet::new);
        };
        let (mut by, mut parts) = (BTreeSet::new(), vec![own.region]);
        for other in others {
            if self.left < parts.len() || parts.len() > PARTS {
                return (!self.listed[place as usize]).then_some(by);
            }
            self.left -= parts.len();
            let region = self.boxed(other).region;
            if parts.iter().any(|part| part.meets(&region)) {
                let mut rest = Vec::with_capacity(parts.len());
                parts.into_iter().for_each(|part| part.without(&region, &mut rest));
                parts = rest;
                by.extend(self.chains.owners[other as usize]);
            }
            if parts.is_empty() {
                return Some(by);
            }
        }
        None
    }

    /// Boxes before `own` that win some of its packets, in the order of their ranks, found where its packets would be
    /// looked up: a box that no leaf there lists wins none of them. None when the looks are used up.
    fn others(&mut self, root: &RootRow, own: &Boxed) -> Option<Vec<u32>> {
        let mut found = BTreeSet::new();
        let mut open: Vec<u32> = root.trees.into_iter().filter(|tree| *tree != LeafRef::EMPTY).collect();
        while let Some(reference) = open.pop() {
            self.left = self.left.checked_sub(1)?;
            if LeafRef::is_leaf(reference) {
                let leaf = LeafRef(reference);
                let entries = &self.ruleset.leaves[leaf.first() as usize..][..leaf.count() as usize];
                self.left = self.left.checked_sub(entries.len())?;
                for number in entries {
                    let place = self.places[*number as usize];
                    let boxed = self.boxed(place);
                    if boxed.rank < own.rank && boxed.region.meets(&own.region) {
                        found.insert((boxed.rank, place));
                    }
                }
                continue;
            }
            let node = &self.ruleset.nodes[reference as usize];
            let span = own.region.0[node.dimension as usize];
            if cut(span.low) <= node.cut {
                open.push(node.low);
            }
            if cut(span.high) > node.cut {
                open.push(node.high);
            }
        }
        Some(found.into_iter().map(|(_, place)| place).collect())
    }

    fn boxed(&self, place: u32) -> Boxed {
        self.chains.boxes[place as usize]
    }
}

/// A packet at one end of a box.
fn corner(region: &Region, end: impl Fn(&Span) -> u128) -> Fields {
    let mut fields = [[0, 0]; DIMENSIONS];
    for (field, span) in fields.iter_mut().zip(&region.0) {
        *field = cut(end(span));
    }
    fields
}

impl Region {
    /// True when some packet is in both.
    fn meets(&self, other: &Region) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a.low <= b.high && b.low <= a.high)
    }

    /// Adds what is left of it outside of `other` to `rest`: ten boxes at most, which do not overlap.
    fn without(self, other: &Region, rest: &mut Vec<Region>) {
        if !self.meets(other) {
            rest.push(self);
            return;
        }
        let mut inside = self;
        for (axis, cut) in other.0.iter().enumerate() {
            let span = inside.0[axis];
            if span.low < cut.low {
                let mut below = inside;
                below.0[axis].high = cut.low - 1;
                rest.push(below);
                inside.0[axis].low = cut.low;
            }
            if span.high > cut.high {
                let mut above = inside;
                above.0[axis].low = cut.high + 1;
                rest.push(above);
                inside.0[axis].high = cut.high;
            }
        }
    }
}
