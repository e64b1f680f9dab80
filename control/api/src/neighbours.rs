use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Answer to [`crate::Request::ShowNeighbours`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeighboursReport {
    /// By link and address.
    pub neighbours: Vec<NeighbourInfo>,
}

/// What the kernel knows of one neighbour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NeighbourInfo {
    /// Its address.
    pub address: IpAddr,
    /// Name of the link that it is on.
    pub link: String,
    /// Its Ethernet address, `02:00:00:00:00:01`; none as long as it has not answered.
    pub mac: Option<String>,
    /// How sure the kernel is: `reachable`, `stale`, `incomplete`, `failed`, `permanent`, …
    pub state: String,
    /// It calls itself a router (IPv6).
    pub router: bool,
}
