use crate::context::{Context, STAGES, Work};
use crate::environment::{Environment, Turn};
use crate::packet::Packet;
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use flumen_abi::{Cut, Dimension, LeafRef, MAX_DEPTH, RootKey, RuleRow, Slot, Stage, TREES_PER_ROOT, ZoneId};

/// A rule that matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleHit {
    /// Index of the rule's box.
    pub rule: u32,
    /// Index of its action row.
    pub action: u32,
    /// Order among the rules of its root.
    pub rank: u32,
}

impl RuleHit {
    /// No rule: ranks are below this one. A value of its own: it stays in memory, where a
    /// `None` would leave its payload undefined, which the eBPF verifier refuses to carry.
    pub(crate) const NONE: RuleHit = RuleHit { rule: 0, action: 0, rank: u32::MAX };
}

impl Work {
    /// Takes the packet's values for the classifier.
    #[inline(always)]
    pub(crate) fn load(&mut self, packet: &Packet) {
        self.values[Dimension::Source as usize] = packet.key.src.number();
        self.values[Dimension::Destination as usize] = packet.key.dst.number();
        self.values[Dimension::SourcePort as usize] = [0, packet.key.sport.get() as u64];
        self.values[Dimension::DestinationPort as usize] = [0, packet.service as u64];
        self.values[Dimension::Protocol as usize] = [0, packet.key.proto as u64];
    }

    /// Destination NAT has changed the row's destination; `service` is what rules now see as its port.
    #[inline(always)]
    pub(crate) fn redirect(&mut self, service: u16) {
        self.values[Dimension::Destination as usize] = self.row.dst.number();
        self.values[Dimension::DestinationPort as usize] = [0, service as u64];
    }

    #[inline(always)]
    fn value(&self, dimension: u32) -> Cut {
        self.values[dimension as usize & (flumen_abi::DIMENSIONS - 1)]
    }
}

/// True when a rule of `stage` between two zones matches the loaded values; the first such is then in
/// `context.work.best`.
#[inline(always)]
pub(crate) fn classify<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    stage: Stage,
    packet: &Packet,
    to: ZoneId,
) -> bool {
    let key = RootKey {
        slot: context.slot.index() as u8,
        stage: stage as u8,
        family: packet.family as u8,
        reserved: 0,
        from: packet.interface.zone,
        to,
    };
    let last = &context.work.roots[stage as usize];
    let found = if !last.found && last.is_of(context.epoch, &key) { false } else { matched(context, &key) };
    context.trace.step(Step::Classified(stage, found.then_some(&context.work.best)));
    found
}

/// The same, by the root of `key`.
///
/// Not inlined: in eBPF it has a stack of its own, and is verified apart from the paths that lead to it.
#[inline(never)]
fn matched<T: Tables, E: Environment, S>(context: &mut Context<'_, T, E, S>, key: &RootKey) -> bool {
    context.work.best = RuleHit::NONE;
    if root(context, key) {
        search::<T, E>(context.tables, context.slot, context.work);
    }
    context.work.best.rank != u32::MAX
}

/// Leaves the root of `key` in `context.work.root`; false when there is none. The last one of each stage is kept for the
/// epoch: most packets go where those before them went.
#[inline(always)]
fn root<T: Tables, E, S>(context: &mut Context<'_, T, E, S>, key: &RootKey) -> bool {
    let Work { roots, root, .. } = &mut *context.work;
    let last = &mut roots[key.stage as usize & (STAGES - 1)];
    if !last.is_of(context.epoch, key) {
        last.epoch = 0;
        last.found = context.tables.root(key, &mut last.row);
        last.key = *key;
        last.epoch = context.epoch;
    }
    root.trees = last.row.trees;
    last.found
}

/// Turns that the search of one root can take: each tree has its nodes, its leaf's rules, and one turn to go on.
const MAX_TURNS: u32 = TREES_PER_ROOT as u32 * (MAX_DEPTH + LeafRef::MAX_RULES + 1);

/// Walks the trees of `work.root` for the rule that matches with the least rank, into `work.best`.
#[inline(always)]
fn search<T: Tables, E: Environment>(tables: &T, slot: Slot, work: &mut Work) {
    work.place = SearchPlace { reference: work.root.trees[0], tree: 0, rule: 0 };
    E::repeat(MAX_TURNS, &mut Search { tables, slot, work });
}

/// Where a search stands. Kept in memory, where the eBPF verifier does not follow its numbers from turn to turn.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct SearchPlace {
    /// Node or leaf that it has come to.
    pub(crate) reference: u32,
    /// Tree that it is in.
    pub(crate) tree: u32,
    /// Rules of the leaf that it has compared.
    pub(crate) rule: u32,
}

/// Nodes walked in one turn: turns cost more than the nodes in them, and the eBPF verifier follows each of these.
const NODES_PER_TURN: u32 = 4;

/// One loop serves nodes, rules and trees alike: the eBPF verifier walks its body once.
struct Search<'a, T> {
    tables: &'a T,
    slot: Slot,
    work: &'a mut Work,
}

impl<T: Tables> Turn for Search<'_, T> {
    #[inline(always)]
    fn take(&mut self, _: u32) -> bool {
        let SearchPlace { mut reference, tree, rule } = self.work.place;
        for _ in 0..NODES_PER_TURN {
            if !LeafRef::is_leaf(reference) {
                reference = self.descend(reference);
            }
        }
        self.work.place.reference = reference;
        if !LeafRef::is_leaf(reference) {
            return true;
        }
        let leaf = LeafRef(reference);
        if rule < leaf.count() && self.compare(leaf.first() + rule) {
            self.work.place.rule = rule + 1;
            return true;
        }
        let next = tree + 1;
        if next >= TREES_PER_ROOT as u32 {
            return false;
        }
        let reference = self.work.root.trees[next as usize & (TREES_PER_ROOT - 1)];
        self.work.place = SearchPlace { reference, tree: next, rule: 0 };
        reference != LeafRef::EMPTY // trees that a root does not need come last
    }
}

impl<T: Tables> Search<'_, T> {
    /// One node down.
    #[inline(always)]
    fn descend(&self, reference: u32) -> u32 {
        match self.tables.node(self.slot, reference) {
            Some(node) if at_most(self.work.value(node.dimension), node.cut) => node.low,
            Some(node) => node.high,
            None => LeafRef::EMPTY,
        }
    }

    /// Compares one rule in full; false when the leaf has nothing better. Rules lie in rank order, so the first match
    /// is the leaf's best.
    #[inline(always)]
    fn compare(&mut self, entry: u32) -> bool {
        let Some(index) = self.tables.leaf(self.slot, entry) else { return false };
        let Some(rule) = self.tables.rule(self.slot, index) else { return false };
        if self.work.best.rank <= rule.rank {
            return false;
        }
        if matches(&rule, self.work) {
            self.work.best = RuleHit { rule: index, action: rule.action, rank: rule.rank };
            return false;
        }
        true
    }
}

#[inline(always)]
fn matches(rule: &RuleRow, work: &Work) -> bool {
    let sport = work.value(Dimension::SourcePort as u32)[1] as u16;
    let dport = work.value(Dimension::DestinationPort as u32)[1] as u16;
    let proto = work.value(Dimension::Protocol as u32)[1] as u8;
    let src = work.value(Dimension::Source as u32);
    let dst = work.value(Dimension::Destination as u32);
    rule.proto_low <= proto
        && proto <= rule.proto_high
        && rule.dport_low <= dport
        && dport <= rule.dport_high
        && rule.sport_low <= sport
        && sport <= rule.sport_high
        && at_most(rule.src_low, src)
        && at_most(src, rule.src_high)
        && at_most(rule.dst_low, dst)
        && at_most(dst, rule.dst_high)
}

/// `left <= right` as 128-bit numbers.
#[inline(always)]
fn at_most(left: Cut, right: Cut) -> bool {
    left[0] < right[0] || (left[0] == right[0] && left[1] <= right[1])
}
