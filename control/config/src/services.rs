use crate::{AddressRef, IpProtocol, Name, PortRange};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

/// Services to the network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Services {
    /// Traffic mirrors by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub traffic_mirror: BTreeMap<Name, TrafficMirror>,
    /// Interfaces on which DF is cleared.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub df_clear: BTreeMap<Name, DfClear>,
}

/// Copies of traffic that arrive in VXLAN, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrafficMirror {
    /// Interface that they arrive on.
    pub interface: Name,
    /// UDP port that they are sent to.
    pub port: u16,
    /// VXLAN network identifier.
    pub vni: u32,
    /// Where inner packets leave; none: where the kernel's route says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<MirrorOutput>,
    /// Inner packets whose DF is cleared; none: DF is left as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub df_clear: Option<DfLimit>,
    /// What is discarded or translated; the first rule that matches decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<MirrorRule>,
}

/// The port that inner packets leave by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MirrorOutput {
    /// Interface.
    pub interface: Name,
    /// Inner frames leave with the link addresses that they have, also those that are no IP.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep_link_addresses: bool,
}

/// Which packets lose their DF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DfLimit {
    /// IPv4 total length above which DF is cleared.
    pub over: u16,
    /// What becomes of their UDP checksum.
    pub udp_checksum: UdpChecksum,
}

/// What becomes of the UDP checksum of a packet whose DF is cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UdpChecksum {
    /// It stays: DF is not part of it.
    #[default]
    Keep,
    /// It becomes zero, "none".
    Zero,
}

/// DF cleared of what arrives on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DfClear {
    /// UDP destination port.
    pub destination_port: u16,
    /// Which packets.
    #[serde(flatten)]
    pub limit: DfLimit,
}

/// A rule of a traffic mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MirrorRule {
    /// Unique in the mirror.
    pub name: Name,
    /// What it matches, of the inner packet.
    #[serde(skip_serializing_if = "MirrorMatch::is_empty")]
    pub r#match: MirrorMatch,
    /// What happens.
    pub then: MirrorThen,
}

/// What a rule of a traffic mirror matches; an empty list is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct MirrorMatch {
    /// Source addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_address: Vec<AddressRef>,
    /// Destination addresses before translation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination_address: Vec<AddressRef>,
    /// IP protocols; with ports and without this, both tcp and udp.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protocol: Vec<IpProtocol>,
    /// Source ports.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_port: Vec<PortRange>,
    /// Destination ports before translation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination_port: Vec<PortRange>,
}

/// What a rule of a traffic mirror does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MirrorThen {
    /// The packet goes on as it is, above wider rules.
    #[default]
    Accept,
    /// It ends here.
    Discard,
    /// It gets another destination.
    To {
        /// New address.
        address: IpAddr,
        /// New port; none: as it was.
        port: Option<u16>,
    },
}

// === impl Services ===

impl Services {
    /// Mirrors that there is room for.
    pub const MOST_MIRRORS: usize = 256;

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.traffic_mirror.is_empty() && self.df_clear.is_empty()
    }

    /// Interfaces that need no zone: what leaves by them, or passes them, is not the firewall's.
    pub fn interfaces_without_need_of_a_zone(&self) -> BTreeSet<&Name> {
        let outputs = self.traffic_mirror.values().filter_map(|mirror| mirror.output.as_ref());
        self.df_clear.keys().chain(outputs.map(|output| &output.interface)).collect()
    }
}

// === impl TrafficMirror ===

impl TrafficMirror {
    /// The port of VXLAN (RFC 7348 §8).
    pub const DEFAULT_PORT: u16 = 4789;
    /// The network identifier unless another is given.
    pub const DEFAULT_VNI: u32 = 1;
    /// Greatest network identifier.
    pub const GREATEST_VNI: u32 = 0x00ff_ffff;
}

impl Default for TrafficMirror {
    fn default() -> TrafficMirror {
        TrafficMirror {
            interface: Name::default(),
            port: Self::DEFAULT_PORT,
            vni: Self::DEFAULT_VNI,
            output: None,
            df_clear: None,
            rules: Vec::new(),
        }
    }
}

// === impl DfLimit ===

impl DfLimit {
    /// Length above which DF is cleared unless another is given.
    pub const DEFAULT_OVER: u16 = 1400;
}

impl Default for DfLimit {
    fn default() -> DfLimit {
        DfLimit { over: Self::DEFAULT_OVER, udp_checksum: UdpChecksum::Keep }
    }
}

// === impl UdpChecksum ===

impl UdpChecksum {
    /// Every word with its meaning.
    pub const WORDS: [(&'static str, UdpChecksum); 2] =
        [("keep", UdpChecksum::Keep), ("zero", UdpChecksum::Zero)];
}

// === impl DfClear ===

impl DfClear {
    /// The port unless another is given.
    pub const DEFAULT_PORT: u16 = 31765;
}

impl Default for DfClear {
    fn default() -> DfClear {
        DfClear { destination_port: Self::DEFAULT_PORT, limit: DfLimit::default() }
    }
}

// === impl MirrorMatch ===

impl MirrorMatch {
    /// True without any condition.
    pub fn is_empty(&self) -> bool {
        *self == MirrorMatch::default()
    }

    /// Protocols that are matched; empty: every one.
    pub fn protocols(&self) -> Vec<IpProtocol> {
        let ports = !self.source_port.is_empty() || !self.destination_port.is_empty();
        if self.protocol.is_empty() && ports {
            vec![IpProtocol::TCP, IpProtocol::UDP]
        } else {
            self.protocol.clone()
        }
    }
}

// === impl MirrorThen ===

impl fmt::Display for MirrorThen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MirrorThen::Accept => f.write_str("accept"),
            MirrorThen::Discard => f.write_str("discard"),
            MirrorThen::To { address, port: None } => address.fmt(f),
            MirrorThen::To { address, port: Some(port) } => write!(f, "{address} port {port}"),
        }
    }
}

impl Serialize for MirrorThen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let MirrorThen::To { address, port } = self else {
            return serializer.collect_str(self);
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("address", address)?;
        if let Some(port) = port {
            map.serialize_entry("port", port)?;
        }
        map.end()
    }
}
