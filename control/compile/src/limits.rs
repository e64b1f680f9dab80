use flumen_abi::InterfaceId;
use std::fmt;

/// A table of the ruleset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `classifier_roots`.
    Roots,
    /// `classifier_nodes`.
    Nodes,
    /// `classifier_leaves`.
    Leaves,
    /// `classifier_rules`.
    Rules,
    /// `policies`.
    Policies,
    /// `nat`.
    Nat,
    /// `interfaces`.
    Interfaces,
    /// Not a table of rows: the numbers that zones can have.
    Zones,
    /// Not a table of rows: the numbers that policies and NAT rules can have, which index the hit counters.
    Hits,
}

/// How many rows of one ruleset each table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Classifier roots.
    pub roots: usize,
    /// Classifier nodes.
    pub nodes: usize,
    /// Classifier leaf entries.
    pub leaves: usize,
    /// Classifier rules.
    pub rules: usize,
    /// Policies.
    pub policies: usize,
    /// NAT rules.
    pub nat: usize,
    /// Interfaces.
    pub interfaces: usize,
    /// Zones.
    pub zones: usize,
    /// Policies and NAT rules together.
    pub hits: usize,
}

impl Table {
    /// Name of the table, or of what is numbered.
    pub const fn name(self) -> &'static str {
        match self {
            Table::Roots => "classifier_roots",
            Table::Nodes => "classifier_nodes",
            Table::Leaves => "classifier_leaves",
            Table::Rules => "classifier_rules",
            Table::Policies => "policies",
            Table::Nat => "nat",
            Table::Interfaces => "interfaces",
            Table::Zones => "zones",
            Table::Hits => "policies and NAT rules",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Limits {
    /// Sizes of the tables as the engines make them.
    pub const DEFAULT: Limits = Limits {
        roots: 8192,
        nodes: 131_072,
        leaves: 524_288,
        rules: 65_536,
        policies: 65_536,
        nat: 8192,
        interfaces: InterfaceId::COUNT as usize - 1,
        zones: 255,
        hits: 65_535,
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}
