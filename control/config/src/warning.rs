use crate::{AddressRef, Application, ApplicationRef, Model, Name, Path};
use std::collections::BTreeSet;
use std::fmt;

/// Something that is allowed but was hardly meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A name that nothing uses.
    Unused {
        /// Its place.
        path: Path,
    },
    /// A zone that no packet can be in.
    ZoneWithoutInterface {
        /// Its place.
        path: Path,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Unused { path } => write!(f, "{path}: nothing uses it"),
            Warning::ZoneWithoutInterface { path } => write!(f, "{path}: the zone has no interface"),
        }
    }
}

pub(crate) fn of(model: &Model) -> Vec<Warning> {
    let security = Path::root().field("security");
    let zones = model.security.zones.iter().filter(|(_, zone)| zone.interfaces.is_empty());
    let zones = zones.map(|(name, _)| Warning::ZoneWithoutInterface {
        path: security.field("zones").field(name.as_str()),
    });
    let addresses = used_addresses(model);
    let addresses = model.security.address_book.0.keys().filter(|name| !addresses.contains(name));
    let addresses = addresses.map(|name| security.field("address-book").field(name.as_str()));
    let applications = used_applications(model);
    let applications = model.security.applications.0.keys().filter(|name| !applications.contains(name));
    let applications = applications.map(|name| security.field("applications").field(name.as_str()));
    zones.chain(addresses.chain(applications).map(|path| Warning::Unused { path })).collect()
}

fn used_addresses(model: &Model) -> BTreeSet<&Name> {
    let security = &model.security;
    let policies =
        security.policies.iter().flat_map(|p| [&p.r#match.source_address, &p.r#match.destination_address]);
    let source =
        security.nat.source.iter().flat_map(|r| [&r.r#match.source_address, &r.r#match.destination_address]);
    let destination = security
        .nat
        .destination
        .iter()
        .flat_map(|r| [&r.r#match.source_address, &r.r#match.destination_address]);
    let lists = policies.chain(source).chain(destination).chain(security.address_book.0.values());
    lists
        .flatten()
        .filter_map(|reference| match reference {
            AddressRef::Named(name) => Some(name),
            _ => None,
        })
        .collect()
}

fn used_applications(model: &Model) -> BTreeSet<&Name> {
    let security = &model.security;
    let policies = security.policies.iter().map(|policy| &policy.r#match.application);
    let matches = policies.chain(security.nat.source.iter().map(|rule| &rule.r#match.application)).flatten();
    let direct = matches.filter_map(|reference| match reference {
        ApplicationRef::Any => None,
        ApplicationRef::Named(name) => Some(name),
    });
    let members = security.applications.0.values().flat_map(|application| match application {
        Application::Set(names) => &names[..],
        Application::Term(_) => &[],
    });
    direct.chain(members).collect()
}
