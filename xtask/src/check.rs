//! What a machine can hold about the source.

use anyhow::{Result, bail};

use crate::child;
use crate::deployment;
use crate::ebpf;
use crate::layers;
use crate::stack;
use crate::tree::Tree;
use crate::words;

/// Crates with a workspace of their own, which `cargo fmt --all` does not reach.
const OWN_WORKSPACES: [&str; 2] = ["dataplane/ebpf/Cargo.toml", "verify/probes/Cargo.toml"];

/// One check and its name.
type Check = (&'static str, fn(&Tree) -> Result<()>);

/// Makes every check, then names those that failed.
///
/// # Errors
/// When any failed.
pub(crate) fn run(tree: &Tree) -> Result<()> {
    let checks: [Check; 9] = [
        ("formatting", formatting),
        ("layers", layers::check),
        ("words", words::check),
        ("eBPF programs compile", ebpf::build),
        ("eBPF stacks", stack::check),
        ("lints", lints),
        ("table layouts", table_layouts),
        ("deployment files", deployment::check),
        ("licences, bans, sources", licences),
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        eprintln!("check: {name}");
        if let Err(error) = check(tree) {
            eprintln!("error: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join("; "));
    }
    println!("check: everything holds");
    Ok(())
}

fn formatting(tree: &Tree) -> Result<()> {
    child::run(child::cargo().args(["fmt", "--all", "--check"]).current_dir(tree.root()))?;
    for manifest in
        OWN_WORKSPACES.iter().map(|manifest| tree.at(manifest)).filter(|manifest| manifest.is_file())
    {
        child::run(
            child::cargo().args(["fmt", "--check", "--manifest-path"]).arg(manifest).current_dir(tree.root()),
        )?;
    }
    Ok(())
}

fn lints(tree: &Tree) -> Result<()> {
    let mut clippy = child::cargo();
    clippy.args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    child::run(clippy.current_dir(tree.root()))
}

/// The test of `flumen-abi` that compares every layout with `abi/layout.txt`.
fn table_layouts(tree: &Tree) -> Result<()> {
    child::run(child::cargo().args(["test", "--quiet", "--package", "flumen-abi"]).current_dir(tree.root()))
}

/// Advisories need the network and change by the day: they are for a nightly run, not for this check.
fn licences(tree: &Tree) -> Result<()> {
    if child::ask(child::cargo().args(["deny", "--version"])).is_none() {
        eprintln!("check: skipped, cargo-deny is not installed (cargo install --locked cargo-deny)");
        return Ok(());
    }
    child::run(
        child::cargo()
            .args(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"])
            .current_dir(tree.root()),
    )
}
