use super::{Network, NetworkFacts, NetworkLink, Step, VlanLink, Waiting};
use crate::{LinkProperty, Setting};
use std::collections::BTreeSet;

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
/// address has another length now.
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
    let wants = |name: &str, address: &ipnet::IpNet| {
        wanted.links.get(name).is_some_and(|link| link.addresses.contains(address))
    };
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for own in facts.addresses.iter().filter(|own| own.ours && !wants(&own.link, &own.address)) {
        let link: Option<&NetworkLink> = wanted.links.get(&own.link);
        let other_length = link
            .is_some_and(|link| link.addresses.iter().any(|address| address.addr() == own.address.addr()));
        let step = Step::RemoveAddress { link: own.link.clone(), address: own.address };
        if other_length { first.push(step) } else { last.push(step) }
    }
    steps.extend(first);
    for (name, link) in wanted.links.iter().filter(|(name, _)| present(name)) {
        let has = |address: &&ipnet::IpNet| {
            !facts.addresses.iter().any(|own| own.link == *name && own.address == **address)
        };
        let missing = link.addresses.iter().filter(has);
        steps.extend(missing.map(|address| Step::AddAddress { link: name.clone(), address: *address }));
    }
    for route in &wanted.routes {
        match facts.routes.iter().find(|own| route.same_place(own)) {
            Some(own) if route.is_served_by(own) => {}
            Some(_) => steps.push(Step::ReplaceRoute(route.clone())),
            None => steps.push(Step::AddRoute(route.clone())),
        }
    }
    let unwanted = |own: &&super::StaticRoute| !wanted.routes.iter().any(|route| route.same_place(own));
    steps.extend(facts.routes.iter().filter(unwanted).cloned().map(Step::RemoveRoute));
    steps.extend(last);
    (steps, waiting)
}

/// Whether the link of this name is this sub-interface.
fn is_same(name: &str, vlan: &VlanLink, facts: &NetworkFacts) -> bool {
    let parent = facts.link(&vlan.parent).map(|parent| parent.index);
    facts
        .link(name)
        .and_then(|link| link.vlan)
        .is_some_and(|tag| Some(tag.parent) == parent && tag.id == vlan.id && tag.service == vlan.service)
}
