use crate::{AddressLiteral, DeviceName, Problem, VlanId};
use ipnet::IpNet;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// What the configuration sets of the host's own network: links, their addresses, static routes.
///
/// What it does not name is left to the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Network {
    /// Links by their Linux names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<DeviceName, Link>,
    /// Static routes of the main table; at most one for each destination and metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<StaticRoute>,
}

/// A link that is configured. It is set up, unless it is out of use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Link {
    /// Text for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Out of use: it is set down, and has no addresses of the configuration.
    pub disable: bool,
    /// Largest IP packet, bytes; none: as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Largest IPv6 packet where that is less, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_mtu: Option<u32>,
    /// A sub-interface, made when it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vlan: Option<SubInterface>,
    /// Addresses with the lengths of their networks; the first of a network is the source of what the host sends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<InterfaceAddress>,
    /// Work that the device takes over, and its queues.
    #[serde(skip_serializing_if = "Offload::is_empty")]
    pub offload: Offload,
}

/// Frames of another link with one VLAN tag, as a link of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SubInterface {
    /// The link that has the frames; itself a sub-interface for the inner one of two tags.
    pub parent: DeviceName,
    /// The tag.
    pub id: Option<VlanId>,
    /// The tag is the outer one of two (802.1ad).
    pub service: bool,
}

/// An address with the length of its network: `192.0.2.1/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct InterfaceAddress(pub IpNet);

/// Offloads and queues; none: as the device has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Offload {
    /// Features, on or off.
    #[serde(flatten)]
    pub features: BTreeMap<OffloadFeature, bool>,
    /// Descriptors and queues.
    #[serde(flatten)]
    pub sizes: BTreeMap<OffloadSize, u32>,
}

/// A feature by its name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffloadFeature {
    /// Checks checksums.
    RxChecksum,
    /// Computes checksums.
    TxChecksum,
    /// Cuts TCP segments in the device.
    Tso,
    /// Cuts segments in the kernel, as late as possible.
    Gso,
    /// Joins segments, reversibly.
    Gro,
    /// Joins segments, irreversibly.
    Lro,
}

/// A number of descriptors or queues by its name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffloadSize {
    /// Descriptors to receive with.
    RxRing,
    /// Descriptors to send with.
    TxRing,
    /// Queues.
    Channels,
}

/// A static route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StaticRoute {
    /// Where to, without host bits.
    pub destination: IpNet,
    /// Of several routes to one destination the least wins; at least 1.
    pub metric: u32,
    /// What becomes of the packets.
    pub then: RouteThen,
}

/// What becomes of the packets of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteThen {
    /// They are dropped silently.
    Discard,
    /// They are dropped, and the sender is told.
    Reject,
    /// They go to these, each flow to one.
    NextHop(Vec<NextHop>),
}

/// A gateway, or a link that reaches the destinations themselves; both: a gateway on that link.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct NextHop {
    /// Address of the gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Link by its Linux name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<DeviceName>,
}

// === impl Network ===

impl Network {
    /// True when everything is left to the host.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.routes.is_empty()
    }
}

// === impl Link ===

impl Link {
    /// Least MTU that IPv4 needs (RFC 791), and IPv6 (RFC 8200).
    pub const LEAST_MTU: [u32; 2] = [68, 1280];
    /// Greatest MTU that Linux takes.
    pub const GREATEST_MTU: u32 = 65535;
}

// === impl InterfaceAddress ===

impl InterfaceAddress {
    /// From `192.0.2.1/24`; an address alone has the full length.
    ///
    /// # Errors
    /// When it is none, or none that a host can have in that network.
    pub fn parse(text: &str) -> Result<InterfaceAddress, Problem> {
        let alone = |_| text.parse::<IpAddr>().map(IpNet::from);
        let shown = || text.chars().take(100).collect::<String>();
        let net = text.parse().or_else(alone).map_err(|_| Problem::Address { text: shown() })?;
        let address = net.addr();
        if matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
            return Err(Problem::MappedAddress { text: shown() });
        }
        // The ends of an IPv4 network are its own name and everybody in it; of 31 and 32 bits, they are hosts (RFC 3021).
        let is_end = |v4: ipnet::Ipv4Net| {
            v4.prefix_len() < 31 && (v4.addr() == v4.network() || v4.addr() == v4.broadcast())
        };
        let unusable = match net {
            IpNet::V4(v4) => v4.addr().is_broadcast() || is_end(v4),
            IpNet::V6(_) => false,
        };
        if unusable || address.is_unspecified() || address.is_multicast() {
            return Err(Problem::NotUnicast { address });
        }
        Ok(InterfaceAddress(net))
    }
}

impl Default for InterfaceAddress {
    /// The placeholder of one that could not be read.
    fn default() -> InterfaceAddress {
        InterfaceAddress(IpNet::default())
    }
}

impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// === impl Offload ===

impl Offload {
    /// True when all is as the device has it.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty() && self.sizes.is_empty()
    }
}

// === impl OffloadFeature ===

impl OffloadFeature {
    /// Each with its name.
    pub const ALL: [(&'static str, OffloadFeature); 6] = [
        ("rx-checksum", OffloadFeature::RxChecksum),
        ("tx-checksum", OffloadFeature::TxChecksum),
        ("tso", OffloadFeature::Tso),
        ("gso", OffloadFeature::Gso),
        ("gro", OffloadFeature::Gro),
        ("lro", OffloadFeature::Lro),
    ];
}

// === impl OffloadSize ===

impl OffloadSize {
    /// Each with its name.
    pub const ALL: [(&'static str, OffloadSize); 3] = [
        ("rx-ring", OffloadSize::RxRing),
        ("tx-ring", OffloadSize::TxRing),
        ("channels", OffloadSize::Channels),
    ];
    /// Descriptors or queues at most; the device may have fewer.
    pub const GREATEST: u32 = 65536;
}

// === impl StaticRoute ===

impl StaticRoute {
    /// Metric of a route that says nothing: the preference that Junos gives to static routes.
    pub const METRIC: u32 = 5;
}

impl Default for StaticRoute {
    /// The placeholder of one that could not be read.
    fn default() -> StaticRoute {
        StaticRoute { destination: IpNet::default(), metric: StaticRoute::METRIC, then: RouteThen::default() }
    }
}

impl Default for RouteThen {
    fn default() -> RouteThen {
        RouteThen::NextHop(Vec::new())
    }
}

/// The destination of a route: no host bits.
///
/// # Errors
/// What is wrong with it; for host bits, the prefix that was meant.
pub(crate) fn destination(text: &str) -> Result<IpNet, Problem> {
    match AddressLiteral::parse(text)? {
        AddressLiteral::Prefix(net) => Ok(net),
        AddressLiteral::Range(_) => Err(Problem::Address { text: text.chars().take(100).collect() }),
    }
}

#[cfg(test)]
mod tests {
    use super::{InterfaceAddress, destination};

    #[test]
    fn an_address_of_a_link_is_one_that_a_host_can_have() {
        for good in
            ["192.0.2.1/24", "192.0.2.0/31", "192.0.2.255/32", "10.0.0.1", "2001:db8::/64", "fe80::1/64"]
        {
            assert!(InterfaceAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "192.0.2.0/24",
            "192.0.2.255/24",
            "0.0.0.0/8",
            "224.0.0.1/32",
            "ff02::1/64",
            "::ffff:1.2.3.4/128",
            "::",
            "x",
            "1.2.3.4/33",
        ] {
            assert!(InterfaceAddress::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_destination_of_a_route_has_no_host_bits() {
        assert!(destination("0.0.0.0/0").is_ok() && destination("192.0.2.1").is_ok());
        assert!(destination("192.0.2.1/24").unwrap_err().to_string().contains("192.0.2.0/24"));
    }
}
