use flumen_abi::{
    Addr, AnswerBudget, Control, CounterIndex, FragmentKey, FragmentRow, Hop, InterfaceId, InterfaceKey,
    InterfaceRow, LinkKey, LinkRow, LocalRow, NatRow, NodeRow, PolicyId, PolicyRow, RootKey, RootRow,
    RuleRow, SessionKey, SessionOwner, SessionRecord, SessionRow, SessionSlot, Settings, Slot,
};

/// Why a session row was not inserted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InsertError {
    /// A row with this key exists; it was left as it is.
    Exists,
    /// The table is full.
    Full,
}

/// The rows that the pipeline reads and writes. Rows are copied, so that one that another CPU removes meanwhile
/// stays whole for this packet: small ones are returned, large ones are written to where the caller keeps them
/// (`into` is untouched, and the answer false, when there is no such row).
///
/// Array indices are relative to `slot`; the implementation adds the slot's base.
pub trait Tables {
    /// What is in force. Its slot is read once per packet, so that a packet sees one generation.
    fn control(&self) -> Option<&Control>;
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

    /// One direction of a session.
    fn session(&self, key: &SessionKey, into: &mut SessionRow) -> bool;
    /// Notes the next hop in the row of `key`, if it is still there.
    fn learn_hop(&self, key: &SessionKey, hop: &Hop);
    /// Adds one direction; two CPUs that add the same key see exactly one success.
    ///
    /// # Errors
    /// [`InsertError`]; nothing was changed.
    fn insert_session(&self, key: &SessionKey, row: &SessionRow) -> Result<(), InsertError>;
    /// Removes one direction, if it is there.
    fn remove_session(&self, key: &SessionKey);
    /// A session's changing part.
    fn record(&self, slot: SessionSlot) -> Option<&SessionRecord>;
    /// The key under which a session was opened.
    fn owner(&self, slot: SessionSlot) -> Option<&SessionOwner>;
    /// A record that no session owns; never the same one to two CPUs. `None` when all are taken.
    fn take_record(&self) -> Option<SessionSlot>;
    /// Gives back a record of [`Tables::take_record`] that no row points to.
    fn give_record(&self, slot: SessionSlot);

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
