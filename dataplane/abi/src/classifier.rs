//! One classifier serves policies, source NAT, destination NAT and host-inbound rules.
//!
//! Rules of one stage and zone pair are boxes in five dimensions. A root has up to four binary trees over
//! them; an inner node cuts one dimension in two, a leaf lists at most 31 candidate rules in rank order.
//! The cost of a look-up is the depth of the trees, which grows with the logarithm of the number of rules
//! (docs/adr/0004-classifier.md).

use crate::ZoneId;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Which rules are asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Stage {
    /// By ingress zone, before routing; `to` is zero.
    DestinationNat = 0,
    /// By zone pair; sees the destination after translation and the source before it.
    Policy = 1,
    /// By zone pair, after policy.
    SourceNat = 2,
    /// By ingress zone, for packets to the host itself; `to` is zero.
    HostInbound = 3,
}

/// A field of the packet that a node may cut.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Dimension {
    /// Source address as a 128-bit number.
    Source = 0,
    /// Destination address as a 128-bit number.
    Destination = 1,
    /// Source port; for ICMP zero.
    SourcePort = 2,
    /// Destination port; for ICMP and ICMPv6 `type << 8 | code`.
    DestinationPort = 3,
    /// IP protocol number.
    Protocol = 4,
}

/// Dimensions there are, rounded up so that a masked index stays in range.
pub const DIMENSIONS: usize = 8;

/// Most inner nodes between a root and a leaf.
pub const MAX_DEPTH: u32 = 48;

/// Trees of one root; the best rank of all of them wins.
pub const TREES_PER_ROOT: usize = 4;

/// A value of any dimension as a 128-bit number, high half first, host order.
pub type Cut = [u64; 2];

/// Key of the `classifier_roots` table. 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct RootKey {
    /// Ruleset slot, 0 or 1.
    pub slot: u8,
    /// [`Stage`].
    pub stage: u8,
    /// 4 or 6 ([`crate::Family`]).
    pub family: u8,
    /// Zero.
    pub reserved: u8,
    /// Ingress zone.
    pub from: ZoneId,
    /// Egress zone, or zero where the stage has none.
    pub to: ZoneId,
}
const _: () = assert!(size_of::<RootKey>() == 8);

/// Value of the `classifier_roots` table: the trees, those there are first, then [`LeafRef::EMPTY`]. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RootRow {
    /// Node index or [`LeafRef`].
    pub trees: [u32; TREES_PER_ROOT],
}

/// Element of the `classifier_nodes` array. 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct NodeRow {
    /// Values up to and including this go low.
    pub cut: Cut,
    /// Node index or [`LeafRef`], relative to the slot's part of its table.
    pub low: u32,
    /// Likewise for greater values.
    pub high: u32,
    /// [`Dimension`].
    pub dimension: u32,
    /// Zero.
    pub reserved: u32,
}
const _: () = assert!(size_of::<NodeRow>() == 32);

/// A tree reference with the top bit set: `count` rules from `first` in `classifier_leaves`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeafRef(pub u32);

impl LeafRef {
    /// No rule.
    pub const EMPTY: u32 = LeafRef::new(0, 0).0;
    /// Most rules in one leaf.
    pub const MAX_RULES: u32 = 31;
    /// Entries of `classifier_leaves` that can be addressed.
    pub const MAX_FIRST: u32 = (1 << 26) - 1;
    const LEAF: u32 = 1 << 31;

    /// Leaf of `count` rules from `first`; both must be within the limits above.
    pub const fn new(first: u32, count: u32) -> LeafRef {
        LeafRef(Self::LEAF | (count & 31) << 26 | first & Self::MAX_FIRST)
    }

    /// True when a tree reference is a leaf.
    #[inline(always)]
    pub const fn is_leaf(reference: u32) -> bool {
        reference & Self::LEAF != 0
    }

    /// First entry in `classifier_leaves`.
    #[inline(always)]
    pub const fn first(self) -> u32 {
        self.0 & Self::MAX_FIRST
    }

    /// Number of entries.
    #[inline(always)]
    pub const fn count(self) -> u32 {
        self.0 >> 26 & 31
    }
}

/// Element of the `classifier_rules` array: one box. 88 bytes; all bounds inclusive.
///
/// `classifier_leaves` holds indices into this array, 4 bytes each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RuleRow {
    /// Least source address.
    pub src_low: Cut,
    /// Greatest source address.
    pub src_high: Cut,
    /// Least destination address.
    pub dst_low: Cut,
    /// Greatest destination address.
    pub dst_high: Cut,
    /// Least source port.
    pub sport_low: u16,
    /// Greatest source port.
    pub sport_high: u16,
    /// Least destination port, or ICMP type and code.
    pub dport_low: u16,
    /// Greatest destination port, or ICMP type and code.
    pub dport_high: u16,
    /// Least IP protocol.
    pub proto_low: u8,
    /// Greatest IP protocol.
    pub proto_high: u8,
    /// Zero.
    pub reserved: u16,
    /// Order among the rules of one root: the least matching rank wins.
    pub rank: u32,
    /// Index of the row that says what to do: `policies` or `nat`, by stage; for host-inbound unused.
    pub action: u32,
    /// Zero.
    pub reserved2: u32,
}
const _: () = assert!(size_of::<RuleRow>() == 88);

#[cfg(test)]
mod tests {
    use super::LeafRef;

    #[test]
    fn a_leaf_reference_keeps_its_place_and_count() {
        let leaf = LeafRef::new(1_234_567, 31);
        assert!(LeafRef::is_leaf(leaf.0));
        assert_eq!((leaf.first(), leaf.count()), (1_234_567, 31));
        assert_eq!(LeafRef(LeafRef::EMPTY).count(), 0);
    }
}
