//! `flumen tune` and `flumen mirror check` on the real kernel, without a daemon.

use std::path::PathBuf;
use std::process::{Command, Output};

use flumen_scenarios::flumen_program;
use flumen_testkit::netns::Netns;
use serde_json::Value;

/// A namespace with the veth pair `lan`, `peer`, of two queues, and a directory for what is saved.
struct Host {
    namespace: Netns,
    saved: tempfile::TempDir,
}

impl Host {
    fn new() -> Host {
        let namespace = Netns::new("tune").expect("a namespace");
        namespace.ip("link add lan numrxqueues 2 numtxqueues 2 type veth peer name peer numrxqueues 2 numtxqueues 2").expect("the lab is built");
        for link in ["lan", "peer"] {
            namespace.ip(&format!("link set {link} up")).expect("the lab is built");
        }
        namespace.link("lan").features("rx-gro-list on rx-udp-gro-forwarding on").expect("the lab is built");
        namespace.exec("ethtool -L lan rx 1 tx 2").expect("the lab is built");
        Host { namespace, saved: tempfile::tempdir().expect("a directory") }
    }

    fn flumen(&self, line: &str) -> Output {
        let program: PathBuf = flumen_program().expect("it is built");
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.namespace.path().display())).arg(program);
        command
            .args(line.split_whitespace())
            .env("FLUMEN_STATE_DIR", self.saved.path())
            .output()
            .expect("it starts")
    }

    fn json(&self, line: &str) -> Value {
        let output = self.flumen(&format!("{line} --json"));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// What ethtool shows of the device.
    fn ethtool(&self) -> Vec<String> {
        ["-k", "-l"]
            .map(|show| self.namespace.exec(&format!("ethtool {show} lan")).expect("ethtool shows it"))
            .into()
    }
}

#[test]
fn a_veth_is_tuned_and_put_back_exactly() {
    let host = Host::new();
    let before = host.ethtool();
    let shown = host.json("tune show -i lan --no-host");
    let state = |setting: &str| {
        let items = shown["items"].as_array().unwrap();
        items.iter().find(|item| item["setting"] == setting).map(|item| item["state"].clone())
    };
    assert_eq!(state("rx-gro-list of lan"), Some("differs".into()));
    assert_eq!(state("rx ring of lan"), Some("absent".into()), "a veth has none");
    assert_eq!(state("adaptive-rx of lan"), Some("absent".into()));
    assert_eq!(state("rx-gro of lan"), None, "a veth keeps it");
    assert_eq!(host.ethtool(), before, "to show changes nothing");

    let applied = host.flumen("tune apply -i lan --no-host");
    let said = String::from_utf8(applied.stdout).unwrap();
    assert!(applied.status.success() && said.contains("rx-gro-list of lan: on -> off\n"), "{said}");
    let cpus = std::thread::available_parallelism().unwrap().get();
    assert_eq!(said.contains("rx channels of lan: 1 -> 2\n"), cpus > 1, "{said}");
    assert!(said.contains("note: lan has no interrupts of its own\n"), "{said}");
    assert_ne!(host.ethtool(), before);
    assert!(host.saved.path().join("tune.json").exists());

    let undone = host.flumen("tune undo");
    assert!(undone.status.success(), "{}", String::from_utf8_lossy(&undone.stderr));
    assert_eq!(host.ethtool(), before);
    assert!(!host.saved.path().join("tune.json").exists());
}

#[test]
fn a_device_that_is_gone_does_not_keep_the_rest_from_being_put_back() {
    let host = Host::new();
    host.namespace.ip("link add other type veth peer name other-p").unwrap();
    host.namespace.link("other").features("rx-gro-list on").unwrap();
    let before = host.ethtool();
    assert!(host.flumen("tune apply -i other -i lan --no-host").status.success());
    host.namespace.ip("link del other").unwrap();
    assert!(host.flumen("tune undo").status.success());
    assert_eq!(host.ethtool(), before);
}

#[test]
fn a_device_that_is_not_there_is_wrong_usage_and_nothing_changes() {
    let host = Host::new();
    let before = host.ethtool();
    let output = host.flumen("tune apply -i lan -i nosuch --no-host");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is no network device nosuch"));
    assert_eq!(host.ethtool(), before);
}

#[test]
fn a_host_is_checked_for_a_mirror_and_the_exit_status_says_whether_it_is_ready() {
    let host = Host::new();
    let complaint = |found: &Value, subject: &str, topic: &str| {
        let mut all = found["findings"].as_array().unwrap().iter();
        all.find(|one| one["subject"] == subject && one["topic"] == topic).unwrap()["level"].clone()
    };
    host.namespace.link("lan").mtu(1600).unwrap();
    // With fewer channels than its peer sends with, a veth runs no program itself.
    host.namespace.exec("ethtool -L peer tx 2").unwrap();
    assert_eq!(complaint(&host.json("mirror check -i lan"), "lan", "xdp"), "warning");
    host.namespace.exec("ethtool -L lan rx 2").unwrap();
    let found = host.json("mirror check -i lan -t peer");
    assert_eq!(complaint(&found, "lan", "xdp"), "good");
    assert_eq!(complaint(&found, "lan", "mtu"), "good");
    // A veth takes redirected frames while its peer has GRO.
    assert_eq!(complaint(&found, "peer", "redirect"), "bad");
    assert_eq!(host.flumen("mirror check -i lan -t peer").status.code(), Some(1));

    host.namespace.link("lan").features("gro on").unwrap();
    let found = host.json("mirror check -i lan -t peer");
    assert_eq!(complaint(&found, "peer", "redirect"), "good", "{found}");
    assert_eq!(found["ready"], true, "{found}");
    assert_eq!(host.flumen("mirror check -i lan -t peer").status.code(), Some(0));

    assert_eq!(host.flumen("mirror check -i nosuch").status.code(), Some(1));
    assert_eq!(host.flumen("mirror check --inner-mtu 3").status.code(), Some(2));
}
