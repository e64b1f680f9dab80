use crate::context::{Context, Work};
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

/// The first rule of `stage` between two zones that matches the loaded values.
#[inline(always)]
pub fn classify<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    stage: Stage,
    packet: &Packet,
    to: ZoneId,
) -> Option<RuleHit> {
    let key = RootKey {
        slot: context.slot.index() as u8,
        stage: stage as u8,
        family: packet.family as u8,
        reserved: 0,
        from: packet.interface.zone,
        to,
    };
    context.work.best = RuleHit::NONE;
    if context.tables.root(&key, &mut context.work.root) {
        search::<T, E>(context.tables, context.slot, context.work);
    }
    let best = context.work.best;
    let hit = if best.rank == u32::MAX { None } else { Some(best) };
    context.trace.step(Step::Classified(stage, hit.as_ref()));
    hit
}

/// Walks the trees of `work.root` for the rule that matches with the least rank, into `work.best`.
#[inline(never)]
fn search<T: Tables, E: Environment>(tables: &T, slot: Slot, work: &mut Work) {
    let mut tree = 0;
    while tree < TREES_PER_ROOT {
        let reference = work.root.trees[tree];
        let mut descent = Descent { tables, slot, work, reference };
        if !LeafRef::is_leaf(reference) {
            E::repeat(MAX_DEPTH, &mut descent);
        }
        let leaf = LeafRef(descent.reference);
        if LeafRef::is_leaf(leaf.0) && leaf.count() != 0 {
            E::repeat(leaf.count(), &mut Scan { tables, slot, work, first: leaf.first() });
        }
        tree += 1;
    }
}

/// The way from a tree's root to its leaf; what is no leaf after [`MAX_DEPTH`] nodes matches nothing.
struct Descent<'a, T> {
    tables: &'a T,
    slot: Slot,
    work: &'a Work,
    reference: u32,
}

impl<T: Tables> Turn for Descent<'_, T> {
    #[inline(always)]
    fn take(&mut self, _: u32) -> bool {
        let Some(node) = self.tables.node(self.slot, self.reference) else {
            self.reference = LeafRef::EMPTY;
            return false;
        };
        let low = at_most(self.work.value(node.dimension), node.cut);
        self.reference = if low { node.low } else { node.high };
        !LeafRef::is_leaf(self.reference)
    }
}

/// A leaf's rules, compared in full. They lie in rank order, so the first match is the leaf's best.
struct Scan<'a, T> {
    tables: &'a T,
    slot: Slot,
    work: &'a mut Work,
    first: u32,
}

impl<T: Tables> Turn for Scan<'_, T> {
    #[inline(always)]
    fn take(&mut self, place: u32) -> bool {
        let Some(index) = self.tables.leaf(self.slot, self.first + place) else {
            return false;
        };
        let Some(rule) = self.tables.rule(self.slot, index) else {
            return false;
        };
        if self.work.best.rank <= rule.rank {
            return false;
        }
        let found = matches(&rule, self.work);
        if found {
            self.work.best = RuleHit { rule: index, action: rule.action, rank: rule.rank };
        }
        !found
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
