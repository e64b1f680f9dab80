use crate::Table;
use flumen_config::ConfigError;

/// Why a model has no ruleset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The model itself is wrong; only for one that was not read from a text.
    #[error(transparent)]
    Invalid(Box<ConfigError>),
    /// More rows than a table holds.
    #[error(
        "table {table} holds {size} rows and at least {needed} are needed, most of them ({share}) for {most}"
    )]
    TooManyRows {
        /// The table.
        table: Table,
        /// Rows needed.
        needed: usize,
        /// Rows there is room for.
        size: usize,
        /// The part of the configuration that needs the most.
        most: String,
        /// Rows that it needs alone.
        share: usize,
    },
    /// More zones, interfaces or rules than there are numbers for.
    #[error("{needed} {table} are configured, and there are numbers for {size}")]
    TooManyIds {
        /// What is numbered.
        table: Table,
        /// Numbers needed.
        needed: usize,
        /// Numbers there are.
        size: usize,
    },
    /// Rules that cross each other in so many ways that no search tree of the allowed depth separates them.
    #[error("{place}: the rules cross each other in too many ways for a search tree of {depth} levels")]
    TooDeep {
        /// Stage and zones.
        place: String,
        /// Levels allowed.
        depth: u32,
    },
}
