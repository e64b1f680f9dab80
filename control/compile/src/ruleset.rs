use flumen_abi::{
    InterfaceId, MirrorKey, MirrorRow, NatRow, NodeRow, PolicyRow, RootKey, RootRow, RuleRow, ServiceRow,
    Settings, Vlan, ZoneId,
};

/// A compiled configuration as table rows. Index fields are relative; [`RootKey::slot`] is 0 and set on install.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruleset {
    /// Timeouts, limits, generation.
    pub settings: Settings,
    /// Interfaces by device name; they become ifindex rows when installed.
    pub interfaces: Vec<InterfaceBinding>,
    /// Classifier roots.
    pub roots: Vec<(RootKey, RootRow)>,
    /// Classifier nodes.
    pub nodes: Vec<NodeRow>,
    /// Classifier leaves: rule indices.
    pub leaves: Vec<u32>,
    /// Classifier rules.
    pub rules: Vec<RuleRow>,
    /// Policy actions.
    pub policies: Vec<PolicyRow>,
    /// NAT actions.
    pub nat: Vec<NatRow>,
    /// Interfaces with services.
    pub services: Vec<(InterfaceId, ServiceRow)>,
    /// Traffic mirrors. [`MirrorKey::slot`] is 0 and set on install.
    pub mirrors: Vec<(MirrorKey, MirrorRow)>,
}

/// One interface of the ruleset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceBinding {
    /// Device that frames arrive on, as the kernel names it.
    pub device: String,
    /// Tags that select it; untagged when both are 0.
    pub vlan: Vlan,
    /// Device that has the addresses: the kernel's VLAN device, or the same as `device`.
    pub link: String,
    /// Zone; none where only services use the interface.
    pub zone: ZoneId,
    /// Counter index, stable across commits for the same device and tags.
    pub id: InterfaceId,
}
