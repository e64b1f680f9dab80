use flumen_abi::{InterfaceId, MirrorKey, MirrorRow, ServiceRow, Slot, TallyIndex};

/// The rows of services; as [`Tables`](crate::Tables), rows are copied.
pub trait ServiceTables {
    /// Services of an interface.
    fn service(&self, slot: Slot, interface: InterfaceId, into: &mut ServiceRow) -> bool;
    /// Traffic mirror.
    fn mirror(&self, key: &MirrorKey, into: &mut MirrorRow) -> bool;
    /// Adds one frame of `bytes` to a tally of this CPU.
    fn tally(&self, index: TallyIndex, bytes: u32);
}
