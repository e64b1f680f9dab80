//! What may come next on a line of configuration mode: Tab and `?`.

mod candidates;
mod names;
mod walk;

use crate::many::is_many;
use crate::parse::COMMANDS;
use crate::print::quote;
use crate::problem::Problem;
use crate::table::Source;
use crate::tree::{Step, Tree};
use std::collections::BTreeMap;
use walk::{Verb, Walk};

/// Names that only a running gateway knows: its devices, predefined applications. `()` knows none.
pub trait Live {
    /// Names of this kind, each with a help.
    fn names(&self, source: Source) -> Vec<(String, String)>;
}

impl Live for () {
    fn names(&self, _source: Source) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Something that may come next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// As it is written, quoted where need be; a placeholder shows what is meant: `<name>`.
    pub word: String,
    /// What `?` shows beside it.
    pub help: String,
    /// What it is.
    pub kind: CandidateKind,
}

/// What a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CandidateKind {
    /// The line may end here.
    Enter,
    /// A word of the language.
    Word,
    /// A name that exists.
    Name,
    /// Something of the user's choice; it cannot be inserted.
    Placeholder,
}

/// What may come next on a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// Byte of the line where the unfinished word begins; its end when there is none.
    pub from: usize,
    /// What may stand there, sorted by kind and word.
    pub candidates: Vec<Candidate>,
    /// Why nothing may come next: a word before it that is wrong or ambiguous.
    pub problem: Option<Problem>,
}

/// What may come next on `line`, typed where `at` of `tree` is edited. Words before the last may be abbreviated.
pub fn complete(tree: &Tree, at: &[Step], line: &str, live: &dyn Live) -> Completion {
    let (words, partial, from) = split(line);
    let Some((first, words)) = words.split_first() else {
        return Completion { from, candidates: commands(&partial), problem: None };
    };
    let problem = |problem| Completion { from, candidates: Vec::new(), problem: Some(problem) };
    let verb = match one_of(first, COMMANDS.iter().map(|(command, _)| *command)) {
        Ok("top") => {
            // A command may follow, at the top.
            let rest = line.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
            let completion = complete(tree, &[], rest, live);
            return Completion { from: line.len() - rest.len() + completion.from, ..completion };
        }
        Ok("replace") => {
            let candidates = fixed(REPLACE, words.len(), &partial);
            return Completion { from, candidates, problem: None };
        }
        Ok("wildcard") => {
            let ranged =
                words.first().is_some_and(|word| !word.text.is_empty() && "range".starts_with(&*word.text));
            let fixed_words: &[Slot] = match (words.len(), ranged) {
                (0, _) => &[WILDCARD],
                (1, true) => &[&[], RANGED],
                _ => &[],
            };
            if !fixed_words.is_empty() {
                let candidates = fixed(fixed_words, words.len(), &partial);
                return Completion { from, candidates, problem: None };
            }
            // What follows is a line of its own.
            let skipped = if ranged { 1 } else { 0 };
            let rest = behind(line, 1 + skipped);
            let completion = complete(tree, at, rest, live);
            return Completion { from: line.len() - rest.len() + completion.from, ..completion };
        }
        Ok(command) => Verb::of(command),
        Err(error) => return problem(error),
    };
    let mut walk = Walk::new(tree, at, verb);
    for word in words {
        if let Err(error) = walk.feed(word) {
            return problem(error);
        }
    }
    let mut found = BTreeMap::new();
    for candidate in walk.candidates(&partial, live) {
        // The same name from the configuration and from the gateway is offered once, as the gateway knows it.
        found.insert((candidate.kind, candidate.word.clone()), candidate);
    }
    Completion { from, candidates: found.into_values().collect(), problem: None }
}

/// The line with every abbreviated word written out.
///
/// # Errors
/// A word that is wrong, or that several could be meant by.
pub fn expand(tree: &Tree, at: &[Step], line: &str) -> Result<String, Problem> {
    let (mut words, partial, from) = split(line);
    if from < line.len() {
        let quoted = line[from..].starts_with('"');
        words.push(Piece { text: partial, sign: false, quoted });
    }
    let Some((first, words)) = words.split_first() else { return Ok(String::new()) };
    let command = one_of(first, COMMANDS.iter().map(|(command, _)| *command))?;
    if command == "top" && !words.is_empty() {
        let rest = line.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
        return expand(tree, &[], rest).map(|rest| format!("top {rest}"));
    }
    if is_many(command) {
        return Ok(line.to_owned()); // its statements are written out where it is read
    }
    let mut walk = Walk::new(tree, at, Verb::of(command));
    // The text of an annotation follows the statement.
    let (words, note) = match words.split_last() {
        Some((note, words)) if command == "annotate" && note.quoted => (words, Some(quote(&note.text))),
        _ => (words, None),
    };
    for word in words {
        walk.feed(word)?;
    }
    walk.written.extend(note.map(std::borrow::Cow::into_owned));
    Ok([command.to_owned()].into_iter().chain(walk.written).collect::<Vec<_>>().join(" "))
}

/// What may stand at one place of a command whose words are fixed: each word with its help; a placeholder in angles.
type Slot = &'static [(&'static str, &'static str)];

const REPLACE: &[Slot] = &[
    &[("pattern", "And then a regular expression")],
    &[("<pattern>", "Regular expression, looked for in names and values")],
    &[("with", "And then what takes its place")],
    &[("<text>", "What takes its place; & is what matched, \\1 its first part in parentheses")],
    &[("upto", "In so many names and values at most")],
    &[("<number>", "How many")],
];
const WILDCARD: Slot = &[
    ("delete", "Removes what a pattern matches"),
    ("range", "The same for each number of a range: eth[0-3,5,!2]"),
];
const RANGED: Slot = &[
    ("activate", "Makes inactive statements take effect"),
    ("deactivate", "Keeps statements without effect"),
    ("delete", "Removes statements"),
    ("protect", "Keeps statements from being changed"),
    ("set", "Makes statements, or changes their values"),
    ("unprotect", "Lets statements be changed"),
];

/// The words of the slot at `place` that `partial` begins.
fn fixed(slots: &[Slot], place: usize, partial: &str) -> Vec<Candidate> {
    let slot = slots.get(place).copied().unwrap_or_default();
    let fitting = slot.iter().filter(|(word, _)| word.starts_with('<') || word.starts_with(partial));
    let candidate = |(word, help): &(&str, &str)| Candidate {
        word: (*word).to_owned(),
        help: (*help).to_owned(),
        kind: if word.starts_with('<') { CandidateKind::Placeholder } else { CandidateKind::Word },
    };
    fitting.map(candidate).collect()
}

/// The line behind its first `count` words.
fn behind(line: &str, count: usize) -> &str {
    let mut rest = line.trim_start();
    for _ in 0..count {
        rest = rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    }
    rest
}

/// A finished word of a line, or a sign of a list.
struct Piece {
    text: String,
    /// `[` or `]`, unquoted.
    sign: bool,
    quoted: bool,
}

/// The finished words, the unfinished one, and where that begins.
fn split(line: &str) -> (Vec<Piece>, String, usize) {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let from = line.len() - rest.len();
        let Some(first) = rest.chars().next() else { return (words, String::new(), from) };
        if let '[' | ']' = first {
            words.push(Piece { text: first.to_string(), sign: true, quoted: false });
            rest = &rest[1..];
            continue;
        }
        let (text, length, finished) = if first == '"' { quoted(rest) } else { plain(rest) };
        if !finished {
            return (words, text, from);
        }
        words.push(Piece { text, sign: false, quoted: first == '"' });
        rest = &rest[length..];
    }
}

fn plain(rest: &str) -> (String, usize, bool) {
    let length = rest.find(|c: char| c.is_whitespace() || "[]\"".contains(c));
    let end = length.unwrap_or(rest.len());
    (rest[..end].to_owned(), end, length.is_some())
}

/// A quoted word; without its closing quote it is unfinished.
fn quoted(rest: &str) -> (String, usize, bool) {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((place, c)) = chars.next() {
        match c {
            '"' => return (text, place + 1, true),
            '\\' => match chars.peek() {
                Some((_, sign @ ('"' | '\\'))) => {
                    text.push(*sign);
                    chars.next();
                }
                _ => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    (text, rest.len(), false)
}

fn commands(partial: &str) -> Vec<Candidate> {
    let fitting = COMMANDS.iter().filter(|(command, _)| command.starts_with(partial));
    let candidate = |(command, help): &(&str, &str)| Candidate {
        word: (*command).to_owned(),
        help: (*help).to_owned(),
        kind: CandidateKind::Word,
    };
    fitting.map(candidate).collect()
}

/// The one of `known` that `word` is, or begins.
fn one_of<'k>(word: &Piece, known: impl Iterator<Item = &'k str> + Clone) -> Result<&'k str, Problem> {
    let text = &*word.text;
    if let Some(exact) = known.clone().find(|known| *known == text) {
        return Ok(exact);
    }
    let begun: Vec<&str> =
        known.clone().filter(|known| !text.is_empty() && known.starts_with(text)).collect();
    match begun[..] {
        [one] => Ok(one),
        [] => Err(Problem::Command { word: text.to_owned(), suggestion: crate::nearest(text, known) }),
        _ => Err(Problem::Ambiguous {
            word: text.to_owned(),
            candidates: begun.into_iter().map(str::to_owned).collect(),
        }),
    }
}
