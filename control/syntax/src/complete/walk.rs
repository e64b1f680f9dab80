use super::candidates::Candidates;
use super::{Candidate, Live, Piece};
use crate::parse::resolve_refusal;
use crate::print::quote;
use crate::suggestion::nearest;
use crate::table::{EVERYWHERE, Key, Kind, Order, Statement, Support, Value, statements};
use crate::tree::{Node, Step, Tree, find};
use crate::{Problem, Type};
use std::borrow::Cow;

/// What a command does with the statements that follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// It makes them.
    Set,
    /// It goes to them, and makes them if need be.
    Edit,
    /// It changes those that are there.
    Existing,
    /// The same, and then moves one beside another.
    Insert,
    /// The same, and then names a new one.
    Rename,
    /// Nothing follows.
    Nothing,
}

/// The statements that a line has named so far, and what is expected next.
pub(super) struct Walk<'t> {
    tree: &'t Tree,
    verb: Verb,
    /// What may stand where, and what stands there; the innermost last.
    frames: Vec<(&'static [Statement], Option<&'t Node>)>,
    expect: Expect,
    /// Behind a value: what follows may belong to a statement further up on the line.
    closed: bool,
    /// True once a statement was named.
    begun: bool,
    /// Every word, written out.
    pub(super) written: Vec<String>,
}

enum Expect {
    Statement,
    /// The next key of an entry, of which some are known.
    Key(&'static Statement, Vec<String>),
    /// The word before the next key.
    Marker(&'static Statement, Vec<String>),
    /// A value, or one more of a list.
    Value(&'static Statement, Value, Option<ListState>),
    /// Another entry of the list, or its new name.
    Sibling(&'static Statement),
    /// Nothing more.
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ListState {
    Open,
}

// === impl Verb ===

impl Verb {
    pub(super) fn of(command: &str) -> Verb {
        match command {
            "set" | "unsupported" => Verb::Set,
            "edit" => Verb::Edit,
            "insert" => Verb::Insert,
            "rename" | "copy" => Verb::Rename,
            "top" | "up" | "exit" => Verb::Nothing,
            _ => Verb::Existing,
        }
    }

    /// True when what is not there may be named.
    const fn makes(self) -> bool {
        matches!(self, Verb::Set | Verb::Edit)
    }
}

// === impl Walk ===

impl<'t> Walk<'t> {
    pub(super) fn new(tree: &'t Tree, at: &[Step], verb: Verb) -> Walk<'t> {
        let mut rows = statements();
        for step in at {
            rows = find(rows, &step.name).map_or(&[], Statement::rows);
        }
        let expect = if verb == Verb::Nothing { Expect::End } else { Expect::Statement };
        let frames = vec![(rows, tree.at(at))];
        Walk { tree, verb, frames, expect, closed: false, begun: false, written: Vec::new() }
    }

    fn top(&self) -> (&'static [Statement], Option<&'t Node>) {
        *self.frames.last().expect("the place where the line stands is never left")
    }

    /// Takes the next finished word.
    pub(super) fn feed(&mut self, word: &Piece) -> Result<(), Problem> {
        match std::mem::replace(&mut self.expect, Expect::Statement) {
            Expect::Statement => self.statement(word),
            Expect::Marker(statement, keys) => {
                let marker = statement.keys()[keys.len()].marker;
                if !marker.starts_with(&*word.text) || word.text.is_empty() {
                    return Err(expected(&format!("{marker:?}"), word));
                }
                self.written.push(marker.to_owned());
                self.expect = Expect::Key(statement, keys);
                Ok(())
            }
            Expect::Key(statement, keys) => self.key(statement, keys, word),
            Expect::Value(statement, value, state) => self.value(statement, value, state, word),
            Expect::Sibling(statement) => {
                // The list's own word may be repeated.
                self.expect =
                    if word.text == statement.name { Expect::Sibling(statement) } else { Expect::End };
                self.written.push(quote(&word.text).into_owned());
                Ok(())
            }
            Expect::End => Err(expected("the end of the line", word)),
        }
    }

    fn statement(&mut self, word: &Piece) -> Result<(), Problem> {
        if let Some(statement) = self.beside(word) {
            self.written.push(word.text.clone());
            self.expect = Expect::Sibling(statement);
            return Ok(());
        }
        let depths: Vec<usize> =
            if self.closed { (1..self.frames.len()).rev().collect() } else { vec![self.frames.len() - 1] };
        let mut known: Vec<&str> = Vec::new();
        for depth in depths {
            let (rows, node) = self.frames[depth];
            let named: Vec<&'static Statement> = self.named(rows, node).collect();
            let exact = named.iter().find(|row| row.name == word.text);
            let begun: Vec<&&Statement> = named
                .iter()
                .filter(|row| !word.text.is_empty() && row.name.starts_with(&*word.text))
                .collect();
            let bare = || rows.iter().filter(|row| row.is_bare()).find(|row| fits(row, &word.text));
            let found = match (exact, &begun[..]) {
                (Some(exact), _) => Some(*exact),
                (None, [one]) => Some(**one),
                (None, []) => bare(),
                // A name of the user's choice may begin as statements do.
                (None, _) => match bare() {
                    Some(bare) => Some(bare),
                    None => {
                        let candidates = begun.iter().map(|row| row.name.to_owned()).collect();
                        return Err(Problem::Ambiguous { word: word.text.clone(), candidates });
                    }
                },
            };
            if let Some(statement) = found {
                self.frames.truncate(depth + 1);
                return self.begin(statement, word);
            }
            known.extend(named.iter().map(|row| row.name));
        }
        let suggestion = nearest(&word.text, known.iter().copied());
        let known = self.top().0.iter().map(|row| row.name).filter(|name| !name.is_empty()).collect();
        Err(Problem::Unknown { word: word.text.clone(), suggestion, known })
    }

    /// For `insert`, `rename` and `copy`: the list of the entry that was named, when `word` says where or how.
    fn beside(&self, word: &Piece) -> Option<&'static Statement> {
        let statement = self.top().1.and_then(|node| node.statement).filter(|row| !row.keys().is_empty())?;
        let says = match self.verb {
            Verb::Insert => matches!(&*word.text, "before" | "after"),
            Verb::Rename => word.text == "to",
            _ => false,
        };
        (says && self.begun).then_some(statement)
    }

    /// The statements with a word that may come next in some braces.
    fn named(
        &self,
        rows: &'static [Statement],
        node: Option<&'t Node>,
    ) -> impl Iterator<Item = &'static Statement> + use<'t> {
        let makes = self.verb.makes();
        let there = move |row: &Statement| {
            makes || node.is_some_and(|node| node.children().any(|(step, _)| step.name == row.name))
        };
        rows.iter().chain(EVERYWHERE).filter(move |row| !row.is_bare() && there(row))
    }

    fn begin(&mut self, statement: &'static Statement, word: &Piece) -> Result<(), Problem> {
        self.begun = true;
        self.closed = false;
        if statement.is_bare() {
            return match statement.kind {
                Kind::List(_) => self.key(statement, Vec::new(), word),
                Kind::Leaf(value) | Kind::LeafList(value) => self.value(statement, value, None, word),
                Kind::Container | Kind::Flag => Err(expected("a statement", word)),
            };
        }
        self.written.push(statement.name.to_owned());
        match statement.kind {
            Kind::Container => self.enter(statement, Step::word(statement.name)),
            Kind::List(_) => self.expect = Expect::Key(statement, Vec::new()),
            Kind::Leaf(value) | Kind::LeafList(value) => self.expect = Expect::Value(statement, value, None),
            Kind::Flag => self.closed = true,
        }
        Ok(())
    }

    fn key(
        &mut self,
        statement: &'static Statement,
        mut keys: Vec<String>,
        word: &Piece,
    ) -> Result<(), Problem> {
        let key = &statement.keys()[keys.len()];
        let text = self.spelled(statement, key.value, &keys, word)?;
        self.written.push(quote(&text).into_owned());
        keys.push(text);
        match statement.keys().get(keys.len()) {
            Some(next) if !next.marker.is_empty() => self.expect = Expect::Marker(statement, keys),
            Some(_) => self.expect = Expect::Key(statement, keys),
            None => self.enter(statement, Step { name: Cow::Borrowed(statement.name), keys }),
        }
        Ok(())
    }

    fn value(
        &mut self,
        statement: &'static Statement,
        value: Value,
        state: Option<ListState>,
        word: &Piece,
    ) -> Result<(), Problem> {
        match (word.sign, &*word.text, state) {
            (true, "[", None) => {
                self.written.push("[".to_owned());
                self.expect = Expect::Value(statement, value, Some(ListState::Open));
            }
            (true, "]", Some(ListState::Open)) => {
                self.written.push("]".to_owned());
                self.closed = true;
            }
            (true, ..) => return Err(expected(&value.form.expectation(), word)),
            (false, ..) => {
                let text = self.spelled(statement, value, &[], word)?;
                self.written.push(quote(&text).into_owned());
                if state.is_some() {
                    self.expect = Expect::Value(statement, value, state);
                } else {
                    self.closed = true;
                }
            }
        }
        Ok(())
    }

    /// A key or value as it is meant: one of a few words may be abbreviated.
    fn spelled(
        &self,
        statement: &'static Statement,
        value: Value,
        keys: &[String],
        word: &Piece,
    ) -> Result<String, Problem> {
        let text = &*word.text;
        let exists = || {
            let node = self.top().1;
            node.is_some_and(|node| {
                node.entries(statement.name).any(|(own, _)| {
                    own.starts_with(keys) && own.get(keys.len()).is_some_and(|own| own == text)
                })
            })
        };
        if value.form.accepts(text) || (text.starts_with('<') && text.ends_with('>')) || exists() {
            return Ok(value.form.canonical(text).into_owned());
        }
        let words = value.form.words().iter().map(|word| word.word);
        let begun: Vec<&str> = words.filter(|known| !text.is_empty() && known.starts_with(text)).collect();
        match begun[..] {
            [one] => Ok(one.to_owned()),
            [] => Err(resolve_refusal(statement, value.form, text)),
            _ => Err(Problem::Ambiguous {
                word: text.to_owned(),
                candidates: begun.into_iter().map(str::to_owned).collect(),
            }),
        }
    }

    fn enter(&mut self, statement: &'static Statement, step: Step) {
        let node = self.top().1.and_then(|node| node.child(&step));
        self.frames.push((statement.rows(), node));
    }

    /// What may come next, where `partial` was typed.
    pub(super) fn candidates(&self, partial: &str, live: &dyn Live) -> Vec<Candidate> {
        let mut found =
            Candidates { partial, live, tree: self.tree, makes: self.verb.makes(), found: Vec::new() };
        match &self.expect {
            Expect::Statement => self.statements(&mut found),
            Expect::Marker(statement, keys) => {
                found.word(statement.keys()[keys.len()].marker, "And then");
            }
            Expect::Key(statement, keys) => self.keys(statement, keys, &mut found),
            Expect::Value(statement, value, state) => {
                let there = self.top().1.and_then(|node| node.child(&Step::word(statement.name)));
                for text in there.into_iter().flat_map(|node| &node.values).filter(|_| !self.verb.makes()) {
                    found.name(&text.text, statement.help);
                }
                found.values(*value, statement.help);
                match (state, statement.kind) {
                    (None, Kind::LeafList(_)) if self.verb == Verb::Set => found.word("[", "Several values"),
                    (Some(ListState::Open), _) => found.word("]", "End of the values"),
                    _ => {}
                }
                if !self.verb.makes() && state.is_none() {
                    found.enter();
                }
            }
            Expect::Sibling(statement) => {
                let above = self.frames.len().checked_sub(2).and_then(|depth| self.frames[depth].1);
                for (keys, node) in above.into_iter().flat_map(|node| node.entries(statement.name)) {
                    if self.verb == Verb::Insert {
                        found.name(keys.last().map_or("", String::as_str), description(node));
                    }
                }
                if self.verb == Verb::Rename {
                    found.placeholder(
                        statement.keys().last().map_or(Type::Name, |key| key.value.form),
                        "New name",
                    );
                }
            }
            Expect::End => found.enter(),
        }
        found.found
    }

    fn statements(&self, found: &mut Candidates<'_>) {
        // Behind a value, statements further out are understood, and not offered.
        let (rows, node) = self.top();
        for row in self.named(rows, node) {
            match row.support {
                Support::Reserved(_) if self.verb.makes() => {
                    found.word(row.name, &format!("{} (not supported)", row.help));
                }
                _ => found.word(row.name, row.help),
            }
        }
        for row in rows.iter().filter(|row| row.is_bare() && !self.closed) {
            match row.kind {
                Kind::List(_) => self.keys(row, &[], found),
                Kind::Leaf(value) | Kind::LeafList(value) => found.values(value, row.help),
                Kind::Container | Kind::Flag => {}
            }
        }
        let entry = self.top().1.and_then(|node| node.statement);
        if self.begun && entry.is_some_and(|row| !row.keys().is_empty()) {
            match self.verb {
                Verb::Insert if entry.is_some_and(|row| row.order == Order::User) => {
                    found.word("after", "Behind another entry");
                    found.word("before", "Before another entry");
                }
                Verb::Rename => found.word("to", "And then its new name"),
                _ => {}
            }
        }
        if self.begun && !matches!(self.verb, Verb::Insert | Verb::Rename) {
            found.enter();
        }
    }

    fn keys(&self, statement: &'static Statement, known: &[String], found: &mut Candidates<'_>) {
        let key: &Key = &statement.keys()[known.len()];
        let entries = self.top().1.into_iter().flat_map(|node| node.entries(statement.name));
        for (keys, node) in entries.filter(|(keys, _)| keys.starts_with(known)) {
            if let Some(name) = keys.get(known.len()) {
                let help = description(node);
                found.name(name, if help.is_empty() { statement.help } else { help });
            }
        }
        if self.verb.makes() {
            found.values(key.value, statement.help);
        } else if statement.keys().len() == 1 && self.verb == Verb::Existing {
            found.enter();
        }
    }
}

/// The text for people that a statement has.
fn description(node: &Node) -> &str {
    node.value("description").map_or("", |text| &text.text)
}

fn fits(row: &Statement, text: &str) -> bool {
    match row.kind {
        Kind::List(keys) => {
            let pattern = text.starts_with('<') && text.ends_with('>');
            let form = keys.first().map_or(Type::Text, |key| key.value.form);
            let begins = || form.words().iter().any(|word| !text.is_empty() && word.word.starts_with(text));
            pattern || form.accepts(text) || begins()
        }
        Kind::Leaf(value) | Kind::LeafList(value) => {
            let begins =
                || value.form.words().iter().any(|word| !text.is_empty() && word.word.starts_with(text));
            value.form.accepts(text) || begins()
        }
        Kind::Container | Kind::Flag => false,
    }
}

fn expected(what: &str, word: &Piece) -> Problem {
    Problem::Expected { expected: what.to_owned(), found: format!("{:?}", word.text) }
}
