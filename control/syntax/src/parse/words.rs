use super::lexer::{Lexer, Token, TokenKind};
use crate::{Place, Problem};
use std::borrow::Cow;
use std::sync::Arc;

/// A word where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Spelled<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) quoted: bool,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A part of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    /// A word.
    Word(Spelled<'a>),
    /// `[ a b ]`, and where it begins.
    List(Vec<Spelled<'a>>, u32, u32),
}

// === impl Spelled ===

impl Spelled<'_> {
    pub(crate) fn place(&self, file: &Option<Arc<str>>) -> Place {
        Place { file: file.clone(), line: self.line, column: self.column }
    }

    /// True for this word without quotes.
    pub(crate) fn is(&self, word: &str) -> bool {
        !self.quoted && self.text == word
    }
}

// === impl Item ===

impl<'a> Item<'a> {
    pub(crate) fn place(&self, file: &Option<Arc<str>>) -> Place {
        let (line, column) = self.start();
        Place { file: file.clone(), line, column }
    }

    /// Line and column.
    pub(crate) fn start(&self) -> (u32, u32) {
        match self {
            Item::Word(word) => (word.line, word.column),
            Item::List(_, line, column) => (*line, *column),
        }
    }

    /// The words of a list, or the one word.
    pub(crate) fn words(&self) -> &[Spelled<'a>] {
        match self {
            Item::Word(word) => std::slice::from_ref(word),
            Item::List(words, ..) => words,
        }
    }

    /// As shown in messages.
    pub(crate) fn shown(&self) -> String {
        match self {
            Item::Word(word) => format!("{:?}", short(&word.text)),
            Item::List(..) => "a list".to_owned(),
        }
    }
}

/// Long words are cut in messages.
pub(crate) fn short(text: &str) -> String {
    const SHOWN: usize = 100;
    text.chars().take(SHOWN).collect()
}

/// Reads the words of one statement, from `first` to the sign that ends it, which is given too.
///
/// A comment between the words is dropped.
pub(crate) fn read<'a>(
    lexer: &mut Lexer<'a>,
    first: Token<'a>,
    problems: &mut Vec<(Place, Problem)>,
) -> (Vec<Item<'a>>, Token<'a>) {
    let mut items = Vec::new();
    let mut token = first;
    loop {
        match token.kind {
            TokenKind::Word { text, quoted } => {
                items.push(Item::Word(Spelled { text, quoted, line: token.line, column: token.column }));
                token = lexer.next();
            }
            TokenKind::OpenList => {
                let (list, ended) = read_list(lexer, token.line, token.column, problems);
                items.push(list);
                token = match ended {
                    Some(token) => token,
                    None => lexer.next(),
                };
            }
            TokenKind::CloseList => {
                problems.push((lexer.place(&token), expected("a statement", "\"]\"")));
                token = lexer.next();
            }
            TokenKind::Comment(_) => token = lexer.next(),
            _ => return (items, token),
        }
    }
}

/// The words up to `]`; when the list never ends, also the token where it should have.
fn read_list<'a>(
    lexer: &mut Lexer<'a>,
    line: u32,
    column: u32,
    problems: &mut Vec<(Place, Problem)>,
) -> (Item<'a>, Option<Token<'a>>) {
    let mut words = Vec::new();
    loop {
        let token = lexer.next();
        match token.kind {
            TokenKind::Word { text, quoted } => {
                words.push(Spelled { text, quoted, line: token.line, column: token.column });
            }
            TokenKind::CloseList => return (Item::List(words, line, column), None),
            TokenKind::Comment(_) => {}
            _ => {
                let place = Place { file: lexer.file(), line, column };
                problems.push((place, Problem::Unended { what: "list" }));
                return (Item::List(words, line, column), Some(token));
            }
        }
    }
}

pub(crate) fn expected(expected: &str, found: &str) -> Problem {
    Problem::Expected { expected: expected.to_owned(), found: found.to_owned() }
}
