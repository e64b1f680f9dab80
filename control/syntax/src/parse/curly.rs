use super::lexer::{Lexer, Lines, Token, TokenKind};
use super::resolve::{Fault, MAX_DEPTH, Purpose, Reading, Scope, resolve};
use super::words::{self, Item, Spelled, expected};
use super::{Fragment, Mode};
use crate::support::{accept_below, accept_path};
use crate::table::{Body, Layout, Statement, statements};
use crate::tree::{Entry, Marks, Node, Place, Repeat, Step, Tree, path_words};
use crate::{Finding, Problem};
use std::sync::Arc;

/// Reads the form with braces.
pub(super) fn parse(text: &str, file: Option<Arc<str>>, mode: Mode) -> (Tree, Vec<Finding>) {
    let mut parser = Parser::new(text, file, mode, &[]);
    let mut tree = Tree::default();
    let scope =
        Scope { rows: Some(statements()), patterns: false, depth: 0, list: None, marks: Marks::default() };
    parser.block(&mut tree.root, scope, None);
    (tree, parser.finish().1)
}

/// Reads statements in braces into `node`, which stands at `path` and whose braces hold `scope`.
pub(super) fn parse_into(
    text: &str,
    file: Option<Arc<str>>,
    node: &mut Node,
    scope: Scope,
    mode: Mode,
    path: &[Step],
) -> Vec<Finding> {
    let mut parser = Parser::new(text, file, mode, path);
    parser.block(node, scope, None);
    parser.finish().1
}

/// Reads statements that stand in the braces at `path`.
pub(super) fn fragment(text: &str, path: &[Step], mode: Mode) -> Fragment {
    let mut parser = Parser::new(text, None, mode, path);
    let mut node = Node::default();
    parser.block(&mut node, super::command::scope_at(path), None);
    let (cleared, findings) = parser.finish();
    if mode == Mode::Lenient {
        accept_below(&mut node);
    }
    Fragment { node, cleared, findings }
}

/// Words before a statement, and what they mean.
const TAGS: &[(&str, Marks)] = &[
    ("inactive:", Marks::INACTIVE),
    ("active:", Marks::ACTIVATE),
    ("protect:", Marks::PROTECTED),
    ("unprotect:", Marks::UNPROTECT),
    ("replace:", Marks::REPLACE),
    ("delete:", Marks::DELETE),
    ("unsupported:", Marks::UNSUPPORTED),
];

struct Parser<'a> {
    lexer: Lexer<'a>,
    file: Option<Arc<str>>,
    mode: Mode,
    /// The statements around.
    path: Vec<Step>,
    /// A brace that ended a statement without its semicolon, and is still to be read.
    pending: Option<Token<'a>>,
    /// Statements whose comment is empty: a difference takes it away.
    cleared: Vec<Step>,
    findings: Vec<Finding>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, file: Option<Arc<str>>, mode: Mode, path: &[Step]) -> Parser<'a> {
        Parser {
            lexer: Lexer::new(text, file.clone(), Lines::Space),
            file,
            mode,
            path: path.to_vec(),
            pending: None,
            cleared: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The statements whose comment is empty, and everything that is wrong.
    fn finish(mut self) -> (Vec<Step>, Vec<Finding>) {
        for (place, problem) in self.lexer.take_problems() {
            self.report(place, problem);
        }
        (self.cleared, self.findings)
    }

    /// Reads statements into `node` up to the brace that closes `opened`, or to the end of the text.
    fn block(&mut self, node: &mut Node, scope: Scope, opened: Option<Place>) {
        let mut annotation: Option<String> = None;
        loop {
            let token = match self.pending.take() {
                Some(token) => token,
                None => self.lexer.next(),
            };
            match token.kind {
                TokenKind::Comment(text) => {
                    annotation = Some(match annotation.take() {
                        Some(before) => format!("{before}\n{text}"),
                        None => text.to_owned(),
                    });
                }
                TokenKind::Close if opened.is_some() => return,
                TokenKind::Close => self.report(self.lexer.place(&token), Problem::StrayBrace),
                TokenKind::EndOfText => {
                    if let Some(place) = opened {
                        self.report(place, Problem::UnclosedBrace);
                    }
                    // Blocks further out end here too.
                    self.pending = Some(token);
                    return;
                }
                TokenKind::Open => {
                    self.report(self.lexer.place(&token), expected("a statement", "\"{\""));
                    self.skip_block();
                }
                TokenKind::End | TokenKind::LineEnd => {}
                _ => self.statement(node, scope, token, annotation.take()),
            }
        }
    }

    /// Reads one statement with its braces. Words of the next line that do not belong to it are read as statements
    /// of their own: a semicolon was forgotten.
    fn statement(&mut self, node: &mut Node, scope: Scope, first: Token<'a>, annotation: Option<String>) {
        let mut problems = Vec::new();
        let start = self.lexer.place(&first);
        let (mut items, end) = words::read(&mut self.lexer, first, &mut problems);
        for (place, problem) in problems {
            self.report(place, problem);
        }
        let mut marks = take_tags(&mut items);
        if let (Some(list), Some(item)) = (scope.list, items.first()) {
            let (line, column) = item.start();
            marks.add(scope.marks);
            items.insert(0, Item::Word(Spelled { text: list.into(), quoted: false, line, column }));
        }
        let around = self.mode;
        if marks.has(Marks::UNSUPPORTED) {
            marks.remove(Marks::UNSUPPORTED);
            self.mode = Mode::Lenient;
        }
        self.words(node, scope, (start, items, end), (marks, annotation));
        self.mode = around;
    }

    /// Reads the words of one statement, which end with the sign `end`, and what stands in its braces.
    fn words(
        &mut self,
        node: &mut Node,
        scope: Scope,
        (start, items, end): (Place, Vec<Item<'a>>, Token<'a>),
        (mut marks, mut annotation): (Marks, Option<String>),
    ) {
        let opens = end.kind == TokenKind::Open;
        let ends = matches!(end.kind, TokenKind::Open | TokenKind::End);
        let last = items.last().map_or(start.clone(), |item| item.place(&self.file));
        let end_place = self.lexer.place(&end);
        let found = sign(&end.kind);
        if !ends {
            self.pending = Some(end);
        }
        let file = self.file.clone();
        let mut rest = &items[..];
        loop {
            let purpose = if marks.has(Marks::DELETE) { Purpose::Name } else { Purpose::Make };
            let reading = Reading { purpose, lenient: self.mode == Mode::Lenient, opens, file: &file };
            if rest.is_empty() {
                self.report(start, expected("a statement", "nothing"));
                return self.skip_if(opens);
            }
            let (entries, fault) = match resolve(scope, rest, reading) {
                Ok(entries) => (entries, None),
                Err((entries, fault)) => (entries, Some(fault)),
            };
            let Some(fault) = fault else {
                if let Some(list) = entries.last().filter(|_| opens).and_then(grouped) {
                    return self.group(node, scope, &entries, (list, marks), end_place);
                }
                for entry in &entries {
                    self.put(node, scope, entry, marks, annotation.as_deref());
                }
                if !ends {
                    self.report(last, expected("\";\" after this", found));
                }
                if let (true, Some(entry)) = (opens, entries.last()) {
                    self.body(node, scope, entry, end_place);
                }
                return;
            };
            if !begins_line(rest, fault.index) || entries.is_empty() {
                self.fault(*fault);
                return self.skip_if(opens);
            }
            let place = rest[fault.index - 1].place(&file);
            self.report(place, expected("\";\" after this", "the next line"));
            for entry in &entries {
                self.put(node, scope, entry, marks, annotation.as_deref());
            }
            rest = &rest[fault.index..];
            (marks, annotation) = (Marks::default(), None);
        }
    }

    /// Puts what one line says below `node`, and what stands before it to its first step.
    fn put(&mut self, node: &mut Node, scope: Scope, entry: &Entry, marks: Marks, annotation: Option<&str>) {
        let rows = scope.rows.unwrap_or(&[]);
        if let Err(problem) = node.put(rows, entry, Repeat::Contradicts) {
            let place = entry.path.last().map_or_else(Place::default, |(_, _, place)| place.clone());
            return self.report(place, problem);
        }
        if self.mode == Mode::Lenient {
            accept_path(node, &entry.path);
        }
        if marks.is_empty() && annotation.is_none() {
            return;
        }
        let mut target = node;
        for (step, statement, _) in &entry.path {
            target = target.child_mut(step).expect("it has just been put there");
            if statement.is_none_or(|statement| statement.layout != Layout::Prefix) {
                break;
            }
        }
        // Marks of words that the language does not have belong to the last of them, as in `deactivate`.
        if entry.path.first().is_some_and(|(_, statement, _)| statement.is_none()) {
            for (step, ..) in &entry.path[1..] {
                target = target.child_mut(step).expect("it has just been put there");
            }
        }
        target.marks.add(marks);
        if let (Some(""), Some((step, ..))) = (annotation, entry.path.first()) {
            self.cleared.push(step.clone());
        }
        if let Some(text) = annotation.filter(|text| !text.is_empty()) {
            target.annotation = Some(text.into());
        }
    }

    /// Reads what stands in the braces of the statement that `entry` names.
    fn body(&mut self, node: &mut Node, scope: Scope, entry: &Entry, opened: Place) {
        let statement = entry.path.last().and_then(|(_, statement, _)| *statement);
        if !entry.values.is_empty() || statement.is_some_and(|statement| !statement.has_body()) {
            self.report(opened, expected("\";\"", "\"{\""));
            return self.skip_block();
        }
        self.inside(node, scope, entry, None, opened);
    }

    /// Reads statements below the one that `entry` names, or entries of its list `list`.
    fn inside(
        &mut self,
        node: &mut Node,
        scope: Scope,
        entry: &Entry,
        list: Option<(&'static str, Marks)>,
        opened: Place,
    ) {
        let statement = entry.path.last().and_then(|(_, statement, _)| *statement);
        let depth = scope.depth + entry.path.len();
        if depth >= MAX_DEPTH {
            self.report(opened, Problem::TooDeep { limit: MAX_DEPTH });
            return self.skip_block();
        }
        let whole = |(_, statement, _): &(Step, Option<&'static Statement>, Place)| {
            statement.is_some_and(|statement| matches!(statement.body, Body::Whole))
        };
        let patterns = scope.patterns || entry.path.iter().any(whole);
        let mut inner = node;
        for (step, ..) in &entry.path {
            match inner.child_mut(step) {
                Some(child) => inner = child,
                // It contradicted an earlier statement, which was reported.
                None => return self.skip_block(),
            }
        }
        let around = self.path.len();
        self.path.extend(entry.path.iter().map(|(step, ..)| step.clone()));
        if let Some((list, marks)) = list
            && marks.has(Marks::REPLACE)
        {
            inner.replaced.push(list);
        }
        let (list, marks) = list.map_or((None, Marks::default()), |(list, marks)| (Some(list), marks));
        let scope = Scope { rows: statement.and_then(Statement::scope), patterns, depth, list, marks };
        self.block(inner, scope, Some(opened));
        self.path.truncate(around);
    }

    /// Reads the entries of a list that stand in braces of their own.
    fn group(
        &mut self,
        node: &mut Node,
        scope: Scope,
        entries: &[Entry],
        (list, marks): (&'static str, Marks),
        opened: Place,
    ) {
        let Some((last, before)) = entries.split_last() else { return };
        for entry in before {
            self.put(node, scope, entry, Marks::default(), None);
        }
        let mut above = last.clone();
        above.path.pop();
        if above.path.is_empty() {
            if marks.has(Marks::REPLACE) {
                node.replaced.push(list);
            }
            return self.block(node, Scope { list: Some(list), marks, ..scope }, Some(opened));
        }
        self.put(node, scope, &above, Marks::default(), None);
        self.inside(node, scope, &above, Some((list, marks)), opened);
    }

    fn fault(&mut self, fault: Fault) {
        let path: Vec<Step> = self.path.iter().chain(&fault.path).cloned().collect();
        self.findings.push(Finding { place: fault.place, path: path_words(&path), problem: fault.problem });
    }

    fn report(&mut self, place: Place, problem: Problem) {
        self.findings.push(Finding { place, path: path_words(&self.path), problem });
    }

    fn skip_if(&mut self, opened: bool) {
        if opened {
            self.skip_block();
        }
    }

    /// Skips to the brace that closes the one just read.
    fn skip_block(&mut self) {
        let mut depth = 1_usize;
        while depth > 0 {
            let token = self.lexer.next();
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth -= 1,
                TokenKind::EndOfText => {
                    self.report(self.lexer.place(&token), expected("\"}\"", "the end of the text"));
                    self.pending = Some(token);
                    return;
                }
                _ => {}
            }
        }
    }
}

/// The list that an entry names without keys.
fn grouped(entry: &Entry) -> Option<&'static str> {
    let (step, statement, _) = entry.path.last()?;
    statement.filter(|statement| !statement.keys().is_empty() && step.keys.is_empty()).map(|list| list.name)
}

/// True when item `index` is the first of its line.
fn begins_line(items: &[Item<'_>], index: usize) -> bool {
    index > 0 && items.get(index).is_some_and(|item| item.start().0 > items[index - 1].start().0)
}

fn take_tags(items: &mut Vec<Item<'_>>) -> Marks {
    let mut marks = Marks::default();
    let tag = |item: &Item<'_>| match item {
        Item::Word(word) => TAGS.iter().find(|(tag, _)| word.is(tag)).map(|(_, mark)| *mark),
        Item::List(..) => None,
    };
    let count = items.iter().map_while(tag).inspect(|mark| marks.add(*mark)).count();
    items.drain(..count);
    marks
}

/// A sign as shown in messages.
pub(super) const fn sign(kind: &TokenKind<'_>) -> &'static str {
    match kind {
        TokenKind::Word { .. } => "a word",
        TokenKind::Open => "\"{\"",
        TokenKind::Close => "\"}\"",
        TokenKind::End => "\";\"",
        TokenKind::OpenList => "\"[\"",
        TokenKind::CloseList => "\"]\"",
        TokenKind::Comment(_) => "a comment",
        TokenKind::LineEnd => "the end of the line",
        TokenKind::EndOfText => "the end of the text",
    }
}
