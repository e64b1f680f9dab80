//! The tour of the README, as it is written there: what it types, and what it says one will see.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use flumen_scenarios::flumen_program;
use flumen_testkit::netns::{Daemon, run_command};
use flumen_testkit::wait_until;
use rexpect::session::{PtySession, spawn_command};
use tempfile::TempDir;

const README: &str = include_str!("../../../../README.md");

/// How long one command may take: the longest waits for a minute to end.
const LIMIT: Duration = Duration::from_secs(120);

/// What a terminal is told when a line begins to be edited, and when that ends.
const BEGIN: &str = "\x1b[?2004h";
const END: &str = "\x1b[?2004l";

/// A lab under a name of its own, gone when dropped.
struct Tour {
    directory: TempDir,
    lab: String,
    background: Vec<Daemon>,
    /// The second terminal, once the shell is open on it.
    shell: Option<PtySession>,
}

/// Commands for the reader to copy.
struct Block {
    terminal: Terminal,
    steps: Vec<Step>,
}

/// Which terminal they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Terminal {
    /// The first, with a shell of the host.
    Host,
    /// The second, with Flumen's own.
    Flumen,
}

/// A command, and what it says that is told: parts in order, each of them on one line.
struct Step {
    command: &'static str,
    seen: Vec<&'static str>,
}

// === impl Tour ===

impl Tour {
    fn new() -> Result<Self> {
        // the prefix by which the testkit finds what a killed test has left
        let lab = format!("flt-{}-readme", std::process::id());
        Ok(Self { directory: TempDir::new()?, lab, background: Vec::new(), shell: None })
    }

    /// The folder of `flumen` and `flumen-lab`, for PATH; `target/debug` of the README is another one.
    fn programs() -> Result<PathBuf> {
        let lab = Path::new(env!("CARGO_BIN_EXE_flumen-lab"));
        let bin = lab.parent().context("a program is in a folder")?;
        let flumen = flumen_program()?;
        assert_eq!(flumen.parent(), Some(bin), "one folder holds both programs");
        Ok(bin.to_owned())
    }

    /// A shell that has what the first block has exported.
    fn bash(&self, script: &str) -> Result<Command> {
        let path = format!("{}:{}", Self::programs()?.display(), std::env::var("PATH")?);
        let mut command = Command::new("bash");
        command.arg("-c").arg(script).current_dir(self.directory.path());
        command.env("FLUMEN_LAB", &self.lab).env("PATH", path).env("NO_COLOR", "1");
        command.env("TERM", "xterm").env("FLUMEN_HISTORY", self.directory.path().join("history"));
        Ok(command)
    }

    /// Does one step and returns what it says.
    fn take(&mut self, terminal: Terminal, command: &str) -> Result<String> {
        match (terminal, command) {
            (Terminal::Flumen, "exit") => {
                let mut shell = self.shell.take().context("the shell is open")?;
                shell.send_line(command)?;
                Ok(shell.exp_eof()?)
            }
            (Terminal::Flumen, _) => {
                let shell = self.shell.as_mut().context("the shell is open")?;
                shell.send_line(command)?;
                // the line as it is typed; it says nothing of what comes of it
                shell.exp_string(END)?;
                Ok(shell.exp_string(BEGIN)?)
            }
            (Terminal::Host, "flumen-lab enter gateway flumen") => {
                let limit = u64::try_from(LIMIT.as_millis())?;
                let mut shell = spawn_command(self.bash(&format!("exec {command}"))?, Some(limit))?;
                let greeting = shell.exp_string(BEGIN)?;
                self.shell = Some(shell);
                Ok(greeting)
            }
            (Terminal::Host, _) => match command.strip_suffix(" &") {
                Some(command) => self.begin(command).map(|()| String::new()),
                None if command.starts_with("export PATH") => Ok(String::new()),
                None => {
                    let output = self.bash(&format!("exec 2>&1\n{command}"))?.output()?;
                    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
                }
            },
        }
    }

    /// A command that goes on beside the others; a daemon serves when this returns.
    fn begin(&mut self, command: &str) -> Result<()> {
        let mut bash = self.bash(&format!("exec {command}"))?;
        self.background.push(Daemon::start(&mut bash)?);
        let mut status = self.bash("flumen-lab enter gateway flumen show status")?;
        Ok(wait_until("the daemon serves", LIMIT, || run_command(&mut status).is_ok())?)
    }
}

impl Drop for Tour {
    fn drop(&mut self) {
        let removed = self.bash("flumen-lab down").and_then(|mut bash| Ok(run_command(&mut bash)?));
        if let Err(error) = removed {
            eprintln!("{error:#}");
        }
    }
}

// === impl Block ===

impl Block {
    /// Those of the tour, in order.
    fn all() -> Vec<Block> {
        let (_, tour) = README.split_once("## A tour of").expect("there is a tour");
        let tour = tour.split("\n## ").next().expect("there is always a first part");
        let fences = tour.split("\n```").collect::<Vec<_>>();
        let blocks = fences.chunks(2).filter_map(|pair| pair.get(1));
        blocks.map(|block| Block::read(block)).collect()
    }

    fn read(block: &'static str) -> Block {
        let (language, text) = block.split_once('\n').expect("a block has lines");
        let terminal = match language {
            "sh" => Terminal::Host,
            "flumen" => Terminal::Flumen,
            other => panic!("no terminal takes {other:?}"),
        };
        let mut steps: Vec<Step> = Vec::new();
        for line in text.lines() {
            match line.strip_prefix("# ") {
                Some(seen) => steps.last_mut().expect("a command comes first").seen.push(seen),
                None => steps.push(Step { command: line, seen: Vec::new() }),
            }
        }
        Block { terminal, steps }
    }
}

/// The lines that are told stand in a text, in their order; `…` stands for anything within one.
fn missing<'s>(said: &str, seen: &[&'s str]) -> Option<&'s str> {
    let mut lines = said.lines();
    let fits = |line: &str, seen: &str| {
        let mut rest = line;
        seen.split('…').all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    };
    seen.iter().find(|seen| !lines.any(|line| fits(line, seen))).copied()
}

#[test]
fn the_tour_does_what_the_readme_says() {
    let mut tour = Tour::new().unwrap();
    let mut told = 0;
    for block in Block::all() {
        for Step { command, seen } in &block.steps {
            let said =
                tour.take(block.terminal, command).unwrap_or_else(|error| panic!("{command}: {error:#}"));
            if let Some(missing) = missing(&said, seen) {
                panic!("{command}\nsays no {missing:?} there:\n{said}");
            }
            let quiet = block.terminal == Terminal::Flumen && !seen.iter().any(|seen| seen.contains("error"));
            assert!(!(quiet && said.contains("error:")), "{command}\nis refused:\n{said}");
            told += seen.len();
        }
    }
    assert!(told > 20, "the README tells what is seen: {told} lines");
    let left = run_command(Command::new("ip").args(["netns", "list"])).unwrap();
    assert!(!left.contains(&tour.lab), "{left}");
}

#[test]
fn what_is_not_said_is_missed() {
    let said = "one 203.0.113.1:4711\ntwo three\n";
    assert_eq!(missing(said, &["203.0.113.1:…", "two"]), None);
    assert_eq!(missing(said, &["one…1:…", "t…three"]), None);
    assert_eq!(missing(said, &["two", "one"]), Some("one"), "in another order");
    assert_eq!(missing(said, &["one…two"]), Some("one…two"), "on two lines");
}
