//! Translations of destinations that are not supported: what they are about reaches nothing.

use super::super::applications::ip_protocol;
use super::super::{Context, Lowering, security};
use crate::{
    AddressRef, ApplicationRef, DestinationNatMatch, DestinationNatRule, DestinationNatThen, IpFamily,
    IpProtocol, IpRange, Name, Path, PortRange, Security, ZoneRef,
};
use flumen_syntax::Node;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Destinations that no host has, in networks that no router forwards to: a packet with one is dropped as `link-local`
/// before routes and policies are asked (RFC 3927 §2.1 reserves the one, RFC 4291 §2.5.6 the other).
const NOWHERE: [(IpFamily, IpAddr); 2] = [
    (IpFamily::V4, IpAddr::V4(Ipv4Addr::new(169, 254, 0, 255))),
    (IpFamily::V6, IpAddr::V6(Ipv6Addr::new(0xfebf, 0xffff, 0, 0, 0, 0, 0, 0xffff))),
];

/// What a rule matches beside addresses.
type Condition = (Vec<IpProtocol>, Vec<PortRange>);

/// Each zone of the model.
pub(super) fn all_zones(model: &Security) -> Vec<ZoneRef> {
    model.zones.keys().cloned().map(ZoneRef::Named).collect()
}

impl Lowering {
    /// `security nat static`.
    pub(super) fn static_nat(&mut self, node: &Node, context: &Context<'_>, model: &mut Security) {
        for (keys, set) in node.entries("rule-set") {
            let words = format!("security nat static rule-set {}", keys[0]);
            let named = set.get("from").filter(|from| !from.has_unsupported());
            let named = named.map_or(&[][..], |from| from.values("zone"));
            let zones = if named.is_empty() {
                all_zones(model)
            } else {
                named.iter().map(|text| ZoneRef::Named(Name::written(&text.text))).collect()
            };
            let set_name = format!("static {}", keys[0]);
            for (keys, rule) in set.entries("rule") {
                self.close_rule([&set_name, &keys[0]], rule, &zones, context, model, &words);
            }
        }
    }

    /// Drops what a rule might match: another rule could translate it, or a policy permit it as it is.
    pub(super) fn close_rule(
        &mut self,
        [set, name]: [&str; 2],
        rule: &Node,
        zones: &[ZoneRef],
        context: &Context<'_>,
        model: &mut Security,
        words: &str,
    ) {
        let words = &format!("{words} rule {name}");
        self.closed(words);
        let empty = Node::default();
        let r#match = rule.get("match").unwrap_or(&empty);
        let conditions = self.widest_conditions(r#match, context, model, words);
        for zone in zones {
            for (number, (protocol, destination_port)) in conditions.iter().enumerate() {
                for (family, address) in NOWHERE {
                    let path = security("nat").field("destination").index(model.nat.destination.len());
                    let place = path.field("match");
                    let source = ["source-address", "source-address-name"];
                    let source_address = self.widest(r#match, source, context, &place, words);
                    let destination = ["destination-address", "destination-address-name"];
                    let mut destination_address = self.widest(r#match, destination, context, &place, words);
                    if destination_address.is_empty() {
                        destination_address.push(AddressRef::Any);
                    }
                    let has = |references: &[AddressRef]| {
                        let ranges = model.address_book.resolve(references);
                        references.is_empty()
                            || ranges.into_iter().map(IpRange::family).any(|own| own == family)
                    };
                    if !has(&source_address) || !has(&destination_address) {
                        continue;
                    }
                    self.origins.add(path, &rule.place, words);
                    // Nobody can write such a name.
                    let name = format!("{set} {name} (not supported, {family} {number})");
                    let (protocol, destination_port) = (protocol.clone(), destination_port.clone());
                    model.nat.destination.push(DestinationNatRule {
                        name: Name::written(&name),
                        from_zone: zone.clone(),
                        r#match: DestinationNatMatch {
                            source_address,
                            destination_address,
                            protocol,
                            destination_port,
                        },
                        then: DestinationNatThen::To { address, port: None },
                    });
                }
            }
        }
    }

    /// Addresses of a match; none, which is all, when a part of them means nothing.
    fn widest(
        &mut self,
        r#match: &Node,
        [prefixes, names]: [&'static str; 2],
        context: &Context<'_>,
        path: &Path,
        words: &str,
    ) -> Vec<AddressRef> {
        let references = self.both(r#match, prefixes, names, context, path, words);
        if references.iter().any(|name| context.void.address_in_part(name)) { Vec::new() } else { references }
    }

    /// Protocols and ports that a rule may match: at least those that it says.
    fn widest_conditions(
        &mut self,
        r#match: &Node,
        context: &Context<'_>,
        model: &Security,
        words: &str,
    ) -> Vec<Condition> {
        let protocols: Vec<IpProtocol> =
            r#match.values("protocol").iter().map(|text| ip_protocol(&text.text)).collect();
        let ports = self.port_list(r#match.get("destination-port"), words);
        if !protocols.is_empty() || !ports.is_empty() {
            return vec![(protocols, ports)];
        }
        let named = |text: &flumen_syntax::Text| match &*text.text {
            "any" => ApplicationRef::Any,
            name => ApplicationRef::Named(Name::written(name)),
        };
        let references: Vec<ApplicationRef> = r#match.values("application").iter().map(named).collect();
        let known = |reference: &ApplicationRef| match reference {
            ApplicationRef::Any => true,
            ApplicationRef::Named(name) => {
                model.applications.contains(name) && !context.void.application_in_part(reference)
            }
        };
        let known = !references.is_empty() && references.iter().all(known);
        let terms = if known { model.applications.resolve(&references) } else { None };
        match terms {
            Some(terms) => {
                terms.into_iter().map(|term| (vec![term.protocol], term.destination_port)).collect()
            }
            None => vec![(Vec::new(), Vec::new())],
        }
    }
}
