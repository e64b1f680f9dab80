use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Which of the kernel's routes. Every given condition must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RouteQuery {
    /// Those to destinations within this prefix, and of those that hold it the longest.
    pub destination: Option<IpNet>,
    /// Name or number of a table; the main table without one, and every table with `all`.
    pub table: Option<String>,
    /// Who made them: `kernel`, `static`, `bgp`, …, or a number.
    pub protocol: Option<String>,
    /// At most so many; counted are all. 0 for all.
    pub limit: u32,
}

/// Answer to [`crate::Request::ShowRoutes`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RoutesReport {
    /// By table, family and destination; of several to one destination the one that is used comes first.
    pub routes: Vec<RouteInfo>,
    /// How many match.
    pub matching: u64,
}

/// One route of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RouteInfo {
    /// Name of its table, or its number: `main`, `local`, `100`.
    pub table: String,
    /// Destinations that it is for.
    pub destination: IpNet,
    /// What it does with packets: `unicast`, `local`, `blackhole`, …
    pub kind: String,
    /// Who made it: `kernel`, `boot`, `static`, `bgp`, …, or a number.
    pub protocol: String,
    /// The configuration made it.
    pub ours: bool,
    /// Of several to one destination the lowest is used.
    pub metric: u32,
    /// None to the same destination in the same table has a lower metric.
    pub used: bool,
    /// Source of the host's own packets.
    pub source: Option<IpAddr>,
    /// Where packets go; several share them by weight.
    pub hops: Vec<RouteHop>,
}

/// One way of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RouteHop {
    /// The next router; none when the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// Name of the link.
    pub link: String,
    /// Its share, 1 or more.
    pub weight: u32,
}
