use crate::{Place, Problem};
use std::borrow::Cow;
use std::sync::Arc;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind<'a> {
    /// A word; quoted ones are never tags or signs.
    Word { text: Cow<'a, str>, quoted: bool },
    /// `{`
    Open,
    /// `}`
    Close,
    /// `;`
    End,
    /// `[`
    OpenList,
    /// `]`
    CloseList,
    /// `/* … */`, without its signs.
    Comment(&'a str),
    /// The end of a line; only where lines mean something.
    LineEnd,
    /// The end of the text.
    EndOfText,
}

/// Whether the ends of lines are tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// They are space, as in braces.
    Space,
    /// They end a command.
    Commands,
}

/// Cuts a text into tokens. What never ends is reported, and ends with the text.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    offset: usize,
    line: u32,
    column: u32,
    lines: Lines,
    file: Option<Arc<str>>,
    problems: Vec<(Place, Problem)>,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, file: Option<Arc<str>>, lines: Lines) -> Lexer<'a> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Lexer { text, offset: 0, line: 1, column: 1, lines, file, problems: Vec::new() }
    }

    pub(crate) fn file(&self) -> Option<Arc<str>> {
        self.file.clone()
    }

    pub(crate) fn place(&self, token: &Token<'_>) -> Place {
        Place { file: self.file.clone(), line: token.line, column: token.column }
    }

    pub(crate) fn take_problems(&mut self) -> Vec<(Place, Problem)> {
        std::mem::take(&mut self.problems)
    }

    pub(crate) fn next(&mut self) -> Token<'a> {
        self.skip_space();
        let (line, column) = (self.line, self.column);
        let kind = self.kind();
        Token { kind, line, column }
    }

    fn kind(&mut self) -> TokenKind<'a> {
        let rest = &self.text[self.offset..];
        let Some(first) = rest.bytes().next() else { return TokenKind::EndOfText };
        let sign = match first {
            b'{' => TokenKind::Open,
            b'}' => TokenKind::Close,
            b';' => TokenKind::End,
            b'[' => TokenKind::OpenList,
            b']' => TokenKind::CloseList,
            b'\n' => TokenKind::LineEnd,
            b'"' => return self.quoted(),
            b'/' if rest.starts_with("/*") => return self.comment(),
            _ => return self.word(),
        };
        self.advance(1);
        sign
    }

    /// Skips spaces and `#` comments.
    fn skip_space(&mut self) {
        loop {
            let rest = &self.text[self.offset..];
            match rest.chars().next() {
                Some('\n') if self.lines == Lines::Commands => return,
                Some('#') => self.advance(rest.find('\n').unwrap_or(rest.len())),
                Some(space) if space.is_whitespace() => self.advance(space.len_utf8()),
                _ => return,
            }
        }
    }

    fn word(&mut self) -> TokenKind<'a> {
        let rest = &self.text[self.offset..];
        let ends = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | ';' | '[' | ']' | '"');
        let length = rest.find(ends).unwrap_or(rest.len());
        self.advance(length);
        TokenKind::Word { text: Cow::Borrowed(&rest[..length]), quoted: false }
    }

    /// A quoted text: `\"`, `\\`, `\n`, `\t` and `\r` mean what they mean elsewhere; any other `\` is itself.
    fn quoted(&mut self) -> TokenKind<'a> {
        let rest = &self.text[self.offset + 1..];
        let mut plain = true;
        let mut text = String::new();
        let mut chars = rest.char_indices();
        while let Some((place, c)) = chars.next() {
            match c {
                '"' => {
                    self.advance(place + 2);
                    let text = if plain { Cow::Borrowed(&rest[..place]) } else { Cow::Owned(text) };
                    return TokenKind::Word { text, quoted: true };
                }
                '\\' => {
                    if plain {
                        plain = false;
                        text.push_str(&rest[..place]);
                    }
                    let escaped = match rest[place + 1..].chars().next() {
                        Some('n') => Some('\n'),
                        Some('t') => Some('\t'),
                        Some('r') => Some('\r'),
                        Some(sign @ ('"' | '\\')) => Some(sign),
                        _ => None,
                    };
                    match escaped {
                        Some(sign) => {
                            text.push(sign);
                            chars.next();
                        }
                        None => text.push('\\'),
                    }
                }
                _ if plain => {}
                _ => text.push(c),
            }
        }
        self.unended("quoted text");
        self.advance(1 + rest.len());
        let text = if plain { Cow::Borrowed(rest) } else { Cow::Owned(text) };
        TokenKind::Word { text, quoted: true }
    }

    fn comment(&mut self) -> TokenKind<'a> {
        let rest = &self.text[self.offset + 2..];
        match rest.find("*/") {
            Some(length) => {
                self.advance(length + 4);
                TokenKind::Comment(rest[..length].trim())
            }
            None => {
                self.unended("comment");
                self.advance(2 + rest.len());
                TokenKind::EndOfText
            }
        }
    }

    fn unended(&mut self, what: &'static str) {
        let place = Place { file: self.file(), line: self.line, column: self.column };
        self.problems.push((place, Problem::Unended { what }));
    }

    fn advance(&mut self, bytes: usize) {
        for byte in self.text[self.offset..self.offset + bytes].bytes() {
            if byte == b'\n' {
                self.line += 1;
                self.column = 1;
            } else if byte & 0xc0 != 0x80 {
                self.column += 1;
            }
        }
        self.offset += bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::{Lexer, Lines, TokenKind};

    fn words(text: &str) -> Vec<String> {
        let mut lexer = Lexer::new(text, None, Lines::Space);
        let mut words = Vec::new();
        loop {
            match lexer.next().kind {
                TokenKind::Word { text, .. } => words.push(text.into_owned()),
                TokenKind::EndOfText => return words,
                _ => {}
            }
        }
    }

    #[test]
    fn comments_begin_only_where_a_word_could() {
        assert_eq!(words("ge-*/*/* a#b # c\n/* d */ e"), ["ge-*/*/*", "a#b", "e"]);
    }

    #[test]
    fn quoted_texts_know_their_escapes_and_keep_other_backslashes() {
        assert_eq!(words(r#""a \"b\" \\ \n \. [x]""#), ["a \"b\" \\ \n \\. [x]"]);
    }

    #[test]
    fn columns_count_characters_and_lines_count_from_1() {
        let mut lexer = Lexer::new("é b\n  c", None, Lines::Space);
        let places: Vec<_> = (0..3).map(|_| lexer.next()).map(|token| (token.line, token.column)).collect();
        assert_eq!(places, [(1, 1), (1, 3), (2, 3)]);
    }
}
