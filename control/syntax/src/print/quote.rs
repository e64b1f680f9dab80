use std::borrow::Cow;
use std::fmt::Write;

/// A word as it must be written: in quotes where it would be read as something else.
pub fn quote(word: &str) -> Cow<'_, str> {
    if is_plain(word) {
        return Cow::Borrowed(word);
    }
    let mut text = String::with_capacity(word.len() + 2);
    text.push('"');
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            '\\' => {
                // Alone where it cannot be taken for the start of an escape.
                let plain = chars
                    .peek()
                    .is_some_and(|next| !matches!(next, '"' | '\\' | 'n' | 't' | 'r' | '\n' | '\t' | '\r'));
                text.push_str(if plain { "\\" } else { "\\\\" });
            }
            other => text.write_char(other).expect("a string takes all text"),
        }
    }
    text.push('"');
    Cow::Owned(text)
}

fn is_plain(word: &str) -> bool {
    const TAGS: &[&str] =
        &["inactive:", "active:", "protect:", "unprotect:", "replace:", "delete:", "unsupported:"];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@+*<>=%,~".contains(&byte);
    !word.is_empty() && word.bytes().all(plain) && !word.starts_with("/*") && !TAGS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_are_quoted_only_where_they_must_be() {
        for plain in ["ge-0/0/0.0", "<*>", "2001:db8::/32", "any"] {
            assert_eq!(quote(plain), plain);
        }
        for (word, quoted) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("$9$x", r#""$9$x""#),
            ("/*", r#""/*""#),
            ("inactive:", r#""inactive:""#),
            (r"a\.b", r#""a\.b""#),
            (r"a\n", r#""a\\n""#),
            ("a\n", r#""a\n""#),
            (r"\", r#""\\""#),
        ] {
            assert_eq!(quote(word), quoted);
        }
    }
}
