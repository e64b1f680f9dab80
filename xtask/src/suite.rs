//! The tests: everything that needs no hardware, in one run of cargo.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::child;
use crate::ebpf;
use crate::tally::Tally;
use crate::tree::Tree;

/// Packages whose tests make network namespaces or load eBPF programs.
const NEED_ROOT: [&str; 5] =
    ["flumen-engine", "flumen-testkit", "flumen-conformance", "flumen-scenarios", "flumen-bench"];

/// Compiles the eBPF programs, runs the tests and prints `N passed, N failed` as the last line of its output.
/// `only` is handed to `cargo test` in place of `--workspace`.
///
/// # Errors
/// When something does not compile, a test failed, a test program crashed, or no test ran at all.
pub(crate) fn run(tree: &Tree, unprivileged: bool, only: &[String]) -> Result<()> {
    ebpf::build(tree)?;
    // Scenarios start programs of other packages; `cargo test` builds only those of the package under test.
    child::run(child::cargo().args(["build", "--quiet", "--workspace", "--bins"]).current_dir(tree.root()))?;
    let mut cargo = child::cargo();
    cargo.args(["test", "--no-fail-fast"]).current_dir(tree.root());
    if only.is_empty() {
        cargo.arg("--workspace");
    }
    if unprivileged {
        cargo.args(NEED_ROOT.iter().flat_map(|name| ["--exclude", name]));
    }
    let (tally, succeeded) = tallied(cargo.args(only))?;
    println!("{tally}");
    let Tally { passed, failed } = tally;
    if failed > 0 {
        bail!("{failed} tests failed");
    }
    if !succeeded {
        bail!("cargo test failed although no test did: a test program did not compile, or crashed");
    }
    if passed == 0 {
        bail!("no test was run");
    }
    Ok(())
}

/// Runs a command, passes its output on line by line and adds up the results in it.
fn tallied(command: &mut Command) -> Result<(Tally, bool)> {
    let shown = child::shown(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{shown}`"))?;
    let mut output = BufReader::new(child.stdout.take().context("the child has an output")?);
    let mut tally = Tally::default();
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line); // a failed test may print any bytes
        print!("{text}");
        tally.add_line(text.trim_end());
        line.clear();
    }
    let status = child.wait().with_context(|| format!("cannot wait for `{shown}`"))?;
    Ok((tally, status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (Tally, bool) {
        tallied(Command::new("sh").args(["-c", script])).expect("sh starts")
    }

    #[test]
    fn results_and_exit_are_both_taken() {
        let (tally, succeeded) = shell("echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; exit 3");
        assert_eq!(tally, Tally { passed: 2, failed: 0 });
        assert!(!succeeded, "a crashed test program must not pass");
    }

    #[test]
    fn bytes_that_are_no_text_are_passed_over() {
        let (tally, succeeded) = shell(r"printf '\377\n'; echo 'test result: ok. 1 passed; 0 failed'");
        assert_eq!(tally, Tally { passed: 1, failed: 0 });
        assert!(succeeded);
    }
}
