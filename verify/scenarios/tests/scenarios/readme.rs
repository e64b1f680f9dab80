//! The tour of the README, as it is written there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use flumen_scenarios::flumen_program;
use flumen_testkit::netns::{Daemon, run_command};
use flumen_testkit::wait_until;
use tempfile::TempDir;

const README: &str = include_str!("../../../../README.md");

/// How long one block may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A lab under a name of its own, gone when dropped.
struct Tour {
    directory: TempDir,
    lab: String,
    background: Vec<Daemon>,
}

impl Tour {
    fn new() -> Result<Self> {
        // the prefix by which the testkit finds what a killed test has left
        let lab = format!("flt-{}-readme", std::process::id());
        Ok(Self { directory: TempDir::new()?, lab, background: Vec::new() })
    }

    /// The folder of `flumen` and `flumen-lab`, for PATH; `target/debug` of the README is another one.
    fn programs() -> Result<PathBuf> {
        let lab = Path::new(env!("CARGO_BIN_EXE_flumen-lab"));
        let bin = lab.parent().context("a program is in a folder")?;
        let flumen = flumen_program()?;
        assert_eq!(flumen.parent(), Some(bin), "one folder holds both programs");
        Ok(bin.to_owned())
    }

    /// A shell that has what the block before it has exported.
    fn shell(&self, script: &str) -> Result<Command> {
        let path = format!("{}:{}", Self::programs()?.display(), std::env::var("PATH")?);
        let mut command = Command::new("bash");
        command.arg("-c").arg(script).current_dir(self.directory.path());
        command.env("FLUMEN_LAB", &self.lab).env("PATH", path).env("NO_COLOR", "1");
        Ok(command)
    }

    /// Runs a block and returns what it wrote. Lines that end with `&` go on beside it; a daemon among them serves when
    /// this returns.
    fn run(&mut self, block: &str) -> Result<String> {
        let begins_daemon = block.lines().any(|line| line.contains("flumen run"));
        let (beside, script): (Vec<&str>, Vec<&str>) = block
            .lines()
            .filter(|line| !line.starts_with("export PATH"))
            .partition(|line| line.ends_with(" &"));
        for line in beside {
            let mut shell = self.shell(&format!("exec {}", line.trim_end_matches(" &")))?;
            self.background.push(Daemon::start(&mut shell)?);
        }
        if begins_daemon {
            let mut status = self.shell("flumen-lab enter gateway flumen show status")?;
            wait_until("the daemon serves", LIMIT, || run_command(&mut status).is_ok())?;
        }
        let output = self.shell(&format!("exec 2>&1\n{}", script.join("\n")))?.output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Tour {
    fn drop(&mut self) {
        let removed = self.shell("flumen-lab down").and_then(|mut shell| Ok(run_command(&mut shell)?));
        if let Err(error) = removed {
            eprintln!("{error:#}");
        }
    }
}

/// The blocks that the reader copies.
fn blocks() -> Vec<&'static str> {
    let blocks = README.split("```sh\n").skip(1);
    blocks.filter_map(|block| block.split("```").next()).collect()
}

#[test]
fn the_tour_does_what_the_readme_says() {
    let expected: &[&[&str]] = &[
        &["10.1.0.2", "10.1.0.2"],
        &["gateway.json is accepted"],
        &[],
        &[
            "3 received",
            "3 received",
            "203.0.113.1:",
            "web-out",
            "203.0.113.2:80 > 203.0.113.1:",
            "policy-denied",
        ],
        &["policy keep-out", "=> drop (policy-denied)", "=> forward by dmz"],
        &[
            "mistake.json:",
            "unknown action \"allow\"",
            "mistake.json is refused",
            "generation 2 is active",
            "10.1.0.2:",
        ],
        &["3 received", "no daemon is running"],
        &[],
        &["web-out", "established", "took over a running ruleset", "generation 3"],
        &["Detached from every interface", "10.1.0.2:"],
    ];
    let mut tour = Tour::new().unwrap();
    let blocks = blocks();
    assert_eq!(blocks.len(), expected.len(), "one list of expectations for each block");
    for (block, expected) in blocks.iter().zip(expected) {
        let said = tour.run(block).unwrap();
        let mut rest = said.as_str();
        for words in *expected {
            let at = rest.find(words).unwrap_or_else(|| panic!("{block}\nsays no {words:?} there:\n{said}"));
            rest = &rest[at + words.len()..];
        }
    }
    let left = run_command(Command::new("ip").args(["netns", "list"])).unwrap();
    assert!(!left.contains(&tour.lab), "{left}");
}
