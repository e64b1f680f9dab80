//! The unit file, as systemd itself reads it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::Command;

/// Every unit, by the name of its file.
const UNITS: [(&str, &str); 4] = [
    ("flumen.service", include_str!("../../../deploy/systemd/flumen.service")),
    ("flumen-metrics.service", include_str!("../../../deploy/systemd/flumen-metrics.service")),
    ("flumen-cloudwatch.service", include_str!("../../../deploy/systemd/flumen-cloudwatch.service")),
    ("flumen-tune@.service", include_str!("../../../deploy/systemd/flumen-tune@.service")),
];

/// Writes a unit with this program in place of the installed one, which need not be there.
fn unit(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text.replace("/usr/local/bin/flumen", env!("CARGO_BIN_EXE_flumen"))).unwrap();
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
fn systemd_finds_nothing_wrong_with_the_units() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in UNITS {
        let Some(output) = analyze(&["verify", "--man=no", &unit(dir.path(), name, text)]) else {
            return;
        };
        let complaints = String::from_utf8_lossy(&output.stderr);
        let ours: Vec<&str> = complaints.lines().filter(|line| line.contains("flumen")).collect();
        assert!(output.status.success() && ours.is_empty(), "{name}: {complaints}");
    }
}

#[test]
fn the_units_give_up_what_they_do_not_need() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in UNITS {
        let path = unit(dir.path(), name, text);
        let Some(output) = analyze(&["security", "--offline=yes", "--threshold=30", "--no-pager", &path])
        else {
            return;
        };
        let verdict = String::from_utf8_lossy(&output.stdout);
        let verdict = verdict.lines().last().unwrap_or_default();
        assert!(output.status.success(), "{name}: exposure above 3.0 of 10: {verdict}");
    }
}

#[test]
fn the_units_start_what_the_program_offers() {
    for (name, text) in UNITS {
        let commands = text
            .lines()
            .filter_map(|line| line.strip_prefix("ExecStart=").or_else(|| line.strip_prefix("ExecStop=")));
        for command in commands {
            let words: Vec<&str> = command.split(' ').skip(1).collect();
            let verbs =
                words.iter().take_while(|word| word.starts_with(|first: char| first.is_ascii_lowercase()));
            let help = Command::new(env!("CARGO_BIN_EXE_flumen")).args(verbs).arg("--help").output().unwrap();
            assert!(help.status.success(), "{name}: {command}");
            let help = String::from_utf8(help.stdout).unwrap();
            assert!(
                words.iter().filter(|word| word.starts_with("--")).all(|flag| help.contains(flag)),
                "{help}"
            );
        }
    }
}
