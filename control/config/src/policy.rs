use crate::{AddressRef, ApplicationRef, Name, Problem};
use serde::{Serialize, Serializer};
use std::fmt;

/// A zone in the context of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZoneRef {
    /// `any`: every zone. A rule with it comes after all rules that name both zones.
    Any,
    /// One zone.
    Named(Name),
}

/// What happens to a first packet that a policy matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyThen {
    /// Opens a session.
    Permit,
    /// Drops it silently.
    #[default]
    Deny,
    /// Drops it and answers with a reset or an ICMP error.
    Reject,
}

/// What a policy matches. The destination is the one after destination NAT, the source the one before source NAT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PolicyMatch {
    /// Source addresses, any of them.
    pub source_address: Vec<AddressRef>,
    /// Destination addresses, any of them.
    pub destination_address: Vec<AddressRef>,
    /// Applications, any of them.
    pub application: Vec<ApplicationRef>,
}

/// A policy. The first that matches decides; without any, the packet is denied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    /// Unique among the policies of the same two zones.
    pub name: Name,
    /// Zone that the session is opened from.
    pub from_zone: ZoneRef,
    /// Zone that it is opened to.
    pub to_zone: ZoneRef,
    /// What it matches.
    pub r#match: PolicyMatch,
    /// What happens.
    pub then: PolicyThen,
}

// === impl ZoneRef ===

impl ZoneRef {
    /// `any` or a name.
    ///
    /// # Errors
    /// [`Problem::Name`].
    pub fn parse(text: &str) -> Result<ZoneRef, Problem> {
        if text == "any" { Ok(ZoneRef::Any) } else { Name::new(text).map(ZoneRef::Named) }
    }

    /// True when `zone` is meant.
    pub fn covers(&self, zone: &Name) -> bool {
        match self {
            ZoneRef::Any => true,
            ZoneRef::Named(name) => name == zone,
        }
    }

    /// As configured.
    pub fn as_str(&self) -> &str {
        match self {
            ZoneRef::Any => "any",
            ZoneRef::Named(name) => name.as_str(),
        }
    }
}

impl Default for ZoneRef {
    /// The placeholder for one that could not be read.
    fn default() -> ZoneRef {
        ZoneRef::Named(Name::default())
    }
}

impl fmt::Display for ZoneRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ZoneRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

// === impl PolicyThen ===

impl PolicyThen {
    /// Every one.
    pub const ALL: [PolicyThen; 3] = [PolicyThen::Permit, PolicyThen::Deny, PolicyThen::Reject];

    /// As configured.
    pub const fn word(self) -> &'static str {
        match self {
            PolicyThen::Permit => "permit",
            PolicyThen::Deny => "deny",
            PolicyThen::Reject => "reject",
        }
    }
}
