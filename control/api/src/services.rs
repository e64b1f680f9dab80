use crate::{ReasonCount, Traffic};
use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::ShowServices`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicesReport {
    /// Interfaces that have services, in order of the configuration.
    pub interfaces: Vec<ServiceInfo>,
    /// Traffic mirrors, in order of their names.
    pub mirrors: Vec<MirrorInfo>,
}

/// What the services of one interface have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceInfo {
    /// Name of the interface.
    pub interface: String,
    /// `driver` or `generic`; none when not attached.
    pub mode: Option<String>,
    /// What was counted since the tables were made.
    pub counters: ServiceCounters,
    /// Why frames that arrived here were dropped, by services or the pipeline; only reasons that count.
    pub dropped: Vec<ReasonCount>,
}

/// The nine counters of a traffic mirror. Frames, but for the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCounters {
    /// Frames that arrived.
    pub total_packets: u64,
    /// VXLAN to the port of a mirror.
    pub vxlan_packets: u64,
    /// Inner frames that were unwrapped and could be read.
    pub inner_packets: u64,
    /// Inner packets that a rule translated.
    pub nat_applied: u64,
    /// DF cleared, of inner packets or others.
    pub df_cleared: u64,
    /// Inner packets sent on, by XDP or by the kernel.
    pub forwarded: u64,
    /// Of these, sent out of a port by XDP.
    pub redirected: u64,
    /// VXLAN to the port of a mirror that was dropped, but not by a rule.
    pub errors: u64,
    /// Bytes of all frames that arrived.
    pub bytes_processed: u64,
}

/// One traffic mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MirrorInfo {
    /// Name.
    pub name: String,
    /// Interface that copies arrive on.
    pub interface: String,
    /// UDP port.
    pub port: u16,
    /// VXLAN network identifier.
    pub vni: u32,
    /// Interface that inner packets leave by; none: by the kernel's route.
    pub output: Option<String>,
    /// IPv4 total length above which DF is cleared; none: never.
    pub df_clear_over: Option<u16>,
    /// Rules in order of evaluation.
    pub rules: Vec<MirrorRuleInfo>,
}

/// One rule of a traffic mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorRuleInfo {
    /// Name.
    pub name: String,
    /// `accept`, `discard`, or the new destination.
    pub then: String,
    /// Frames that it decided on.
    pub hits: Traffic,
}
