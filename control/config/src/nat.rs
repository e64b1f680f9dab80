use crate::{AddressRef, ApplicationRef, IpProtocol, Name, PortRange, ZoneRef};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;
use std::net::IpAddr;

/// Translation rules; in each list the first that matches decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Nat {
    /// Source rules, asked after a policy has permitted the session.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<SourceNatRule>,
    /// Destination rules, asked before routing and policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination: Vec<DestinationNatRule>,
}

/// A source NAT rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SourceNatRule {
    /// Unique among the source rules of the same two zones.
    pub name: Name,
    /// Zone that the session is opened from.
    pub from_zone: ZoneRef,
    /// Zone that it is opened to.
    pub to_zone: ZoneRef,
    /// What it matches.
    #[serde(skip_serializing_if = "SourceNatMatch::is_empty")]
    pub r#match: SourceNatMatch,
    /// What happens.
    pub then: SourceNatThen,
}

/// What a source NAT rule matches; an empty list is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SourceNatMatch {
    /// Source addresses before translation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_address: Vec<AddressRef>,
    /// Destination addresses after destination NAT.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination_address: Vec<AddressRef>,
    /// Applications.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub application: Vec<ApplicationRef>,
}

/// What a source NAT rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceNatThen {
    /// Leaves the source as it is, above wider rules.
    #[default]
    Off,
    /// Translates to the egress interface's address.
    Interface(InterfaceNat),
}

/// Details of a translation to the egress interface's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InterfaceNat {
    /// Ports to use.
    pub port_range: PortRange,
}

/// A destination NAT rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestinationNatRule {
    /// Unique among the destination rules of the same zone.
    pub name: Name,
    /// Zone that the session is opened from.
    pub from_zone: ZoneRef,
    /// What it matches.
    pub r#match: DestinationNatMatch,
    /// What happens.
    pub then: DestinationNatThen,
}

/// What a destination NAT rule matches; an empty list is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DestinationNatMatch {
    /// Source addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_address: Vec<AddressRef>,
    /// Destination addresses before translation; there must be one.
    pub destination_address: Vec<AddressRef>,
    /// IP protocols; with ports and without this, both tcp and udp.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protocol: Vec<IpProtocol>,
    /// Destination ports before translation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination_port: Vec<PortRange>,
}

/// What a destination NAT rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DestinationNatThen {
    /// Leaves the destination as it is, above wider rules.
    #[default]
    Off,
    /// Translates it.
    To {
        /// New address.
        address: IpAddr,
        /// New port; none: as it was.
        port: Option<u16>,
    },
}

// === impl SourceNatMatch ===

impl SourceNatMatch {
    /// True without any condition.
    pub fn is_empty(&self) -> bool {
        self.source_address.is_empty() && self.destination_address.is_empty() && self.application.is_empty()
    }
}

// === impl SourceNatThen ===

impl fmt::Display for SourceNatThen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceNatThen::Off => f.write_str("off"),
            SourceNatThen::Interface(nat) => write!(f, "interface port {}", nat.port_range),
        }
    }
}

impl Serialize for SourceNatThen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            SourceNatThen::Off => serializer.serialize_str("off"),
            SourceNatThen::Interface(nat) if *nat == InterfaceNat::default() => {
                serializer.serialize_str("interface")
            }
            SourceNatThen::Interface(nat) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("interface", nat)?;
                map.end()
            }
        }
    }
}

// === impl InterfaceNat ===

impl InterfaceNat {
    /// Every port that is not well known: 1024-65535.
    pub const DEFAULT: InterfaceNat = InterfaceNat { port_range: PortRange::UNPRIVILEGED };
}

impl Default for InterfaceNat {
    fn default() -> InterfaceNat {
        InterfaceNat::DEFAULT
    }
}

// === impl DestinationNatMatch ===

impl DestinationNatMatch {
    /// Protocols that are matched; empty: every one.
    pub fn protocols(&self) -> Vec<IpProtocol> {
        if self.protocol.is_empty() && !self.destination_port.is_empty() {
            vec![IpProtocol::TCP, IpProtocol::UDP]
        } else {
            self.protocol.clone()
        }
    }
}

// === impl DestinationNatThen ===

impl fmt::Display for DestinationNatThen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DestinationNatThen::Off => f.write_str("off"),
            DestinationNatThen::To { address, port: None } => address.fmt(f),
            DestinationNatThen::To { address, port: Some(port) } => write!(f, "{address} port {port}"),
        }
    }
}

impl Serialize for DestinationNatThen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            DestinationNatThen::Off => serializer.serialize_str("off"),
            DestinationNatThen::To { address, port } => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("address", address)?;
                if let Some(port) = port {
                    map.serialize_entry("port", port)?;
                }
                map.end()
            }
        }
    }
}
