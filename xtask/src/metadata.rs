//! What cargo knows about the crates of the checkout, without resolving or building anything.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::child;
use crate::tree::Tree;

/// A crate of the checkout.
#[derive(Debug)]
pub(crate) struct Crate {
    /// Its name in its manifest.
    pub(crate) name: String,
    /// Its folder, relative to the root.
    pub(crate) folder: PathBuf,
    /// What it declares, optional and platform-specific dependencies included.
    pub(crate) dependencies: Vec<Dependency>,
    /// The root files of its library and programs, with their text.
    pub(crate) roots: Vec<(PathBuf, String)>,
}

/// A declared dependency.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// The package, whatever it is renamed to.
    pub(crate) name: String,
    /// Whether only tests, examples and benchmarks see it.
    pub(crate) dev: bool,
}

#[derive(Deserialize)]
struct Answer {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Declared>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Declared {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
    src_path: PathBuf,
}

/// Every crate of the checkout: the members of the workspace, and those that are workspaces of their own.
///
/// # Errors
/// When a manifest cannot be read or understood.
pub(crate) fn crates(tree: &Tree) -> Result<Vec<Crate>> {
    let mut manifests: BTreeSet<PathBuf> =
        tree.files(|path| path.ends_with("Cargo.toml"))?.into_iter().collect();
    let mut found = Vec::new();
    let mut next = Some(tree.at("Cargo.toml"));
    while let Some(manifest) = next {
        manifests.remove(&manifest);
        for package in packages(&manifest)? {
            manifests.remove(&package.manifest_path);
            found.push(with_roots(tree, package)?);
        }
        next = manifests.first().cloned();
    }
    Ok(found)
}

fn packages(manifest: &Path) -> Result<Vec<Package>> {
    let mut cargo = child::cargo();
    cargo
        .args(["metadata", "--quiet", "--no-deps", "--format-version", "1", "--manifest-path"])
        .arg(manifest);
    let answer: Answer = serde_json::from_str(&child::read(&mut cargo)?)
        .with_context(|| format!("cargo's metadata of {}", manifest.display()))?;
    Ok(answer.packages)
}

fn with_roots(tree: &Tree, package: Package) -> Result<Crate> {
    let is_code =
        |kind: &String| ["lib", "rlib", "cdylib", "staticlib", "proc-macro", "bin"].contains(&kind.as_str());
    let mut roots = Vec::new();
    for target in package.targets.into_iter().filter(|target| target.kind.iter().any(is_code)) {
        let text = fs::read_to_string(&target.src_path)
            .with_context(|| format!("cannot read {}", target.src_path.display()))?;
        roots.push((tree.shorten(&target.src_path).to_owned(), text));
    }
    let folder = package.manifest_path.parent().unwrap_or(tree.root());
    let declared = package.dependencies.into_iter();
    Ok(Crate {
        name: package.name,
        folder: tree.shorten(folder).to_owned(),
        dependencies: declared
            .map(|Declared { name, kind }| Dependency { name, dev: kind.as_deref() == Some("dev") })
            .collect(),
        roots,
    })
}
