use std::ops::Range;

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Without its quotes.
    pub(crate) text: String,
    /// Bytes of the line, with quotes.
    pub(crate) place: Range<usize>,
}

/// The words of a text without pipes. A quote that is not closed goes on to the end.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        let (mut word, mut end, mut quoted) = (String::new(), start, false);
        let mut next = Some((start, c));
        while let Some((place, c)) = next {
            if c.is_whitespace() && !quoted {
                break;
            }
            end = place + c.len_utf8();
            match c {
                '"' => quoted = !quoted,
                '\\' if quoted && chars.peek().is_some_and(|(_, sign)| matches!(sign, '"' | '\\')) => {
                    let (place, sign) = chars.next().expect("it was seen");
                    end = place + 1;
                    word.push(sign);
                }
                other => word.push(other),
            }
            next = chars.next();
        }
        words.push(Word { text: word, place: start..end });
    }
    words
}

/// The parts of a text between the signs `separators`, those in quotes aside.
pub(crate) fn split<'t>(text: &'t str, separators: &[char]) -> Vec<&'t str> {
    let (mut parts, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (place, c) in text.char_indices() {
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if !quoted && separators.contains(&c) => {
                parts.push(&text[from..place]);
                from = place + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// Whether a text ends inside of quotes.
pub(crate) fn is_quoted_at_end(text: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            _ if std::mem::take(&mut escaped) => {}
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::{is_quoted_at_end, split, words};

    #[test]
    fn words_end_at_spaces_outside_of_quotes() {
        let found = words(r#"  commit comment "two words \"x\"" é"#);
        let texts: Vec<&str> = found.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["commit", "comment", r#"two words "x""#, "é"]);
        assert_eq!(found[1].place, 9..16);
        assert_eq!(words("   "), []);
        assert_eq!(words("a \"b c")[1].text, "b c");
    }

    #[test]
    fn a_separator_in_quotes_separates_nothing() {
        assert_eq!(split(r#"show | match "a|b" | count"#, &['|']), ["show ", r#" match "a|b" "#, " count"]);
        assert_eq!(split("a;b\nc", &[';', '\n']), ["a", "b", "c"]);
        assert!(is_quoted_at_end("annotate x \"why") && !is_quoted_at_end("\"a\" b"));
    }

    #[test]
    fn no_line_makes_it_panic() {
        for line in ["\"", "\\", "\"\\", "\"\\\"", "|", "é|é\"é", "\u{0}\u{1f600}\" \\\\\""] {
            words(line);
            split(line, &['|']);
        }
    }
}
