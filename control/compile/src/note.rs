use crate::RuleKey;
use std::fmt;

/// Something about a compiled rule that its author should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// No packet ever reaches the rule: earlier rules match everything that it does.
    Shadowed {
        /// The rule.
        rule: RuleKey,
    },
    /// The rule has no box in any family: its addresses and applications exclude each other.
    Empty {
        /// The rule.
        rule: RuleKey,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Shadowed { rule } => write!(f, "{rule}: never reached; earlier rules match all of it"),
            Note::Empty { rule } => {
                write!(f, "{rule}: matches no packet; its addresses and applications exclude each other")
            }
        }
    }
}
