use super::curly_node;
use crate::table::{Kind, Statement};
use crate::tree::{Marks, Node, Step, Tree};
use std::fmt::Write;

/// The field that keeps statements that the language does not have, as text in braces.
pub(crate) const FOREIGN: &str = "unsupported";

/// The form of `display json`.
pub fn json(tree: &Tree) -> String {
    let whole = Json::Object(vec![("configuration".to_owned(), Json::Object(fields(&tree.root)))]);
    let mut text = String::new();
    whole.write(&mut text, 0);
    text.push('\n');
    text
}

enum Json {
    Null,
    True,
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A container whose entries stand in its own array: `"interfaces": [ { "name": … } ]`.
pub(crate) fn flat_list(statement: &Statement) -> Option<&'static Statement> {
    match statement.rows() {
        [row] if matches!(statement.kind, Kind::Container) && matches!(row.kind, Kind::List(_)) => {
            let own = row.json.is_empty() || row.json == statement.json_name();
            (row.is_bare() && own).then_some(row)
        }
        _ => None,
    }
}

fn fields(node: &Node) -> Vec<(String, Json)> {
    let mut fields: Vec<(String, Json)> = Vec::new();
    let mut foreign = Node::default();
    for (step, child) in node.children() {
        let Some(statement) = child.statement else {
            foreign.insert(step.clone(), child.clone(), &[]);
            continue;
        };
        let name = statement.json_name();
        let value = match statement.kind {
            Kind::Flag => Json::Array(vec![Json::Null]),
            Kind::Leaf(_) => child.values.first().map_or(Json::Null, |value| Json::Text(value.text.clone())),
            Kind::LeafList(_) => {
                Json::Array(child.values.iter().map(|value| Json::Text(value.text.clone())).collect())
            }
            Kind::Container => container(statement, child),
            Kind::List(_) => {
                let entry = entry(statement, step, child);
                match fields.iter_mut().find(|(field, _)| field == name) {
                    Some((_, Json::Array(entries))) => entries.push(entry),
                    _ => fields.push((name.to_owned(), Json::Array(vec![entry]))),
                }
                continue;
            }
        };
        fields.push((name.to_owned(), value));
        if !statement.has_body()
            && let Some(notes) = notes(child)
        {
            fields.push((format!("@{name}"), notes));
        }
    }
    if foreign.has_children() {
        fields.push((FOREIGN.to_owned(), Json::Text(curly_node(&foreign, 0))));
    }
    fields
}

fn container(statement: &'static Statement, node: &Node) -> Json {
    let silent = notes(node).is_none();
    let own = |list: &'static Statement| {
        node.children()
            .all(|(_, child)| child.statement.is_some_and(|row| row.name == list.name && row.is_bare()))
    };
    if let Some(list) = flat_list(statement).filter(|list| silent && node.has_children() && own(list)) {
        return Json::Array(node.children().map(|(step, child)| entry(list, step, child)).collect());
    }
    if !node.has_children() && silent {
        return Json::Array(vec![Json::Null]);
    }
    with_notes(node, Vec::new())
}

fn entry(statement: &Statement, step: &Step, node: &Node) -> Json {
    let keys = statement.keys().iter().zip(&step.keys);
    with_notes(node, keys.map(|(key, value)| (key.name.to_owned(), Json::Text(value.clone()))).collect())
}

fn with_notes(node: &Node, keys: Vec<(String, Json)>) -> Json {
    let notes = notes(node).map(|notes| ("@".to_owned(), notes));
    Json::Object(notes.into_iter().chain(keys).chain(fields(node)).collect())
}

/// What is said of a statement beside its words.
fn notes(node: &Node) -> Option<Json> {
    let mut notes = Vec::new();
    if let Some(annotation) = &node.annotation {
        notes.push(("comment".to_owned(), Json::Text(format!("/* {annotation} */"))));
    }
    if node.marks.has(Marks::INACTIVE) {
        notes.push(("inactive".to_owned(), Json::True));
    }
    if node.marks.has(Marks::PROTECTED) {
        notes.push(("protect".to_owned(), Json::Text("protect".to_owned())));
    }
    if node.marks.has(Marks::UNSUPPORTED) {
        notes.push(("unsupported".to_owned(), Json::True));
    }
    (!notes.is_empty()).then_some(Json::Object(notes))
}

// === impl Json ===

impl Json {
    fn write(&self, text: &mut String, depth: usize) {
        match self {
            Json::Null => text.push_str("null"),
            Json::True => text.push_str("true"),
            Json::Text(value) => write_text(text, value),
            Json::Array(values) if values.iter().all(|value| matches!(value, Json::Null | Json::Text(_))) => {
                text.push('[');
                for (place, value) in values.iter().enumerate() {
                    text.push_str(if place == 0 { "" } else { ", " });
                    value.write(text, depth);
                }
                text.push(']');
            }
            Json::Array(values) => {
                let values = values.iter().map(|value| (None, value));
                write_block(text, depth, ['[', ']'], values);
            }
            Json::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (Some(name.as_str()), value));
                write_block(text, depth, ['{', '}'], fields);
            }
        }
    }
}

fn write_block<'j>(
    text: &mut String,
    depth: usize,
    [open, close]: [char; 2],
    values: impl ExactSizeIterator<Item = (Option<&'j str>, &'j Json)>,
) {
    text.push(open);
    if values.len() == 0 {
        text.push(close);
        return;
    }
    for (place, (name, value)) in values.enumerate() {
        text.push_str(if place == 0 { "\n" } else { ",\n" });
        text.push_str(&" ".repeat((depth + 1) * 4));
        if let Some(name) = name {
            write_text(text, name);
            text.push_str(" : ");
        }
        value.write(text, depth + 1);
    }
    text.push('\n');
    text.push_str(&" ".repeat(depth * 4));
    text.push(close);
}

/// A text in quotes, escaped as RFC 8259 asks.
fn write_text(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control.is_control() => {
                write!(text, "\\u{:04x}", u32::from(control)).expect("a string takes all text");
            }
            other => text.push(other),
        }
    }
    text.push('"');
}
