use crate::{ConfigError, Path, Position, Problem, Segment};
use flumen_syntax::parse::STRICT_JSON;
use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, parse_to_ast};

/// A text and its tree; finds where things are.
pub(crate) struct Source<'a> {
    text: &'a str,
    root: Value<'a>,
    /// Offset of the first byte of each line.
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    /// # Errors
    /// [`Problem::Syntax`] with its position.
    pub(crate) fn parse(text: &'a str) -> Result<Source<'a>, Box<ConfigError>> {
        let lines: Vec<usize> =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let syntax = |offset: usize, reason: String| {
            let position = position(text, &lines, (0, Position { line: 1, column: 1 }), offset);
            Box::new(ConfigError {
                file: None,
                position: Some(position),
                path: Path::root(),
                problem: Problem::Syntax { reason },
            })
        };
        match parse_to_ast(text, &CollectOptions::default(), &STRICT_JSON) {
            Ok(result) => match result.value {
                Some(root) => Ok(Source { text, root, lines }),
                None => Err(syntax(text.len(), "the text is empty".to_owned())),
            },
            Err(error) => Err(syntax(error.range().start, error.kind().to_string())),
        }
    }

    pub(crate) fn root(&self) -> &Value<'a> {
        &self.root
    }

    /// Byte offset of what is at `path`, or of the nearest thing around it that is in the text.
    pub(crate) fn offset(&self, path: &Path) -> usize {
        let mut value = &self.root;
        for segment in path.segments() {
            let inner = match (segment, value) {
                (Segment::Field(name), Value::Object(object)) => object
                    .properties
                    .iter()
                    .find(|property| property.name.as_str() == name)
                    .map(|found| &found.value),
                (Segment::Index(index), Value::Array(array)) => array.elements.get(*index),
                // A list of one may be written as its element.
                (Segment::Index(_), other) => Some(other),
                _ => None,
            };
            match inner {
                Some(inner) => value = inner,
                None => break,
            }
        }
        value.range().start
    }

    /// The positions of byte offsets that are in order. One pass: a line may be the whole text.
    pub(crate) fn positions(&self, offsets: impl Iterator<Item = usize>) -> Vec<Position> {
        let mut last = (0, Position { line: 1, column: 1 });
        let mut positions = Vec::new();
        for offset in offsets {
            last = (offset, position(self.text, &self.lines, last, offset));
            positions.push(last.1);
        }
        positions
    }
}

/// The position of `offset`, given that of an offset before it.
fn position(text: &str, lines: &[usize], (known, at): (usize, Position), offset: usize) -> Position {
    let line = lines.partition_point(|start| *start <= offset).max(1);
    let (start, column) = if line == at.line { (known, at.column) } else { (lines[line - 1], 1) };
    let before = text.get(start..offset).unwrap_or_default();
    Position { line, column: column + before.chars().count() }
}
