use crate::Traffic;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::ShowLinks`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinksReport {
    /// In the kernel's order.
    pub links: Vec<LinkInfo>,
}

/// A network device of the host, configured or not, as the kernel has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LinkInfo {
    /// Its name.
    pub name: String,
    /// Kind of a virtual one: `veth`, `vlan`, `bridge`; empty for hardware.
    pub kind: String,
    /// Ethernet address, `02:00:00:00:00:01`.
    pub mac: Option<String>,
    /// Largest packet, bytes.
    pub mtu: u32,
    /// Administratively up.
    pub up: bool,
    /// Has a carrier.
    pub carrier: bool,
    /// How often the carrier came or went.
    pub carrier_changes: u32,
    /// Queues for receiving.
    pub receive_queues: u32,
    /// Queues for sending.
    pub send_queues: u32,
    /// Its addresses.
    pub addresses: Vec<IpNet>,
    /// Received, as driver and kernel have counted.
    pub received: Traffic,
    /// Sent, likewise.
    pub sent: Traffic,
    /// Receive errors.
    pub receive_errors: u64,
    /// Dropped while receiving.
    pub receive_drops: u64,
    /// Send errors.
    pub send_errors: u64,
    /// Dropped while sending.
    pub send_drops: u64,
}
