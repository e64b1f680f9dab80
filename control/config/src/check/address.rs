use super::{Findings, reference, security};
use crate::{AddressBook, AddressRef, Model, Name, Problem};

/// The address book: every name defined, no set within itself.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let book = security().field("address-book");
    let entries = &model.security.address_book.0;
    for (name, refs) in entries {
        let path = book.field(name.as_str());
        if AddressBook::RESERVED.contains(&name.as_str()) {
            findings.add(path.clone(), Problem::ReservedName { name: name.to_string() });
        }
        reference::not_empty(refs, path.clone(), findings);
        reference::addresses(model, refs, &path, findings);
    }
    let edges = entries.iter().map(|(name, refs)| (name, refs.iter().filter_map(named).collect())).collect();
    for ring in reference::cycles(&edges) {
        let through = ring.iter().map(|name| name.to_string()).collect();
        let problem = Problem::Cycle { what: "address", name: ring[0].to_string(), through };
        findings.add(book.field(ring[0].as_str()), problem);
    }
}

fn named(reference: &AddressRef) -> Option<&Name> {
    match reference {
        AddressRef::Named(name) => Some(name),
        _ => None,
    }
}
