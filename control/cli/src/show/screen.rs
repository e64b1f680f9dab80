use crate::table::Table;
use flumen_api::ReasonsReport;
use serde::Serialize;

/// What `show security screen` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ScreenReport {
    /// Screens of the configuration are applied.
    pub(crate) applied: bool,
    /// In the order of a packet's way.
    pub(crate) checks: Vec<ScreenCheck>,
}

/// A check that each packet passes, with or without a screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ScreenCheck {
    /// As the screens of Junos name it.
    pub(crate) check: String,
    /// Why such packets are dropped.
    pub(crate) reason: String,
    /// How many were.
    pub(crate) packets: u64,
}

/// The checks that are always on, each with the reason that it drops by.
const CHECKS: &[(&str, &str)] = &[
    ("malformed: cut short", "truncated"),
    ("malformed: IPv4 version", "ipv4-version"),
    ("malformed: IPv4 header length, bad options", "ipv4-header-length"),
    ("malformed: IPv4 total length", "ipv4-total-length"),
    ("malformed: IPv4 checksum", "ipv4-checksum"),
    ("malformed: IPv6 version", "ipv6-version"),
    ("malformed: IPv6 payload length", "ipv6-payload-length"),
    ("IPv6 extension headers", "ipv6-extension-headers"),
    ("IPv4 martians", "ipv4-martian"),
    ("IPv6 martians", "ipv6-martian"),
    ("malformed: TCP, UDP or ICMP header", "l4-header"),
    ("syn-fin, tcp-no-flag", "tcp-flags"),
    ("syn-frag, tiny fragments", "fragment-tiny"),
    ("ping-death, tear-drop", "fragment-offset"),
    ("fragments without their first", "fragment-unknown"),
    ("land, spoofing of own addresses", "spoofed-source"),
    ("neighbour spoofing", "neighbour-spoofed"),
    ("TCP without SYN", "tcp-no-session"),
    ("ICMP without a session", "icmp-no-session"),
    ("malformed: packet in an ICMP error", "icmp-malformed"),
];

/// Sums over all interfaces.
pub(crate) fn of(reasons: &ReasonsReport) -> ScreenReport {
    let packets = |wanted: &str| {
        let all = reasons.interfaces.iter().flat_map(|interface| &interface.reasons);
        all.filter(|count| count.reason == wanted).map(|count| count.frames.packets).sum()
    };
    let check = |(check, reason): &(&str, &str)| ScreenCheck {
        check: (*check).to_owned(),
        reason: (*reason).to_owned(),
        packets: packets(reason),
    };
    ScreenReport { applied: false, checks: CHECKS.iter().map(check).collect() }
}

/// What the screens of the configuration do, and the checks.
pub(crate) fn render(report: &ScreenReport) -> String {
    let mut table = Table::new(["CHECK", "REASON", ">PACKETS"]);
    for check in &report.checks {
        table.row([check.check.clone(), check.reason.clone(), check.packets.to_string()]);
    }
    format!(
        "Screens are not applied: they need the screen capability. These checks are always on.\n\n{}",
        table.print()
    )
}

#[cfg(test)]
mod tests {
    use super::{CHECKS, of, render};
    use crate::show::plain;
    use flumen_api::{InterfaceReasons, ReasonCount, ReasonsReport, Traffic};
    use flumen_engine::{Outcome, Reason};

    #[test]
    fn every_check_drops_by_a_reason_that_there_is() {
        for (check, reason) in CHECKS {
            let known = Reason::ALL.iter().find(|known| known.name() == *reason);
            assert_eq!(known.map(|known| known.outcome()), Some(Outcome::Drop), "{check}");
        }
    }

    #[test]
    fn packets_are_summed_over_interfaces() {
        let count = |packets| InterfaceReasons {
            interface: "lan".to_owned(),
            received: Traffic::default(),
            forwarded: Traffic::default(),
            delivered: Traffic::default(),
            consumed: Traffic::default(),
            dropped: Traffic::default(),
            difference: 0,
            reasons: vec![ReasonCount {
                reason: "tcp-flags".to_owned(),
                outcome: "drop".to_owned(),
                text: String::new(),
                frames: Traffic { packets, bytes: 0 },
            }],
        };
        let report = of(&ReasonsReport { interfaces: vec![count(2), count(3)] });
        let line = plain(&render(&report));
        let line = line.lines().find(|line| line.contains("tcp-flags")).unwrap_or_default();
        assert!(line.starts_with("syn-fin") && line.ends_with('5'), "{line}");
    }
}
