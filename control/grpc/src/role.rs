use serde::{Deserialize, Serialize};
use std::fmt;

/// What a caller may do. Each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Look.
    ReadOnly,
    /// Also clear sessions, explain, and see the text of the configuration.
    Operator,
    /// Also change the configuration.
    SuperUser,
}

impl Role {
    /// All of them, from the least.
    pub const ALL: [Role; 3] = [Role::ReadOnly, Role::Operator, Role::SuperUser];

    /// As files and messages have it.
    pub const fn name(self) -> &'static str {
        match self {
            Role::ReadOnly => "read-only",
            Role::Operator => "operator",
            Role::SuperUser => "super-user",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
