use crate::table::{Cell, Table};
use crate::words::{GOOD, WARN, duration, plural, traffic, tuple};
use flumen_api::{SessionInfo, SessionsReport, TcpState, Tuple};

/// Two lines for each session: the opener's packets, and those back to it, each as they arrive.
pub(crate) fn render(report: &SessionsReport) -> String {
    let mut table =
        Table::new(["ID", "POLICY", "PROTO", "STATE", ">LEFT", "ZONE", "FLOW", ">PACKETS", ">BYTES"]);
    for session in &report.sessions {
        let [packets, bytes] = traffic(session.forward);
        table.row([
            session.id.to_string().into(),
            session.policy.as_str().into(),
            session.protocol.to_string().into(),
            state(session),
            duration(session.remaining_ms).into(),
            session.from_zone.as_str().into(),
            Cell::from(tuple(session.protocol, &session.arrives)),
            packets.into(),
            bytes.into(),
        ]);
        let [packets, bytes] = traffic(session.reverse);
        let back = tuple(session.protocol, &reverse(session));
        table.row(["", "", "", "", "", &session.to_zone, &back, &packets, &bytes]);
    }
    let text = if report.sessions.is_empty() { String::new() } else { table.print() };
    text + &count(report)
}

/// How many there are, match, and are shown.
pub(super) fn count(report: &SessionsReport) -> String {
    let mut text = String::new();
    let shown = report.sessions.len() as u64;
    text.push_str(&plural(report.live, "session", "sessions"));
    if report.matching != report.live {
        text.push_str(&format!(", {} matching", report.matching));
    }
    if shown < report.matching {
        text.push_str(&format!(", {shown} shown (limit shows more)"));
    }
    text.push('\n');
    text
}

/// What the opener's packets become on departure, seen from the other side. An ICMP reply has the identifier
/// where the query has it: behind the address of the side that asked.
pub(super) fn reverse(session: &SessionInfo) -> Tuple {
    let departs = session.departs;
    Tuple {
        source: departs.destination,
        source_port: departs.destination_port,
        destination: departs.source,
        destination_port: departs.source_port,
    }
}

fn state(session: &SessionInfo) -> Cell {
    match session.state {
        Some(TcpState::Established) => Cell::styled(TcpState::Established.name(), GOOD),
        Some(state) => Cell::styled(state.name(), WARN),
        None => "-".into(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::render;
    use crate::show::plain;
    use flumen_api::{Protocol, SessionInfo, SessionsReport, TcpState, Traffic, Tuple};

    fn tuple(source: &str, source_port: u16, destination: &str, destination_port: u16) -> Tuple {
        let (source, destination) = (source.parse().unwrap(), destination.parse().unwrap());
        Tuple { source, source_port, destination, destination_port }
    }

    fn session(id: u32, protocol: Protocol, arrives: Tuple, departs: Tuple) -> SessionInfo {
        SessionInfo {
            id,
            from_zone: "lan".into(),
            to_zone: "wan".into(),
            policy: "lan-out".into(),
            generation: 3,
            protocol,
            arrives,
            departs,
            source_nat: arrives != departs,
            destination_nat: false,
            state: None,
            remaining_ms: 58_200,
            timeout_ms: 60_000,
            idle_ms: 1_800,
            age_s: 30,
            forward: Traffic { packets: 12, bytes: 3_456 },
            reverse: Traffic { packets: 10, bytes: 65_789 },
        }
    }

    pub(in crate::show) fn sample() -> SessionsReport {
        let mut tcp = session(
            7,
            Protocol::TCP,
            tuple("192.168.1.10", 51_234, "198.51.100.80", 443),
            tuple("203.0.113.5", 1_040, "198.51.100.80", 443),
        );
        tcp.state = Some(TcpState::Established);
        tcp.remaining_ms = 1_790_000;
        let v6 = tuple("2001:db8:1::10", 4_242, "2001:db8:2::53", 53);
        let ping = session(
            40_112,
            Protocol::ICMP,
            tuple("192.168.1.10", 9, "198.51.100.80", 0),
            tuple("203.0.113.5", 2_048, "198.51.100.80", 0),
        );
        let sessions = vec![tcp, session(8, Protocol::UDP, v6, v6), ping];
        SessionsReport { sessions, matching: 3, live: 3 }
    }

    #[test]
    fn sessions_show_both_directions_as_they_arrive() {
        insta::assert_snapshot!(plain(&render(&sample())));
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let mut report = sample();
        report.sessions.truncate(1);
        (report.matching, report.live) = (70, 1_000_000);
        assert!(
            plain(&render(&report))
                .ends_with("\n1000000 sessions, 70 matching, 1 shown (limit shows more)\n")
        );
        let none = SessionsReport { sessions: vec![], matching: 0, live: 1 };
        assert_eq!(plain(&render(&none)), "1 session, 0 matching\n");
    }
}
