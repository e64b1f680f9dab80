use serde::{Deserialize, Serialize};

/// A kind of names that the running gateway knows, for completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NameKind {
    /// Zones of the active configuration.
    Zones,
    /// Its interfaces.
    Interfaces,
    /// Its policies.
    Policies,
    /// Network devices of the host.
    Devices,
    /// NAT rules of the active configuration.
    NatRules,
    /// Reasons that a packet ends with.
    Reasons,
}
