use super::interfaces::Units;
use super::{Lowering, security};
use crate::{HostInbound, Model, Name, Path, Problem, RoutingProtocol, SystemService, Warning, Zone};
use flumen_syntax::Node;
use std::collections::BTreeSet;

/// Routing protocols that need no rule: neighbour discovery is never dropped.
const ALWAYS: &[&str] = &["ndp"];

impl Lowering {
    /// `security zones`, and those interfaces that are in one.
    ///
    /// `guarded`: a filter that is not supported stands before the gateway itself, so that nothing may reach it.
    pub(super) fn zones(&mut self, node: &Node, units: &Units, guarded: bool, model: &mut Model) {
        let mut used = BTreeSet::new();
        for (keys, node) in node.entries("security-zone") {
            let words = format!("security zones security-zone {}", keys[0]);
            let path = security("zones").field(&keys[0]);
            self.origins.add(path.clone(), &node.place, &words);
            let mut zone = Zone::default();
            let of_zone = node.get("host-inbound-traffic").map(|node| self.host_inbound(node, &words));
            let of_zone = if guarded { Some(HostInbound::default()) } else { of_zone };
            let mut inbound: Option<HostInbound> = None;
            for (keys, node) in node.get("interfaces").into_iter().flat_map(|node| node.entries("")) {
                let words = format!("{words} interfaces {}", keys[0]);
                if keys[0] == "all" {
                    self.unsupported(
                        &node.place,
                        &words,
                        "interfaces all",
                        "name the interfaces of the zone",
                    );
                    continue;
                }
                let Some((name, unit)) = units.find(&keys[0]) else {
                    let known = || units.iter().map(|(name, _)| name).collect();
                    self.unknown(&node.place, &words, "interface", &keys[0], known);
                    continue;
                };
                used.insert(name.clone());
                if unit.disabled {
                    continue;
                }
                self.origins.add(path.field("interfaces").index(zone.interfaces.len()), &node.place, &words);
                self.origins.add(
                    Path::root().field("interfaces").field(&name),
                    &unit.place,
                    &statement(&name),
                );
                zone.interfaces.push(Name::written(&name));
                model.interfaces.insert(Name::written(&name), unit.interface.clone());
                if unit.out_of_use {
                    continue; // what might reach the gateway by it is nothing to the others
                }
                let own = node.get("host-inbound-traffic").map(|node| self.host_inbound(node, &words));
                let own = if node.children().any(|(_, child)| child.is_foreign()) {
                    self.closed(&words);
                    Some(HostInbound::default())
                } else {
                    own.filter(|_| !guarded)
                };
                let own = own.or_else(|| of_zone.clone()).unwrap_or_default();
                match &mut inbound {
                    Some(others) if same(others, &own) => {}
                    Some(others) if self.lenient => {
                        others.services.retain(|service| own.services.contains(service));
                        others.protocols.retain(|protocol| own.protocols.contains(protocol));
                        self.warnings.push(Warning::Narrowed { path: Path::statement(&words) });
                    }
                    Some(_) => {
                        self.refuse(&node.place, &words, Problem::HostInboundDiffers { interface: name })
                    }
                    None => inbound = Some(own),
                }
            }
            zone.host_inbound = inbound.or(of_zone).unwrap_or_default();
            model.security.zones.insert(Name::written(&keys[0]), zone);
        }
        for (name, _) in units.iter().filter(|(name, unit)| !unit.disabled && !used.contains(name)) {
            self.warnings.push(Warning::InterfaceWithoutZone { path: Path::statement(&statement(&name)) });
        }
    }

    fn host_inbound(&mut self, node: &Node, words: &str) -> HostInbound {
        let words = format!("{words} host-inbound-traffic");
        if node.has_unsupported() {
            self.closed(&words);
            return HostInbound::default();
        }
        let empty = Node::default();
        let services = node.get("system-services").unwrap_or(&empty);
        let protocols = node.get("protocols").unwrap_or(&empty);
        let any = services.entries("").any(|(keys, node)| keys[0] == "any-service" && !is_excepted(node));
        let ordinary = SystemService::ALL.iter().filter(|service| **service != SystemService::All);
        let services = if any {
            if let Some((_, node)) = services.entries("").find(|(_, node)| is_excepted(node)) {
                let reason = "name the services that are let in";
                self.unsupported(&node.place, &words, "except beside any-service", reason);
            }
            vec![SystemService::All]
        } else {
            let known = ordinary.map(|service| (service.word(), *service)).collect::<Vec<_>>();
            self.words(services, &format!("{words} system-services"), &known)
        };
        let ordinary = RoutingProtocol::ALL.iter().filter(|protocol| **protocol != RoutingProtocol::All);
        let known = ordinary.map(|protocol| (protocol.word(), *protocol)).collect::<Vec<_>>();
        let protocols = self.words(protocols, &format!("{words} protocols"), &known);
        HostInbound { services, protocols }
    }

    /// The words of a list, `all` written out, without those that are excepted.
    fn words<T: Copy + PartialEq>(
        &mut self,
        node: &Node,
        words: &str,
        known: &[(&'static str, T)],
    ) -> Vec<T> {
        let find = |word: &str| known.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
        let mut found = Vec::new();
        for (keys, _) in node.entries("").filter(|(_, node)| !is_excepted(node)) {
            match find(&keys[0]) {
                _ if keys[0] == "all" => found.extend(known.iter().map(|(_, value)| *value)),
                Some(value) => found.push(value),
                None if ALWAYS.contains(&&*keys[0]) => {}
                None => {
                    let path = Path::statement(&format!("{words} {}", keys[0]));
                    self.warnings.push(Warning::NoSuchService { path });
                }
            }
        }
        let excepted: Vec<T> = node
            .entries("")
            .filter(|(_, node)| is_excepted(node))
            .filter_map(|(keys, _)| find(&keys[0]))
            .collect();
        let mut once: Vec<T> = Vec::new();
        for value in found {
            if !excepted.contains(&value) && !once.contains(&value) {
                once.push(value);
            }
        }
        once
    }
}

fn is_excepted(node: &Node) -> bool {
    node.get("except").is_some()
}

/// The same services and protocols in any order.
fn same(one: &HostInbound, other: &HostInbound) -> bool {
    let sets = |inbound: &HostInbound| {
        let services: BTreeSet<SystemService> = inbound.services.iter().copied().collect();
        (services, inbound.protocols.iter().copied().collect::<BTreeSet<RoutingProtocol>>())
    };
    sets(one) == sets(other)
}

/// `interfaces eth1 unit 0` for `eth1.0`.
pub(super) fn statement(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((device, unit)) => format!("interfaces {device} unit {unit}"),
        None => format!("interfaces {name}"),
    }
}
