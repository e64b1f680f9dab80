use crate::{EndedSessions, Traffic};
use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::Status`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusReport {
    /// Release of the daemon.
    pub release: String,
    /// Process id of the daemon.
    pub pid: u32,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Engine: `xdp` or `native`.
    pub engine: String,
    /// It took over a ruleset that was still enforcing when it started.
    pub adopted: bool,
    /// Active ruleset.
    pub generation: u32,
    /// Where the active configuration came from: a file name, or `flumen apply`.
    pub source: String,
    /// When it was applied, seconds since 1970.
    pub applied_unix_s: u64,
    /// Live sessions at the last ageing pass.
    pub sessions: u64,
    /// Those that ended since the daemon was started.
    #[serde(default)]
    pub ended: EndedSessions,
    /// Configured interfaces, and how many of their devices are here and attached.
    pub interfaces: u32,
    /// Of those, attached.
    pub attached: u32,
    /// Interfaces whose device is gone; empty when all is well.
    pub absent: Vec<String>,
    /// Frames received on all interfaces.
    pub received: Traffic,
    /// How full each table is.
    pub tables: Vec<TableUse>,
    /// What the doors count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doors: Option<DoorUse>,
}

/// What the gRPC doors count since the daemon started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DoorUse {
    /// Connections now.
    pub connections: u64,
    /// Connections that were closed at once because there were too many.
    pub connections_refused: u64,
    /// Calls that were refused for want of a role.
    pub calls_refused: u64,
    /// Event streams now.
    pub listeners: u64,
    /// Event streams that were ended because their queue was full.
    pub listeners_lagging: u64,
    /// Connections that were closed because a client read nothing any more.
    pub connections_hung_up: u64,
}

/// How full one table is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableUse {
    /// Its name.
    pub name: String,
    /// Rows in use.
    pub used: u64,
    /// Rows there is room for.
    pub size: u64,
}
