use crate::{ReasonCount, Traffic};
use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::ShowServices`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicesReport {
    /// Interfaces that have services, in order of the configuration.
    pub interfaces: Vec<ServiceInfo>,
    /// Traffic mirrors, in order of their names.
    pub mirrors: Vec<MirrorInfo>,
    /// The queues in which DF is cleared where XDP does not; none when there are none.
    pub queues: Option<QueueInfo>,
}

/// Queues of the kernel (NFQUEUE) whose processes clear DF. Packets since the queues were first used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct QueueInfo {
    /// What the rules are of that feed them: `nftables` or `iptables`; none when they only empty.
    pub rules: Option<String>,
    /// Processes, one for each queue.
    pub processes: u32,
    /// Processes that ended or were stuck, and were started again.
    pub restarts: u64,
    /// Packets that wait now.
    pub waiting: u64,
    /// Packets that were taken out.
    pub packets: u64,
    /// Of these, those that lost DF.
    pub df_cleared: u64,
    /// Packets that there was no room for; they kept DF.
    pub overflowed: u64,
    /// Packets that were lost with a process that died; they went on with DF.
    pub abandoned: u64,
    /// Packets of processes that died before they wrote down what became of them.
    pub unaccounted: u64,
    /// Verdicts that the kernel refused.
    pub refused: u64,
    /// Packets of devices that are no target.
    pub strayed: u64,
    /// Packets that XDP should have taken DF from.
    pub missed: u64,
    /// Changed packets whose header checksum was summed up anew.
    pub samples: u64,
    /// Of these, wrong ones.
    pub bad_checksums: u64,
}

/// What the services of one interface have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceInfo {
    /// Name of the interface.
    pub interface: String,
    /// `driver` or `generic`; `nfqueue` where DF is cleared without XDP; none when neither.
    pub mode: Option<String>,
    /// Why XDP is not attached, or what does not work.
    pub note: Option<String>,
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

/// Answer to [`crate::Request::ShowCanary`] and [`crate::Request::SetCanary`]: DF cleared by XDP for a share of the flows, by
/// queues for the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CanaryReport {
    /// Percent of the flows that XDP has; none when there is no canary, and XDP has all.
    pub percent: Option<u32>,
    /// It stays, whatever is found.
    pub hold: bool,
    /// Seconds since the share was changed.
    pub seconds: u64,
    /// Why the share was set to 0 by itself.
    pub rolled_back: Option<String>,
    /// What was found that should not be, since the share was changed.
    pub breaches: Vec<String>,
    /// What XDP has done since then.
    pub xdp: CanaryPath,
    /// What queues have done.
    pub queues: CanaryPath,
}

/// One of the two ways. Packets since the share was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CanaryPath {
    /// That lost DF.
    pub df_cleared: u64,
    /// The same in the last second.
    pub per_second: u64,
    /// That should have lost it and did not.
    pub missed: u64,
    /// Errors: verdicts that were refused, packets that were abandoned.
    pub errors: u64,
    /// Whose header checksum was summed up anew.
    pub samples: u64,
    /// Of these, wrong ones.
    pub bad_checksums: u64,
}

// === impl ServiceCounters ===

impl ServiceCounters {
    /// Each counter with its name and what it counts, in their order.
    pub fn named(&self) -> [(&'static str, u64); 9] {
        [
            ("Total packets", self.total_packets),
            ("VXLAN packets", self.vxlan_packets),
            ("Inner packets", self.inner_packets),
            ("NAT applied", self.nat_applied),
            ("DF cleared", self.df_cleared),
            ("Forwarded", self.forwarded),
            ("Redirected", self.redirected),
            ("Errors", self.errors),
            ("Bytes processed", self.bytes_processed),
        ]
    }

    /// Both added up.
    pub fn plus(&self, other: &ServiceCounters) -> ServiceCounters {
        ServiceCounters {
            total_packets: self.total_packets.saturating_add(other.total_packets),
            vxlan_packets: self.vxlan_packets.saturating_add(other.vxlan_packets),
            inner_packets: self.inner_packets.saturating_add(other.inner_packets),
            nat_applied: self.nat_applied.saturating_add(other.nat_applied),
            df_cleared: self.df_cleared.saturating_add(other.df_cleared),
            forwarded: self.forwarded.saturating_add(other.forwarded),
            redirected: self.redirected.saturating_add(other.redirected),
            errors: self.errors.saturating_add(other.errors),
            bytes_processed: self.bytes_processed.saturating_add(other.bytes_processed),
        }
    }

    /// The growth since earlier counters; none when one of them is smaller now.
    pub fn since(&self, before: &ServiceCounters) -> Option<ServiceCounters> {
        Some(ServiceCounters {
            total_packets: self.total_packets.checked_sub(before.total_packets)?,
            vxlan_packets: self.vxlan_packets.checked_sub(before.vxlan_packets)?,
            inner_packets: self.inner_packets.checked_sub(before.inner_packets)?,
            nat_applied: self.nat_applied.checked_sub(before.nat_applied)?,
            df_cleared: self.df_cleared.checked_sub(before.df_cleared)?,
            forwarded: self.forwarded.checked_sub(before.forwarded)?,
            redirected: self.redirected.checked_sub(before.redirected)?,
            errors: self.errors.checked_sub(before.errors)?,
            bytes_processed: self.bytes_processed.checked_sub(before.bytes_processed)?,
        })
    }
}
