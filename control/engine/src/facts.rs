use flumen_abi::{Addr, IfIndex};

/// What the kernel says of the host; read over netlink by `flumen-kernel`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// Every link.
    pub links: Vec<LinkFacts>,
    /// Every address that is the host's own, and every broadcast address of its subnets.
    pub locals: Vec<LocalFacts>,
}

/// One network device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkFacts {
    /// Kernel number.
    pub index: IfIndex,
    /// Kernel name.
    pub name: String,
    /// Ethernet address; zero when it has none.
    pub mac: [u8; 6],
    /// Largest IP packet, bytes.
    pub mtu: u32,
    /// Primary IPv4 address.
    pub v4: Option<Addr>,
    /// Primary global IPv6 address (else unique-local; never link-local).
    pub v6: Option<Addr>,
    /// Administratively up and carrier present.
    pub running: bool,
    /// Takes frames that XDP redirects to it (`ndo_xdp_xmit`); true where the kernel does not tell (before
    /// Linux 6.3).
    pub xdp_transmit: bool,
    /// Takes them also when they lie in several buffers, as jumbo frames do; false where the kernel does not tell, as
    /// it then redirects none of those.
    pub xdp_transmit_fragments: bool,
}

/// One address that the host answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalFacts {
    /// The address.
    pub addr: Addr,
    /// Device it is on.
    pub link: IfIndex,
    /// A subnet's broadcast address.
    pub broadcast: bool,
}

impl HostFacts {
    /// The link with this name.
    pub fn link(&self, name: &str) -> Option<&LinkFacts> {
        self.links.iter().find(|link| link.name == name)
    }
}
