use crate::{AddressRef, Application, ApplicationRef, ConfigError, Link, Model, Name, Path};
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
    /// A statement of the language without effect.
    Language {
        /// The statement, and what is missing.
        finding: Box<ConfigError>,
    },
    /// A rule or a name that means nothing, because a part of it is not supported: nothing more passes than it says.
    LeftOut {
        /// Its place.
        path: Path,
    },
    /// An interface, a policy, a rule or a route of which a part is not supported: its packets are dropped, because what
    /// comes after it might let them pass.
    Closed {
        /// Its place.
        path: Path,
    },
    /// A policy that denies more than it says, because a part of its match is not supported.
    Widened {
        /// Its place.
        path: Path,
    },
    /// An interface by which the gateway can be reached otherwise than by the others of its zone: what may reach it is
    /// what may reach it by each.
    Narrowed {
        /// Its place.
        path: Path,
    },
    /// A service that the gateway does not have.
    NoSuchService {
        /// Its place.
        path: Path,
    },
    /// An interface that the gateway leaves alone.
    InterfaceWithoutZone {
        /// Its place.
        path: Path,
    },
    /// A link whose MTU is too small for IPv6.
    WithoutIpv6 {
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
            Warning::Language { finding } => finding.fmt(f),
            Warning::LeftOut { path } => {
                write!(f, "{path}: it is left out, because a part of it is not supported")
            }
            Warning::Closed { path } => {
                write!(f, "{path}: a part of it is not supported, so its packets are dropped")
            }
            Warning::Widened { path } => {
                write!(f, "{path}: it denies more than it says, because a part of its match is not supported")
            }
            Warning::Narrowed { path } => {
                write!(
                    f,
                    "{path}: it differs from its zone; only what may reach the gateway by each interface of the zone may"
                )
            }
            Warning::NoSuchService { path } => {
                write!(f, "{path}: the gateway has no such service, so nothing is let in for it")
            }
            Warning::InterfaceWithoutZone { path } => {
                write!(f, "{path}: it is in no zone, so the gateway leaves its frames to the host")
            }
            Warning::WithoutIpv6 { path } => {
                let least = Link::LEAST_MTU[1];
                write!(
                    f,
                    "{path}: below {least} the kernel turns IPv6 off, and removes all IPv6 addresses and routes of the link, also those \
                     of others"
                )
            }
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
    let links = Path::root().field("network").field("links");
    let small =
        model.network.links.iter().filter(|(_, link)| link.mtu.is_some_and(|mtu| mtu < Link::LEAST_MTU[1]));
    let small = small.map(|(name, _)| Warning::WithoutIpv6 { path: links.field(name.as_str()).field("mtu") });
    let zones = zones.chain(small);
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
