use crate::sessions::SessionTables;
use flumen_abi::{
    Addr, AnswerBudget, CounterIndex, FragmentKey, FragmentRow, InterfaceId, InterfaceKey, InterfaceRow,
    LinkKey, LinkRow, LocalRow, NatRow, NodeRow, PolicyId, PolicyRow, RootKey, RootRow, RuleRow, Settings,
    Slot,
};

/// The rows that the pipeline reads and writes. Rows are copied, so that one that another CPU removes meanwhile
/// stays whole for this packet: small ones are returned, large ones are written to where the caller keeps them
/// (`into` is untouched, and the answer false, when there is no such row).
///
/// Array indices are relative to `slot`; the implementation adds the slot's base.
pub trait Tables: SessionTables {
    /// Timeouts and switches.
    fn settings(&self, slot: Slot, into: &mut Settings) -> bool;
    /// Ingress interface.
    fn interface(&self, key: &InterfaceKey, into: &mut InterfaceRow) -> bool;
    /// Interface of an L3 device.
    fn link(&self, key: &LinkKey) -> Option<InterfaceId>;
    /// Egress interface.
    fn port(&self, slot: Slot, interface: InterfaceId, into: &mut LinkRow) -> bool;
    /// An address that the host answers to.
    fn local(&self, addr: Addr) -> Option<LocalRow>;

    /// Classifier root.
    fn root(&self, key: &RootKey, into: &mut RootRow) -> bool;
    /// Classifier node.
    fn node(&self, slot: Slot, index: u32) -> Option<NodeRow>;
    /// Entry of a classifier leaf: a rule's index.
    fn leaf(&self, slot: Slot, index: u32) -> Option<u32>;
    /// Classifier rule.
    fn rule(&self, slot: Slot, index: u32) -> Option<RuleRow>;
    /// Policy action.
    fn policy(&self, slot: Slot, index: u32) -> Option<PolicyRow>;
    /// NAT action.
    fn nat(&self, slot: Slot, index: u32, into: &mut NatRow) -> bool;

    /// Ports of a fragmented packet.
    fn fragment(&self, key: &FragmentKey) -> Option<FragmentRow>;
    /// Remembers them; the oldest entry makes room when the table is full.
    fn insert_fragment(&self, key: &FragmentKey, row: &FragmentRow);

    /// Adds one packet of `bytes` to a counter of this CPU.
    fn count(&self, index: CounterIndex, bytes: u32);
    /// Adds one packet of `bytes` to the hits of a policy or NAT rule.
    fn hit(&self, policy: PolicyId, bytes: u32);
    /// This CPU's budget of ICMP errors.
    fn answers(&self) -> Option<&AnswerBudget>;
}
