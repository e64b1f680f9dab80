use flumen_abi::limits;
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
    /// `services`.
    Services,
    /// `mirrors`.
    Mirrors,
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
            Table::Services => "services",
            Table::Mirrors => "mirrors",
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
        roots: limits::ROOTS as usize,
        nodes: limits::NODES as usize,
        leaves: limits::LEAVES as usize,
        rules: limits::RULES as usize,
        policies: limits::POLICIES as usize,
        nat: limits::NAT as usize,
        interfaces: limits::INTERFACES as usize,
        zones: limits::ZONES as usize - 1,
        hits: limits::POLICIES as usize - 1,
    };
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::DEFAULT
    }
}
