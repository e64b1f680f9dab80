use super::super::applications::ip_protocol;
use super::super::{Context, Lowering, security};
use super::closed::all_zones;
use crate::{
    AddressLiteral, ApplicationRef, DestinationNatMatch, DestinationNatRule, DestinationNatThen, IpProtocol,
    Name, PortRange, Problem, Security, ZoneRef,
};
use flumen_syntax::{Node, Place};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What a destination pool translates to.
#[derive(Clone, Copy)]
struct Pool {
    address: IpAddr,
    port: Option<u16>,
}

/// True when nothing can be translated to the pool of a rule.
fn without_pool(rule: &Node, pools: &BTreeMap<String, Option<Pool>>) -> bool {
    let then = rule.get("then").and_then(|then| then.get("destination-nat"));
    let pool = then.and_then(|then| then.get("pool")).and_then(|pool| pool.value(""));
    pool.is_some_and(|pool| matches!(pools.get(&pool.text), Some(None)))
}

impl Lowering {
    /// `security nat destination`.
    pub(super) fn destination_nat(
        &mut self,
        destination: &Node,
        context: &Context<'_>,
        model: &mut Security,
    ) {
        let pools = self.pools(destination);
        let words = |keys: &[String]| format!("security nat destination rule-set {}", keys[0]);
        // Where a set holds for is not known: it may come before all others.
        let unknown = |set: &Node| set.get("from").is_some_and(Node::has_unsupported);
        for (keys, set) in destination.entries("rule-set").filter(|(_, set)| unknown(set)) {
            let zones = all_zones(model);
            for (rule, node) in set.entries("rule") {
                self.close_rule([&keys[0], &rule[0]], node, &zones, context, model, &words(keys));
            }
        }
        for (keys, set) in destination.entries("rule-set").filter(|(_, set)| !unknown(set)) {
            let words = words(keys);
            let zones = self.zones_of(set, "from", "from zone", &words);
            let set_name = &keys[0];
            for (keys, rule) in set.entries("rule") {
                if without_pool(rule, &pools) || Self::is_unsupported(set, rule, context) {
                    self.close_rule([set_name, &keys[0]], rule, &zones, context, model, &words);
                    continue;
                }
                let words = format!("{words} rule {}", keys[0]);
                for zone in &zones {
                    self.destination_rule(rule, &keys[0], zone, context, &pools, model, &words);
                }
            }
        }
    }

    fn pools(&mut self, node: &Node) -> BTreeMap<String, Option<Pool>> {
        let mut pools = BTreeMap::new();
        for (keys, pool) in node.entries("pool") {
            let words = format!("security nat destination pool {}", keys[0]);
            let read = if pool.has_unsupported() { None } else { self.pool(pool, &words) };
            pools.insert(keys[0].clone(), read);
        }
        pools
    }

    /// What a pool translates to; none when that cannot be read, which is reported here.
    fn pool(&mut self, node: &Node, words: &str) -> Option<Pool> {
        let Some((address, prefix)) =
            node.get("address").and_then(|address| Some((address, address.value("")?)))
        else {
            self.missing(node, words, "address");
            return None;
        };
        let single = match AddressLiteral::parse(&prefix.text) {
            Ok(AddressLiteral::Prefix(net)) if net.prefix_len() == net.max_prefix_len() => Ok(net.addr()),
            Ok(_) => Err(Problem::SingleAddress { text: prefix.text.clone() }),
            Err(problem) => Err(problem),
        };
        let port = address.value("port").and_then(|port| port.text.parse().ok());
        self.accept(&prefix.place, words, single).map(|address| Pool { address, port })
    }

    fn destination_rule(
        &mut self,
        rule: &Node,
        name: &str,
        from_zone: &ZoneRef,
        context: &Context<'_>,
        pools: &BTreeMap<String, Option<Pool>>,
        model: &mut Security,
        words: &str,
    ) {
        let empty = Node::default();
        let r#match = rule.get("match").unwrap_or(&empty);
        let Some(then) = self.destination_then(rule, pools, words) else { return self.left_out(words) };
        let path = |model: &Security| security("nat").field("destination").index(model.nat.destination.len());
        let conditions = self.destination_conditions(r#match, model, words);
        for (number, (protocol, destination_port)) in conditions.into_iter().enumerate() {
            let place = path(model);
            self.origins.add(place.clone(), &rule.place, words);
            let place = place.field("match");
            let source_address =
                self.both(r#match, "source-address", "source-address-name", context, &place, words);
            let destination_address =
                self.both(r#match, "destination-address", "destination-address-name", context, &place, words);
            // One rule for each form of an application; all but the first have a name that nobody can write.
            let name = if number == 0 { name.to_owned() } else { format!("{name} {}", number + 1) };
            model.nat.destination.push(DestinationNatRule {
                name: Name::written(&name),
                from_zone: from_zone.clone(),
                r#match: DestinationNatMatch {
                    source_address,
                    destination_address,
                    protocol,
                    destination_port,
                },
                then,
            });
        }
    }

    /// Protocols and ports that a rule matches: one pair, or one for each form of its applications.
    fn destination_conditions(
        &mut self,
        r#match: &Node,
        model: &Security,
        words: &str,
    ) -> Vec<(Vec<IpProtocol>, Vec<PortRange>)> {
        let protocols = r#match.values("protocol").iter().map(|text| ip_protocol(&text.text)).collect();
        let ports = self.port_list(r#match.get("destination-port"), words);
        let path = security("nat").field("destination").index(model.nat.destination.len());
        let references = self.application_refs(r#match.values("application"), &path, words);
        let Some(terms) = (!references.is_empty()).then(|| model.applications.resolve(&references)).flatten()
        else {
            return vec![(protocols, ports)];
        };
        if let Some(node) = r#match.get("protocol").or(r#match.get("destination-port")) {
            let reason = "name the protocol and ports, or an application";
            self.unsupported(&node.place, words, "application beside protocol or ports", reason);
        }
        for (text, reference) in r#match.values("application").iter().zip(&references) {
            if let ApplicationRef::Named(name) = reference
                && !model.applications.contains(name)
            {
                let known = || model.applications.names().map(str::to_owned).collect();
                self.unknown(&text.place, words, "application", name.as_str(), known);
            }
        }
        let place = r#match.get("application").map_or_else(Place::default, |node| node.place.clone());
        let mut conditions = Vec::new();
        for term in terms {
            if !term.source_port.is_empty() || term.icmp_type.is_some() {
                let reason = "destination NAT matches protocols and destination ports";
                self.unsupported(&place, words, "an application with source ports or ICMP types", reason);
            }
            conditions.push((vec![term.protocol], term.destination_port));
        }
        conditions
    }

    /// What a rule does; none when its pool is not supported or not there, which is reported.
    fn destination_then(
        &mut self,
        rule: &Node,
        pools: &BTreeMap<String, Option<Pool>>,
        words: &str,
    ) -> Option<DestinationNatThen> {
        let then = rule.get("then").and_then(|then| then.get("destination-nat"));
        if then.is_some_and(|then| then.get("off").is_some()) {
            return Some(DestinationNatThen::Off);
        }
        let Some(name) = then.and_then(|then| then.get("pool")).and_then(|pool| pool.value("")) else {
            self.missing(rule, words, "then destination-nat");
            return Some(DestinationNatThen::Off);
        };
        let Some(pool) = pools.get(&name.text) else {
            let known = || pools.keys().cloned().collect();
            self.unknown(&name.place, words, "destination pool", &name.text, known);
            return None;
        };
        pool.map(|pool| DestinationNatThen::To { address: pool.address, port: pool.port })
    }
}
