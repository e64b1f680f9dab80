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
    /// Devices of zones whose interfaces were left out, because something of them is not on the host. Compiling leaves
    /// none out.
    pub absent: Vec<String>,
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

// === impl Ruleset ===

impl Ruleset {
    /// The same, with DF cleared of so many percent of the flows alone, on interfaces of no zone: what passes there untouched
    /// comes to the kernel, where others may see to it.
    #[must_use]
    pub fn with_share(&self, percent: u16) -> Ruleset {
        let mut shared = self.clone();
        for (interface, row) in &mut shared.services {
            if self.shareable().any(|open| open == *interface) {
                row.flags |= ServiceRow::SHARED;
                row.share = percent;
            }
        }
        shared
    }

    /// Interfaces of no zone on which DF is cleared.
    pub fn shareable(&self) -> impl Iterator<Item = InterfaceId> {
        let clears = self.services.iter().filter(|(_, row)| row.flags & ServiceRow::CLEARS_DF != 0);
        let open = |id: InterfaceId| {
            self.interfaces.iter().any(|known| known.id == id && known.zone == ZoneId::NONE)
        };
        clears.map(|(id, _)| *id).filter(move |id| open(*id))
    }
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
