use crate::Place;
use std::fmt;

/// Something that is wrong with a text, or was hardly meant, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where in the text.
    pub place: Place,
    /// The statements around it, as `security policies from-zone a to-zone b`; empty at the top.
    pub path: String,
    /// What.
    pub problem: Problem,
}

/// What is wrong. Each text says what was found, and what would be right where that can be known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A word that is no statement here.
    #[error("unknown statement {word:?}{}", hint(.suggestion, .known))]
    Unknown {
        /// As written.
        word: String,
        /// The nearest that exists here.
        suggestion: Option<String>,
        /// What exists here.
        known: Vec<&'static str>,
    },
    /// A value of another form.
    #[error("{what}: expected {expected}, found {found:?}{}", did_you_mean(.suggestion))]
    Value {
        /// The statement.
        what: String,
        /// The form.
        expected: String,
        /// As written.
        found: String,
        /// The nearest word that is allowed.
        suggestion: Option<String>,
    },
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What belongs here.
        expected: String,
        /// What is here.
        found: String,
    },
    /// A brace without its other one.
    #[error("the brace that opens here is never closed")]
    UnclosedBrace,
    /// A brace that closes nothing.
    #[error("there is no open brace that this one closes")]
    StrayBrace,
    /// A text without its end.
    #[error("the {what} that begins here never ends")]
    Unended {
        /// `quoted text`, `comment` or `list`.
        what: &'static str,
    },
    /// A statement that is refused today.
    #[error("{statement} is not supported: {reason}")]
    Reserved {
        /// Its word.
        statement: String,
        /// Why.
        reason: &'static str,
    },
    /// A statement that is kept without effect.
    #[error("{statement} has no effect: {reason}{}", and_more(*.more))]
    Kept {
        /// Its word.
        statement: String,
        /// Why.
        reason: &'static str,
        /// How often it stands elsewhere too.
        more: usize,
    },
    /// A statement that this language does not have, kept on demand.
    #[error("{statement:?} is unknown; it is kept without effect")]
    Foreign {
        /// Its words.
        statement: String,
    },
    /// Two statements that exclude each other.
    #[error("{one} and {other} exclude each other")]
    Excludes {
        /// The later one.
        one: String,
        /// The earlier one.
        other: String,
    },
    /// A single value given twice in one text.
    #[error("{statement} is given twice; it has one value")]
    Twice {
        /// Its word.
        statement: String,
    },
    /// A change of what is protected.
    #[error("{statement:?} is protected; unprotect it first")]
    Protected {
        /// Its path.
        statement: String,
    },
    /// An edit of what is not there.
    #[error("there is no {statement:?}")]
    Missing {
        /// Its path.
        statement: String,
    },
    /// An edit that would make what is already there.
    #[error("{statement:?} exists already")]
    Exists {
        /// Its path.
        statement: String,
    },
    /// An insertion where order means nothing.
    #[error("the order of {statement} means nothing, so nothing is inserted there")]
    Unordered {
        /// Its word.
        statement: String,
    },
    /// A rename of what has no name.
    #[error("{statement} has no name that could be changed")]
    Unnamed {
        /// Its word.
        statement: String,
    },
    /// An annotation that would end its own comment.
    #[error("an annotation cannot contain \"*/\"")]
    Annotation,
    /// A group that does not exist.
    #[error("there is no group {group:?}{}", did_you_mean(.suggestion))]
    Group {
        /// Its name.
        group: String,
        /// The nearest that exists.
        suggestion: Option<String>,
    },
    /// A group that applies itself.
    #[error("group {group:?} applies {applied:?}, which applies it: a group cannot inherit from itself")]
    GroupCycle {
        /// The group in which it is applied.
        group: String,
        /// The one that is applied.
        applied: String,
    },
    /// Statements within each other beyond the limit.
    #[error("statements are nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Not JSON.
    #[error("not JSON: {reason}")]
    Json {
        /// The parser's words.
        reason: String,
    },
    /// A command that is none.
    #[error("unknown command {word:?}{}; there is set, delete, activate, deactivate, protect, unprotect, insert, rename, copy, annotate, unsupported, replace, wildcard, edit, top and up", did_you_mean(.suggestion))]
    Command {
        /// As written.
        word: String,
        /// The nearest.
        suggestion: Option<String>,
    },
    /// An abbreviation that means several words.
    #[error("{word:?} is ambiguous: {}", .candidates.join(", "))]
    Ambiguous {
        /// As written.
        word: String,
        /// What it may mean.
        candidates: Vec<String>,
    },
    /// A regular expression or a range that is none, or that matches nothing.
    #[error("{reason}")]
    Pattern {
        /// What is wrong.
        reason: String,
    },
    /// A difference that does not fit the configuration.
    #[error("the difference does not fit: {reason}")]
    Patch {
        /// Why.
        reason: String,
    },
}

impl Problem {
    /// True for what Junos only warns of when a text is loaded: something to be deleted is not there.
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Problem::Missing { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column } = &self.place;
        if let Some(file) = file {
            write!(f, "{file}:")?;
        }
        if *line > 0 {
            write!(f, "{line}:{column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "[{}] ", self.path)?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for Finding {}

fn and_more(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" (and {more} more)") }
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map_or_else(String::new, |nearest| format!("; did you mean {nearest:?}?"))
}

/// The nearest word when there is one, else what there is.
fn hint(suggestion: &Option<String>, known: &[&'static str]) -> String {
    const SHOWN: usize = 12;
    match suggestion {
        Some(_) => did_you_mean(suggestion),
        None if known.is_empty() => "; nothing can stand here".to_owned(),
        None if known.len() > SHOWN => format!("; there is {}, …", known[..SHOWN].join(", ")),
        None => format!("; there is {}", known.join(", ")),
    }
}
