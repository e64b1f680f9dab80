use crate::Traffic;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Answer to [`crate::Request::ShowInterfaces`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfacesReport {
    /// In order of the configuration.
    pub interfaces: Vec<InterfaceInfo>,
    /// What the configuration wants of links, addresses and routes and cannot have now, and why.
    #[serde(default)]
    pub waiting: Vec<String>,
}

/// One configured interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct InterfaceInfo {
    /// Its name: `eth0`, `eth0.10`, `eth0.100.10`.
    pub name: String,
    /// Device that frames arrive on.
    pub device: String,
    /// Device that has the addresses.
    pub link: String,
    /// Zone.
    pub zone: String,
    /// What the kernel says of it.
    pub state: LinkState,
    /// Largest IP packet, bytes; 0 when absent.
    pub mtu: u32,
    /// Primary IPv4 address.
    pub v4: Option<IpAddr>,
    /// Primary IPv6 address.
    pub v6: Option<IpAddr>,
    /// `driver` or `generic`; none when not attached.
    pub mode: Option<String>,
    /// Why not the driver mode, when it is not; or that the kernel sends, when the device takes no frames from XDP.
    pub note: Option<String>,
    /// Frames that arrived.
    pub received: Traffic,
    /// Frames sent out.
    pub transmitted: Traffic,
}

/// What the kernel says of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// Up, with carrier.
    Up,
    /// Down, or without carrier.
    Down,
    /// There is no such device now.
    Absent,
}

impl LinkState {
    /// As shown.
    pub const fn name(self) -> &'static str {
        match self {
            LinkState::Up => "up",
            LinkState::Down => "down",
            LinkState::Absent => "absent",
        }
    }
}
