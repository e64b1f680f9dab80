use crate::Traffic;
use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::ShowZones`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZonesReport {
    /// In order of the configuration.
    pub zones: Vec<ZoneInfo>,
}

/// One zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ZoneInfo {
    /// Its name.
    pub name: String,
    /// Its number in tables and sessions.
    pub id: u16,
    /// Its interfaces.
    pub interfaces: Vec<String>,
    /// What may reach the host itself from here, one rule each.
    pub host_inbound: Vec<String>,
    /// Received on its interfaces.
    pub received: Traffic,
}
