use crate::table::{Body, EVERYWHERE, Key, Kind, Order, Statement, Support, Type, statements};
use std::fmt::Write;

/// The reference of all statements, as Markdown.
pub fn manual() -> String {
    let mut text = String::new();
    text.push_str("## In all braces\n\n");
    table(&mut text, EVERYWHERE, "");
    for statement in statements() {
        write!(text, "\n## {}\n\n{}. {}\n\n", statement.name, statement.help, statement.doc)
            .expect("a string takes all text");
        match (statement.support, statement.body) {
            (Support::Reserved(reason), _) => text.push_str(&format!("Refused: {reason}.\n")),
            (Support::Kept(reason), _) => text.push_str(&format!("Kept without effect: {reason}.\n")),
            (Support::InForce, Body::Whole) => {
                text.push_str(
                    "`groups <name>` holds every statement of this page but `groups` and `version`.\n",
                );
            }
            (Support::InForce, Body::Rows([]) | Body::Anything) => {
                text.push_str(&format!("`{}`\n", own(statement)))
            }
            (Support::InForce, Body::Rows(rows)) => table(&mut text, rows, statement.name),
        }
    }
    while text.contains(". \n") {
        text = text.replace(". \n", ".\n");
    }
    text
}

fn table(text: &mut String, rows: &'static [Statement], path: &str) {
    text.push_str("| statement | meaning | today |\n|---|---|---|\n");
    walk(text, rows, path, Support::InForce);
}

fn walk(text: &mut String, rows: &'static [Statement], path: &str, around: Support) {
    for statement in rows {
        let path = format!("{path} {}", own(statement)).trim().to_owned();
        let mut meaning = statement.help.to_owned();
        if !statement.default.is_empty() {
            meaning.push_str(&format!("; `{}` unless it is given", statement.default));
        }
        if statement.order == Order::User {
            meaning.push_str("; in order");
        }
        if !statement.doc.is_empty() {
            meaning.push_str(&format!(". {}", statement.doc));
        }
        if statement.since != Statement::FIRST {
            meaning.push_str(&format!(" (since {})", statement.since));
        }
        let today = match (around, statement.support) {
            (Support::InForce, Support::InForce) => "in force".to_owned(),
            (Support::InForce, Support::Kept(reason)) => format!("no effect: {reason}"),
            (Support::InForce | Support::Kept(_), Support::Reserved(reason)) => format!("refused: {reason}"),
            _ => String::new(),
        };
        writeln!(text, "| `{}` | {} | {} |", cell(&path), cell(&meaning), cell(&today))
            .expect("a string takes all text");
        let support = if around == Support::InForce { statement.support } else { around };
        walk(text, statement.rows(), &path, support);
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The statement's word, with what is written behind it.
fn own(statement: &Statement) -> String {
    let words = match statement.kind {
        Kind::Container | Kind::Flag => String::new(),
        Kind::List(keys) => keys.iter().map(key).collect::<Vec<_>>().join(" "),
        Kind::Leaf(value) => form(value.form),
        Kind::LeafList(value) => format!("[ {} … ]", form(value.form)),
    };
    format!("{} {words}", statement.name).trim().to_owned()
}

fn key(key: &Key) -> String {
    format!("{} {}", key.marker, form(key.value.form)).trim().to_owned()
}

/// The words that are allowed while they are few, else a placeholder.
fn form(form: Type) -> String {
    const LISTED: usize = 4;
    let words = form.words();
    match form.placeholder() {
        Some(placeholder) => placeholder,
        None if words.len() <= LISTED => {
            let words: Vec<&str> = words.iter().map(|word| word.word).collect();
            format!("({})", words.join(" | "))
        }
        None => "<word>".to_owned(),
    }
}
