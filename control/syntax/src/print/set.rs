use super::quote;
use crate::table::Statement;
use crate::tree::{Marks, Node, Tree};
use std::fmt::Write;

/// The command that makes a statement, and the one that makes it although the gateway cannot do what it says.
const SET: &str = "set";
const UNSUPPORTED: &str = "unsupported";

/// The commands that make the configuration.
pub fn set(tree: &Tree) -> String {
    set_at(&tree.root, "")
}

/// The commands that make what is below `node`; `path` stands before each statement.
pub fn set_at(node: &Node, path: &str) -> String {
    let mut text = Commands::default();
    let mut path = path.to_owned();
    children(node, &mut path, SET, &mut text);
    text.commands + &text.protections
}

/// What was printed. Protections come last: they would refuse to deactivate what is around them.
#[derive(Default)]
struct Commands {
    commands: String,
    protections: String,
}

fn children(node: &Node, path: &mut String, verb: &str, text: &mut Commands) {
    for (step, child) in node.children() {
        let length = path.len();
        for word in step.words(child.statement.map_or(&[], Statement::keys)) {
            if !path.is_empty() {
                path.push(' ');
            }
            path.push_str(&word);
        }
        let verb = if child.marks.has(Marks::UNSUPPORTED) { UNSUPPORTED } else { verb };
        statement(child, path, verb, text);
        path.truncate(length);
    }
}

fn statement(node: &Node, path: &mut String, verb: &str, text: &mut Commands) {
    for value in &node.values {
        let separator = if path.is_empty() { "" } else { " " };
        line(&mut text.commands, verb, &format!("{path}{separator}{}", quote(&value.text)));
    }
    if node.has_children() {
        children(node, path, verb, text);
    } else if node.values.is_empty() {
        line(&mut text.commands, verb, path);
    }
    let Commands { commands, protections } = text;
    // A value without a word of its own is named by itself.
    let bare = node.statement.is_some_and(Statement::is_bare) && !node.is_entry();
    if let Some(value) = node.values.first().filter(|_| bare) {
        path.push(' ');
        path.push_str(&quote(&value.text));
    }
    if let Some(annotation) = &node.annotation {
        line(commands, "annotate", &format!("{path} {}", always_quoted(annotation)));
    }
    if node.marks.has(Marks::INACTIVE) {
        line(commands, "deactivate", path);
    }
    if node.marks.has(Marks::PROTECTED) {
        line(protections, "protect", path);
    }
}

fn line(text: &mut String, command: &str, words: &str) {
    writeln!(text, "{command} {words}").expect("a string takes all text");
}

/// A text of people in quotes, also when it is a single word.
fn always_quoted(text: &str) -> String {
    let quoted = quote(text);
    if quoted.starts_with('"') { quoted.into_owned() } else { format!("\"{quoted}\"") }
}
