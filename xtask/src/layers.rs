//! Crates are layers: every dependency points down, and unsafe code stays on its islands.
//!
//! The table is the rule. A crate without a row is refused, so a new crate takes its place on purpose.

mod table;

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::layers::table::{CONFINED, Confined, LAYERS, Layer, Outside, Unsafe};
use crate::metadata::{self, Crate, Dependency};
use crate::tree::Tree;

/// The prefix of the folder whose crates only test: they may look at everything, nobody may build on them.
const VERIFY: &str = "verify";

/// Checks every crate of the checkout against the table.
///
/// # Errors
/// When cargo cannot tell the crates, or any breaks a rule; the message has one line per violation.
pub(crate) fn check(tree: &Tree) -> Result<()> {
    let crates = metadata::crates(tree)?;
    let found = violations(&crates, LAYERS, CONFINED);
    if !found.is_empty() {
        bail!("layers:\n  {}", found.join("\n  "));
    }
    println!("layers: {} crates, every arrow points down", crates.len());
    for layer in LAYERS.iter().filter(|layer| crates.iter().any(|krate| krate.name == layer.name)) {
        if let Unsafe::Island(reason) = layer.unsafe_code {
            println!("layers: unsafe code in {}: {reason}", layer.name);
        }
    }
    Ok(())
}

/// What breaks the rules, one sentence each.
fn violations(crates: &[Crate], layers: &[Layer], confined: &[Confined]) -> Vec<String> {
    let names: BTreeSet<&str> = crates.iter().map(|krate| krate.name.as_str()).collect();
    let mut found = Vec::new();
    for krate in crates {
        let Some(layer) = layers.iter().find(|layer| layer.name == krate.name) else {
            found.push(format!(
                "{} has no row in xtask/src/layers/table.rs: say what it may depend on",
                krate.name
            ));
            continue;
        };
        if !krate.folder.ends_with(layer.folder) || layer.folder.is_empty() {
            found.push(format!("{} is in {}, not in {}", krate.name, krate.folder.display(), layer.folder));
        }
        for dependency in &krate.dependencies {
            if names.contains(dependency.name.as_str()) {
                found.extend(wrong_arrow(layer, dependency, layers));
            } else {
                found.extend(wrong_outside(layer, dependency, confined));
            }
        }
        found.extend(wrong_words(krate, layer));
        found.extend(stray_unsafe(krate, layer));
    }
    found
}

/// A dependency on a crate of ours that is not below.
fn wrong_arrow(layer: &Layer, dependency: &Dependency, layers: &[Layer]) -> Option<String> {
    let name = dependency.name.as_str();
    let only_tests = layers.iter().any(|other| other.name == name && is_verify(other));
    let allowed = layer.below.contains(&name) || (dependency.dev && (only_tests || is_verify(layer)));
    (!allowed).then(|| {
        let why = if only_tests { "a verify crate may only be a dev-dependency" } else { "it is not below" };
        format!("{} depends on {name}: {why}", layer.name)
    })
}

/// A dependency on somebody else's crate that this layer may not have.
fn wrong_outside(layer: &Layer, dependency: &Dependency, confined: &[Confined]) -> Option<String> {
    let name = dependency.name.as_str();
    if let Some(rule) = confined.iter().find(|rule| rule.crates.contains(&name)) {
        let allowed = rule
            .within
            .iter()
            .any(|place| layer.folder == *place || layer.folder.starts_with(&format!("{place}/")));
        return (!allowed).then(|| format!("{} depends on {name}: {}", layer.name, rule.reason));
    }
    match layer.outside {
        Outside::Any => None,
        Outside::Only(_) if dependency.dev => None,
        Outside::Only(names) => (!names.contains(&name)).then(|| {
            format!("{} depends on {name}: from outside it may have only {}", layer.name, names.join(", "))
        }),
    }
}

/// Configuration words and table bytes in one crate, wherever the table allows each.
fn wrong_words(krate: &Crate, layer: &Layer) -> Option<String> {
    let sees =
        |name: &str| krate.dependencies.iter().any(|dependency| !dependency.dev && dependency.name == name);
    let both = sees("flumen-config") && sees("flumen-abi");
    (both && krate.name != "flumen-compile" && !is_verify(layer)).then(|| {
        format!("{} sees both configuration words and table bytes: only flumen-compile may", krate.name)
    })
}

/// A root file that does not forbid unsafe code, of a crate that is no island.
fn stray_unsafe(krate: &Crate, layer: &Layer) -> Vec<String> {
    if let Unsafe::Island(_) = layer.unsafe_code {
        return Vec::new();
    }
    let forbids = |text: &str| text.lines().any(|line| line.trim() == "#![forbid(unsafe_code)]");
    let open = krate.roots.iter().filter(|(_, text)| !forbids(text));
    open.map(|(path, _)| format!("{} lacks #![forbid(unsafe_code)]", path.display())).collect()
}

fn is_verify(layer: &Layer) -> bool {
    layer.folder.split('/').next() == Some(VERIFY)
}

#[cfg(test)]
mod tests;
