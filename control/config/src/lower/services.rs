use super::interfaces::Units;
use super::zones::statement;
use super::{Context, Lowering};
use crate::lower::applications::ip_protocol;
use crate::{
    DfClear, DfLimit, MirrorMatch, MirrorOutput, MirrorRule, MirrorThen, Model, Name, Path, Problem,
    TrafficMirror, UdpChecksum, Warning,
};
use flumen_syntax::{Node, Place};

impl Lowering {
    /// `services`: traffic mirrors and `df-clear`, and the interfaces that only they use.
    pub(super) fn services(&mut self, node: &Node, units: &Units, context: &Context<'_>, model: &mut Model) {
        let mirrors = node.get("traffic-mirror");
        for (keys, node) in mirrors.into_iter().flat_map(|node| node.entries("mirror")) {
            let words = format!("services traffic-mirror mirror {}", keys[0]);
            let path = Path::root().field("services").field("traffic-mirror").field(&keys[0]);
            self.origins.add(path.clone(), &node.place, &words);
            if let Some(mirror) = self.mirror(node, units, context, model, &path, &words) {
                model.services.traffic_mirror.insert(Name::written(&keys[0]), mirror);
            }
        }
        for (keys, node) in node.entries("df-clear") {
            let words = format!("services df-clear {}", keys[0]);
            let Some(name) = self.served(&keys[0], &node.place, units, model, &words) else { continue };
            let path = Path::root().field("services").field("df-clear").field(name.as_str());
            self.origins.add(path, &node.place, &words);
            let clear = DfClear {
                destination_port: number(node, "destination-port").unwrap_or(DfClear::DEFAULT_PORT),
                limit: limit(node),
            };
            model.services.df_clear.insert(name, clear);
        }
    }

    /// A mirror; none when a part of it is left out: what it would take is then not taken at all.
    fn mirror(
        &mut self,
        node: &Node,
        units: &Units,
        context: &Context<'_>,
        model: &mut Model,
        path: &Path,
        words: &str,
    ) -> Option<TrafficMirror> {
        if node.has_unsupported() {
            self.left_out(words);
            return None;
        }
        let Some(interface) = node.value("interface") else {
            self.missing(node, words, "interface");
            return None;
        };
        let interface = self.served(&interface.text, &interface.place, units, model, words)?;
        let mut output = None;
        if let Some(node) = node.get("output") {
            let Some(text) = node.value("interface") else {
                self.missing(node, words, "output interface");
                return None;
            };
            let interface = self.served(&text.text, &text.place, units, model, words)?;
            let keep_link_addresses = node.get("keep-link-addresses").is_some();
            output = Some(MirrorOutput { interface, keep_link_addresses });
        }
        let mut rules = Vec::new();
        for (keys, rule) in node.entries("rule") {
            let words = format!("{words} rule {}", keys[0]);
            if self.leaves_out(rule, rule, context, &words) {
                return None;
            }
            let path = path.field("rules").index(rules.len());
            self.origins.add(path.clone(), &rule.place, &words);
            let empty = Node::default();
            let r#match = rule.get("match").unwrap_or(&empty);
            let r#match = self.mirror_match(r#match, context, &path.field("match"), &words);
            rules.push(MirrorRule {
                name: Name::written(&keys[0]),
                r#match,
                then: self.mirror_then(rule, &words),
            });
        }
        let default = TrafficMirror::default();
        Some(TrafficMirror {
            interface,
            port: number(node, "port").unwrap_or(default.port),
            vni: number(node, "vni").unwrap_or(default.vni),
            output,
            df_clear: node.get("df-clear").map(limit),
            rules,
        })
    }

    fn mirror_match(&mut self, node: &Node, context: &Context<'_>, path: &Path, words: &str) -> MirrorMatch {
        let both =
            |this: &mut Lowering, prefixes, names| this.both(node, prefixes, names, context, path, words);
        MirrorMatch {
            source_address: both(self, "source-address", "source-address-name"),
            destination_address: both(self, "destination-address", "destination-address-name"),
            protocol: node.values("protocol").iter().map(|text| ip_protocol(&text.text)).collect(),
            source_port: self.port_list(node.get("source-port"), words),
            destination_port: self.port_list(node.get("destination-port"), words),
        }
    }

    fn mirror_then(&mut self, rule: &Node, words: &str) -> MirrorThen {
        let then = rule.get("then");
        if then.is_some_and(|then| then.get("accept").is_some()) {
            return MirrorThen::Accept;
        }
        if then.is_some_and(|then| then.get("discard").is_some()) {
            return MirrorThen::Discard;
        }
        let Some(nat) = then.and_then(|then| then.get("destination-nat")) else {
            self.missing(rule, words, "then");
            return MirrorThen::Accept;
        };
        let Some(text) = nat.value("address") else {
            self.missing(nat, words, "then destination-nat address");
            return MirrorThen::Accept;
        };
        let address = text.text.parse().map_err(|_| Problem::SingleAddress { text: text.text.clone() });
        match self.accept(&text.place, words, address) {
            Some(address) => MirrorThen::To { address, port: number(nat, "port") },
            None => MirrorThen::Accept,
        }
    }

    /// The interface `text`, which is part of the model from here on; none, and an error, when there is none.
    fn served(
        &mut self,
        text: &str,
        place: &Place,
        units: &Units,
        model: &mut Model,
        words: &str,
    ) -> Option<Name> {
        let Some((name, unit)) = units.find(text) else {
            let known = || units.iter().map(|(name, _)| name).collect();
            self.unknown(place, words, "interface", text, known);
            return None;
        };
        if unit.disabled {
            return None;
        }
        let without = Warning::InterfaceWithoutZone { path: Path::statement(&statement(&name)) };
        self.warnings.retain(|warning| *warning != without);
        self.origins.add(Path::root().field("interfaces").field(&name), &unit.place, &statement(&name));
        let name = Name::written(&name);
        model.interfaces.entry(name.clone()).or_insert_with(|| unit.interface.clone());
        Some(name)
    }
}

/// A number that the table has checked.
fn number<T: std::str::FromStr>(node: &Node, name: &'static str) -> Option<T> {
    node.value(name).and_then(|text| text.text.parse().ok())
}

fn limit(node: &Node) -> DfLimit {
    let zero = node.value("udp-checksum").is_some_and(|text| text.text == "zero");
    DfLimit {
        over: number(node, "over").unwrap_or(DfLimit::DEFAULT_OVER),
        udp_checksum: if zero { UdpChecksum::Zero } else { UdpChecksum::Keep },
    }
}
