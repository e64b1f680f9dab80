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

/// What pin and temporary folders of tests, demo and benchmark begin with, and logs of processes in namespaces; then
/// comes the process that made them: `flumen-bench-4711-0`, `flt-4711-0.log`.
const PREFIXES: [&str; 5] =
    ["flumen-scenarios-", "flumen-bench-", "flumen-conformance-", "flumen-test-", NAMESPACE_PREFIX];

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

/// Removes the namespaces, pins and temporary files whose maker has ended, and the processes in the namespaces. A
/// running test keeps its own.
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
    let pins = remove_left(Path::new(BPFFS))?;
    let files = remove_left(&std::env::temp_dir())?;
    let (namespaces, in_use) = (left.len(), running.len());
    println!(
        "clean-lab: {namespaces} namespaces, {pins} pin folders and {files} temporary folders and logs removed, \
         {in_use} namespaces are in use"
    );
    Ok(())
}

/// Removes what is in `folder` of makers that have ended, with the programs and tables pinned there; how many.
fn remove_left(folder: &Path) -> Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let entry = entry?;
        let path = entry.path();
        let maker = path.file_name().and_then(|name| name.to_str()).and_then(maker);
        if maker.is_some_and(|maker| !Path::new("/proc").join(maker.to_string()).exists()) {
            let folder = entry.file_type()?.is_dir();
            let gone = if folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            gone.with_context(|| format!("cannot remove {}", path.display()))?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// The process that made a folder or log of ours: 4711 of `flumen-scenarios-4711-0`.
fn maker(name: &str) -> Option<u32> {
    let rest = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix))?;
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
    fn folders_and_logs_tell_who_made_them() {
        assert_eq!(maker("flumen-scenarios-12-0"), Some(12));
        assert_eq!(maker("flumen-scenarios-12-a1B2c3"), Some(12));
        assert_eq!(maker("flumen-bench-7-1"), Some(7));
        assert_eq!(maker("flt-7-1.log"), Some(7));
        for other in ["flumen", "flumen-lab", "flumen-12", "flumen-scenarios-x-0", "flumen-scenarios-a1B2c3"]
        {
            assert_eq!(maker(other), None, "{other}");
        }
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_the_rest_stays() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new("true").spawn().expect("true starts");
        let dead = child.id();
        child.wait().expect("true ends");
        let living = std::process::id();
        for name in
            [format!("flumen-scenarios-{dead}-x"), format!("flumen-scenarios-{living}-x"), "other".into()]
        {
            fs::create_dir_all(folder.path().join(name).join("run")).expect("writable");
        }
        fs::write(folder.path().join(format!("flt-{dead}-0.log")), "").expect("writable");
        assert_eq!(remove_left(folder.path()).expect("removable"), 2);
        let mut left: Vec<_> =
            folder.path().read_dir().expect("readable").flatten().map(|entry| entry.file_name()).collect();
        left.sort();
        assert_eq!(left, [format!("flumen-scenarios-{living}-x").as_str(), "other"]);
    }
}
