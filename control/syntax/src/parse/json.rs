use super::resolve::{MAX_DEPTH, Purpose, Reading, Scope, resolve};
use super::words::{Item, Spelled, expected};
use super::{Mode, curly};
use crate::print::{FOREIGN, flat_list};
use crate::suggestion::nearest;
use crate::support::accept;
use crate::table::{Body, EVERYWHERE, Kind, Statement, statements};
use crate::tree::{Entry, Marks, Node, Place, Repeat, Step, Tree, path_words};
use crate::{Finding, Problem};
use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::sync::Arc;

/// JSON as RFC 8259 has it: no comments, no trailing commas.
pub const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads the form of `display json`.
pub(super) fn parse(text: &str, file: Option<Arc<str>>, mode: Mode) -> (Tree, Vec<Finding>) {
    let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let mut reader =
        Reader { text, lines, last: (0, 1, 1), file, mode, path: Vec::new(), findings: Vec::new() };
    let mut tree = Tree::default();
    match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Err(error) => reader.report(error.range().start, Problem::Json { reason: error.kind().to_string() }),
        Ok(result) => match result.value.as_ref().and_then(Value::as_object) {
            Some(object) => reader.whole(object, &mut tree.root),
            None => {
                reader.report(0, expected("an object with the field \"configuration\"", "something else"))
            }
        },
    }
    (tree, reader.findings)
}

struct Reader<'a> {
    text: &'a str,
    /// Offset of the first byte of each line.
    lines: Vec<usize>,
    /// An offset with its line and column: the next one is near.
    last: (usize, u32, u32),
    file: Option<Arc<str>>,
    mode: Mode,
    path: Vec<Step>,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn whole(&mut self, object: &Object<'_>, root: &mut Node) {
        let scope = Scope {
            rows: Some(statements()),
            patterns: false,
            depth: 0,
            list: None,
            marks: Marks::default(),
        };
        for property in &object.properties {
            if property.name.as_str() != "configuration" {
                let found = format!("{:?}", property.name.as_str());
                self.report(property.range.start, expected("the field \"configuration\"", &found));
                continue;
            }
            match one(&property.value) {
                Some(object) => self.object(object, root, scope, None),
                None => self
                    .report(property.value.range().start, expected("an object", describe(&property.value))),
            }
        }
    }

    /// Reads the fields of a container, or of an entry of `list`, into `node`.
    fn object(
        &mut self,
        object: &Object<'_>,
        node: &mut Node,
        scope: Scope,
        list: Option<&'static Statement>,
    ) {
        let rows = scope.rows.unwrap_or(&[]);
        for property in &object.properties {
            let (name, start) = (property.name.as_str(), property.range.start);
            let keys = list.map_or(&[][..], Statement::keys);
            if keys.iter().any(|key| key.name == name) {
                continue;
            }
            if name == "@" {
                self.notes(&property.value, node);
            } else if name.starts_with('@') {
                // Read when its statement has been.
            } else if name == FOREIGN {
                self.foreign_text(&property.value, node, scope);
            } else if let Some(row) = rows.iter().chain(EVERYWHERE).find(|row| row.json_name() == name) {
                self.statement(row, start, &property.value, node, scope);
            } else if self.mode == Mode::Lenient || scope.rows.is_none() {
                self.foreign(&property.value, node, scope, vec![(name.to_owned(), start)]);
            } else {
                let known: Vec<&'static str> = rows.iter().map(Statement::json_name).collect();
                let suggestion = nearest(name, known.iter().copied());
                self.report(start, Problem::Unknown { word: super::words::short(name), suggestion, known });
            }
        }
        for property in &object.properties {
            let Some(name) = property.name.as_str().strip_prefix('@').filter(|name| !name.is_empty()) else {
                continue;
            };
            let row = rows.iter().chain(EVERYWHERE).find(|row| row.json_name() == name);
            let step = row.map(|row| Step::word(row.name));
            match step.and_then(|step| node.child_mut(&step)) {
                Some(child) => self.notes(&property.value, child),
                None => {
                    self.report(property.range.start, expected("notes of a statement that is here", name))
                }
            }
        }
    }

    fn statement(
        &mut self,
        row: &'static Statement,
        start: usize,
        value: &Value<'_>,
        node: &mut Node,
        scope: Scope,
    ) {
        match row.kind {
            Kind::Flag => match value {
                Value::Array(array) if matches!(array.elements[..], [Value::NullKeyword(_)]) => {
                    self.line(row, start, &[], node, scope);
                }
                _ => self.report(value.range().start, expected("[null]", describe(value))),
            },
            Kind::Leaf(_) => {
                if let Some(word) = self.scalar(value) {
                    self.line(row, start, &[word], node, scope);
                }
            }
            Kind::LeafList(_) => {
                for element in elements(value) {
                    if let Some(word) = self.scalar(element) {
                        self.line(row, start, &[word], node, scope);
                    }
                }
            }
            Kind::Container => self.container(row, start, value, node, scope),
            Kind::List(_) => {
                for element in elements(value) {
                    self.entry(row, element, node, scope);
                }
            }
        }
    }

    fn container(
        &mut self,
        row: &'static Statement,
        start: usize,
        value: &Value<'_>,
        node: &mut Node,
        scope: Scope,
    ) {
        let Some((step, inner)) = self.line(row, start, &[], node, scope) else { return };
        self.path.push(step.clone());
        let child = node.child_mut(&step).expect("it has just been put there");
        match (value, flat_list(row)) {
            (Value::Array(array), _) if matches!(array.elements[..], [Value::NullKeyword(_)]) => {}
            (Value::Array(array), Some(list)) => {
                for element in &array.elements {
                    self.entry(list, element, child, inner);
                }
            }
            _ => match one(value) {
                Some(object) => self.object(object, child, inner, None),
                None => self.report(value.range().start, expected("an object", describe(value))),
            },
        }
        self.path.pop();
    }

    fn entry(&mut self, row: &'static Statement, value: &Value<'_>, node: &mut Node, scope: Scope) {
        let Some(object) = value.as_object() else {
            return self.report(value.range().start, expected("an object", describe(value)));
        };
        let mut words = Vec::new();
        for key in row.keys() {
            let Some(property) = object.properties.iter().find(|property| property.name.as_str() == key.name)
            else {
                return self
                    .report(object.range.start, expected(&format!("the field {:?}", key.name), "none"));
            };
            let Some(word) = self.scalar(&property.value) else { return };
            if !key.marker.is_empty() {
                words.push(Spelled { text: key.marker.to_owned().into(), ..word.clone() });
            }
            words.push(word);
        }
        let Some((step, inner)) = self.line(row, object.range.start, &words, node, scope) else { return };
        self.path.push(step.clone());
        let child = node.child_mut(&step).expect("it has just been put there");
        self.object(object, child, inner, Some(row));
        self.path.pop();
    }

    /// Puts one statement; gives its step, and what may stand in its braces.
    fn line(
        &mut self,
        row: &'static Statement,
        start: usize,
        words: &[Spelled<'static>],
        node: &mut Node,
        scope: Scope,
    ) -> Option<(Step, Scope)> {
        let name = (!row.name.is_empty()).then(|| self.spelled(start, row.name.to_owned()));
        let items: Vec<Item<'static>> =
            name.into_iter().chain(words.iter().cloned()).map(Item::Word).collect();
        let file = self.file.clone();
        let reading = Reading { purpose: Purpose::Make, lenient: false, opens: false, file: &file };
        let entries = match resolve(scope, &items, reading) {
            Ok(entries) => entries,
            Err((_, fault)) => {
                let path: Vec<Step> = self.path.iter().chain(&fault.path).cloned().collect();
                self.findings.push(Finding {
                    place: fault.place,
                    path: path_words(&path),
                    problem: fault.problem,
                });
                return None;
            }
        };
        let entry = entries.first()?;
        if let Err(problem) = node.put(scope.rows.unwrap_or(&[]), entry, Repeat::Contradicts) {
            self.report(start, problem);
            return None;
        }
        let (step, statement, _) = entry.path.last()?;
        let statement = (*statement)?;
        let patterns = scope.patterns || matches!(statement.body, Body::Whole);
        let depth = scope.depth + 1;
        Some((
            step.clone(),
            Scope { rows: statement.scope(), patterns, depth, list: None, marks: Marks::default() },
        ))
    }

    fn notes(&mut self, value: &Value<'_>, node: &mut Node) {
        // Junos gives the notes of a list of values as a list.
        let Some(object) = one(value) else {
            return self.report(value.range().start, expected("an object", describe(value)));
        };
        for property in &object.properties {
            match (property.name.as_str(), &property.value) {
                ("inactive", Value::BooleanLit(flag)) if flag.value => node.marks.add(Marks::INACTIVE),
                ("unsupported", Value::BooleanLit(flag)) if flag.value => accept(node),
                ("active", _) => node.marks.add(Marks::ACTIVATE),
                ("protect", Value::StringLit(_)) => node.marks.add(Marks::PROTECTED),
                ("comment", Value::StringLit(text)) => {
                    let text = text.value.trim();
                    let text = text.strip_prefix("/*").unwrap_or(text);
                    let text = text.strip_suffix("*/").unwrap_or(text).trim();
                    if text.contains("*/") {
                        self.report(property.range.start, Problem::Annotation);
                    } else if !text.is_empty() {
                        node.annotation = Some(text.into());
                    }
                }
                // What Junos says of the commit: `xmlns`, `junos:changed-seconds`.
                _ => {}
            }
        }
    }

    /// Statements that the language does not have, as this printer writes them.
    fn foreign_text(&mut self, value: &Value<'_>, node: &mut Node, scope: Scope) {
        let start = value.range().start;
        let Some(text) = value.as_string_lit() else {
            return self.report(start, expected("a text", describe(value)));
        };
        let place = self.place(start);
        let findings = curly::parse_into(&text.value, None, node, scope, self.mode, &self.path);
        self.findings.extend(findings.into_iter().map(|finding| Finding { place: place.clone(), ..finding }));
    }

    /// Keeps what the language does not have, as words.
    fn foreign(&mut self, value: &Value<'_>, node: &mut Node, scope: Scope, words: Vec<(String, usize)>) {
        if words.len() + scope.depth > MAX_DEPTH {
            return self.report(value.range().start, Problem::TooDeep { limit: MAX_DEPTH });
        }
        let with = |word: &str, start: usize| {
            let mut words = words.clone();
            words.push((word.to_owned(), start));
            words
        };
        match value {
            Value::Object(object) => {
                // An entry of a list has its name among its fields.
                let name = object.properties.iter().find(|property| property.name.as_str() == "name");
                let named = name.and_then(|name| self.scalar(&name.value));
                let words = match &named {
                    Some(name) => with(&name.text, object.range.start),
                    None => words.clone(),
                };
                let rest = object.properties.iter().filter(|property| {
                    let name = property.name.as_str();
                    !(name.starts_with('@') || named.is_some() && name == "name")
                });
                let mut empty = true;
                for property in rest {
                    empty = false;
                    let mut words = words.clone();
                    words.push((property.name.as_str().to_owned(), property.range.start));
                    self.foreign(&property.value, node, scope, words);
                }
                if empty {
                    self.foreign_line(&words, node, scope);
                }
            }
            Value::Array(array) => array.elements.iter().for_each(|element| {
                self.foreign(element, node, scope, words.clone());
            }),
            Value::NullKeyword(_) => self.foreign_line(&words, node, scope),
            _ => {
                if let Some(word) = self.scalar(value) {
                    self.foreign_line(&with(&word.text, value.range().start), node, scope);
                }
            }
        }
    }

    fn foreign_line(&mut self, words: &[(String, usize)], node: &mut Node, scope: Scope) {
        let step = |(word, start): &(String, usize)| {
            let name = std::borrow::Cow::Owned(word.clone());
            (Step { name, keys: Vec::new() }, None, self.place(*start))
        };
        let path = words.iter().map(step).collect();
        let entry = Entry { path, values: Vec::new() };
        if let Err(problem) = node.put(scope.rows.unwrap_or(&[]), &entry, Repeat::Wins) {
            self.report(words.first().map_or(0, |(_, start)| *start), problem);
        }
    }

    /// A text, a number or a boolean as a word.
    fn scalar(&mut self, value: &Value<'_>) -> Option<Spelled<'static>> {
        let text = match value {
            Value::StringLit(text) => text.value.to_string(),
            Value::NumberLit(number) => number.value.to_string(),
            Value::BooleanLit(flag) => flag.value.to_string(),
            _ => {
                self.report(value.range().start, expected("a text or a number", describe(value)));
                return None;
            }
        };
        Some(self.spelled(value.range().start, text))
    }

    fn spelled(&mut self, offset: usize, text: String) -> Spelled<'static> {
        let Place { line, column, .. } = self.place(offset);
        Spelled { text: text.into(), quoted: true, line, column }
    }

    /// Line and column of an offset; fast where offsets come in order, also in a text of one line.
    fn place(&mut self, offset: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let number = u32::try_from(line).unwrap_or(u32::MAX);
        let (known, known_line, known_column) = self.last;
        let near = known_line == number && known <= offset;
        let (start, column) = if near { (known, known_column) } else { (self.lines[line - 1], 1) };
        let passed = self.text.get(start..offset).unwrap_or_default().chars().count();
        let column = column.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        self.last = (offset, number, column);
        Place { file: self.file.clone(), line: number, column }
    }

    fn report(&mut self, offset: usize, problem: Problem) {
        let place = self.place(offset);
        self.findings.push(Finding { place, path: path_words(&self.path), problem });
    }
}

/// An object, or the only element of an array: Junos writes containers either way.
fn one<'v, 'a>(value: &'v Value<'a>) -> Option<&'v Object<'a>> {
    match value {
        Value::Object(object) => Some(object),
        Value::Array(array) if array.elements.len() == 1 => array.elements[0].as_object(),
        _ => None,
    }
}

/// The elements of an array; anything else is the only one.
fn elements<'v, 'a>(value: &'v Value<'a>) -> &'v [Value<'a>] {
    match value {
        Value::Array(array) => &array.elements,
        single => std::slice::from_ref(single),
    }
}

const fn describe(value: &Value<'_>) -> &'static str {
    match value {
        Value::StringLit(_) => "a text",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(_) => "true or false",
        Value::Object(_) => "an object",
        Value::Array(_) => "an array",
        Value::NullKeyword(_) => "null",
    }
}
