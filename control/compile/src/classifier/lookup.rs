use crate::Ruleset;
use flumen_abi::{
    Addr, Cut, DIMENSIONS, Dimension, Family, LeafRef, MAX_DEPTH, RootRow, RuleRow, Stage, ZoneId,
};

/// A packet as the classifier sees it, indexed by [`Dimension`]; the rest is zero.
pub type Fields = [Cut; DIMENSIONS];

/// The rule that won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Place in `rules`.
    pub rule: u32,
    /// Its rank.
    pub rank: u32,
    /// Its action.
    pub action: u32,
}

/// What a look-up reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// Trees.
    pub trees: usize,
    /// Nodes of all trees.
    pub nodes: usize,
    /// Rules compared in all leaves.
    pub rules: usize,
}

/// The fields of a packet; `dport` is `type << 8 | code` for ICMP and ICMPv6.
pub fn fields(src: Addr, dst: Addr, sport: u16, dport: u16, proto: u8) -> Fields {
    let mut fields = [[0, 0]; DIMENSIONS];
    fields[Dimension::Source as usize] = src.number();
    fields[Dimension::Destination as usize] = dst.number();
    fields[Dimension::SourcePort as usize] = [0, sport.into()];
    fields[Dimension::DestinationPort as usize] = [0, dport.into()];
    fields[Dimension::Protocol as usize] = [0, proto.into()];
    fields
}

/// The best rule for a packet, found as the datapath finds it: each tree to a leaf, each rule of the leaf
/// in full, the least rank of all trees. `to` is zero for stages without an egress zone.
pub fn classify(
    ruleset: &Ruleset,
    stage: Stage,
    from: ZoneId,
    to: ZoneId,
    family: Family,
    fields: &Fields,
) -> Option<Match> {
    classify_counted(ruleset, stage, from, to, family, fields).0
}

/// [`classify`], and what it read.
pub fn classify_counted(
    ruleset: &Ruleset,
    stage: Stage,
    from: ZoneId,
    to: ZoneId,
    family: Family,
    fields: &Fields,
) -> (Option<Match>, Steps) {
    let mut steps = Steps::default();
    let wanted = |key: &flumen_abi::RootKey| {
        key.stage == stage as u8 && key.family == family as u8 && key.from == from && key.to == to
    };
    let root = ruleset.roots.iter().find(|(key, _)| wanted(key));
    let winner = root.and_then(|(_, root)| walk(ruleset, root, fields, &mut steps));
    (winner, steps)
}

/// [`classify`] from a root that was found.
pub(crate) fn find(ruleset: &Ruleset, root: &RootRow, fields: &Fields) -> Option<Match> {
    walk(ruleset, root, fields, &mut Steps::default())
}

fn walk(ruleset: &Ruleset, root: &RootRow, fields: &Fields, steps: &mut Steps) -> Option<Match> {
    let mut best: Option<Match> = None;
    for tree in root.trees {
        if tree == LeafRef::EMPTY {
            continue;
        }
        steps.trees += 1;
        let leaf = descend(ruleset, tree, fields, steps)?;
        for entry in leaf.first()..leaf.first() + leaf.count() {
            let index = ruleset.leaves[entry as usize];
            let rule = &ruleset.rules[index as usize];
            steps.rules += 1;
            if best.is_some_and(|best| best.rank <= rule.rank) {
                break;
            }
            if contains(rule, fields) {
                best = Some(Match { rule: index, rank: rule.rank, action: rule.action });
                break;
            }
        }
    }
    best
}

/// The leaf for a packet; none when the tree is deeper than allowed.
fn descend(ruleset: &Ruleset, tree: u32, fields: &Fields, steps: &mut Steps) -> Option<LeafRef> {
    let mut reference = tree;
    for _ in 0..=MAX_DEPTH {
        if LeafRef::is_leaf(reference) {
            return Some(LeafRef(reference));
        }
        steps.nodes += 1;
        let node = &ruleset.nodes[reference as usize];
        let value = fields[node.dimension as usize];
        reference = if value <= node.cut { node.low } else { node.high };
    }
    None
}

/// True when the packet lies in the rule's box.
pub(crate) fn contains(rule: &RuleRow, fields: &Fields) -> bool {
    let value = |dimension: Dimension| fields[dimension as usize];
    let within = |low: u64, high: u64, dimension| {
        let [_, value] = value(dimension);
        low <= value && value <= high
    };
    (rule.src_low..=rule.src_high).contains(&value(Dimension::Source))
        && (rule.dst_low..=rule.dst_high).contains(&value(Dimension::Destination))
        && within(rule.sport_low.into(), rule.sport_high.into(), Dimension::SourcePort)
        && within(rule.dport_low.into(), rule.dport_high.into(), Dimension::DestinationPort)
        && within(rule.proto_low.into(), rule.proto_high.into(), Dimension::Protocol)
}
