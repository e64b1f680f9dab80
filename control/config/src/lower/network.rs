use super::Lowering;
use super::interfaces::{Unit, Units, device_of};
use crate::{
    DeviceName, Interface, InterfaceAddress, Link, Name, NextHop, Offload, OffloadFeature, OffloadSize, Path,
    RouteThen, StaticRoute, SubInterface, network,
};
use flumen_syntax::{Node, Step, Text};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Bytes of an Ethernet header, and of a VLAN tag: what Junos counts as a part of the MTU and Linux does not.
const ETHERNET: u32 = 14;
const TAG: u32 = 4;

/// Addresses that several routers share.
const REDUNDANCY: [&str; 2] = ["vrrp-group", "vrrp-inet6-group"];

type Links = BTreeMap<DeviceName, Link>;

impl Lowering {
    /// Links and addresses of `interfaces`.
    pub(super) fn links(&mut self, node: &Node, units: &Units) -> Links {
        let mut links = Links::new();
        for (keys, node) in node.entries("") {
            let name = &keys[0];
            let Ok(device) = device_of(node, name) else {
                continue; // refused with the units
            };
            let words = format!("interfaces {name}");
            self.origins.add(place_of(&device), &node.place, &words);
            let own = Self::device(node);
            let (disable, mtu) = (own.disable, own.mtu);
            links.insert(device.clone(), own);
            for (keys, node) in node.entries("unit") {
                let Some(unit) = units.of(name, &keys[0]) else { continue };
                let words = format!("{words} unit {}", keys[0]);
                self.unit_link((name, node, unit), &device, &words, mtu, &mut links);
            }
            let out_of_use =
                |(keys, _): (&[String], &Node)| units.of(name, &keys[0]).is_none_or(|unit| unit.out_of_use);
            let all_out = node.entries("unit").next().is_some() && node.entries("unit").all(out_of_use);
            if disable || all_out {
                links.entry(device).or_default().disable = true;
            }
        }
        links
    }

    /// What is said of a device itself.
    fn device(node: &Node) -> Link {
        let tags = if node.get("flexible-vlan-tagging").is_some() {
            2
        } else {
            u32::from(node.get("vlan-tagging").is_some())
        };
        let mut offload = Offload::default();
        if let Some(node) = node.get("offload") {
            for (name, feature) in OffloadFeature::ALL {
                if let Some(value) = node.value(name) {
                    offload.features.insert(feature, value.text == "on");
                }
            }
            for (name, size) in OffloadSize::ALL {
                if let Some(count) = number(node, name) {
                    offload.sizes.insert(size, count);
                }
            }
        }
        Link {
            description: description(node),
            disable: node.get("disable").is_some(),
            mtu: number(node, "mtu").map(|mtu| mtu.saturating_sub(ETHERNET + TAG * tags)),
            offload,
            ..Link::default()
        }
    }

    /// The link of a unit, with the sub-interfaces that it needs.
    fn unit_link(
        &mut self,
        (name, node, unit): (&str, &Node, &Unit),
        device: &DeviceName,
        words: &str,
        device_mtu: Option<u32>,
        links: &mut Links,
    ) {
        let own = unit.interface.link(&Name::written(name));
        let Ok(own) = DeviceName::new(&own) else {
            return; // the check of the interface says so
        };
        let disable = unit.out_of_use;
        let is_device = own == *device;
        if !is_device {
            self.origins.add(place_of(&own), &node.place, words);
        }
        let addresses = self.unit_addresses(node, words, &own);
        if !is_device && !disable {
            sub_interfaces(&unit.interface, device, &own, device_mtu, links);
        }
        let link = links.entry(own).or_default();
        let family = |family| node.get("family").and_then(|node| node.get(family));
        if !disable {
            link.addresses.extend(addresses);
            link.mtu = family("inet").and_then(|node| number(node, "mtu")).or(link.mtu);
            link.ipv6_mtu = family("inet6").and_then(|node| number(node, "mtu")).or(link.ipv6_mtu);
        }
        link.description = link.description.take().or_else(|| description(node));
        if !is_device {
            link.disable |= disable;
        }
    }

    /// The addresses of both families, in order.
    fn unit_addresses(&mut self, unit: &Node, words: &str, link: &DeviceName) -> Vec<InterfaceAddress> {
        let mut addresses = Vec::new();
        for family in ["inet", "inet6"] {
            let Some(node) = unit.get("family").and_then(|node| node.get(family)) else { continue };
            for (keys, node) in node.entries("address") {
                let words = format!("{words} family {family} address {}", keys[0]);
                // Without router redundancy it is still an address of its network.
                let part = |(step, child): (&Step, &Node)| {
                    child.has_unsupported() && !REDUNDANCY.contains(&&*step.name)
                };
                if node.children().any(part) {
                    self.closed(&words);
                    if let Ok(destination) = network::destination(&keys[0]) {
                        let (metric, then) = (StaticRoute::METRIC, RouteThen::Discard);
                        self.unreachable.push(StaticRoute { destination, metric, then });
                    }
                    continue;
                }
                let parsed = InterfaceAddress::parse(&keys[0]);
                if let Some(address) = self.accept(&node.place, &words, parsed) {
                    let path = place_of(link).field("addresses").index(addresses.len());
                    self.origins.add(path, &node.place, &words);
                    addresses.push(address);
                }
            }
        }
        addresses
    }

    /// `routing-options`.
    pub(super) fn routes(&mut self, node: &Node, units: &Units) -> Vec<StaticRoute> {
        let mut routes = std::mem::take(&mut self.unreachable);
        if let Some(node) = node.get("static") {
            self.static_routes(node, "routing-options static", None, units, &mut routes);
        }
        for (keys, rib) in node.entries("rib") {
            let words = format!("routing-options rib {}", keys[0]);
            let ipv6 = match &*keys[0] {
                "inet.0" => false,
                "inet6.0" => true,
                _ => {
                    let reason = "there are inet.0 and inet6.0; others need the multi-WAN capability";
                    self.unsupported(&rib.place, &words, &keys[0], reason);
                    continue;
                }
            };
            if let Some(node) = rib.get("static") {
                self.static_routes(node, &format!("{words} static"), Some(ipv6), units, &mut routes);
            }
        }
        routes
    }

    fn static_routes(
        &mut self,
        node: &Node,
        words: &str,
        ipv6: Option<bool>,
        units: &Units,
        routes: &mut Vec<StaticRoute>,
    ) {
        for (keys, node) in node.entries("route") {
            let words = format!("{words} route {}", keys[0]);
            let closed =
                node.has_unsupported() && node.get("discard").is_none() && node.get("reject").is_none();
            let parsed = network::destination(&keys[0]);
            let Some(destination) = self.accept(&node.place, &words, parsed) else { continue };
            if ipv6.is_some_and(|ipv6| ipv6 != destination.addr().is_ipv6()) {
                self.unsupported(&node.place, &words, &keys[0], "the table is of the other family");
                continue;
            }
            // Another route would lead to where other rules hold.
            let targets = if closed {
                self.closed(&words);
                BTreeMap::from([(metric(node).unwrap_or(StaticRoute::METRIC), RouteThen::Discard)])
            } else {
                self.targets(node, &words, units)
            };
            for (metric, then) in targets {
                let path = Path::root().field("network").field("routes").index(routes.len());
                self.origins.add(path, &node.place, &words);
                routes.push(StaticRoute { destination, metric, then });
            }
        }
    }

    /// What becomes of the packets of a route, for each metric.
    fn targets(&mut self, node: &Node, words: &str, units: &Units) -> BTreeMap<u32, RouteThen> {
        let own = metric(node).unwrap_or(StaticRoute::METRIC);
        let mut targets = BTreeMap::new();
        if node.get("discard").is_some() {
            targets.insert(own, RouteThen::Discard);
        } else if node.get("reject").is_some() {
            targets.insert(own, RouteThen::Reject);
        }
        let mut hops: BTreeMap<u32, Vec<NextHop>> = BTreeMap::new();
        for text in node.values("next-hop") {
            hops.entry(own).or_default().extend(self.next_hop(text, words, units));
        }
        for (keys, qualified) in node.entries("qualified-next-hop") {
            let text = Text { text: keys[0].clone(), place: qualified.place.clone() };
            let metric = metric(qualified).unwrap_or(own);
            hops.entry(metric).or_default().extend(self.next_hop(&text, words, units));
        }
        for (metric, hops) in hops {
            targets.entry(metric).or_insert(RouteThen::NextHop(hops));
        }
        if targets.is_empty() {
            targets.insert(own, RouteThen::default());
        }
        targets
    }

    /// A gateway's address, or an interface.
    fn next_hop(&mut self, text: &Text, words: &str, units: &Units) -> Option<NextHop> {
        if let Ok(address) = text.text.parse::<IpAddr>() {
            return Some(NextHop { address: Some(address), link: None });
        }
        let Some((name, unit)) = units.find(&text.text) else {
            let known = || units.iter().map(|(name, _)| name).collect();
            self.unknown(&text.place, words, "interface", &text.text, known);
            return None;
        };
        let link = DeviceName::new(&unit.interface.link(&Name::written(&name)));
        self.accept(&text.place, words, link).map(|link| NextHop { address: None, link: Some(link) })
    }
}

/// Adds the sub-interface `own` of `device` for the tags of an interface, and that of the outer tag where there are
/// two. A link that the configuration names is the host's to make.
fn sub_interfaces(
    interface: &Interface,
    device: &DeviceName,
    own: &DeviceName,
    mtu: Option<u32>,
    links: &mut Links,
) {
    let Some(outer) = interface.vlan.filter(|_| interface.link.is_none()) else { return };
    let mut parent = device.clone();
    if interface.inner_vlan.is_some() {
        let Ok(between) = DeviceName::new(&format!("{device}.{}", outer.number())) else { return };
        let link = links.entry(between.clone()).or_default();
        link.vlan = Some(SubInterface { parent, id: Some(outer), service: true });
        link.mtu = link.mtu.or(mtu);
        parent = between;
    }
    let link = links.entry(own.clone()).or_default();
    // A unit of the outer tag alone may share its link with the units of both.
    let service = link.vlan.as_ref().is_some_and(|vlan| vlan.service);
    link.vlan = Some(SubInterface { parent, id: interface.inner_vlan.or(Some(outer)), service });
    link.mtu = link.mtu.or(mtu);
}

fn place_of(link: &DeviceName) -> Path {
    Path::root().field("network").field("links").field(link.as_str())
}

fn description(node: &Node) -> Option<String> {
    node.value("description").map(|text| text.text.clone())
}

/// A number whose range the table has checked.
fn number(node: &Node, name: &'static str) -> Option<u32> {
    node.value(name).and_then(|value| value.text.parse().ok())
}

/// The kernel's one number for metric and preference; to it, 0 would be a default of its own.
fn metric(node: &Node) -> Option<u32> {
    number(node, "metric").or_else(|| number(node, "preference")).map(|number| number.max(1))
}
