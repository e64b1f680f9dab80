//! Text to tree: every error at once, each with its place.

mod command;
mod curly;
mod json;
mod lexer;
mod resolve;
mod words;

pub(crate) use command::path;
pub use command::{COMMANDS, Command, command, command_in};
pub use json::STRICT as STRICT_JSON;
pub(crate) use resolve::refused as resolve_refusal;

use crate::table::statements;
use crate::tree::Repeat;
use crate::{Entry, Finding, Node, Place, Step, Tree, accept_unsupported, path_words};
use std::sync::Arc;

/// What happens to statements without support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are refused.
    Strict,
    /// They are kept, marked and reported.
    Lenient,
}

/// Reads the form with braces, as `show configuration` prints it. `file` is how messages call the text.
///
/// What could be read is given also when something is wrong.
pub fn curly(text: &str, file: Option<&str>, mode: Mode) -> (Tree, Vec<Finding>) {
    let (tree, findings) = curly::parse(text, file.map(Arc::from), mode);
    finished(tree, findings, mode)
}

/// Reads the form with braces as it stands in the braces at `at`: `load … relative`. The tree has the statements around.
///
/// What could be read is given also when something is wrong.
pub fn curly_at(text: &str, file: Option<&str>, at: &[Step], mode: Mode) -> (Tree, Vec<Finding>) {
    let mut tree = Tree::default();
    let path = command::with_rows(at);
    let findings = match tree.root.put(statements(), &Entry { path, values: Vec::new() }, Repeat::Wins) {
        Ok(node) => curly::parse_into(text, file.map(Arc::from), node, command::scope_at(at), mode, at),
        Err(problem) => vec![Finding { place: Place::default(), path: path_words(at), problem }],
    };
    finished(tree, findings, mode)
}

/// Reads commands, as `display set` prints them.
///
/// What could be read is given also when something is wrong.
pub fn set(text: &str, file: Option<&str>, mode: Mode) -> (Tree, Vec<Finding>) {
    let mut tree = Tree::default();
    let findings = command::load(&mut tree, text, file.map(Arc::from), mode);
    finished(tree, findings, mode)
}

/// Reads commands into a configuration that is there.
pub(crate) fn set_into(mut tree: Tree, text: &str, file: Option<&str>, mode: Mode) -> (Tree, Vec<Finding>) {
    let findings = command::load(&mut tree, text, file.map(Arc::from), mode);
    finished(tree, findings, mode)
}

/// Statements from the middle of a configuration.
pub(crate) struct Fragment {
    pub(crate) node: Node,
    /// Those with an empty comment before them.
    pub(crate) cleared: Vec<Step>,
    pub(crate) findings: Vec<Finding>,
}

/// Reads statements that stand in the braces at `path`.
pub(crate) fn fragment(text: &str, path: &[Step], mode: Mode) -> Fragment {
    curly::fragment(text, path, mode)
}

/// Reads JSON, as `display json` prints it: an object with the field `configuration`.
///
/// What could be read is given also when something is wrong.
pub fn json(text: &str, file: Option<&str>, mode: Mode) -> (Tree, Vec<Finding>) {
    let (tree, findings) = json::parse(text, file.map(Arc::from), mode);
    finished(tree, findings, mode)
}

fn finished(mut tree: Tree, mut findings: Vec<Finding>, mode: Mode) -> (Tree, Vec<Finding>) {
    if mode == Mode::Lenient {
        accept_unsupported(&mut tree);
    }
    findings.sort_by(|a, b| a.place.cmp(&b.place));
    (tree, findings)
}
