use super::{
    Hop, LinkAddress, Network, NetworkFacts, NetworkLink, RouteTarget, StaticRoute, Step, VlanLink, Waiting,
};
use crate::{LinkProperty, Setting};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Sub-interfaces to be made, in order: parents first. Those of our own that have other tags now are made anew. Beside
/// them those whose names another link has, and why.
pub(super) fn links_to_make(
    wanted: &Network,
    facts: &NetworkFacts,
    made: &BTreeSet<String>,
) -> (Vec<Step>, Vec<(String, String)>) {
    let (mut steps, mut taken) = (Vec::new(), Vec::new());
    let mut todo: Vec<(&String, &VlanLink)> =
        wanted.links.iter().filter_map(|(name, link)| Some((name, link.vlan.as_ref()?))).collect();
    let mut there: BTreeSet<&str> = facts.links.iter().map(|link| &*link.name).collect();
    todo.retain(|(name, vlan)| match facts.link(name) {
        None => true,
        Some(_) if is_same(name, vlan, facts) => false,
        Some(_) if made.contains(*name) => {
            steps.push(Step::RemoveLink { name: (*name).clone() });
            there.remove(&***name);
            true
        }
        Some(_) => {
            let why = "there is another link of this name, which is not this sub-interface";
            taken.push(((*name).clone(), why.to_owned()));
            false
        }
    });
    // A sub-interface of a sub-interface comes after it.
    while let Some(next) = todo.iter().position(|(_, vlan)| there.contains(&*vlan.parent)) {
        let (name, vlan) = todo.remove(next);
        steps.push(Step::AddLink { name: name.clone(), vlan: vlan.clone() });
        there.insert(name);
    }
    (steps, taken)
}

/// Links that we made and nobody wants any more; those on top first.
pub(super) fn links_to_remove(wanted: &Network, facts: &NetworkFacts, made: &BTreeSet<String>) -> Vec<Step> {
    let unwanted = |name: &&String| wanted.links.get(*name).is_none_or(|link| link.vlan.is_none());
    let gone =
        made.iter().filter(unwanted).filter(|name| facts.link(name).is_some_and(|link| link.vlan.is_some()));
    let mut names: Vec<&String> = gone.collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.into_iter().map(|name| Step::RemoveLink { name: name.clone() }).collect()
}

/// From what is there to what is wanted. What may fail comes before what takes something away, but where the same
/// address of IPv6 has another length now: the kernel takes that once only. Of IPv4 it takes both, and a link never
/// is without an address, with which the kernel would take every route by that link.
pub(super) fn steps(wanted: &Network, facts: &NetworkFacts, set_up: bool) -> (Vec<Step>, Vec<Waiting>) {
    let (mut steps, mut waiting) = (Vec::new(), Vec::new());
    let present = |name: &String| facts.link(name).is_some();
    for (name, link) in &wanted.links {
        match facts.link(name) {
            Some(state) if set_up && state.up != link.up => {
                let value = if link.up { "up" } else { "down" }.to_owned();
                steps.push(Step::Set { setting: Setting::link(name, LinkProperty::Up), value });
            }
            Some(_) => {}
            None if !link.up && link.vlan.is_none() => {} // out of use, and not there: as wanted
            None => waiting.push(Waiting::link(name, "there is no such device")),
        }
    }
    let wants = |name: &str, address: &IpNet| {
        wanted.links.get(name).is_some_and(|link| link.addresses.contains(address))
    };
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for own in facts.addresses.iter().filter(|own| own.ours && !wants(&own.link, &own.address)) {
        let link: Option<&NetworkLink> = wanted.links.get(&own.link);
        let other_length = link
            .is_some_and(|link| link.addresses.iter().any(|address| address.addr() == own.address.addr()))
            && own.address.addr().is_ipv6();
        let step = Step::RemoveAddress { link: own.link.clone(), address: own.address };
        if other_length { first.push(step) } else { last.push(step) }
    }
    steps.extend(first);
    for (name, link) in wanted.links.iter().filter(|(name, _)| present(name)) {
        let has = |address: &&IpNet| {
            !facts.addresses.iter().any(|own| own.link == *name && own.address == **address)
        };
        let missing = link.addresses.iter().filter(has);
        steps.extend(missing.map(|address| Step::AddAddress { link: name.clone(), address: *address }));
    }
    let after = addresses_after(facts, &steps, &last);
    for route in &wanted.routes {
        match facts.routes.iter().find(|own| route.same_place(own)) {
            Some(own) if route.is_served_by(own) && !has_moved(own, &after) => {}
            Some(_) => steps.push(Step::ReplaceRoute(directed(route, &last, &after))),
            None => steps.push(Step::AddRoute(directed(route, &last, &after))),
        }
    }
    let unwanted = |own: &&StaticRoute| !wanted.routes.iter().any(|route| route.same_place(own));
    steps.extend(facts.routes.iter().filter(unwanted).cloned().map(Step::RemoveRoute));
    steps.extend(last);
    for (name, link) in &wanted.links {
        steps.extend(out_of_order(name, link, &after));
    }
    (steps, waiting)
}

/// The addresses of the host once these steps are done, in the kernel's order.
fn addresses_after(facts: &NetworkFacts, first: &[Step], last: &[Step]) -> Vec<LinkAddress> {
    let mut addresses = facts.addresses.clone();
    for step in first.iter().chain(last) {
        match step {
            Step::RemoveAddress { link, address } => {
                addresses.retain(|own| own.link != *link || own.address != *address);
            }
            Step::AddAddress { link, address } => {
                addresses.push(LinkAddress { link: link.clone(), address: *address, ours: true });
            }
            _ => {}
        }
    }
    addresses
}

/// The link on whose network a gateway is: the narrowest.
fn link_of(gateway: IpAddr, addresses: &[LinkAddress]) -> Option<&str> {
    let networks = addresses.iter().filter(|own| own.address.contains(&gateway));
    networks.max_by_key(|own| own.address.prefix_len()).map(|own| &*own.link)
}

/// True when a gateway of a route of ours is on a network of another link now: the kernel found its link when the route
/// was made, and does not look again.
fn has_moved(own: &StaticRoute, addresses: &[LinkAddress]) -> bool {
    let RouteTarget::Via(hops) = &own.target else { return false };
    hops.iter().any(|hop| match (hop.gateway, &hop.link) {
        (Some(gateway), Some(link)) => {
            let here = |own: &LinkAddress| own.link == *link && own.address.contains(&gateway);
            !addresses.iter().any(here) && link_of(gateway, addresses).is_some()
        }
        _ => false,
    })
}

/// The route with the link of a gateway whose network is about to go from another one: the kernel might find that.
fn directed(route: &StaticRoute, leaving: &[Step], after: &[LinkAddress]) -> StaticRoute {
    let RouteTarget::Via(hops) = &route.target else { return route.clone() };
    let leaves = |gateway: &IpAddr| {
        let goes =
            |step: &Step| matches!(step, Step::RemoveAddress { address, .. } if address.contains(gateway));
        leaving.iter().any(goes)
    };
    let found = |hop: &Hop| match hop.gateway.filter(leaves) {
        Some(gateway) if hop.link.is_none() => {
            Hop { gateway: hop.gateway, link: link_of(gateway, after).map(str::to_owned) }
        }
        _ => hop.clone(),
    };
    StaticRoute { target: RouteTarget::Via(hops.iter().map(found).collect()), ..route.clone() }
}

/// What brings the IPv4 addresses of a link into the order that is wanted of them: the kernel takes the oldest of a network
/// as the source of what it sends. The first of them stays all the time.
fn out_of_order(name: &str, link: &NetworkLink, addresses: &[LinkAddress]) -> Vec<Step> {
    let mut steps = Vec::new();
    let networks: BTreeSet<IpNet> =
        link.addresses.iter().filter(|address| address.addr().is_ipv4()).map(IpNet::trunc).collect();
    for network in networks {
        let there: Vec<IpNet> = addresses
            .iter()
            .filter(|own| own.link == name && own.ours && own.address.trunc() == network)
            .map(|own| own.address)
            .collect();
        let order: Vec<IpNet> =
            link.addresses.iter().filter(|address| there.contains(address)).copied().collect();
        let same = there.iter().zip(&order).take_while(|(there, wanted)| there == wanted).count();
        if same < order.len() {
            // All that are older than the next one, and then those that come after it.
            for address in order.iter().skip(same + 1) {
                steps.push(Step::RemoveAddress { link: name.to_owned(), address: *address });
                steps.push(Step::AddAddress { link: name.to_owned(), address: *address });
            }
        }
    }
    steps
}

/// Whether the link of this name is this sub-interface.
fn is_same(name: &str, vlan: &VlanLink, facts: &NetworkFacts) -> bool {
    let parent = facts.link(&vlan.parent).map(|parent| parent.index);
    facts
        .link(name)
        .and_then(|link| link.vlan)
        .is_some_and(|tag| Some(tag.parent) == parent && tag.id == vlan.id && tag.service == vlan.service)
}
