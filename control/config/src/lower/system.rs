use super::{Lowering, security};
use crate::{Flow, Mode, Path, Sessions, System};
use flumen_syntax::Node;

impl Lowering {
    /// `system dataplane`.
    pub(super) fn system(&mut self, root: &Node) -> System {
        let mut system = System::default();
        let Some(dataplane) = root.get("system").and_then(|node| node.get("dataplane")) else {
            return system;
        };
        if let Some(word) = dataplane.value("mode") {
            let named = Mode::ALL.into_iter().find(|mode| mode.word() == word.text);
            system.dataplane.mode = named.unwrap_or_default();
        }
        let mut sessions = |statement| {
            let number = dataplane.get("sessions")?.value(statement)?;
            let path = ["system", "dataplane", "sessions", statement];
            let path = path.iter().fold(Path::root(), |path, field| path.field(field));
            self.origins.add(path, &number.place, &format!("system dataplane sessions {statement}"));
            // The table has checked the range.
            Some(number.text.parse().unwrap_or(Sessions::GREATEST))
        };
        let maximum = sessions("maximum").unwrap_or(Sessions::default().maximum);
        system.dataplane.sessions = Sessions { maximum, ipv6_maximum: sessions("ipv6-maximum") };
        system
    }

    /// `security flow`.
    pub(super) fn flow(&mut self, node: &Node) -> Flow {
        let mut flow = Flow::default();
        let empty = Node::default();
        let tcp = node.get("tcp-session").unwrap_or(&empty);
        let time_wait = tcp.get("time-wait-state").unwrap_or(&empty);
        let numbers = [
            (tcp, "tcp-initial-timeout", "tcp-initial-timeout", &mut flow.tcp_initial_timeout),
            (tcp, "tcp-established-timeout", "tcp-established-timeout", &mut flow.tcp_established_timeout),
            (tcp, "tcp-closing-timeout", "tcp-closing-timeout", &mut flow.tcp_closing_timeout),
            (time_wait, "session-timeout", "tcp-closed-timeout", &mut flow.tcp_closed_timeout),
            (node, "udp-timeout", "udp-timeout", &mut flow.udp_timeout),
            (node, "icmp-timeout", "icmp-timeout", &mut flow.icmp_timeout),
            (node, "other-timeout", "other-timeout", &mut flow.other_timeout),
            (node, "answers-per-second", "answers-per-second", &mut flow.answers_per_second),
        ];
        for (node, statement, field, number) in numbers {
            if let Some(value) = node.value(statement) {
                self.origins.add(
                    security("flow").field(field),
                    &value.place,
                    &format!("security flow {statement}"),
                );
                *number = value.text.parse().unwrap_or(u32::MAX);
            }
        }
        flow.no_syn_check = tcp.get("no-syn-check").is_some();
        flow
    }
}
