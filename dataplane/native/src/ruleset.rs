use crate::services::ServiceRows;
use flumen_abi::{
    Addr, IfIndex, InterfaceId, InterfaceKey, InterfaceRow, LinkKey, LinkRow, NatRow, NodeRow, PolicyRow,
    RootKey, RootRow, RuleRow, Settings, Vlan, ZoneId,
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
    pub links: HashMap<LinkKey, InterfaceId>,
    /// Egress interfaces by number; unused ones are [`InterfaceId::NONE`].
    pub ports: Vec<LinkRow>,
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
    /// What comes before the pipeline.
    pub services: ServiceRows,
}

impl RulesetRows {
    /// Adds an egress interface: its row, and its number under its L3 device.
    pub fn add_port(&mut self, link: IfIndex, row: LinkRow) {
        const UNUSED: LinkRow = LinkRow {
            v4: Addr::UNSPECIFIED,
            v6: Addr::UNSPECIFIED,
            device: IfIndex(0),
            vlan: Vlan { outer: 0, inner: 0 },
            mtu: 0,
            zone: ZoneId::NONE,
            id: InterfaceId::NONE,
            mac: [0; 6],
            flags: 0,
            link: IfIndex(0),
            reserved: 0,
        };
        let place = usize::from(row.id.0);
        if self.ports.len() <= place {
            self.ports.resize(place + 1, UNUSED);
        }
        self.ports[place] = row;
        self.links.insert(LinkKey { slot: 0, link }, row.id);
    }
}
