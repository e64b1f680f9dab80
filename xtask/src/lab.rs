//! The lab: programs of other crates that make network namespaces, started from here so that what they need is built.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::artifacts;
use crate::child;
use crate::ebpf;
use crate::tree::Tree;

/// What the testkit's network namespaces begin with; then comes the process that made them: `flt-4711-0-gateway`.
const NAMESPACE_PREFIX: &str = "flt-";

/// What the pin folders of tests, demo and benchmark begin with; then comes the process that made them.
const PIN_PREFIXES: [&str; 2] = ["flumen-scenarios-", "flumen-bench-"];

/// Where pins are.
const BPFFS: &str = "/sys/fs/bpf";

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

/// Removes the namespaces and pins whose maker has ended, and the processes in them. A running test keeps its own.
///
/// # Errors
/// When `ip` cannot tell, or something cannot be removed.
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
    let pins = remove_pins(Path::new(BPFFS))?;
    let (namespaces, in_use) = (left.len(), running.len());
    println!(
        "clean-lab: {namespaces} namespaces and {pins} pin folders removed, {in_use} namespaces are in use"
    );
    Ok(())
}

/// Removes the folders below `bpffs` whose maker has ended, with the programs and tables pinned there; how many.
fn remove_pins(bpffs: &Path) -> Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(bpffs).into_iter().flatten() {
        let path = entry?.path();
        let maker = path.file_name().and_then(|name| name.to_str()).and_then(pin_maker);
        if maker.is_some_and(|maker| !Path::new("/proc").join(maker.to_string()).exists()) {
            fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The process that made a pin folder of ours: `flumen-scenarios-4711-0`.
fn pin_maker(name: &str) -> Option<u32> {
    let rest = PIN_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    rest.split('-').next()?.parse().ok()
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

    #[test]
    fn a_gateway_that_is_in_use_keeps_its_pins() {
        assert_eq!(pin_maker("flumen-scenarios-12-0"), Some(12));
        assert_eq!(pin_maker("flumen-bench-7-1"), Some(7));
        for other in ["flumen", "flumen-lab", "flumen-12", "flumen-scenarios-x-0"] {
            assert_eq!(pin_maker(other), None, "{other}");
        }
    }
}
