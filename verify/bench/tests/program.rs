//! The program as it is called. Needs root.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use flumen_testkit::netns::leftovers;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_flumen-bench"))
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()))
}

fn lines_until_the_rig_is_up(child: &mut Child) -> (Vec<String>, BufReader<impl Read + use<>>) {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.starts_with("An interrupt")) {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "it ended early: {lines:?}");
        lines.push(line);
    }
    (lines, output)
}

#[test]
fn the_file_for_machines_has_what_is_promised() {
    let out = folder("json");
    let run =
        program().args(["--short", "--rows", "udp4-plain,program", "--out"]).arg(&out).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = std::fs::read_to_string(out.join("bench.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    for word in ["machine", "kernel", "commit"] {
        assert!(document[word].as_str().is_some_and(|word| !word.is_empty()), "{word}");
    }
    let rows = document["rows"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(row("floor/xdp-drop")["device_cost_ns"], 0.0);
    assert!(row("floor/xdp-drop")["ratio_to_redirect"].is_null());
    assert_eq!(row("floor/xdp-redirect")["ratio_to_redirect"], 1.0);
    let plain = row("flumen/udp4-plain/1");
    for word in ["pps", "device_cost_ns", "ratio_to_redirect", "ratio_to_nft"] {
        assert!(plain[word].as_f64().is_some_and(|number| number > 0.0), "{word}: {plain}");
    }
    assert!(std::fs::read_to_string(out.join("bench.svg")).unwrap().contains("flumen/udp4-plain/1"));
    std::fs::remove_dir_all(out).unwrap();
}

#[test]
fn a_rig_for_another_device_stays_until_a_signal_and_leaves_nothing_behind() {
    let mut child = program()
        .args(["--engine-under-test", "none"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (lines, _output) = lines_until_the_rig_is_up(&mut child);
    assert!(lines.iter().any(|line| line.starts_with("  lan  ifindex")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("  wan  ifindex")), "{lines:?}");
    assert!(child.try_wait().unwrap().is_none(), "standard input has ended, which is no key");
    kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    assert!(child.wait().unwrap().success());
    let ours = format!("flt-{}-", child.id());
    assert!(!leftovers().unwrap().iter().any(|name| name.starts_with(&ours)));
}

#[test]
fn without_root_it_says_what_is_missing() {
    let run = Command::new("setpriv")
        .args(["--reuid=65534", "--clear-groups", env!("CARGO_BIN_EXE_flumen-bench")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success());
    // a folder that nobody else may enter hides the program itself
    assert!(said.contains("the benchmark needs root") || said.contains("Permission denied"), "{said}");
}
