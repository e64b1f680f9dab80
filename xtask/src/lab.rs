//! The lab: programs of other crates that make network namespaces, started from here so that what they need is built.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::artifacts;
use crate::child;
use crate::ebpf;
use crate::tree::Tree;

/// What the testkit's network namespaces begin with; then comes the process that made them: `flt-4711-0-gateway`.
const NAMESPACE_PREFIX: &str = "flt-";

/// Two hosts talk through Flumen.
///
/// # Errors
/// When it cannot be built, or the demo fails.
pub(crate) fn demo(tree: &Tree, args: &[String]) -> Result<()> {
    ebpf::build(tree)?;
    let mut cargo = child::cargo();
    cargo.args(["build", "--quiet", "--package", "flumen-cli", "--package", "flumen-scenarios", "--bins"]);
    let programs = artifacts::build(cargo.current_dir(tree.root()))?;
    let mut lab = Command::new(artifacts::named(&programs, "flumen-lab")?);
    lab.arg("demo").args(args).env("FLUMEN", artifacts::named(&programs, "flumen")?);
    child::run(lab.current_dir(tree.root()))
}

/// Cost per packet, with optimised programs.
///
/// # Errors
/// When it cannot be built, or the benchmark fails.
pub(crate) fn bench(tree: &Tree, args: &[String]) -> Result<()> {
    ebpf::build(tree)?;
    let mut cargo = child::cargo();
    cargo.args(["build", "--quiet", "--release", "--package", "flumen-bench", "--bins"]);
    let programs = artifacts::build(cargo.current_dir(tree.root()))?;
    child::run(Command::new(artifacts::named(&programs, "flumen-bench")?).args(args).current_dir(tree.root()))
}

/// Removes the namespaces whose maker has ended, and the processes in them. A running test keeps its own.
///
/// # Errors
/// When `ip` cannot tell or cannot remove them.
pub(crate) fn clean() -> Result<()> {
    let listed = child::read(Command::new("ip").args(["netns", "list"]))?;
    let (running, left): (Vec<_>, Vec<_>) =
        namespaces(&listed).partition(|(_, maker)| Path::new("/proc").join(maker.to_string()).exists());
    for (name, _) in &left {
        let inside = child::read(Command::new("ip").args(["netns", "pids", name]))?;
        for pid in inside.split_whitespace() {
            if child::ask(Command::new("kill").args(["-TERM", pid])).is_none() {
                eprintln!("clean-lab: process {pid} had ended");
            }
        }
        child::run(Command::new("ip").args(["netns", "delete", name]))?;
    }
    println!("clean-lab: {} namespaces removed, {} are in use", left.len(), running.len());
    Ok(())
}

/// Our namespaces in the output of `ip netns list` (`name` or `name (id: 3)`), each with the process that made it.
fn namespaces(listed: &str) -> impl Iterator<Item = (&str, u32)> {
    listed.lines().filter_map(|line| {
        let name = line.split_whitespace().next()?;
        let (maker, _) = name.strip_prefix(NAMESPACE_PREFIX)?.split_once('-')?;
        Some((name, maker.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_namespaces_are_cleaned() {
        let listed = "flt-12-0-demo (id: 3)\nblue\nflt-7-1-x\nmy-flt-7-1-x\nflt-blue\nflt-x-0-y\n";
        let ours: Vec<_> = namespaces(listed).collect();
        assert_eq!(ours, [("flt-12-0-demo", 12), ("flt-7-1-x", 7)]);
    }
}
