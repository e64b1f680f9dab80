//! The checkout: where its parts are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold no source.
const NOT_SOURCE: [&str; 3] = ["target", ".git", "node_modules"];

/// The root folder of the checkout and the places in it that xtask knows.
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The checkout that this program was built from.
    pub(crate) fn of_this_checkout() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self { root: own.parent().unwrap_or(own).to_owned() }
    }

    /// The folder of the workspace manifest.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path given relative to the root.
    pub(crate) fn at(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where eBPF objects are put, whatever `CARGO_TARGET_DIR` says: other crates read them from here.
    pub(crate) fn ebpf_objects(&self) -> PathBuf {
        self.at("target/ebpf")
    }

    /// `path` without the root in front, for messages.
    pub(crate) fn shorten<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// Every file of the checkout that `wanted` accepts, in a stable order. Build output is not entered, links are
    /// not followed.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(crate) fn files(&self, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
            for entry in entries {
                let entry = entry?;
                let kind = entry.file_type()?;
                let path = entry.path();
                let source = NOT_SOURCE.iter().all(|name| entry.file_name() != *name);
                if kind.is_dir() && source {
                    folders.push(path);
                } else if kind.is_file() && wanted(&path) {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace_manifest() {
        let manifest = std::fs::read_to_string(Tree::of_this_checkout().at("Cargo.toml")).expect("readable");
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn build_output_is_not_source() {
        let tree = Tree::of_this_checkout();
        let files = tree.files(|_| true).expect("readable");
        assert!(files.contains(&tree.at("Cargo.toml")));
        assert!(files.iter().all(|file| !tree.shorten(file).starts_with("target")));
    }
}
