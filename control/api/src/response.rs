use crate::{
    CanaryReport, Cleared, ConfigMessage, ConfigurationAnswer, ExplainReport, InterfacesReport, LinksReport,
    LogReport, NatReport, NeighboursReport, PoliciesReport, PolicyMatch, ReasonsReport, RoutesReport,
    ServicesReport, SessionsReport, StatusReport, SystemReport, ZonesReport,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the daemon answers, one variant per request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Response {
    /// To `Status`.
    Status(StatusReport),
    /// To `Check`.
    Checked(Checked),
    /// To `Apply`.
    Applied(Applied),
    /// To `Confirm`: the number of the commit that stays.
    Confirmed {
        /// As in the commit log.
        commit: u64,
    },
    /// To `Configuration`.
    Configuration(ConfigurationAnswer),
    /// To `Names`, in order.
    Names(Vec<String>),
    /// To `ShowSessions`.
    Sessions(SessionsReport),
    /// To `ShowZones`.
    Zones(ZonesReport),
    /// To `ShowPolicies`.
    Policies(PoliciesReport),
    /// To `ShowNat`.
    Nat(NatReport),
    /// To `ShowInterfaces`.
    Interfaces(InterfacesReport),
    /// To `ShowReasons`.
    Reasons(ReasonsReport),
    /// To `ShowRoutes`.
    Routes(RoutesReport),
    /// To `ShowNeighbours`.
    Neighbours(NeighboursReport),
    /// To `ShowLinks`.
    Links(LinksReport),
    /// To `ShowSystem`.
    System(SystemReport),
    /// To `ShowLog`.
    Log(LogReport),
    /// To `MatchPolicy`.
    PolicyMatch(PolicyMatch),
    /// To `ShowCanary` and `SetCanary`.
    Canary(CanaryReport),
    /// To `ShowServices`.
    Services(ServicesReport),
    /// To `ClearSessions`.
    Cleared(Cleared),
    /// To `Explain`.
    Explained(ExplainReport),
    /// To `Detach`: the host is as it was, the daemon ends.
    Detached,
    /// To `Stop`: the daemon ends.
    Stopping,
}

/// The configuration would be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// What is allowed but probably not meant, or not true of this host.
    pub warnings: Vec<ConfigMessage>,
    /// Rows it needs, by table.
    pub rows: BTreeMap<String, u64>,
    /// What would change; only of a candidate that a running gateway checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<crate::Preview>,
}

/// The configuration is active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Applied {
    /// Its generation.
    pub generation: u32,
    /// Milliseconds from the text to the switch.
    pub took_ms: u64,
    /// Unless it is confirmed within so many minutes, the configuration of before is active again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_minutes: Option<u32>,
    /// What became of live sessions, if they were asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rematched: Option<crate::Rematched>,
    /// What is allowed but probably not meant, and what takes effect later.
    pub warnings: Vec<ConfigMessage>,
}
