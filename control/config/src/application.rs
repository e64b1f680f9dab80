use crate::{IpProtocol, Name, PortRange, Problem, predefined};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What one kind of traffic looks like behind its addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Term {
    /// IP protocol.
    pub protocol: IpProtocol,
    /// Source ports, any of them; empty: every port. For tcp and udp only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_port: Vec<PortRange>,
    /// Destination ports, likewise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub destination_port: Vec<PortRange>,
    /// ICMP or ICMPv6 type; none: every type. For icmp and icmp6 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp_type: Option<u8>,
    /// Code of that type; none: every code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp_code: Option<u8>,
}

/// An entry of `applications`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Application {
    /// An application.
    Term(Term),
    /// A set of others, by name.
    Set(Vec<Name>),
}

/// An application in a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ApplicationRef {
    /// `any`: every protocol.
    #[default]
    Any,
    /// In `applications`, or predefined (`junos-…`).
    Named(Name),
}

/// The user's applications and sets; the predefined ones are known besides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Applications(pub BTreeMap<Name, Application>);

// === impl Term ===

impl Term {
    /// A protocol as a whole.
    pub const fn protocol(protocol: IpProtocol) -> Term {
        Term {
            protocol,
            source_port: Vec::new(),
            destination_port: Vec::new(),
            icmp_type: None,
            icmp_code: None,
        }
    }

    /// A protocol to some ports, both ends inclusive and not 0.
    pub(crate) fn ports(protocol: IpProtocol, low: u16, high: u16) -> Term {
        let range =
            PortRange::new(low, high).expect("the tables of this crate have ranges in order, without port 0");
        Term { destination_port: vec![range], ..Term::protocol(protocol) }
    }

    /// One ICMP or ICMPv6 type.
    pub(crate) fn icmp(protocol: IpProtocol, icmp_type: u8) -> Term {
        Term { icmp_type: Some(icmp_type), ..Term::protocol(protocol) }
    }
}

// === impl Application ===

impl Default for Application {
    fn default() -> Application {
        Application::Set(Vec::new())
    }
}

// === impl ApplicationRef ===

impl ApplicationRef {
    /// `any` or a name.
    ///
    /// # Errors
    /// [`Problem::Name`].
    pub fn parse(text: &str) -> Result<ApplicationRef, Problem> {
        if text == "any" { Ok(ApplicationRef::Any) } else { Name::new(text).map(ApplicationRef::Named) }
    }
}

impl fmt::Display for ApplicationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApplicationRef::Any => f.write_str("any"),
            ApplicationRef::Named(name) => name.fmt(f),
        }
    }
}

impl Serialize for ApplicationRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

// === impl Applications ===

impl Applications {
    /// The start of the names of predefined applications, which is reserved for them.
    pub const PREDEFINED_PREFIX: &'static str = "junos-";

    /// True when the name is the user's or predefined.
    pub fn contains(&self, name: &Name) -> bool {
        self.0.contains_key(name) || predefined::terms(name.as_str()).is_some()
    }

    /// Every name that can be used, the predefined ones last.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| name.as_str()).chain(predefined::names().map(|name| -> &str { name }))
    }

    /// Every term that `refs` mean, in the order of their names; `None` when one of them is `any`.
    ///
    /// Unknown names and cycles, which the checks refuse, add nothing.
    pub fn resolve(&self, refs: &[ApplicationRef]) -> Option<Vec<Term>> {
        let mut terms = Vec::new();
        let mut seen = BTreeSet::new();
        let mut pending = Vec::new();
        for reference in refs.iter().rev() {
            match reference {
                ApplicationRef::Any => return None,
                ApplicationRef::Named(name) => pending.push(name),
            }
        }
        while let Some(name) = pending.pop() {
            if !seen.insert(name) {
                continue;
            }
            match self.0.get(name) {
                Some(Application::Term(term)) => terms.push(term.clone()),
                Some(Application::Set(names)) => pending.extend(names.iter().rev()),
                None => terms.extend(predefined::terms(name.as_str()).into_iter().flatten()),
            }
        }
        Some(terms)
    }
}

#[cfg(test)]
mod tests {
    use super::{Application, ApplicationRef, Applications, Term};
    use crate::{IpProtocol, Name};

    #[test]
    fn sets_resolve_through_sets_and_predefined_names_once_each() {
        let mut applications = Applications::default();
        let name = |text| Name::new(text).unwrap();
        applications.0.insert(
            name("web"),
            Application::Set(vec![name("junos-http"), name("junos-https"), name("web")]),
        );
        applications.0.insert(name("mine"), Application::Term(Term::protocol(IpProtocol(47))));
        let refs = ["mine", "web", "junos-http"].map(|text| ApplicationRef::parse(text).unwrap());
        let terms = applications.resolve(&refs).unwrap();
        let expected = [
            Term::protocol(IpProtocol(47)),
            Term::ports(IpProtocol::TCP, 80, 80),
            Term::ports(IpProtocol::TCP, 443, 443),
        ];
        assert_eq!(terms, expected[..]);
        assert_eq!(applications.resolve(&[ApplicationRef::Any]), None);
    }
}
