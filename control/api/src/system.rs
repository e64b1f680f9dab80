use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::ShowSystem`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SystemReport {
    /// Name of the host.
    pub host: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Now: seconds since 1970.
    pub unix_s: u64,
    /// Seconds since the host was started.
    pub host_uptime_s: u64,
    /// Seconds since the daemon was started.
    pub daemon_uptime_s: u64,
    /// When the active configuration was applied: seconds since 1970.
    pub applied_unix_s: u64,
    /// Processors.
    pub processors: u32,
    /// Processes that run or wait, on average over 1, 5 and 15 minutes, in hundredths.
    pub load_hundredths: Vec<u32>,
    /// Memory of the host, bytes.
    pub memory_bytes: u64,
    /// What of it can be had.
    pub available_bytes: u64,
    /// Process number of the daemon.
    pub pid: u32,
    /// Memory that the daemon holds, bytes, tables that it shares with the kernel included.
    pub resident_bytes: u64,
    /// Its threads.
    pub threads: u32,
    /// Time that processors worked for it, milliseconds.
    pub processor_ms: u64,
    /// What somebody should look after, the major first.
    pub alarms: Vec<AlarmInfo>,
}

/// Something that somebody should look after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AlarmInfo {
    /// Traffic or state is at stake; else it is only not as it should be.
    pub major: bool,
    /// What, and what to do.
    pub text: String,
}
