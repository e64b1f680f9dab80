use crate::{HostInbound, Name};
use serde::Serialize;

/// A zone: interfaces that are trusted alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Zone {
    /// Its interfaces; each is in one zone only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<Name>,
    /// What it may send to the host itself.
    #[serde(skip_serializing_if = "HostInbound::is_empty")]
    pub host_inbound: HostInbound,
}

impl Zone {
    /// Names that no zone may have.
    pub const RESERVED: [&'static str; 4] = ["any", "junos-host", "junos-global", "null"];
}
