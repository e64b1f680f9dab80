use crate::RuleKey;
use std::fmt;

/// Earlier rules that are named in a message.
const NAMED: usize = 3;

/// Something about a compiled rule that its author should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// No packet ever reaches the rule: earlier rules match everything that it does.
    Shadowed {
        /// The rule.
        rule: RuleKey,
        /// Names of those earlier rules, in their order; empty when they were not looked for one by one.
        by: Vec<String>,
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
            Note::Shadowed { rule, by } => {
                write!(f, "{rule}: never reached; earlier rules match all of it")?;
                match by.as_slice() {
                    [] => Ok(()),
                    names if names.len() <= NAMED => write!(f, " ({})", names.join(", ")),
                    names => write!(f, " ({} and {} more)", names[..NAMED].join(", "), names.len() - NAMED),
                }
            }
            Note::Empty { rule } => {
                write!(f, "{rule}: matches no packet; its addresses and applications exclude each other")
            }
        }
    }
}
