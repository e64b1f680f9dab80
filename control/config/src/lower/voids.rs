use super::addresses::Books;
use crate::{AddressRef, ApplicationRef, Name};
use flumen_syntax::Node;
use std::collections::HashSet;

/// Names of addresses and applications that mean nothing, because a part of them is not supported. Empty in a
/// configuration that is supported as a whole.
#[derive(Default)]
pub(super) struct Voids {
    addresses: HashSet<Name>,
    applications: HashSet<Name>,
    /// Sets of addresses or applications of which a part means nothing.
    partial: HashSet<Name>,
}

impl Voids {
    pub(super) fn read(root: &Node, books: &Books<'_>) -> Voids {
        let mut voids = Voids::default();
        let addresses = books.definitions();
        for (name, ..) in addresses.iter().filter(|(_, node, _)| node.has_unsupported()) {
            voids.addresses.insert(name.clone());
        }
        let sets = addresses.iter().map(|(name, _, members)| (name, members));
        voids.partial.extend(spread(&voids.addresses, sets.clone(), |members, is| members.any(is)));
        voids.addresses = spread(&voids.addresses, sets, |members, is| members.all(is));
        let empty = Node::default();
        let node = root.get("applications").unwrap_or(&empty);
        let mut sets = Vec::new();
        for (keys, node) in node.entries("application").chain(node.entries("application-set")) {
            if node.has_unsupported() {
                voids.applications.insert(Name::written(&keys[0]));
            }
        }
        for (keys, node) in node.entries("application-set") {
            let members = node.entries("application").chain(node.entries("application-set"));
            let members: Vec<Name> = members.map(|(keys, _)| Name::written(&keys[0])).collect();
            sets.push((Name::written(&keys[0]), members));
        }
        let sets = sets.iter().map(|(name, members)| (name, members));
        voids.partial.extend(spread(&voids.applications, sets.clone(), |members, is| members.any(is)));
        voids.applications = spread(&voids.applications, sets, |members, is| members.all(is));
        voids
    }

    pub(super) fn address(&self, reference: &AddressRef) -> bool {
        matches!(reference, AddressRef::Named(name) if self.addresses.contains(name))
    }

    /// True when a part of it means nothing, or all of it.
    pub(super) fn address_in_part(&self, reference: &AddressRef) -> bool {
        matches!(reference, AddressRef::Named(name) if self.addresses.contains(name) || self.partial.contains(name))
    }

    /// True when a part of it means nothing, or all of it.
    pub(super) fn application_in_part(&self, reference: &ApplicationRef) -> bool {
        matches!(reference, ApplicationRef::Named(name) if self.applications.contains(name) || self.partial.contains(name))
    }

    pub(super) fn application(&self, reference: &ApplicationRef) -> bool {
        matches!(reference, ApplicationRef::Named(name) if self.applications.contains(name))
    }
}

/// `void` with the sets of which `some` members are among them: all, or any.
fn spread<'n>(
    void: &HashSet<Name>,
    sets: impl Iterator<Item = (&'n Name, &'n Vec<Name>)> + Clone,
    some: impl Fn(&mut std::slice::Iter<'n, Name>, &mut dyn FnMut(&'n Name) -> bool) -> bool,
) -> HashSet<Name> {
    let mut found = void.clone();
    while !found.is_empty() {
        let before = found.len();
        for (name, members) in sets.clone().filter(|(_, members)| !members.is_empty()) {
            if some(&mut members.iter(), &mut |member| found.contains(member)) {
                found.insert(name.clone());
            }
        }
        if found.len() == before {
            break;
        }
    }
    found
}
