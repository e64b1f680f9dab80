use super::StaticRoute;
use flumen_abi::IfIndex;
use ipnet::IpNet;

/// What the kernel has of links, addresses and our routes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkFacts {
    /// Every link.
    pub links: Vec<LinkState>,
    /// Every address.
    pub addresses: Vec<LinkAddress>,
    /// Routes of the main table that carry our mark.
    pub routes: Vec<StaticRoute>,
}

/// A link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkState {
    /// Number.
    pub index: IfIndex,
    /// Name.
    pub name: String,
    /// Administratively up.
    pub up: bool,
    /// Least and greatest MTU that its driver takes, bytes; 0 where it does not say.
    pub mtu_limits: (u32, u32),
    /// Of a sub-interface, which frames it has.
    pub vlan: Option<VlanTag>,
}

/// Which frames a sub-interface has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VlanTag {
    /// The link below it.
    pub parent: IfIndex,
    /// The tag.
    pub id: u16,
    /// 802.1ad.
    pub service: bool,
}

/// An address of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkAddress {
    /// Name of the link.
    pub link: String,
    /// The address, with the length of its network.
    pub address: IpNet,
    /// It carries our mark.
    pub ours: bool,
}

// === impl NetworkFacts ===

impl NetworkFacts {
    /// The link of this name.
    pub fn link(&self, name: &str) -> Option<&LinkState> {
        self.links.iter().find(|link| link.name == name)
    }
}
