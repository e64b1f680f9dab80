//! The shell: operational and configuration mode, on a terminal and in scripts.
//!
//! One table ([`commands`]) has every command; reading a line, abbreviations, `?` and Tab all follow from it. What may
//! stand behind `set` and its like is the daemon's to say.

mod commands;
mod configure;
mod editor;
mod grammar;
mod host;
mod line;
mod live;
mod look;
mod monitor;
mod operate;
mod operational;
mod pager;
mod pipe;
mod printed;
mod programs;
mod session;
mod support;
pub(crate) mod when;

pub(crate) use commands::CONFIGURATION;
pub(crate) use editor::interactive;
pub(crate) use grammar::Row;
pub(crate) use monitor::clock;
pub(crate) use operate::is_operational;
pub(crate) use operational::OPERATIONAL;
pub(crate) use session::{arguments, is_command, script};

#[cfg(test)]
mod tests {
    use super::OPERATIONAL;
    use super::grammar::Walk;
    use super::line::words;
    use crate::args::Generated;

    /// Every command that users of Junos expect, and some of ours.
    const DEMANDED: &str = include_str!("../../tests/demanded.txt");

    #[test]
    fn every_demanded_command_is_read_and_offered_with_help_and_is_in_the_manual_page() {
        let page = String::from_utf8(crate::generate::text(Generated::Man).unwrap()).unwrap();
        for line in DEMANDED.lines().map(|line| line.trim_start_matches("! ")) {
            let (mut walk, mut rows, mut path) = (Walk::new(OPERATIONAL), OPERATIONAL, Vec::new());
            for word in words(line) {
                let offers = walk.offers(&word.text, &mut |_| Vec::new());
                if let Some(row) = rows.iter().find(|row| row.word == word.text) {
                    let offered = offers.iter().find(|offer| offer.word == word.text);
                    assert!(offered.is_some_and(|offer| !offer.help.is_empty()), "{line}: {}", word.text);
                    (rows, path) = (row.rows, [path, vec![row.word]].concat());
                } else {
                    rows = &[];
                }
                walk.feed(&word).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
            // Commands that need more words than the table has are still commands.
            assert!(walk.end(line).is_ok(), "{line}");
            let words = path.join(" ").replace('-', "\\-");
            assert!(page.contains(&words), "{line}: {words:?} is not in the manual page");
        }
    }
}
