//! What the tour prints: chapters, commands with their output, and promises kept or not.

use std::io::IsTerminal;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anstream::println;
use anstyle::{AnsiColor, Style};
use anyhow::{Result, bail};
use flumen_testkit::netns::Daemon;

use super::set::{Host, Set};
use crate::interrupt::Interrupt;

const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const TYPED: Style = AnsiColor::Cyan.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Columns where nobody says how many there are: a log.
const LOG_COLUMNS: usize = 160;
/// How long a command may take before the tour gives up.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often a running command is looked at.
const POLL: Duration = Duration::from_millis(10);

/// The terminal or log, and the count of what went wrong.
pub(super) struct Screen {
    interrupt: Interrupt,
    columns: usize,
    chapter: u32,
    kept: u32,
    broken: u32,
}

/// How a command ended.
pub(super) struct Said {
    /// Its status was 0.
    pub(super) success: bool,
    /// What it wrote, to both outputs.
    pub(super) text: String,
}

/// A command that runs while the tour goes on.
pub(super) struct Running {
    process: Daemon,
    line: String,
}

// === impl Screen ===

impl Screen {
    pub(super) fn new(interrupt: Interrupt) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let columns = terminal.then(terminal_columns).flatten().unwrap_or(LOG_COLUMNS);
        Self { interrupt, columns, chapter: 0, kept: 0, broken: 0 }
    }

    /// Promises that were not kept.
    pub(super) fn broken(&self) -> u32 {
        self.broken
    }

    /// # Errors
    /// When the tour was asked to end.
    pub(super) fn check_interrupt(&self) -> Result<()> {
        self.interrupt.check()
    }

    // --- text ---

    pub(super) fn title(&mut self, title: &str) {
        self.chapter += 1;
        println!("\n{TITLE}{}. {title}{TITLE:#}", self.chapter);
    }

    pub(super) fn say(&self, text: &str) {
        println!("{text}");
    }

    /// A promise: shown with a mark, and counted.
    pub(super) fn promise(&mut self, kept: bool, text: &str) {
        if kept {
            self.kept += 1;
            println!("  {GOOD}✓{GOOD:#} {text}");
        } else {
            self.broken += 1;
            println!("  {BAD}✗ not kept:{BAD:#} {text}");
        }
    }

    pub(super) fn end(&self, took: Duration) {
        println!(
            "\n{TITLE}{} promises kept in {} s.{TITLE:#} Everything is removed.",
            self.kept,
            took.as_secs()
        );
        println!("{}", include_str!("next.txt"));
    }

    // --- commands ---

    /// Types a command, waits until it has ended, and shows those lines of its output that `keep` is true for.
    pub(super) fn run(&self, set: &Set, host: Host, line: &str, keep: impl Fn(&str) -> bool) -> Result<Said> {
        let said = self.start(set, host, line)?.finish(self)?;
        self.show(&said.text, keep);
        Ok(said)
    }

    /// Types a command and lets it run.
    pub(super) fn start(&self, set: &Set, host: Host, line: &str) -> Result<Running> {
        self.typed(host, line);
        self.start_unseen(&mut set.command(host, line)?, line)
    }

    /// Starts a command that was shown before, or that nobody needs to see.
    pub(super) fn start_unseen(&self, command: &mut Command, line: &str) -> Result<Running> {
        self.check_interrupt()?;
        Ok(Running { process: Daemon::start(command)?, line: line.to_owned() })
    }

    pub(super) fn typed(&self, host: Host, line: &str) {
        println!("  {FAINT}{}{FAINT:#} {TYPED}{line}{TYPED:#}", host.prompt());
    }

    /// Output of a command, cut where the terminal ends.
    pub(super) fn show(&self, text: &str, keep: impl Fn(&str) -> bool) {
        for line in text.lines().filter(|line| keep(line)) {
            println!("    {}", cut(line.trim_end(), self.columns.saturating_sub(4)));
        }
    }

    /// Waits for a condition.
    ///
    /// # Errors
    /// When it does not come true, or the tour was asked to end.
    pub(super) fn wait_until(&self, what: &str, mut done: impl FnMut() -> bool) -> Result<()> {
        let begin = Instant::now();
        while !done() {
            self.check_interrupt()?;
            if begin.elapsed() > PATIENCE {
                bail!("waited in vain until {what}");
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

fn cut(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    line.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

/// The terminal's width as `stty` tells it: rows, then columns.
fn terminal_columns() -> Option<usize> {
    let said = Command::new("stty").arg("size").stdin(Stdio::inherit()).output().ok()?;
    let columns = String::from_utf8(said.stdout).ok()?.split_whitespace().nth(1)?.parse().ok()?;
    (columns > 20).then_some(columns)
}

// === impl Running ===

impl Running {
    /// Its status, if it has ended.
    pub(super) fn status(&mut self) -> Option<ExitStatus> {
        self.process.status()
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// When it takes too long, or the tour was asked to end.
    pub(super) fn finish(mut self, screen: &Screen) -> Result<Said> {
        let mut status = None;
        screen.wait_until(&format!("`{}` ends", self.line), || {
            status = self.process.status();
            status.is_some()
        })?;
        Ok(Said { success: status.is_some_and(|status| status.success()), text: self.process.log() })
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_line_is_cut_by_characters_and_shows_that_it_was() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }
}
