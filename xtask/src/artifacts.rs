//! What cargo built, from its `--message-format json` lines.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::child;

/// A program that cargo built, or found up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// The target's name.
    pub(crate) name: String,
    /// The manifest of its package.
    pub(crate) manifest: PathBuf,
    /// The file.
    pub(crate) executable: PathBuf,
    /// Whether it is a test harness.
    pub(crate) test: bool,
}

#[derive(Deserialize)]
struct Message {
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
    executable: PathBuf,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Runs a cargo command that builds, and gives the programs it built. Diagnostics go to our terminal.
///
/// # Errors
/// When the build fails.
pub(crate) fn build(cargo: &mut Command) -> Result<Vec<Program>> {
    Ok(parse(&child::read(cargo.args(["--message-format", "json-render-diagnostics"]))?))
}

/// The one program of this name.
///
/// # Errors
/// When it is not among them.
pub(crate) fn named<'a>(programs: &'a [Program], name: &str) -> Result<&'a Path> {
    let found = programs.iter().find(|program| program.name == name && !program.test);
    found
        .map(|program| program.executable.as_path())
        .with_context(|| format!("cargo built no program {name}"))
}

/// Lines that tell of no program are passed over.
fn parse(messages: &str) -> Vec<Program> {
    let message = |line| serde_json::from_str::<Message>(line).ok();
    let programs = messages.lines().filter_map(message);
    programs
        .map(|Message { manifest_path, target, profile, executable }| Program {
            name: target.name,
            manifest: manifest_path,
            executable,
            test: profile.test,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: &str = concat!(
        r#"{"reason":"compiler-artifact","manifest_path":"/a/core/Cargo.toml","target":{"name":"core"},"profile":{"test":false},"executable":null}"#,
        "\n",
        r#"{"reason":"compiler-artifact","manifest_path":"/a/cli/Cargo.toml","target":{"name":"flumen"},"profile":{"test":true},"executable":"/t/deps/flumen-1"}"#,
        "\n",
        r#"{"reason":"compiler-artifact","manifest_path":"/a/cli/Cargo.toml","target":{"name":"flumen"},"profile":{"test":false},"executable":"/t/flumen"}"#,
        "\n",
        r#"{"reason":"build-finished","success":true}"#,
    );

    #[test]
    fn only_lines_with_a_program_count() {
        let programs = parse(MESSAGES);
        assert_eq!(programs.len(), 2);
        assert_eq!(programs[0].manifest, Path::new("/a/cli/Cargo.toml"));
    }

    #[test]
    fn a_program_is_not_confused_with_its_test_harness() {
        assert_eq!(named(&parse(MESSAGES), "flumen").expect("built"), Path::new("/t/flumen"));
        assert!(named(&parse(MESSAGES), "core").is_err());
    }
}
