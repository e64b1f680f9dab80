use super::{Lowering, security};
use crate::{Flow, LoginClass, Mode, Name, Path, Sessions, System};
use flumen_syntax::Node;
use std::collections::BTreeMap;

/// The class of Junos that may do nothing.
const NOBODY: &str = "unauthorized";

impl Lowering {
    /// `system login` and `system dataplane`.
    pub(super) fn system(&mut self, root: &Node) -> System {
        let login = root.get("system").and_then(|node| node.get("login"));
        let login = login.map(|node| self.login(node)).unwrap_or_default();
        let mut system = System { login, ..System::default() };
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

    /// The class of each user. A class of one's own is Junos's to know: its users are left out, and may do nothing.
    fn login(&mut self, node: &Node) -> BTreeMap<Name, LoginClass> {
        let own: Vec<&str> = node.entries("class").map(|(keys, _)| keys[0].as_str()).collect();
        let mut users = BTreeMap::new();
        for (keys, node) in node.entries("user") {
            let Some(word) = node.value("class") else { continue };
            let words = format!("system login user {} class", keys[0]);
            let path = Path::root().field("system").field("login").field(&keys[0]);
            self.origins.add(path, &word.place, &words);
            match LoginClass::ALL.into_iter().find(|class| class.word() == word.text) {
                Some(class) => drop(users.insert(Name::written(&keys[0]), class)),
                None if word.text == NOBODY || own.contains(&word.text.as_str()) => self.left_out(&words),
                None => {
                    let predefined = LoginClass::ALL.map(LoginClass::word);
                    let known = || predefined.iter().chain(&own).map(ToString::to_string).collect();
                    self.unknown(&word.place, &words, "login class", &word.text, known);
                }
            }
        }
        users
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
