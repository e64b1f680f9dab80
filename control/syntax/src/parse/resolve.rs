use super::words::{Item, Spelled, expected, short};
use crate::suggestion::nearest;
use crate::table::{Body, EVERYWHERE, Kind, Statement, Value};
use crate::tree::{Entry, Marks, Place, Step, Text, shown};
use crate::{Problem, Type};
use std::borrow::Cow;
use std::sync::Arc;

/// Where words are read: what may stand there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// The statements; none below words that the language does not have.
    pub(crate) rows: Option<&'static [Statement]>,
    /// Keys may be patterns: `<*>`.
    pub(crate) patterns: bool,
    /// Statements around it.
    pub(crate) depth: usize,
    /// The list whose entries stand here without its word, as in `groups { a { … } }`.
    pub(crate) list: Option<&'static str>,
    /// Tags that stand before that list, and hold for each entry.
    pub(crate) marks: Marks,
}

/// What words are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Making statements: values must be there.
    Make,
    /// Naming statements that are there: values may be left out, and all entries of a list be meant.
    Name,
}

/// How words are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'f> {
    pub(crate) purpose: Purpose,
    /// Unknown words are kept.
    pub(crate) lenient: bool,
    /// A brace follows, in which entries of a list may stand.
    pub(crate) opens: bool,
    pub(crate) file: &'f Option<Arc<str>>,
}

/// Why words cannot be read.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The item; the number of items when something is missing behind the last.
    pub(crate) index: usize,
    /// Where it is.
    pub(crate) place: Place,
    /// What was read before it.
    pub(crate) path: Vec<Step>,
    pub(crate) problem: Problem,
}

/// Statements deep at most.
pub(crate) const MAX_DEPTH: usize = 64;

/// Reads `items` as one or more statements in `scope`.
///
/// # Errors
/// What was read before the fault, and the fault.
pub(crate) fn resolve(
    scope: Scope,
    items: &[Item<'_>],
    reading: Reading<'_>,
) -> Result<Vec<Entry>, (Vec<Entry>, Box<Fault>)> {
    let mut resolver =
        Resolver { items, reading, at: 0, frames: vec![scope], path: Vec::new(), entries: Vec::new() };
    match resolver.run() {
        Ok(()) => Ok(resolver.entries),
        Err(problem) => {
            let index = resolver.at.min(items.len());
            let place = match (items.get(index), items.last()) {
                (Some(item), _) => item.place(reading.file),
                (None, Some(last)) => last.place(reading.file),
                (None, None) => Place::default(),
            };
            let path = resolver.path.iter().map(|(step, ..)| step.clone()).collect();
            Err((resolver.entries, Box::new(Fault { index, place, path, problem })))
        }
    }
}

struct Resolver<'r, 'a> {
    items: &'r [Item<'a>],
    reading: Reading<'r>,
    at: usize,
    /// The scope, then one for each step of `path`.
    frames: Vec<Scope>,
    path: Vec<(Step, Option<&'static Statement>, Place)>,
    entries: Vec<Entry>,
}

impl<'a> Resolver<'_, 'a> {
    fn run(&mut self) -> Result<(), Problem> {
        // True behind a value: what follows may belong to a statement further up on the same line.
        let mut closed = false;
        while let Some(item) = self.items.get(self.at) {
            let Some(rows) = self.top().rows else {
                if !closed {
                    return self.foreign();
                }
                return Err(expected("\";\"", &item.shown()));
            };
            let Some(first) = item.words().first() else {
                return Err(expected("a statement", "an empty list"));
            };
            let is_word = matches!(item, Item::Word(_));
            let found = if closed { self.climb(&first.text) } else { select(rows, &first.text) };
            match found {
                Some(statement) if is_word || statement.is_bare() => closed = self.statement(statement)?,
                _ if closed => return Err(expected("\";\"", &item.shown())),
                _ if !is_word => return Err(expected("a statement", "a list")),
                _ if self.reading.lenient => return self.foreign(),
                _ => return Err(self.unknown(rows, &first.text)),
            }
        }
        if !closed && !self.path.is_empty() {
            self.emit(Vec::new());
        }
        Ok(())
    }

    fn top(&self) -> Scope {
        *self.frames.last().expect("the scope itself is never popped")
    }

    /// The statement of the innermost braces on this line that knows `word`; leaves those within.
    fn climb(&mut self, word: &str) -> Option<&'static Statement> {
        let innermost = (1..self.frames.len()).rev();
        let (depth, statement) =
            innermost.filter_map(|depth| Some((depth, select(self.frames[depth].rows?, word)?))).next()?;
        self.frames.truncate(depth + 1);
        self.path.truncate(depth);
        Some(statement)
    }

    fn unknown(&self, rows: &'static [Statement], word: &str) -> Problem {
        let known: Vec<&'static str> =
            rows.iter().chain(EVERYWHERE).map(|row| row.name).filter(|name| !name.is_empty()).collect();
        if let Some(bare) = rows.iter().find(|row| row.is_bare()) {
            let (what, form) = match bare.kind {
                Kind::Leaf(value) | Kind::LeafList(value) => (bare, value.form),
                _ => (bare, bare.keys()[0].value.form),
            };
            let words = form.words().iter().map(|word| word.word).chain(known);
            let suggestion = nearest(word, words);
            return mismatch(what.help, form, word, suggestion);
        }
        let own = &known[..known.len() - EVERYWHERE.len()];
        Problem::Unknown {
            word: short(word),
            suggestion: nearest(word, known.iter().copied()),
            known: own.to_vec(),
        }
    }

    /// Reads one statement's keys or values; true when it has no braces.
    fn statement(&mut self, statement: &'static Statement) -> Result<bool, Problem> {
        let place = self.items[self.at].place(self.reading.file);
        if !statement.is_bare() {
            self.at += 1;
        }
        let step = Step { name: Cow::Borrowed(statement.name), keys: Vec::new() };
        match statement.kind {
            Kind::Container => self.push(step, statement, place)?,
            Kind::List(keys) => {
                let all = self.reading.purpose == Purpose::Name || self.reading.opens;
                if self.at == self.items.len() && all && !statement.is_bare() {
                    self.path.push((step, Some(statement), place));
                    self.emit(Vec::new());
                    return Ok(true);
                }
                return self.entry(step, statement, keys, place);
            }
            Kind::Flag => {
                self.path.push((step, Some(statement), place));
                self.emit(Vec::new());
                self.path.pop();
                return Ok(true);
            }
            Kind::Leaf(value) | Kind::LeafList(value) => {
                self.path.push((step, Some(statement), place));
                let values = self.values(statement, value)?;
                self.emit(values);
                self.path.pop();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the keys of a list's entry, or of several in brackets.
    fn entry(
        &mut self,
        mut step: Step,
        statement: &'static Statement,
        keys: &'static [crate::table::Key],
        place: Place,
    ) -> Result<bool, Problem> {
        if let ([key], Some(item @ Item::List(words, ..))) = (keys, self.items.get(self.at)) {
            for word in words {
                let name = self.key(statement, key.value.form, word)?;
                let place = word.place(self.reading.file);
                let step = Step { name: step.name.clone(), keys: vec![name] };
                self.path.push((step, Some(statement), place));
                self.emit(Vec::new());
                self.path.pop();
            }
            if words.is_empty() {
                return Err(expected("a name", &item.shown()));
            }
            self.at += 1;
            return Ok(true);
        }
        for key in keys {
            if !key.marker.is_empty() {
                match self.items.get(self.at) {
                    Some(Item::Word(word)) if word.text == key.marker => self.at += 1,
                    other => {
                        let found = other.map_or("the end of the statement".to_owned(), Item::shown);
                        return Err(expected(&format!("{:?}", key.marker), &found));
                    }
                }
            }
            let Some(Item::Word(word)) = self.items.get(self.at) else {
                let found = self.items.get(self.at).map_or("nothing".to_owned(), Item::shown);
                return Err(expected(&key.value.form.expectation(), &found));
            };
            let key = self.key(statement, key.value.form, word)?;
            step.keys.push(key);
            self.at += 1;
        }
        self.push(step, statement, place)?;
        Ok(false)
    }

    fn key(&self, statement: &Statement, form: Type, word: &Spelled<'_>) -> Result<String, Problem> {
        let pattern = self.top().patterns && word.text.starts_with('<') && word.text.ends_with('>');
        if pattern || form.accepts(&word.text) {
            Ok(form.canonical(&word.text).into_owned())
        } else {
            Err(refused(statement, form, &word.text))
        }
    }

    fn values(&mut self, statement: &Statement, value: Value) -> Result<Vec<Text>, Problem> {
        let single = matches!(statement.kind, Kind::Leaf(_));
        let optional = self.reading.purpose == Purpose::Name;
        let missing = |found: &str| {
            let what = value.form.expectation();
            expected(&format!("{what} after {}", shown(statement.name)), found)
        };
        let Some(item) = self.items.get(self.at) else {
            return if optional { Ok(Vec::new()) } else { Err(missing("nothing")) };
        };
        let words = item.words();
        if words.is_empty() || (single && words.len() > 1) {
            return Err(missing(if words.is_empty() { "an empty list" } else { "a list" }));
        }
        let mut values: Vec<Text> = Vec::with_capacity(words.len());
        for word in words {
            if !value.form.accepts(&word.text) {
                return Err(refused(statement, value.form, &word.text));
            }
            let text = value.form.canonical(&word.text).into_owned();
            values.push(Text { text, place: word.place(self.reading.file) });
        }
        self.at += 1;
        Ok(values)
    }

    fn push(&mut self, step: Step, statement: &'static Statement, place: Place) -> Result<(), Problem> {
        let top = self.top();
        if top.depth >= MAX_DEPTH {
            return Err(Problem::TooDeep { limit: MAX_DEPTH });
        }
        let patterns = top.patterns || matches!(statement.body, Body::Whole);
        self.frames.push(Scope {
            rows: statement.scope(),
            patterns,
            depth: top.depth + 1,
            list: None,
            marks: Marks::default(),
        });
        self.path.push((step, Some(statement), place));
        Ok(())
    }

    /// Reads the rest as words that the language does not have.
    fn foreign(&mut self) -> Result<(), Problem> {
        let mut values = Vec::new();
        let mut depth = self.top().depth;
        while let Some(item) = self.items.get(self.at) {
            let place = item.place(self.reading.file);
            match item {
                Item::Word(_) if depth >= MAX_DEPTH => return Err(Problem::TooDeep { limit: MAX_DEPTH }),
                Item::Word(word) => {
                    let name = Cow::Owned(word.text.clone().into_owned());
                    self.path.push((Step { name, keys: Vec::new() }, None, place));
                    depth += 1;
                }
                // Values of a statement that the table knows are words of their own in its braces.
                Item::List(words, ..)
                    if self.path.last().is_some_and(|(_, statement, _)| statement.is_some()) =>
                {
                    for word in words {
                        let name = Cow::Owned(word.text.clone().into_owned());
                        let step = Step { name, keys: Vec::new() };
                        self.path.push((step, None, word.place(self.reading.file)));
                        self.emit(Vec::new());
                        self.path.pop();
                    }
                    if self.at + 1 < self.items.len() {
                        return Err(expected("\";\"", "a word"));
                    }
                    self.at += 1;
                    return Ok(());
                }
                Item::List(words, ..) if self.at + 1 == self.items.len() && !self.path.is_empty() => {
                    let text = |word: &Spelled<'_>| Text {
                        text: word.text.clone().into_owned(),
                        place: word.place(self.reading.file),
                    };
                    values = words.iter().map(text).collect();
                }
                Item::List(..) => return Err(expected("a word", "a list")),
            }
            self.at += 1;
        }
        self.emit(values);
        Ok(())
    }

    fn emit(&mut self, values: Vec<Text>) {
        self.entries.push(Entry { path: self.path.clone(), values });
    }
}

/// The statement of `rows` that `word` begins: by its name, or without one by the form of the word.
fn select(rows: &'static [Statement], word: &str) -> Option<&'static Statement> {
    let named = rows.iter().chain(EVERYWHERE).find(|row| row.name == word && !row.is_bare());
    named.or_else(|| {
        let fits = |row: &&Statement| match row.kind {
            Kind::List(keys) => {
                let pattern = word.starts_with('<') && word.ends_with('>');
                pattern || keys.iter().next().is_some_and(|key| key.value.form.accepts(word))
            }
            Kind::Leaf(value) | Kind::LeafList(value) => value.form.accepts(word),
            Kind::Container | Kind::Flag => false,
        };
        rows.iter().filter(|row| row.is_bare()).find(fits)
    })
}

/// Why `found` is no value of `statement`.
pub(crate) fn refused(statement: &Statement, form: Type, found: &str) -> Problem {
    let suggestion = nearest(found, form.words().iter().map(|word| word.word));
    mismatch(if statement.is_bare() { statement.help } else { statement.name }, form, found, suggestion)
}

fn mismatch(what: &str, form: Type, found: &str, suggestion: Option<String>) -> Problem {
    Problem::Value {
        what: what.to_owned(),
        expected: form.expectation(),
        found: short(found),
        suggestion: suggestion.filter(|nearest| nearest != found),
    }
}
