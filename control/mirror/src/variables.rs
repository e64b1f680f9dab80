//! Files of variables, as a shell would read them: `KEY=value`, with or without quotes, `export` and comments.

use crate::{Place, Problem};

/// A variable and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) key: String,
    pub(crate) value: String,
    /// Where the value is.
    pub(crate) place: Place,
}

/// Every variable of a text, in order, and every line that is none.
pub(crate) fn read(file: &str, text: &str) -> (Vec<Variable>, Vec<Problem>) {
    let (mut variables, mut problems) = (Vec::new(), Vec::new());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in text.lines().enumerate() {
        match Line(line).read() {
            Ok(None) => {}
            Ok(Some((key, value, column))) => {
                let place = Place { file: file.to_owned(), at: Some((number + 1, column)) };
                variables.push(Variable { key, value, place });
            }
            Err((column, text)) => {
                let place = Place { file: file.to_owned(), at: Some((number + 1, column)) };
                problems.push(Problem { place, text });
            }
        }
    }
    (variables, problems)
}

/// One line.
struct Line<'a>(&'a str);

type Refused = (usize, String);

impl Line<'_> {
    /// Key, value, column of the value; none for an empty line or a comment.
    fn read(&self) -> Result<Option<(String, String, usize)>, Refused> {
        let rest = self.0.trim_start();
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(None);
        }
        let rest = match rest.strip_prefix("export") {
            Some(after) if after.starts_with([' ', '\t']) => after.trim_start(),
            _ => rest,
        };
        let Some((key, value)) = rest.split_once('=') else {
            return Err((self.column(rest), "this is no variable; write KEY=value".to_owned()));
        };
        if let Some(problem) = wrong_key(key) {
            return Err((self.column(rest), problem));
        }
        let (text, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inside = &value[1..];
                let end = inside.find(quote);
                let end =
                    end.ok_or_else(|| (self.column(value), format!("the quote {quote} is not closed")))?;
                (&inside[..end], &inside[end + 1..])
            }
            _ => {
                let end = value.find([' ', '\t', '\r']).unwrap_or(value.len());
                value.split_at(end)
            }
        };
        let trailing = after.trim();
        if !trailing.is_empty() && !trailing.starts_with('#') {
            return Err((
                self.column(after.trim_start()),
                "more after the value; put it in quotes".to_owned(),
            ));
        }
        if let Some(at) = text.find(['$', '`', '\\']).filter(|_| !value.starts_with('\'')) {
            let column = self.column(text) + text[..at].chars().count();
            return Err((column, "nothing is expanded here; write the value itself".to_owned()));
        }
        Ok(Some((key.to_owned(), text.to_owned(), self.column(text))))
    }

    /// The column of a part of the line, in characters from 1.
    fn column(&self, part: &str) -> usize {
        let offset = part.as_ptr() as usize - self.0.as_ptr() as usize;
        self.0[..offset].chars().count() + 1
    }
}

/// The complaint about a number that is none, or out of its range.
pub(crate) fn wrong_number(what: &str, found: &str, least: u64, most: u64) -> String {
    format!("{found:?} is no {what}; use a number from {least} to {most}")
}

/// Why a key is none.
fn wrong_key(key: &str) -> Option<String> {
    let first = key.chars().next();
    if first.is_none() {
        return Some("there is no name before =".to_owned());
    }
    if key.ends_with([' ', '\t']) {
        return Some("no space may stand before =".to_owned());
    }
    let begins = first.is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let fits = |one: char| one.is_ascii_alphanumeric() || one == '_';
    (!begins || !key.chars().all(fits)).then(|| format!("{key:?} is no name of a variable"))
}

#[cfg(test)]
mod tests {
    use super::read;

    fn values(text: &str) -> Vec<(String, String, (usize, usize))> {
        let (variables, problems) = read("f", text);
        assert_eq!(problems, []);
        variables.into_iter().map(|one| (one.key, one.value, one.place.at.unwrap())).collect()
    }

    fn problem(text: &str) -> String {
        let (variables, problems) = read("f", text);
        assert!(variables.is_empty() && problems.len() == 1, "{variables:?} {problems:?}");
        problems[0].to_string()
    }

    #[test]
    fn variables_are_read_as_a_shell_reads_them() {
        let text =
            "# a comment\n\nINTERFACE=\"ens4\"   # here\n  export NAT_IP='10.2.41.17'\r\nPORT=8081\nEMPTY=\n";
        assert_eq!(
            values(text),
            [
                ("INTERFACE".to_owned(), "ens4".to_owned(), (3, 12)),
                ("NAT_IP".to_owned(), "10.2.41.17".to_owned(), (4, 18)),
                ("PORT".to_owned(), "8081".to_owned(), (5, 6)),
                ("EMPTY".to_owned(), String::new(), (6, 7)),
            ]
        );
        assert_eq!(values("\u{feff}A=1")[0].0, "A", "a byte order mark is skipped");
        assert_eq!(values("A='$x'")[0].1, "$x", "single quotes expand nothing anyway");
    }

    #[test]
    fn a_line_that_is_no_variable_is_refused_at_its_place() {
        assert_eq!(problem("  INTERFACE ens4"), "f:1:3: this is no variable; write KEY=value");
        assert_eq!(problem("\nPORT = 5"), "f:2:1: no space may stand before =");
        assert_eq!(problem("=5"), "f:1:1: there is no name before =");
        assert_eq!(problem("4X=5"), "f:1:1: \"4X\" is no name of a variable");
        assert_eq!(problem("A=\"b"), "f:1:3: the quote \" is not closed");
        assert_eq!(problem("A=b c"), "f:1:5: more after the value; put it in quotes");
        assert_eq!(problem("é=1"), "f:1:1: \"é\" is no name of a variable");
        assert_eq!(problem("A=\"x${B}\""), "f:1:5: nothing is expanded here; write the value itself");
    }

    #[test]
    fn any_text_is_read_without_a_panic_and_each_line_counts_once() {
        bolero::check!().for_each(|bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let (variables, problems) = read("f", &text);
            assert!(variables.len() + problems.len() <= text.lines().count());
        });
    }
}
