use super::Findings;
use super::reference::is_no_host;
use crate::{DeviceName, Link, Model, Path, Problem, RouteThen, StaticRoute};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Links, addresses and routes that the kernel would refuse, or that contradict each other.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let network = Path::root().field("network");
    let mut homes = BTreeMap::new();
    for (name, link) in &model.network.links {
        let path = network.field("links").field(name.as_str());
        for (index, address) in link.addresses.iter().enumerate() {
            let place = path.field("addresses").index(index);
            let link_local = matches!(address.0.addr(), IpAddr::V6(v6) if v6.is_unicast_link_local());
            if let Some(home) = homes.insert(address.0.addr(), name).filter(|_| !link_local) {
                let problem = Problem::SameAddress { address: address.0.addr(), link: home.to_string() };
                findings.add(place, problem);
            }
        }
        check_link(name, link, &path, model, findings);
    }
    let mut known = BTreeMap::new();
    for (index, route) in model.network.routes.iter().enumerate() {
        let path = network.field("routes").index(index);
        if known.insert((route.destination, route.metric), index).is_some() {
            let problem = Problem::SameRoute { destination: route.destination, metric: route.metric };
            findings.add(path.clone(), problem);
        }
        check_route(route, &path, model, findings);
    }
}

fn check_link(name: &DeviceName, link: &Link, path: &Path, model: &Model, findings: &mut Findings) {
    let mut number = |field: &str, value: u32, least: u32, greatest: u32| {
        if !(least..=greatest).contains(&value) {
            let problem =
                Problem::Number { found: value.to_string(), least: least.into(), greatest: greatest.into() };
            findings.add(path.field(field), problem);
        }
    };
    let [least4, least6] = Link::LEAST_MTU;
    let has_ipv6 = link.addresses.iter().any(|address| address.0.addr().is_ipv6());
    if let Some(mtu) = link.mtu {
        number("mtu", mtu, if has_ipv6 { least6 } else { least4 }, Link::GREATEST_MTU);
    }
    if let Some(mtu) = link.ipv6_mtu {
        number("ipv6-mtu", mtu, least6, link.mtu.unwrap_or(Link::GREATEST_MTU).max(least6));
    }
    let Some(vlan) = &link.vlan else { return };
    if vlan.parent == *name {
        findings.add(path.field("vlan"), Problem::OwnParent);
    }
    let parent = model.network.links.get(&vlan.parent).and_then(|parent| parent.mtu);
    if let (Some(own), Some(parent)) = (link.mtu, parent)
        && own > parent
    {
        let least = u64::from(least4);
        let problem = Problem::Number { found: own.to_string(), least, greatest: parent.into() };
        findings.add(path.field("mtu"), problem);
    }
}

fn check_route(route: &StaticRoute, path: &Path, model: &Model, findings: &mut Findings) {
    let RouteThen::NextHop(hops) = &route.then else { return };
    let place = path.field("then").field("next-hop");
    if hops.is_empty() {
        findings.add(place.clone(), Problem::NoNextHop);
    }
    for (index, hop) in hops.iter().enumerate() {
        let Some(address) = hop.address else {
            if hop.link.is_none() {
                findings.add(place.index(index), Problem::NoNextHop);
            }
            continue;
        };
        let own = || {
            let mut addresses = model.network.links.values().flat_map(|link| &link.addresses);
            addresses.any(|own| own.0.addr() == address)
        };
        if address.is_ipv4() != route.destination.addr().is_ipv4() {
            let (to, via) = (route.destination, address);
            findings.add(place.index(index), Problem::NextHopFamily { to, via });
        } else if is_no_host(address) || own() {
            findings.add(place.index(index), Problem::NotNextHop { address });
        }
    }
}
