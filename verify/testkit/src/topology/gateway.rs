//! Hosts around one gateway.

use std::collections::BTreeMap;

use super::Segment;
use super::wiring::{know, quieten, set_up};
use crate::Error;
use crate::netns::{Link, Netns, veth};
use crate::vlan_shim::VlanShim;

/// A client and a server on either side of a gateway, each a namespace; see [`Segment`] for the addresses. Hosts have
/// one interface, `eth0`, and a default route through the gateway, whose kernel forwards until something else does.
///
/// Both ends of each veth pair have GRO on, which makes driver-mode redirect into them work. The hosts send whole
/// frames with complete checksums (`tx`, `tso`, `gso` off).
#[derive(Debug)]
pub struct Gateway {
    // shims go before the namespaces
    shims: Vec<VlanShim>,
    hosts: BTreeMap<Segment, Netns>,
    gateway: Netns,
}

/// How hosts and gateway know each other's MAC addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Neighbours {
    /// By ARP and neighbour discovery, starting cold.
    #[default]
    Dynamic,
    /// By permanent entries.
    Static,
}

/// What a [`Gateway`] shall look like.
#[derive(Clone, Debug)]
#[must_use = "call build()"]
pub struct GatewayBuilder {
    segments: Vec<Segment>,
    neighbours: Neighbours,
    mtu: BTreeMap<Segment, u32>,
    vlan: BTreeMap<Segment, u16>,
    host_offloads: bool,
}

// === impl Gateway ===

impl Gateway {
    /// Client, gateway and server, MTU 1500, no tags, dynamic neighbours.
    ///
    /// # Errors
    /// [`Error::NotRoot`], or the command that failed.
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// The same, to be changed.
    pub fn builder() -> GatewayBuilder {
        GatewayBuilder {
            segments: vec![Segment::Lan, Segment::Wan],
            neighbours: Neighbours::default(),
            mtu: BTreeMap::new(),
            vlan: BTreeMap::new(),
            host_offloads: false,
        }
    }

    /// The gateway's namespace.
    pub fn gateway(&self) -> &Netns {
        &self.gateway
    }

    /// The host on the LAN.
    pub fn client(&self) -> &Netns {
        self.host(Segment::Lan)
    }

    /// The host on the WAN.
    pub fn server(&self) -> &Netns {
        self.host(Segment::Wan)
    }

    /// The host of a segment.
    ///
    /// # Panics
    /// When the topology was built without this segment.
    pub fn host(&self, segment: Segment) -> &Netns {
        self.hosts.get(&segment).expect("the builder was asked for this segment")
    }

    /// The host's interface on a segment.
    ///
    /// # Panics
    /// When the topology was built without this segment.
    pub fn host_link(&self, segment: Segment) -> Link<'_> {
        self.host(segment).link("eth0")
    }

    /// The gateway's interface on a segment.
    pub fn gateway_link(&self, segment: Segment) -> Link<'_> {
        self.gateway.link(segment.dev())
    }

    fn connect(&mut self, segment: Segment, builder: &GatewayBuilder) -> Result<(), Error> {
        let host = Netns::new(match segment {
            Segment::Lan => "client",
            Segment::Wan => "server",
            Segment::Dmz => "dmz",
        })?;
        quieten(&host)?;
        veth((&host, "eth0"), (&self.gateway, segment.dev()))?;
        self.hosts.insert(segment, host);

        let (host_link, gateway_link) = (self.host_link(segment), self.gateway_link(segment));
        let (host, gateway) = (segment.host(), segment.gateway());
        let mtu = builder.mtu.get(&segment).copied().unwrap_or(1500);
        if !builder.host_offloads {
            host_link.features("tx off tso off gso off")?;
        }
        set_up(host_link, &host, mtu)?;
        set_up(gateway_link, &gateway, mtu)?;
        host_link.namespace().route(&format!("default via {}", gateway.v4))?;
        host_link.namespace().route(&format!("default via {}", gateway.v6))?;
        if builder.neighbours == Neighbours::Static {
            know(host_link, &gateway)?;
            know(gateway_link, &host)?;
        }
        let shims = match builder.vlan.get(&segment) {
            Some(vid) => vec![VlanShim::attach(host_link, *vid)?, VlanShim::attach(gateway_link, *vid)?],
            None => Vec::new(),
        };
        self.shims.extend(shims);
        Ok(())
    }
}

// === impl GatewayBuilder ===

impl GatewayBuilder {
    /// Adds a host on the third side.
    pub fn dmz(mut self) -> Self {
        self.segments.push(Segment::Dmz);
        self
    }

    /// How neighbours are known.
    pub fn neighbours(mut self, neighbours: Neighbours) -> Self {
        self.neighbours = neighbours;
        self
    }

    /// MTU of both ends of a segment, in bytes.
    pub fn mtu(mut self, segment: Segment, bytes: u32) -> Self {
        self.mtu.insert(segment, bytes);
        self
    }

    /// Tags all frames of a segment: both ends get a [`VlanShim`], below which the gateway's XDP program sees the tags.
    pub fn vlan(mut self, segment: Segment, vid: u16) -> Self {
        self.vlan.insert(segment, vid);
        self
    }

    /// Leaves `tx`, `tso` and `gso` on at the hosts: their frames then carry partial checksums and may be larger than
    /// the MTU, as those of containers do.
    pub fn host_offloads(mut self) -> Self {
        self.host_offloads = true;
        self
    }

    /// Sets everything up.
    ///
    /// # Errors
    /// [`Error::NotRoot`], or the command that failed.
    pub fn build(&self) -> Result<Gateway, Error> {
        let gateway = Netns::new("gw")?;
        quieten(&gateway)?;
        gateway.sysctl("net.ipv4.ip_forward", "1")?;
        gateway.sysctl("net.ipv6.conf.all.forwarding", "1")?;
        // else a traceroute's answers are held back
        gateway.sysctl("net.ipv4.icmp_ratelimit", "0")?;
        gateway.sysctl("net.ipv6.icmp.ratelimit", "0")?;
        let mut topology = Gateway { shims: Vec::new(), hosts: BTreeMap::new(), gateway };
        for segment in &self.segments {
            topology.connect(*segment, self)?;
        }
        Ok(topology)
    }
}
