use flumen_abi::{
    InterfaceKey, InterfaceRow, LinkKey, LinkRow, NatRow, NodeRow, PolicyRow, RootKey, RootRow, RuleRow,
    Settings,
};
use hashbrown::HashMap;

/// One resident ruleset. Keys carry slot 0 wherever it lies.
#[derive(Clone, Debug, Default)]
pub struct RulesetRows {
    /// Timeouts, limits, generation; none in an empty slot.
    pub settings: Option<Settings>,
    /// Ingress interfaces.
    pub interfaces: HashMap<InterfaceKey, InterfaceRow>,
    /// L3 devices.
    pub links: HashMap<LinkKey, LinkRow>,
    /// Classifier roots.
    pub roots: HashMap<RootKey, RootRow>,
    /// Classifier nodes.
    pub nodes: Vec<NodeRow>,
    /// Classifier leaves.
    pub leaves: Vec<u32>,
    /// Classifier rules.
    pub rules: Vec<RuleRow>,
    /// Policy actions.
    pub policies: Vec<PolicyRow>,
    /// NAT actions.
    pub nat: Vec<NatRow>,
}
