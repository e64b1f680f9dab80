//! Commands that change many statements at once: `replace pattern`, `wildcard delete`, `wildcard range`.

mod delete;
mod line;
mod range;
mod replace;

pub(crate) use delete::matching;
pub(crate) use line::{is_many, line, read};
pub(crate) use replace::Replacing;

use crate::Problem;
use regex::{Regex, RegexBuilder};

/// Bytes that a compiled pattern may take.
const SIZE: usize = 1 << 20;

/// A regular expression that is looked for anywhere in a text.
fn regex(pattern: &str) -> Result<Regex, Problem> {
    RegexBuilder::new(pattern).size_limit(SIZE).build().map_err(|error| {
        // The last line of the message says what is wrong; those before it point at it.
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Problem::Pattern { reason: format!("{pattern:?} is no regular expression: {reason}") }
    })
}
