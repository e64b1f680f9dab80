//! Words that say "not done": they have no place in the tree.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::tree::Tree;

/// Forbidden wherever they stand as a whole word. Each is written in two parts, so that this file passes.
const WORDS: [&str; 4] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];

/// Forbidden in Rust: a path that panics because nobody wrote it, and a test that does not run.
const RUST: [&str; 3] = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[ign", "ore")];

/// What is looked at: files that people write.
const ENDINGS: [&str; 13] =
    ["rs", "py", "tf", "tftpl", "toml", "sh", "md", "yml", "yaml", "service", "json", "c", "h"];
const NAMES: [&str; 2] = ["Makefile", "run"];

/// Looks for forbidden words in the whole checkout.
///
/// # Errors
/// When a file cannot be read, or a word was found; the message has one line per place.
pub(crate) fn check(tree: &Tree) -> Result<()> {
    let mut found = Vec::new();
    for path in tree.files(is_looked_at)? {
        let Ok(text) = fs::read_to_string(&path) else {
            continue; // no text: a fixture in bytes
        };
        let rust = path.extension().is_some_and(|ending| ending == "rs");
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = forbidden(line, rust) {
                found.push(format!("{}:{}: {word}", tree.shorten(&path).display(), number + 1));
            }
        }
    }
    if !found.is_empty() {
        bail!("words that say \"not done\":\n  {}", found.join("\n  "));
    }
    Ok(())
}

fn is_looked_at(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let name = path.file_name().and_then(|name| name.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending)) || name.is_some_and(|name| NAMES.contains(&name))
}

/// The first forbidden word of a line.
fn forbidden(line: &str, rust: bool) -> Option<&'static str> {
    let word = WORDS.into_iter().find(|word| has_word(line, word));
    word.or_else(|| RUST.into_iter().find(|part| rust && line.contains(part)))
}

/// Whether `word` stands in `line` with no letter, digit or underscore on either side.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_name =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    line.match_indices(word).any(|(start, _)| {
        let bytes = line.as_bytes();
        let before = start.checked_sub(1).and_then(|place| bytes.get(place));
        !part_of_name(before) && !part_of_name(bytes.get(start + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_as_a_word() {
        for word in WORDS {
            assert_eq!(forbidden(&format!("    // {word}: later"), true), Some(word));
            assert_eq!(forbidden(&format!("# {word}"), false), Some(word));
        }
    }

    #[test]
    fn part_of_a_name_is_no_word() {
        assert_eq!(forbidden(&format!("mktemp -d lane.{}", "X".repeat(6)), false), None);
        assert_eq!(forbidden(concat!("const HA", "CKNEY: u8 = 1;"), true), None);
    }

    #[test]
    fn unwritten_code_is_found_in_rust_only() {
        for part in RUST {
            assert_eq!(forbidden(&format!("        {part})"), true), Some(part));
            assert_eq!(forbidden(part, false), None);
        }
    }

    #[test]
    fn this_checkout_has_none_in_xtask() {
        let tree = Tree::of_this_checkout();
        let own =
            tree.files(|path| path.starts_with(tree.at("xtask")) && is_looked_at(path)).expect("readable");
        assert!(own.contains(&tree.at("xtask/src/words.rs")), "the file that names the words is looked at");
        for path in own {
            let text = fs::read_to_string(&path).expect("readable");
            assert!(text.lines().all(|line| forbidden(line, true).is_none()), "{}", path.display());
        }
    }
}
