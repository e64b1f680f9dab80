use crate::Quantity;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// What is wanted of the host's network; what is not named is left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Links by name.
    pub links: BTreeMap<String, NetworkLink>,
    /// Routes of the main table; one at most for each destination and metric.
    pub routes: Vec<StaticRoute>,
}

/// What is wanted of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkLink {
    /// Up, or down.
    pub up: bool,
    /// Made when it is not there.
    pub vlan: Option<VlanLink>,
    /// Addresses with the lengths of their networks, in the order in which they are added.
    pub addresses: Vec<IpNet>,
    /// Largest packet, bytes.
    pub mtu: Option<u32>,
    /// Largest IPv6 packet, bytes.
    pub ipv6_mtu: Option<u32>,
    /// `ip link set alias`; at most [`NetworkLink::ALIAS`] bytes of it are taken.
    pub alias: Option<String>,
    /// Offloads, on or off.
    pub offloads: BTreeMap<Offload, bool>,
    /// Descriptors and queues of the device.
    pub quantities: BTreeMap<Quantity, u32>,
}

/// A sub-interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VlanLink {
    /// The link whose frames have the tag.
    pub parent: String,
    /// The tag.
    pub id: u16,
    /// 802.1ad, the outer one of two tags.
    pub service: bool,
}

/// An offload as `ethtool -K` calls it; the kernel has several features for some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offload {
    /// Checks checksums.
    RxChecksum,
    /// Computes checksums.
    TxChecksum,
    /// Cuts TCP segments in the device.
    Tso,
    /// Cuts segments in the kernel.
    Gso,
    /// Joins segments, reversibly.
    Gro,
    /// Joins segments, irreversibly.
    Lro,
}

/// A static route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticRoute {
    /// Where to.
    pub to: IpNet,
    /// Priority; the least wins, never 0.
    pub metric: u32,
    /// What becomes of the packets.
    pub target: RouteTarget,
}

/// What becomes of packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteTarget {
    /// They are dropped silently (`blackhole`).
    Discard,
    /// They are dropped, and the sender is told (`unreachable`).
    Reject,
    /// They go to one of these.
    Via(Vec<Hop>),
}

/// A gateway, or a link on which everybody is; both: a gateway on that link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// The gateway.
    pub gateway: Option<IpAddr>,
    /// The link.
    pub link: Option<String>,
}

// === impl Network ===

impl Network {
    /// True when everything is left to the host.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.routes.is_empty()
    }
}

// === impl NetworkLink ===

impl NetworkLink {
    /// Bytes of an alias at most: `IFALIASZ` of linux/if.h, less its zero.
    pub const ALIAS: usize = 255;
}

// === impl Offload ===

impl Offload {
    /// True for a feature of the kernel that this stands for (`off_flag_def` of ethtool).
    pub(crate) fn covers(self, feature: &str) -> bool {
        match self {
            Offload::RxChecksum => feature == "rx-checksum",
            Offload::TxChecksum => feature.starts_with("tx-checksum-"),
            Offload::Tso => feature.starts_with("tx-tcp") && feature.ends_with("-segmentation"),
            Offload::Gso => feature == "tx-generic-segmentation",
            Offload::Gro => feature == "rx-gro",
            Offload::Lro => feature == "rx-lro",
        }
    }

    /// As the configuration calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Offload::RxChecksum => "rx-checksum",
            Offload::TxChecksum => "tx-checksum",
            Offload::Tso => "tso",
            Offload::Gso => "gso",
            Offload::Gro => "gro",
            Offload::Lro => "lro",
        }
    }
}

// === impl StaticRoute ===

impl StaticRoute {
    /// The route that it would stand beside or replace: the kernel has one of each.
    pub(crate) fn same_place(&self, other: &StaticRoute) -> bool {
        self.to == other.to && self.metric == other.metric
    }

    /// True when `other`, as the kernel has it, does what is wanted here. The kernel finds the links of gateways itself.
    pub(crate) fn is_served_by(&self, other: &StaticRoute) -> bool {
        let serves = |want: &Hop, have: &Hop| {
            want.gateway == have.gateway && (want.link.is_none() || want.link == have.link)
        };
        self.same_place(other)
            && match (&self.target, &other.target) {
                (RouteTarget::Via(want), RouteTarget::Via(have)) => {
                    want.len() == have.len()
                        && want.iter().all(|want| have.iter().any(|have| serves(want, have)))
                }
                (want, have) => want == have,
            }
    }
}

impl fmt::Display for StaticRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "route {} metric {}", self.to, self.metric)?;
        match &self.target {
            RouteTarget::Discard => f.write_str(" discard"),
            RouteTarget::Reject => f.write_str(" reject"),
            RouteTarget::Via(hops) => hops.iter().try_for_each(|hop| {
                hop.gateway.iter().try_for_each(|gateway| write!(f, " via {gateway}"))?;
                hop.link.iter().try_for_each(|link| write!(f, " dev {link}"))
            }),
        }
    }
}
