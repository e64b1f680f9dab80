use crate::{PolicyInfo, Protocol};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Asks which policy decides on a first packet. Nothing else is looked at: neither screens, nor NAT, nor routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicyQuery {
    /// Zone that it comes from.
    pub from_zone: String,
    /// Zone that it leaves by.
    pub to_zone: String,
    /// Its source, before source NAT.
    pub source: IpAddr,
    /// Its destination, after destination NAT.
    pub destination: IpAddr,
    /// IP protocol.
    pub protocol: Protocol,
    /// Source port.
    pub source_port: u16,
    /// Destination port; for ICMP the type, and the code in the lower byte.
    pub destination_port: u16,
    /// Text of a configuration to ask instead of the active one.
    pub candidate: Option<String>,
}

/// Answer to a [`PolicyQuery`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyMatch {
    /// The policy; none when no policy matches, and so the packet is denied.
    pub policy: Option<PolicyInfo>,
}
