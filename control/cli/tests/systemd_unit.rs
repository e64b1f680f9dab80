//! The unit file, as systemd itself reads it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::Command;

const UNIT: &str = include_str!("../../../deploy/systemd/flumen.service");

/// Writes the unit with this program in place of the installed one, which need not be there.
fn unit(dir: &Path) -> String {
    let path = dir.join("flumen.service");
    std::fs::write(&path, UNIT.replace("/usr/local/bin/flumen", env!("CARGO_BIN_EXE_flumen"))).unwrap();
    path.display().to_string()
}

/// Runs `systemd-analyze`; none when this host has none.
fn analyze(arguments: &[&str]) -> Option<std::process::Output> {
    let output = Command::new("systemd-analyze").args(arguments).output();
    if output.is_err() {
        eprintln!("skipped: no systemd-analyze");
    }
    output.ok()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let dir = tempfile::tempdir().unwrap();
    let Some(output) = analyze(&["verify", "--man=no", &unit(dir.path())]) else {
        return;
    };
    let complaints = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<&str> = complaints.lines().filter(|line| line.contains("flumen")).collect();
    assert!(output.status.success() && ours.is_empty(), "{complaints}");
}

#[test]
fn the_unit_starts_what_the_program_offers() {
    let start = UNIT.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let words: Vec<&str> = start.split(' ').skip(1).collect();
    let help = Command::new(env!("CARGO_BIN_EXE_flumen")).args([words[0], "--help"]).output().unwrap();
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(words.iter().filter(|word| word.starts_with("--")).all(|flag| help.contains(flag)), "{help}");
}
