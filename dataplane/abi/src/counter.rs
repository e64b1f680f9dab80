use crate::{InterfaceId, Reason};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Packets and bytes; one per CPU, so sums are exact. 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Counter {
    /// Packets.
    pub packets: u64,
    /// Bytes of the frames as they arrived.
    pub bytes: u64,
}

/// Index into the per-CPU `counters` array: one row of [`CounterIndex::PER_INTERFACE`] per interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CounterIndex(pub u32);

impl CounterIndex {
    /// Counters of one interface: all reasons, then received and transmitted, with room to grow.
    pub const PER_INTERFACE: u32 = 128;
    /// Elements of the array.
    pub const COUNT: u32 = InterfaceId::COUNT as u32 * Self::PER_INTERFACE;
    const RECEIVED: u32 = Self::PER_INTERFACE - 1;
    const TRANSMITTED: u32 = Self::PER_INTERFACE - 2;

    /// Frames that arrived on `interface` and ended with `reason`.
    #[inline(always)]
    pub const fn reason(interface: InterfaceId, reason: Reason) -> CounterIndex {
        CounterIndex(interface.0 as u32 * Self::PER_INTERFACE + reason as u32)
    }

    /// Frames that arrived on `interface`, counted before anything else is known of them.
    #[inline(always)]
    pub const fn received(interface: InterfaceId) -> CounterIndex {
        CounterIndex(interface.0 as u32 * Self::PER_INTERFACE + Self::RECEIVED)
    }

    /// Frames forwarded out of `interface`, wherever they arrived. Answers of our own are counted by their reason.
    #[inline(always)]
    pub const fn transmitted(interface: InterfaceId) -> CounterIndex {
        CounterIndex(interface.0 as u32 * Self::PER_INTERFACE + Self::TRANSMITTED)
    }
}

const _: () = assert!(Reason::COUNT < CounterIndex::TRANSMITTED as usize);
