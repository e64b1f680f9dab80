use crate::Name;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the host's own software does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct System {
    /// The engine.
    pub dataplane: Dataplane,
    /// What users of the host may do with the gateway. Those who are not here may do nothing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub login: BTreeMap<Name, LoginClass>,
}

/// What a user may do. Each class may do what the ones before it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginClass {
    /// Look.
    #[default]
    ReadOnly,
    /// Also clear sessions, explain, and see the configuration.
    Operator,
    /// Also change the configuration.
    SuperUser,
}

impl LoginClass {
    /// All of them, from the least.
    pub const ALL: [LoginClass; 3] = [LoginClass::ReadOnly, LoginClass::Operator, LoginClass::SuperUser];

    /// As configurations have it.
    pub const fn word(self) -> &'static str {
        match self {
            LoginClass::ReadOnly => "read-only",
            LoginClass::Operator => "operator",
            LoginClass::SuperUser => "super-user",
        }
    }
}

/// Settings of the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Dataplane {
    /// The session table.
    pub sessions: Sessions,
    /// How programs are attached.
    pub mode: Mode,
}

/// The session table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sessions {
    /// Sessions at most.
    pub maximum: u32,
    /// Sessions of IPv6 at most; they count among all. Room for them is twice as large, and taken at the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6_maximum: Option<u32>,
}

/// How programs are attached to devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// In the driver where it can, else in the kernel's generic path.
    #[default]
    Auto,
    /// In the driver, or not at all.
    Driver,
    /// In the kernel's generic path.
    Generic,
}

// === impl Sessions ===

impl Sessions {
    /// Least table.
    pub const LEAST: u32 = 1024;
    /// Greatest table.
    pub const GREATEST: u32 = 1 << 24;

    /// Sessions of IPv6 at most: a quarter of all, unless configured.
    pub fn ipv6(&self) -> u32 {
        self.ipv6_maximum.unwrap_or(self.maximum / 4).max(Self::LEAST).min(self.maximum)
    }
}

impl Default for Sessions {
    fn default() -> Sessions {
        Sessions { maximum: 131_072, ipv6_maximum: None }
    }
}

// === impl Mode ===

impl Mode {
    /// Every one.
    pub const ALL: [Mode; 3] = [Mode::Auto, Mode::Driver, Mode::Generic];

    /// As configured.
    pub const fn word(self) -> &'static str {
        match self {
            Mode::Auto => "auto",
            Mode::Driver => "driver",
            Mode::Generic => "generic",
        }
    }
}
