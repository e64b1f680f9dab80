//! Hosts around one gateway.

use std::collections::BTreeMap;

use super::Segment;
use super::wiring::{address, bring_up, know, quieten};
use crate::Error;
use crate::netns::{Link, Netns, Tag, veth};
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
    sub_interfaces: BTreeMap<Segment, Vec<u16>>,
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
            sub_interfaces: BTreeMap::new(),
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
        let vids = builder.sub_interfaces.get(&segment).map_or(&[][..], Vec::as_slice);
        if !builder.host_offloads {
            host_link.features("tx off tso off gso off")?;
        }
        // a device takes one tag more than its MTU says, not two
        let room = if vids.len() > 1 { 4 } else { 0 };
        bring_up(host_link, &host, mtu + room)?;
        bring_up(gateway_link, &gateway, mtu + room)?;
        let host_dev = sub_interface(host_link, vids, mtu)?;
        let gateway_dev = sub_interface(gateway_link, vids, mtu)?;
        let host_link = host_link.namespace().link(&host_dev);
        let gateway_link = gateway_link.namespace().link(&gateway_dev);
        address(host_link, &host)?;
        address(gateway_link, &gateway)?;
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

/// The sub-interface for these tags, the outer one first; without tags the interface itself.
fn sub_interface(link: Link<'_>, vids: &[u16], mtu: u32) -> Result<String, Error> {
    let mut dev = link.dev().to_owned();
    for (below, vid) in (1..=vids.len()).rev().zip(vids) {
        let tag = if below > 1 { Tag::Service } else { Tag::Customer };
        dev = link.namespace().link(&dev).sub_interface(tag, *vid)?;
    }
    if !vids.is_empty() {
        link.namespace().link(&dev).mtu(mtu)?;
    }
    Ok(dev)
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

    /// Tags all frames of a segment by sub-interfaces of the kernel at both ends, `eth0.7.8` and `wan.7.8` for `[7, 8]`,
    /// which have the addresses: one tag is 802.1Q, the outer one of two 802.1ad.
    pub fn sub_interfaces(mut self, segment: Segment, vids: &[u16]) -> Self {
        self.sub_interfaces.insert(segment, vids.to_vec());
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
