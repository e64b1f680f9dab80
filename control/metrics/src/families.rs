use crate::exposition::{Exposition, Kind, Labels};
use flumen_api::{InterfaceReasons, ReasonsReport, ServiceCounters, ServicesReport, StatusReport, TableUse};

/// What the daemon reported at one time; none of it when it did not answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// When, milliseconds since 1970.
    pub time_ms: u64,
    /// The daemon and its tables.
    pub status: Option<StatusReport>,
    /// How every frame ended.
    pub reasons: Option<ReasonsReport>,
    /// What services have done.
    pub services: Option<ServicesReport>,
}

impl Snapshot {
    pub(crate) fn interfaces(&self) -> &[InterfaceReasons] {
        self.reasons.as_ref().map_or(&[], |report| &report.interfaces)
    }
}

/// Everything as Prometheus reads it. Reasons have the names that they have everywhere; those that have counted nothing
/// are there with 0, so that a rate can be taken of the first frame.
pub fn exposition(snapshot: &Snapshot) -> String {
    let mut text = Exposition::default();
    let up = snapshot.status.is_some() && snapshot.reasons.is_some();
    text.family("flumen_up", "Whether the daemon answered.", Kind::Gauge, [(vec![], u8::from(up))]);
    if let Some(status) = &snapshot.status {
        daemon(&mut text, status);
    }
    frames(&mut text, snapshot.interfaces());
    if let Some(report) = &snapshot.services {
        services(&mut text, report);
    }
    text.into_text()
}

fn daemon(text: &mut Exposition, status: &StatusReport) {
    let build = vec![("release", status.release.as_str()), ("engine", status.engine.as_str())];
    text.family("flumen_build_info", "Release and engine.", Kind::Gauge, [(build, 1)]);
    for (name, help, value) in [
        ("flumen_uptime_seconds", "Seconds since the daemon was started.", status.uptime_s),
        ("flumen_generation", "Number of the active ruleset.", status.generation.into()),
        (
            "flumen_applied_timestamp_seconds",
            "When it was applied, seconds since 1970.",
            status.applied_unix_s,
        ),
        ("flumen_sessions", "Live sessions at the last ageing pass.", status.sessions),
        ("flumen_interfaces", "Configured interfaces.", status.interfaces.into()),
        (
            "flumen_interfaces_attached",
            "Interfaces whose device is here and attached.",
            status.attached.into(),
        ),
    ] {
        text.family(name, help, Kind::Gauge, [(vec![], value)]);
    }
    let tables = |value: fn(&TableUse) -> u64| {
        status.tables.iter().map(move |table| (vec![("table", table.name.as_str())], value(table)))
    };
    text.family("flumen_table_rows", "Rows in use.", Kind::Gauge, tables(|table| table.used));
    text.family("flumen_table_rows_max", "Rows there is room for.", Kind::Gauge, tables(|table| table.size));
}

fn frames(text: &mut Exposition, interfaces: &[InterfaceReasons]) {
    let received = |value: fn(&InterfaceReasons) -> u64| {
        interfaces.iter().map(move |one| (vec![("interface", one.interface.as_str())], value(one)))
    };
    let counter = Kind::Counter;
    text.family(
        "flumen_received_packets_total",
        "Frames that arrived.",
        counter,
        received(|one| one.received.packets),
    );
    text.family(
        "flumen_received_bytes_total",
        "Bytes that arrived.",
        counter,
        received(|one| one.received.bytes),
    );
    let ended = |value: fn(&flumen_api::Traffic) -> u64| {
        interfaces.iter().flat_map(move |one| {
            one.reasons.iter().map(move |count| {
                let labels: Labels<'_> = vec![
                    ("interface", one.interface.as_str()),
                    ("outcome", count.outcome.as_str()),
                    ("reason", count.reason.as_str()),
                ];
                (labels, value(&count.frames))
            })
        })
    };
    text.family("flumen_packets_total", "How frames ended.", counter, ended(|frames| frames.packets));
    text.family("flumen_bytes_total", "How frames ended, in bytes.", counter, ended(|frames| frames.bytes));
}

/// A counter of services by name.
type Service = (&'static str, &'static str, fn(&ServiceCounters) -> u64);

/// The counters of traffic mirrors and of interfaces on which DF is cleared.
const SERVICES: [Service; 9] = [
    ("flumen_service_packets_total", "Frames on interfaces with services.", |one| one.total_packets),
    ("flumen_service_vxlan_packets_total", "VXLAN to the port of a traffic mirror.", |one| one.vxlan_packets),
    ("flumen_service_inner_packets_total", "Inner frames that were unwrapped.", |one| one.inner_packets),
    ("flumen_service_nat_applied_total", "Inner packets that a rule translated.", |one| one.nat_applied),
    ("flumen_service_df_cleared_total", "Packets whose DF was cleared.", |one| one.df_cleared),
    ("flumen_service_forwarded_total", "Inner packets sent on.", |one| one.forwarded),
    ("flumen_service_redirected_total", "Of these, by redirect.", |one| one.redirected),
    ("flumen_service_errors_total", "VXLAN of a mirror that was dropped, but not by a rule.", |one| {
        one.errors
    }),
    ("flumen_service_bytes_total", "Bytes of all frames.", |one| one.bytes_processed),
];

fn services(text: &mut Exposition, report: &ServicesReport) {
    for (name, help, value) in SERVICES {
        let samples = report
            .interfaces
            .iter()
            .map(|one| (vec![("interface", one.interface.as_str())], value(&one.counters)));
        text.family(name, help, Kind::Counter, samples);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Snapshot, exposition};
    use flumen_api::{
        InterfaceReasons, ReasonCount, ReasonsReport, ServiceCounters, ServiceInfo, ServicesReport,
        StatusReport, TableUse, Traffic,
    };

    /// A gateway that has dropped some of what it received.
    pub(crate) fn snapshot(time_ms: u64, received: u64, dropped: u64) -> Snapshot {
        let traffic = |packets: u64| Traffic { packets, bytes: packets * 100 };
        let count = |reason: &str, outcome: &str, packets| ReasonCount {
            reason: reason.into(),
            outcome: outcome.into(),
            text: String::new(),
            frames: traffic(packets),
        };
        let reasons = vec![
            count("forwarded", "forward", received - dropped),
            count("policy-denied", "drop", dropped),
            count("truncated", "drop", 0),
        ];
        let status = StatusReport {
            release: "0.1.0".into(),
            pid: 1,
            uptime_s: 60,
            engine: "xdp".into(),
            adopted: false,
            generation: 3,
            source: "flumen.conf".into(),
            applied_unix_s: 1_700_000_000,
            sessions: 12,
            ended: flumen_api::EndedSessions::default(),
            interfaces: 1,
            attached: 1,
            absent: Vec::new(),
            doors: None,
            received: traffic(received),
            tables: vec![TableUse { name: "sessions".into(), used: 12, size: 131_072 }],
        };
        let lan = InterfaceReasons::new("lan".into(), traffic(received), reasons);
        let reasons = ReasonsReport { interfaces: vec![lan] };
        Snapshot { time_ms, status: Some(status), reasons: Some(reasons), services: None }
    }

    /// What a traffic mirror on `lan` has done.
    pub(crate) fn mirror(inner: u64, translated: u64) -> ServicesReport {
        let counters =
            ServiceCounters { inner_packets: inner, nat_applied: translated, ..ServiceCounters::default() };
        let lan = ServiceInfo {
            interface: "lan".into(),
            mode: Some("driver".into()),
            note: None,
            counters,
            dropped: vec![],
        };
        ServicesReport { interfaces: vec![lan], mirrors: Vec::new(), queues: None }
    }

    #[test]
    fn services_have_their_nine_counters_where_there_are_any() {
        assert!(!exposition(&snapshot(0, 10, 3)).contains("flumen_service"));
        let text = exposition(&Snapshot { services: Some(mirror(7, 5)), ..snapshot(0, 10, 3) });
        assert!(text.contains("flumen_service_nat_applied_total{interface=\"lan\"} 5\n"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("flumen_service_")).count(), 9);
    }

    #[test]
    fn every_reason_is_a_sample_also_one_that_has_counted_nothing() {
        let text = exposition(&snapshot(0, 10, 3));
        for line in [
            "flumen_up 1",
            "flumen_build_info{release=\"0.1.0\",engine=\"xdp\"} 1",
            "flumen_sessions 12",
            "flumen_table_rows_max{table=\"sessions\"} 131072",
            "# TYPE flumen_received_packets_total counter",
            "flumen_received_packets_total{interface=\"lan\"} 10",
            "flumen_packets_total{interface=\"lan\",outcome=\"forward\",reason=\"forwarded\"} 7",
            "flumen_packets_total{interface=\"lan\",outcome=\"drop\",reason=\"policy-denied\"} 3",
            "flumen_packets_total{interface=\"lan\",outcome=\"drop\",reason=\"truncated\"} 0",
            "flumen_bytes_total{interface=\"lan\",outcome=\"drop\",reason=\"policy-denied\"} 300",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn each_metric_is_introduced_once_and_each_sample_is_a_name_and_a_number() {
        let text = exposition(&snapshot(0, 10, 3));
        let mut introduced = std::collections::BTreeSet::new();
        let mut current = String::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                current = rest.split(' ').next().unwrap().to_owned();
                assert!(introduced.insert(current.clone()), "{line}");
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert_eq!(name.split('{').next(), Some(current.as_str()), "{line}");
                assert!(value.parse::<f64>().is_ok(), "{line}");
            }
        }
    }

    #[test]
    fn a_daemon_that_does_not_answer_is_down_and_nothing_else_is_said() {
        let text = exposition(&Snapshot::default());
        assert_eq!(text.lines().last(), Some("flumen_up 0"));
    }
}
