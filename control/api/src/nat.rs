use crate::Traffic;
use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::ShowNat`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatReport {
    /// Destination rules, then source rules, each in order of evaluation.
    pub rules: Vec<NatInfo>,
}

/// One NAT rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NatInfo {
    /// Its name.
    pub name: String,
    /// Its number in tables.
    pub id: u32,
    /// What it translates.
    pub translation: Translation,
    /// Zones of the opener.
    pub from_zones: Vec<String>,
    /// Zones it leaves by; empty for destination NAT, which comes before routing.
    pub to_zones: Vec<String>,
    /// Source prefixes; empty for any.
    pub sources: Vec<String>,
    /// Destination prefixes; empty for any.
    pub destinations: Vec<String>,
    /// Applications; empty for any.
    pub services: Vec<String>,
    /// What the matched side becomes: `interface 1024-65535`, `10.0.0.5:8080`, `off`.
    pub becomes: String,
    /// Sessions and packets that it translated.
    pub hits: Traffic,
}

/// Which side of a packet a NAT rule rewrites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Translation {
    /// The source.
    Source,
    /// The destination.
    Destination,
}

impl Translation {
    /// As shown.
    pub const fn name(self) -> &'static str {
        match self {
            Translation::Source => "source",
            Translation::Destination => "destination",
        }
    }
}
