//! Names that must be defined elsewhere.

use super::Findings;
use crate::predefined;
use crate::{AddressRef, ApplicationRef, IpFamily, IpProtocol, IpRange, Model, Name, Path, Problem, ZoneRef};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A zone of the model, or `any`.
pub(super) fn zone(model: &Model, zone: &ZoneRef, path: Path, findings: &mut Findings) {
    let ZoneRef::Named(name) = zone else { return };
    let zones = &model.security.zones;
    if !name.is_placeholder() && !zones.contains_key(name) {
        findings.add_unknown(path, "zone", name, zones.keys().map(Name::as_str));
    }
}

/// Addresses that are written out or in the address book.
pub(super) fn addresses(model: &Model, refs: &[AddressRef], path: &Path, findings: &mut Findings) {
    let book = &model.security.address_book.0;
    for (index, reference) in refs.iter().enumerate() {
        if let AddressRef::Named(name) = reference
            && !book.contains_key(name)
        {
            let known = book.keys().map(Name::as_str).chain(crate::AddressBook::RESERVED);
            findings.add_unknown(path.index(index), "address", name, known);
        }
    }
}

/// Applications of the user, or predefined.
pub(super) fn applications<'a>(
    model: &Model,
    names: impl Iterator<Item = (usize, &'a Name)>,
    path: &Path,
    findings: &mut Findings,
) {
    let applications = &model.security.applications;
    for (index, name) in names {
        if !applications.contains(name) && predefined::is_learnt(name.as_str()) {
            let reason =
                "its ports are learnt by an application layer gateway, and there is none; name the ports";
            findings.add(path.index(index), Problem::Unsupported { what: name.to_string(), reason });
        } else if !name.is_placeholder() && !applications.contains(name) {
            findings.add_unknown(path.index(index), "application", name, applications.names());
        }
    }
}

/// The names among the applications of a match, with their places.
pub(super) fn named(refs: &[ApplicationRef]) -> impl Iterator<Item = (usize, &Name)> {
    refs.iter().enumerate().filter_map(|(index, reference)| match reference {
        ApplicationRef::Any => None,
        ApplicationRef::Named(name) => Some((index, name)),
    })
}

/// Refuses an empty list.
pub(super) fn not_empty<T>(list: &[T], path: Path, findings: &mut Findings) {
    if list.is_empty() {
        findings.add(path, Problem::EmptyList);
    }
}

/// Refuses source and destination addresses that have no family in common.
fn common_family(
    model: &Model,
    source: &[AddressRef],
    destination: &[AddressRef],
    path: Path,
    findings: &mut Findings,
) {
    let (source, destination) = (families(model, source), families(model, destination));
    if let ([from], [to]) = (&source[..], &destination[..])
        && from != to
    {
        let reason = format!("the source addresses are {from} and the destination addresses are {to}");
        findings.add(path, Problem::Contradiction { reason });
    }
}

/// Source and destination addresses of a match: defined, and of a common family.
pub(super) fn ends(
    model: &Model,
    source: &[AddressRef],
    destination: &[AddressRef],
    place: Path,
    findings: &mut Findings,
) {
    addresses(model, source, &place.field("source-address"), findings);
    addresses(model, destination, &place.field("destination-address"), findings);
    common_family(model, source, destination, place, findings);
}

/// Families of the addresses, each once.
pub(super) fn families(model: &Model, refs: &[AddressRef]) -> Vec<IpFamily> {
    let book = &model.security.address_book;
    // Families of one literal or word need no resolving, and there are many of those.
    let of_one = |reference: &AddressRef| match reference {
        AddressRef::Any => vec![IpFamily::V4, IpFamily::V6],
        AddressRef::AnyV4 => vec![IpFamily::V4],
        AddressRef::AnyV6 => vec![IpFamily::V6],
        AddressRef::Literal(literal) => vec![literal.range().family()],
        AddressRef::Named(_) => {
            book.resolve(std::slice::from_ref(reference)).into_iter().map(IpRange::family).collect()
        }
    };
    let mut families: Vec<IpFamily> = refs.iter().flat_map(of_one).collect();
    families.sort_unstable();
    families.dedup();
    families
}

/// True of an address that no other host can have.
pub(super) fn is_no_host(address: IpAddr) -> bool {
    let broadcast = address == IpAddr::V4(std::net::Ipv4Addr::BROADCAST);
    address.is_unspecified() || address.is_multicast() || address.is_loopback() || broadcast
}

/// A new destination: an address that a host can have, in the family of what is matched.
pub(super) fn new_address(
    model: &Model,
    matched: [&Vec<AddressRef>; 2],
    address: IpAddr,
    path: Path,
    findings: &mut Findings,
) {
    if is_no_host(address) {
        findings.add(path.clone(), Problem::NotUnicast { address });
    }
    let to = if address.is_ipv4() { IpFamily::V4 } else { IpFamily::V6 };
    for references in matched {
        let families = families(model, references);
        if let [from] = families[..]
            && from != to
        {
            findings.add(path, Problem::TranslatedFamily { from, to });
            return;
        }
    }
}

/// A new port: where all that is matched has ports.
pub(super) fn new_port(protocols: &[IpProtocol], port: Option<u16>, path: Path, findings: &mut Findings) {
    let ported = !protocols.is_empty() && protocols.iter().all(|protocol| protocol.has_ports());
    if port.is_some() && !ported {
        findings.add(path.clone(), Problem::PortWithoutTransport);
    }
    if port == Some(0) {
        findings.add(path, Problem::PortZero);
    }
}

/// A way from a name back to itself through `edges`; the first found for each name on a ring, once per ring.
pub(super) fn cycles<'a>(edges: &BTreeMap<&'a Name, Vec<&'a Name>>) -> Vec<Vec<&'a Name>> {
    let mut done: BTreeSet<&Name> = BTreeSet::new();
    let mut found = Vec::new();
    for start in edges.keys() {
        let mut way: Vec<(&'a Name, usize)> = vec![(start, 0)];
        if done.contains(start) {
            continue;
        }
        while let Some((name, next)) = way.last_mut() {
            let Some(to) = edges.get(*name).and_then(|targets| targets.get(*next)).copied() else {
                done.insert(name);
                way.pop();
                continue;
            };
            *next += 1;
            if let Some(place) = way.iter().position(|(on_way, _)| *on_way == to) {
                found.push(way[place..].iter().map(|(name, _)| *name).chain([to]).collect());
            } else if !done.contains(to) {
                way.push((to, 0));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::cycles;
    use crate::Name;
    use std::collections::BTreeMap;

    #[test]
    fn each_ring_is_found_once_and_what_leads_into_it_is_not_blamed() {
        let name = |text| Name::new(text).unwrap();
        let (a, b, c, d) = (name("a"), name("b"), name("c"), name("d"));
        let edges = BTreeMap::from([(&a, vec![&b]), (&b, vec![&c, &d]), (&c, vec![&b]), (&d, vec![])]);
        assert_eq!(cycles(&edges), [vec![&b, &c, &b]]);
        let own = BTreeMap::from([(&a, vec![&a])]);
        assert_eq!(cycles(&own), [vec![&a, &a]]);
    }
}
