use crate::{Addr, PolicyId};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What a NAT rule does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum NatKind {
    /// Leave as it is: an exception above wider rules.
    Off = 0,
    /// Source becomes the egress interface's address, port from the row's range.
    Interface = 1,
    /// Destination becomes the row's address, and its port when that is not zero.
    Destination = 2,
    /// The packet is dropped: rules of traffic mirrors only.
    Discard = 3,
}

/// Element of the `nat` array: action of one NAT rule. 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct NatRow {
    /// New destination address; unspecified for source NAT to the interface.
    pub addr: Addr,
    /// Source NAT: least port to use. Destination NAT: new port, or 0 to keep it. Host order.
    pub port_low: u16,
    /// Source NAT: greatest port to use. Host order.
    pub port_high: u16,
    /// [`NatKind`].
    pub kind: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// The rule across commits; same number space as policies, so that hits are counted alike.
    pub id: PolicyId,
    /// Zero.
    pub reserved2: u32,
}
const _: () = assert!(size_of::<NatRow>() == 32);
