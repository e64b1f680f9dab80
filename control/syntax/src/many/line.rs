use super::range;
use crate::parse::{Command, Mode, command, command_in};
use crate::tree::{Edit, Place, Replace, Step, Tree, path_words};
use crate::{Finding, Problem, expand};

/// Commands of `wildcard range`.
const RANGED: &[&str] = &["activate", "deactivate", "delete", "protect", "set", "unprotect"];

/// A word of a line, its quotes taken away, and the byte where it begins.
#[derive(Debug, PartialEq, Eq)]
struct Raw {
    text: String,
    start: usize,
}

/// The words of a line between spaces: a pattern may hold signs that elsewhere make lists and blocks.
fn words(line: &str) -> Vec<Raw> {
    let mut found: Vec<Raw> = Vec::new();
    let mut open: Option<Raw> = None;
    let mut quoted = false;
    let mut chars = line.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c.is_whitespace() && !quoted {
            found.extend(open.take());
            continue;
        }
        let word = open.get_or_insert(Raw { text: String::new(), start });
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted && matches!(chars.peek(), Some((_, '"' | '\\'))) => {
                word.text.extend(chars.next().map(|(_, sign)| sign));
            }
            other => word.text.push(other),
        }
    }
    found.extend(open);
    found
}

/// True for a line that [`read`] reads.
pub(crate) fn is_many(line: &str) -> bool {
    matches!(line.split_whitespace().next(), Some("replace" | "wildcard"))
}

/// The part of a line that [`read`] reads, and where it stands; none of others.
pub(crate) fn line<'l>(line: &'l str, at: &'l [Step]) -> Option<(&'l str, &'l [Step])> {
    match line.trim_start().strip_prefix("top ") {
        Some(rest) if is_many(rest) => Some((rest.trim_start(), &[])),
        _ => is_many(line).then_some((line.trim_start(), at)),
    }
}

/// Reads `replace …` or `wildcard …` where `at` is edited.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read(
    tree: Option<&Tree>,
    line: &str,
    at: &[Step],
    mode: Mode,
) -> Result<Option<Command>, Vec<Finding>> {
    let failed = |problem| {
        let place = Place { file: None, line: 1, column: 1 };
        vec![Finding { place, path: path_words(at), problem }]
    };
    let words = words(line);
    let own = |place: usize, whole: &str| {
        words.get(place).is_some_and(|word| !word.text.is_empty() && whole.starts_with(&*word.text))
    };
    let read = |line: &str| match tree {
        Some(tree) if mode == Mode::Strict => command_in(tree, line, at).or_else(|findings| {
            let full = expand(tree, at, line).map_err(|_| findings)?;
            command_in(tree, &full, at)
        }),
        _ => command(line, at, mode),
    };
    if words[0].text == "replace" {
        let edit = replace(&words, at).map_err(failed)?;
        return Ok(Some(Command::Edit(Edit::Replace(edit))));
    }
    if own(1, "delete") && words.len() > 2 {
        let pattern = words.last().expect("there are three");
        let path = line[words[2].start..pattern.start].trim();
        let path = if path.is_empty() {
            at.to_vec()
        } else {
            match read(&format!("delete {path}"))? {
                Some(Command::Edit(Edit::Delete(path, _))) => path,
                _ => return Ok(None),
            }
        };
        super::regex(&pattern.text).map_err(failed)?;
        return Ok(Some(Command::Edit(Edit::DeleteMatching(path, pattern.text.clone()))));
    }
    let verb = RANGED.iter().find(|verb| own(1, "range") && own(2, verb));
    let (Some(verb), Some(first)) = (verb, words.get(3)) else {
        let reason = "it is `wildcard delete PATH PATTERN`, or `wildcard range set …` with `[0-3,5,!2]` where numbers \
                      differ"
            .to_owned();
        return Err(failed(Problem::Pattern { reason }));
    };
    let mut edits = Vec::new();
    for line in range::expand(&line[first.start..]).map_err(failed)? {
        if let Some(Command::Edit(edit)) = read(&format!("{verb} {line}"))? {
            edits.push(edit);
        }
    }
    Ok(Some(Command::Edit(Edit::Several(edits))))
}

/// `replace pattern OLD with NEW [upto N]`.
fn replace(words: &[Raw], at: &[Step]) -> Result<Replace, Problem> {
    let malformed =
        || Problem::Pattern { reason: "it is `replace pattern OLD with NEW [upto NUMBER]`".to_owned() };
    let is = |place: usize, whole: &str| {
        words.get(place).is_some_and(|word| !word.text.is_empty() && whole.starts_with(&*word.text))
    };
    let upto = match words.len() {
        5 => None,
        7 if is(5, "upto") => {
            let number = words[6].text.parse().ok().filter(|number| *number > 0);
            Some(number.ok_or_else(malformed)?)
        }
        _ => return Err(malformed()),
    };
    if !is(1, "pattern") || !is(3, "with") || words[2].text.is_empty() {
        return Err(malformed());
    }
    super::regex(&words[2].text)?;
    let (pattern, with) = (words[2].text.clone(), words[4].text.clone());
    Ok(Replace { at: at.to_vec(), pattern, with, upto })
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_of_a_pattern_keep_their_signs() {
        let found: Vec<String> = words(r#"replace pattern ge-[0-1]/(a|b) with "a \"b\" \1""#)
            .into_iter()
            .map(|word| word.text)
            .collect();
        assert_eq!(found, ["replace", "pattern", "ge-[0-1]/(a|b)", "with", r#"a "b" \1"#]);
    }
}
