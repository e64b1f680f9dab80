use super::voids::Voids;
use super::{Lowering, security};
use crate::{Application, ApplicationRef, Applications, IpProtocol, Name, PortRange, Problem, Term};
use flumen_syntax::{Node, Text, icmp_type, port};

impl Lowering {
    /// `applications`.
    pub(super) fn applications(&mut self, node: &Node, void: &Voids, model: &mut Applications) {
        for (keys, node) in node.entries("application") {
            let name = Name::written(&keys[0]);
            let words = format!("applications application {name}");
            if void.application(&ApplicationRef::Named(name.clone())) {
                self.left_out(&words);
                continue;
            }
            let path = security("applications").field(name.as_str());
            self.origins.add(path, &node.place, &words);
            let mut members = Vec::new();
            for (keys, term) in node.entries("term") {
                let member = Name::written(&format!("{name} term {}", keys[0]));
                let words = format!("{words} term {}", keys[0]);
                self.origins.add(security("applications").field(member.as_str()), &term.place, &words);
                let term = self.term(term, &words);
                model.0.insert(member.clone(), Application::Term(term));
                members.push(member);
            }
            let application = if members.is_empty() {
                Application::Term(self.term(node, &words))
            } else {
                if let Some(protocol) = node.get("protocol") {
                    let reason = "an application has terms, or is one";
                    self.unsupported(&protocol.place, &words, "protocol beside term", reason);
                }
                Application::Set(members)
            };
            model.0.insert(name, application);
        }
        for (keys, node) in node.entries("application-set") {
            let words = format!("applications application-set {}", keys[0]);
            if void.application(&ApplicationRef::Named(Name::written(&keys[0]))) {
                self.left_out(&words);
                continue;
            }
            let path = security("applications").field(&keys[0]);
            self.origins.add(path.clone(), &node.place, &words);
            let mut members = Vec::new();
            for (keys, member) in node.entries("application").chain(node.entries("application-set")) {
                self.origins.add(
                    path.index(members.len()),
                    &member.place,
                    &format!("{words} application {}", keys[0]),
                );
                members.push(Name::written(&keys[0]));
            }
            if model.0.insert(Name::written(&keys[0]), Application::Set(members)).is_some() {
                let problem = Problem::DuplicateRule {
                    what: "application or set",
                    name: keys[0].clone(),
                    context: "in applications".to_owned(),
                };
                self.refuse(&node.place, &words, problem);
            }
        }
    }

    fn term(&mut self, node: &Node, words: &str) -> Term {
        let Some(protocol) = node.value("protocol") else {
            self.missing(node, words, "protocol");
            return Term::default();
        };
        let protocol = ip_protocol(&protocol.text);
        let icmp = |number: &'static str, v6: bool| {
            let text = node.value(number)?;
            text.text.parse().ok().or_else(|| icmp_type(&text.text, v6))
        };
        Term {
            protocol,
            source_port: self.ports(node.value("source-port"), words),
            destination_port: self.ports(node.value("destination-port"), words),
            icmp_type: icmp("icmp-type", false).or_else(|| icmp("icmp6-type", true)),
            icmp_code: icmp("icmp-code", false).or_else(|| icmp("icmp6-code", true)),
        }
    }

    fn ports(&mut self, text: Option<&Text>, words: &str) -> Vec<PortRange> {
        let Some(text) = text else { return Vec::new() };
        self.accept(&text.place, words, port_range(&text.text)).flatten().into_iter().collect()
    }
}

/// A protocol by name or number; the table has checked it.
pub(super) fn ip_protocol(text: &str) -> IpProtocol {
    IpProtocol::named(text).unwrap_or_else(|| IpProtocol(text.parse().unwrap_or(0)))
}

/// A port, the name of one, or a range; none for every port. No packet has port 0, so a range may begin there.
pub(super) fn port_range(text: &str) -> Result<Option<PortRange>, Problem> {
    if let Some(port) = port(text) {
        return PortRange::new(port, port).map(Some);
    }
    match text.split_once('-') {
        Some(("0", "65535")) => Ok(None),
        Some(("0", high)) if high != "0" => PortRange::parse(&format!("1-{high}")).map(Some),
        _ => PortRange::parse(text).map(Some),
    }
}
