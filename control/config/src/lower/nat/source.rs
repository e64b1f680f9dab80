use super::super::applications::ip_protocol;
use super::super::{Context, Lowering, security};
use crate::{
    Application, ApplicationRef, InterfaceNat, IpProtocol, Name, Path, Security, SourceNatMatch,
    SourceNatRule, SourceNatThen, Term,
};
use flumen_syntax::Node;

impl Lowering {
    /// `security nat source`.
    pub(super) fn source_nat(&mut self, node: &Node, context: &Context<'_>, model: &mut Security) {
        let range =
            node.get("port-range").and_then(|node| self.range(node, "security nat source port-range"));
        let nat = InterfaceNat { port_range: range.unwrap_or(InterfaceNat::DEFAULT.port_range) };
        for (keys, set) in node.entries("rule-set") {
            let words = format!("security nat source rule-set {}", keys[0]);
            let from = self.zones_of(set, "from", "from zone", &words);
            let to = self.zones_of(set, "to", "to zone", &words);
            for (keys, rule) in set.entries("rule") {
                let words = format!("{words} rule {}", keys[0]);
                if self.leaves_out(set, rule, context, &words) {
                    continue;
                }
                for (from_zone, to_zone) in from.iter().flat_map(|from| to.iter().map(move |to| (from, to))) {
                    let path = security("nat").field("source").index(model.nat.source.len());
                    self.origins.add(path.clone(), &rule.place, &words);
                    let r#match = self.source_match(rule, context, model, &path, &words);
                    let then = self.source_then(rule, nat, &words);
                    model.nat.source.push(SourceNatRule {
                        name: Name::written(&keys[0]),
                        from_zone: from_zone.clone(),
                        to_zone: to_zone.clone(),
                        r#match,
                        then,
                    });
                }
            }
        }
    }

    fn source_match(
        &mut self,
        rule: &Node,
        context: &Context<'_>,
        model: &mut Security,
        path: &Path,
        words: &str,
    ) -> SourceNatMatch {
        let empty = Node::default();
        let r#match = rule.get("match").unwrap_or(&empty);
        let path = path.field("match");
        let source_address =
            self.both(r#match, "source-address", "source-address-name", context, &path, words);
        let destination_address =
            self.both(r#match, "destination-address", "destination-address-name", context, &path, words);
        let mut application =
            self.application_refs(r#match.values("application"), &path.field("application"), words);
        let protocols: Vec<IpProtocol> =
            r#match.values("protocol").iter().map(|text| ip_protocol(&text.text)).collect();
        let source_port = self.port_list(r#match.get("source-port"), words);
        let destination_port = self.port_list(r#match.get("destination-port"), words);
        if !protocols.is_empty() || !source_port.is_empty() || !destination_port.is_empty() {
            if let Some(node) = r#match.get("application") {
                let reason = "name the protocol and ports, or an application";
                self.unsupported(&node.place, words, "application beside protocol or ports", reason);
            }
            let protocols =
                if protocols.is_empty() { vec![IpProtocol::TCP, IpProtocol::UDP] } else { protocols };
            // The model matches applications: this one stands for the rule. Its name cannot be written by a user.
            let name = format!("source NAT {}", words.trim_start_matches("security nat source "));
            let mut members = Vec::new();
            for protocol in protocols {
                let member = Name::written(&format!("{name} {protocol}"));
                self.origins.add(security("applications").field(member.as_str()), &rule.place, words);
                let (source_port, destination_port) = (source_port.clone(), destination_port.clone());
                let term = Term { source_port, destination_port, ..Term::protocol(protocol) };
                model.applications.0.insert(member.clone(), Application::Term(term));
                members.push(ApplicationRef::Named(member));
            }
            application = members;
        }
        SourceNatMatch { source_address, destination_address, application }
    }

    fn source_then(&mut self, rule: &Node, nat: InterfaceNat, words: &str) -> SourceNatThen {
        let then = rule.get("then").and_then(|then| then.get("source-nat"));
        match then {
            Some(then) if then.get("interface").is_some() => SourceNatThen::Interface(nat),
            Some(then) if then.get("off").is_some() => SourceNatThen::Off,
            _ => {
                self.missing(rule, words, "then source-nat");
                SourceNatThen::Off
            }
        }
    }
}
