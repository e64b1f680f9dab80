use super::Mode;
use super::lexer::{Lexer, Lines, TokenKind};
use super::resolve::{Purpose, Reading, Scope, resolve};
use super::words::{self, Item, expected, short};
use crate::many;
use crate::suggestion::nearest;
use crate::table::{Body, Statement, statements};
use crate::tree::{Edit, Entry, Marks, Place, Step, Tree, Where, find, path_words};
use crate::{Finding, Problem};
use std::sync::Arc;

/// A line of configuration mode.
#[derive(Clone, Debug)]
pub enum Command {
    /// Changes the configuration.
    Edit(Edit),
    /// Goes to these statements, from the top: `edit`, `top`, `up`.
    Go(Vec<Step>),
}

/// The commands.
pub const COMMANDS: &[(&str, &str)] = &[
    ("activate", "Makes an inactive statement take effect"),
    ("annotate", "Writes a comment before a statement"),
    ("copy", "Makes another entry with the same content"),
    ("deactivate", "Keeps a statement without effect"),
    ("delete", "Removes a statement"),
    ("edit", "Goes to a statement"),
    ("insert", "Moves an entry before or after another"),
    ("protect", "Keeps a statement from being changed"),
    ("rename", "Gives an entry another name"),
    ("replace", "Replaces a pattern in names and values"),
    ("set", "Makes a statement, or changes its value"),
    ("top", "Goes to the top"),
    ("unprotect", "Lets a statement be changed"),
    ("unsupported", "Keeps a statement that the gateway cannot do, without effect"),
    ("up", "Goes up"),
    ("wildcard", "Removes what a pattern matches, or makes statements for a range of numbers"),
];

/// Reads one line as a command, where `at` is edited.
///
/// # Errors
/// Everything that is wrong with it.
pub fn command(line: &str, at: &[Step], mode: Mode) -> Result<Option<Command>, Vec<Finding>> {
    if let Some((line, at)) = many::line(line, at) {
        return many::read(None, line, at, mode);
    }
    let mut lexer = Lexer::new(line, None, Lines::Space);
    let mut commands = Commands::new(None, mode, at.to_vec());
    let (items, _) = commands.line(&mut lexer);
    let command = commands.command(&items);
    if commands.findings.is_empty() { Ok(command) } else { Err(commands.findings) }
}

/// Reads one line as a command, where `at` of `tree` is edited: what is there is known also when the language does not
/// have it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn command_in(tree: &Tree, line: &str, at: &[Step]) -> Result<Option<Command>, Vec<Finding>> {
    if let Some((line, at)) = many::line(line, at) {
        return many::read(Some(tree), line, at, Mode::Strict);
    }
    let mut lexer = Lexer::new(line, None, Lines::Space);
    let mut commands = Commands::new(None, Mode::Strict, at.to_vec());
    let (items, _) = commands.line(&mut lexer);
    let command = commands.command_in(tree, &items);
    if commands.findings.is_empty() { Ok(command) } else { Err(commands.findings) }
}

/// Reads the words of a path from the top.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn path(words: &str, mode: Mode) -> Result<Vec<Step>, Vec<Finding>> {
    let mut lexer = Lexer::new(words, None, Lines::Space);
    let mut commands = Commands::new(None, mode, Vec::new());
    let (items, _) = commands.line(&mut lexer);
    let path = if items.is_empty() { None } else { commands.one(&items) };
    if commands.findings.is_empty() {
        Ok(path.map_or(Vec::new(), |entry| steps(&entry)))
    } else {
        Err(commands.findings)
    }
}

/// What may stand in the braces at `path`.
pub(super) fn scope_at(path: &[Step]) -> Scope {
    let around = with_rows(path);
    let rows = match around.last() {
        None => Some(statements()),
        Some((_, statement, _)) => statement.and_then(Statement::scope),
    };
    let whole = |statement: Option<&Statement>| {
        statement.is_some_and(|statement| matches!(statement.body, Body::Whole))
    };
    let patterns = around.iter().any(|(_, statement, _)| whole(*statement));
    Scope { rows, patterns, depth: around.len(), list: None, marks: Marks::default() }
}

/// Reads the lines of `display set`, one after the other, into `tree`.
pub(crate) fn load(tree: &mut Tree, text: &str, file: Option<Arc<str>>, mode: Mode) -> Vec<Finding> {
    let mut lexer = Lexer::new(text, file.clone(), Lines::Commands);
    let mut commands = Commands::new(file, mode, Vec::new());
    loop {
        let (items, end) = commands.line(&mut lexer);
        if let Some(command) = commands.command_in(tree, &items) {
            match command {
                Command::Go(path) => commands.at = path,
                Command::Edit(edit) => {
                    if let Err(problem) = tree.apply(&edit) {
                        let place =
                            items.first().map_or_else(Place::default, |item| item.place(&commands.file));
                        commands.report(place, problem);
                    }
                }
            }
        }
        if end {
            return commands.findings;
        }
    }
}

struct Commands {
    file: Option<Arc<str>>,
    mode: Mode,
    at: Vec<Step>,
    findings: Vec<Finding>,
}

impl Commands {
    fn new(file: Option<Arc<str>>, mode: Mode, at: Vec<Step>) -> Commands {
        Commands { file, mode, at, findings: Vec::new() }
    }

    /// The words of the next line, and whether the text ends with it.
    fn line<'a>(&mut self, lexer: &mut Lexer<'a>) -> (Vec<Item<'a>>, bool) {
        let mut problems = Vec::new();
        let first = lexer.next();
        let (items, mut end) = words::read(lexer, first, &mut problems);
        loop {
            match end.kind {
                TokenKind::EndOfText | TokenKind::LineEnd => break,
                // A semicolon at the end of a command is allowed.
                TokenKind::End => {}
                _ => problems.push((lexer.place(&end), expected("a word", super::curly::sign(&end.kind)))),
            }
            end = lexer.next();
        }
        problems.extend(lexer.take_problems());
        let faulty = !problems.is_empty();
        for (place, problem) in problems {
            self.report(place, problem);
        }
        (if faulty { Vec::new() } else { items }, end.kind == TokenKind::EndOfText)
    }

    fn report(&mut self, place: Place, problem: Problem) {
        self.findings.push(Finding { place, path: path_words(&self.at), problem });
    }

    fn fail<T>(&mut self, item: Option<&Item<'_>>, problem: Problem) -> Option<T> {
        let place = item.map_or_else(Place::default, |item| item.place(&self.file));
        self.report(place, problem);
        None
    }

    /// A command about `tree`, where words that the language does not have may stand.
    fn command_in(&mut self, tree: &Tree, items: &[Item<'_>]) -> Option<Command> {
        let before = self.findings.len();
        let command = self.command(items);
        if command.is_some() || self.mode == Mode::Lenient {
            return command;
        }
        let strict = self.findings.split_off(before);
        self.mode = Mode::Lenient;
        let command = self.command(items);
        self.mode = Mode::Strict;
        let there = |path: &[Step]| tree.at(path).is_some_and(|node| node.is_foreign());
        if let Some(Command::Edit(edit)) = &command
            && edit.existing_path().is_some_and(there)
        {
            return command;
        }
        self.findings.truncate(before);
        self.findings.extend(strict);
        None
    }

    fn command(&mut self, items: &[Item<'_>]) -> Option<Command> {
        let (first, rest) = items.split_first()?;
        let Item::Word(word) = first else {
            return self.fail(Some(first), expected("a command", "a list"));
        };
        let edit = match &*word.text {
            "set" if rest.is_empty() => {
                return self.fail(Some(first), expected("a statement after set", "nothing"));
            }
            "set" => Edit::Set(self.resolve(self.at.clone(), rest, Purpose::Make)?),
            "unsupported" if rest.is_empty() => {
                return self.fail(Some(first), expected("a statement after unsupported", "nothing"));
            }
            "unsupported" => {
                let around = std::mem::replace(&mut self.mode, Mode::Lenient);
                let entries = self.resolve(self.at.clone(), rest, Purpose::Make);
                self.mode = around;
                Edit::Unsupported(entries?)
            }
            "delete" => {
                let entry = self.one(rest)?;
                Edit::Delete(steps(&entry), entry.values)
            }
            "activate" => Edit::Activate(self.existing(first, rest)?),
            "deactivate" => Edit::Deactivate(self.existing(first, rest)?),
            "protect" => Edit::Protect(self.existing(first, rest)?),
            "unprotect" => Edit::Unprotect(self.existing(first, rest)?),
            "annotate" => {
                let (Some((Item::Word(text), path)), true) = (rest.split_last(), rest.len() > 1) else {
                    return self.fail(Some(first), expected("a statement and a text after annotate", "less"));
                };
                let text = (!text.text.is_empty()).then(|| text.text.clone().into_owned());
                Edit::Annotate(self.existing(first, path)?, text)
            }
            "insert" => self.insert(first, rest)?,
            "rename" => {
                let (path, to) = self.moved(first, rest)?;
                Edit::Rename(path, to)
            }
            "copy" => {
                let (path, to) = self.moved(first, rest)?;
                Edit::Copy(path, to)
            }
            "edit" => return self.existing(first, rest).map(Command::Go),
            "top" if rest.is_empty() => return Some(Command::Go(Vec::new())),
            "top" => {
                let before = std::mem::take(&mut self.at);
                let command = self.command(rest);
                self.at = before;
                return command;
            }
            "up" => return self.up(first, rest),
            "replace" | "wildcard" => {
                let reason = format!("{} is a line of configuration mode, and stands in no text", word.text);
                return self.fail(Some(first), Problem::Pattern { reason });
            }
            "exit" if rest.is_empty() => return Some(Command::Go(Vec::new())),
            _ => {
                let suggestion = nearest(&word.text, COMMANDS.iter().map(|(command, _)| *command));
                return self.fail(Some(first), Problem::Command { word: short(&word.text), suggestion });
            }
        };
        Some(Command::Edit(edit))
    }

    fn up(&mut self, first: &Item<'_>, rest: &[Item<'_>]) -> Option<Command> {
        let count = match rest {
            [] => Some(1),
            [Item::Word(count)] => count.text.parse::<usize>().ok(),
            _ => None,
        };
        match count {
            Some(count) => {
                let kept = self.at.len().saturating_sub(count);
                Some(Command::Go(self.at[..kept].to_vec()))
            }
            None => self.fail(Some(first), expected("a number after up", "something else")),
        }
    }

    /// `insert policy a before policy b`.
    fn insert(&mut self, first: &Item<'_>, rest: &[Item<'_>]) -> Option<Edit> {
        let beside = |item: &Item<'_>| match item {
            Item::Word(word) if word.is("before") => Some(Where::Before),
            Item::Word(word) if word.is("after") => Some(Where::After),
            _ => None,
        };
        let found = rest.iter().enumerate().rev().find_map(|(index, item)| Some((index, beside(item)?)));
        let Some((index, place)) = found else {
            return self.fail(Some(first), expected("before or after", "neither"));
        };
        let path = self.existing(first, &rest[..index])?;
        let other = self.sibling(&path, &rest[index + 1..], first)?;
        Some(Edit::Insert(path, place, other))
    }

    /// `rename policy a to policy b`, or `… to b`.
    fn moved(&mut self, first: &Item<'_>, rest: &[Item<'_>]) -> Option<(Vec<Step>, Step)> {
        let Some(index) = rest.iter().rposition(|item| matches!(item, Item::Word(word) if word.is("to")))
        else {
            return self.fail(Some(first), expected("to, and a new name", "neither"));
        };
        let path = self.existing(first, &rest[..index])?;
        let to = self.sibling(&path, &rest[index + 1..], first)?;
        Some((path, to))
    }

    /// Another entry of the list of `path`: `policy b`, or its keys alone.
    fn sibling(&mut self, path: &[Step], items: &[Item<'_>], first: &Item<'_>) -> Option<Step> {
        let (last, above) = path.split_last()?;
        let bare = matches!(items, [Item::Word(word), ..] if !last.name.is_empty() && word.text != last.name)
            || (items.len() == 1 && last.keys.len() == 1);
        if bare && !last.name.is_empty() {
            let statement = statement_at(path);
            let form = statement.and_then(|statement| statement.keys().first()).map(|key| key.value.form);
            return match items {
                [Item::Word(word)] if form.is_none_or(|form| form.accepts(&word.text)) => {
                    Some(Step { name: last.name.clone(), keys: vec![word.text.clone().into_owned()] })
                }
                _ => self.fail(items.first().or(Some(first)), expected("a name", "something else")),
            };
        }
        let entries = self.resolve(above.to_vec(), items, Purpose::Name)?;
        match &entries[..] {
            // Resolved paths begin at the top.
            [entry] if entry.path.len() == above.len() + 1 => {
                entry.path.last().map(|(step, ..)| step.clone())
            }
            _ => self.fail(
                items.first().or(Some(first)),
                expected("one entry of the same list", "something else"),
            ),
        }
    }

    /// The path of one statement, from the top.
    pub(super) fn existing(&mut self, first: &Item<'_>, items: &[Item<'_>]) -> Option<Vec<Step>> {
        if items.is_empty() {
            return self.fail(Some(first), expected("a statement", "nothing"));
        }
        self.one(items).map(|entry| steps(&entry))
    }

    /// One statement, from the top.
    fn one(&mut self, items: &[Item<'_>]) -> Option<Entry> {
        if items.is_empty() {
            return Some(Entry { path: with_rows(&self.at), values: Vec::new() });
        }
        let mut entries = self.resolve(self.at.clone(), items, Purpose::Name)?;
        match entries.len() {
            1 => entries.pop(),
            _ => self.fail(items.first(), expected("one statement", "several")),
        }
    }

    /// The statements that `items` mean where `at` is edited, from the top.
    fn resolve(&mut self, at: Vec<Step>, items: &[Item<'_>], purpose: Purpose) -> Option<Vec<Entry>> {
        let around = with_rows(&at);
        let file = self.file.clone();
        let lenient = self.mode == Mode::Lenient;
        let reading = Reading { purpose, lenient, opens: false, file: &file };
        match resolve(scope_at(&at), items, reading) {
            Ok(mut entries) => {
                for entry in &mut entries {
                    entry.path.splice(0..0, around.iter().cloned());
                }
                Some(entries)
            }
            Err((_, fault)) => {
                let path: Vec<Step> = at.iter().chain(&fault.path).cloned().collect();
                let finding = Finding { place: fault.place, path: path_words(&path), problem: fault.problem };
                self.findings.push(finding);
                None
            }
        }
    }
}

fn steps(entry: &Entry) -> Vec<Step> {
    entry.path.iter().map(|(step, ..)| step.clone()).collect()
}

/// A path with the rows of its steps.
pub(super) fn with_rows(path: &[Step]) -> Vec<(Step, Option<&'static Statement>, Place)> {
    let mut rows = Some(statements());
    let mut found = Vec::with_capacity(path.len());
    for step in path {
        let statement = rows.and_then(|rows| find(rows, &step.name));
        rows = statement.and_then(Statement::scope);
        found.push((step.clone(), statement, Place::default()));
    }
    found
}

fn statement_at(path: &[Step]) -> Option<&'static Statement> {
    with_rows(path).pop().and_then(|(_, statement, _)| statement)
}
