//! Adds up the `test result:` lines of the test harness.

use std::fmt;

/// Tests that ran, over any number of test programs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

// === impl Tally ===

impl Tally {
    /// Takes in one line of output; lines that are no result are passed over.
    pub(crate) fn add_line(&mut self, line: &str) {
        let plain = without_colour(line);
        let Some((_, counts)) = plain.split_once("test result: ") else {
            return;
        };
        let count = |what: &str| -> u64 {
            let part = counts.split([';', '.']).find_map(|part| part.trim().strip_suffix(what));
            part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
        };
        self.passed += count(" passed");
        self.failed += count(" failed");
    }
}

// === impl Display for Tally ===

impl fmt::Display for Tally {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// A line without terminal escapes (`ESC [ … letter`).
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            chars.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(char);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.add_line(line));
        tally
    }

    #[test]
    fn results_are_summed_over_programs() {
        let sum = tally(&[
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 10 passed; 2 failed; 1 ignored; 0 measured; 7 filtered out; finished in 1.20s",
        ]);
        assert_eq!(sum, Tally { passed: 13, failed: 2 });
    }

    #[test]
    fn colours_are_seen_through() {
        let line =
            "test result: \u{1b}[32mok\u{1b}[0m. 4 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(tally(&[line]), Tally { passed: 4, failed: 0 });
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(tally(&["test tests::a_test ... ok", "12 passed; 1 failed"]), Tally::default());
    }
}
