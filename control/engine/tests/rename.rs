//! Devices that get another name while the engine is on them: on the running kernel, in a network namespace of the
//! test's own. Needs root.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use flumen_abi::{Settings, Timeouts};
use flumen_compile::{InterfaceBinding, Ruleset};
use flumen_engine::xdp::{XdpEngine, XdpOptions};
use flumen_engine::{Engine, Generation, HostFacts, IfIndex, InterfaceId, LinkFacts, Vlan, ZoneId};
use nix::sched::{CloneFlags, unshare};
use std::path::PathBuf;
use std::process::Command;

struct Lab {
    options: XdpOptions,
    /// None while no daemon runs.
    engine: Option<XdpEngine>,
}

impl Lab {
    /// With `lan` and `wan` in zones of their own.
    fn new(name: &str) -> Lab {
        let pin_dir = PathBuf::from(format!("/sys/fs/bpf/flumen-test-{}-{name}", std::process::id()));
        let options = XdpOptions { pin_dir, sessions: 1_024, ..XdpOptions::default() };
        let mut lab = Lab { engine: Some(XdpEngine::open(&options).unwrap()), options };
        lab.install(&["lan", "wan"], &[]);
        lab
    }

    fn install(&mut self, devices: &[&str], absent: &[&str]) {
        self.engine().prepare(&ruleset(devices, absent), &facts()).unwrap();
        self.engine().switch(&facts()).unwrap();
    }

    /// Another daemon takes over.
    fn restart(&mut self) {
        self.engine = None;
        self.engine = Some(XdpEngine::open(&self.options).unwrap());
    }

    fn engine(&mut self) -> &mut XdpEngine {
        self.engine.as_mut().unwrap()
    }

    fn follow(&mut self) {
        self.engine().host_changed(&facts()).unwrap();
    }

    /// Devices that are attached to, and the names under which they were, if those are others.
    fn attachments(&self) -> Vec<(String, Option<String>)> {
        let own = self.engine.as_ref().unwrap().attachments().into_iter();
        own.map(|attachment| (attachment.device, attachment.attached_as)).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.engine().detach().unwrap();
    }
}

fn ip(line: &str) -> String {
    let output = Command::new("ip").args(line.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Kernels before 6.2 rename no device that is up.
fn rename(old: &str, new: &str) {
    ip(&format!("link set {old} down"));
    ip(&format!("link set {old} name {new}"));
    ip(&format!("link set {new} up"));
}

/// Runs `test` where there are `lan` and `wan`, each one end of a veth pair.
fn in_namespace(test: fn()) {
    let inside = move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        for link in ["lan", "wan"] {
            add(link);
        }
        test();
    };
    if let Err(panic) = std::thread::spawn(inside).join() {
        std::panic::resume_unwind(panic);
    }
}

fn add(link: &str) {
    ip(&format!("link add {link} type veth peer name {link}-p"));
    ip(&format!("link set {link} up"));
}

fn facts() -> HostFacts {
    let listed = ip("-o link show");
    let link = |line: &str| {
        let mut parts = line.split(": ");
        let index = IfIndex(parts.next().unwrap().parse().unwrap());
        let name = parts.next().unwrap().split('@').next().unwrap().to_owned();
        LinkFacts {
            index,
            name,
            mac: [2, 0, 0, 0, 0, 1],
            mtu: 1500,
            v4: None,
            v6: None,
            running: true,
            xdp_transmit: true,
            xdp_transmit_fragments: true,
        }
    };
    HostFacts { links: listed.lines().map(link).collect(), locals: Vec::new() }
}

fn has_program(link: &str) -> bool {
    ip(&format!("-d link show {link}")).contains("prog/xdp")
}

#[test]
fn a_renamed_device_stays_attached_until_the_rules_do_not_want_it() {
    in_namespace(|| {
        let mut lab = Lab::new("renamed");
        rename("wan", "wan9");
        lab.follow();
        assert!(has_program("wan9"), "nothing is looked at there otherwise");
        let renamed = vec![("lan".into(), None), ("wan9".into(), Some("wan".into()))];
        assert_eq!(lab.attachments(), renamed);
        lab.install(&["lan"], &["wan"]);
        assert!(has_program("wan9"), "another configuration that wants wan");

        lab.restart();
        lab.install(&["lan"], &["wan"]);
        assert!(has_program("wan9"));
        assert_eq!(lab.attachments(), renamed, "also by another daemon");

        rename("wan9", "wan");
        lab.install(&["lan", "wan"], &[]);
        assert!(has_program("wan"));
        assert_eq!(lab.attachments(), [("lan".into(), None), ("wan".into(), None)]);

        rename("wan", "wan9");
        lab.follow();
        lab.install(&["lan"], &[]);
        assert!(!has_program("wan9"), "no zone wants it");
    });
}

#[test]
fn a_renamed_device_serves_under_its_new_name_also_after_a_restart() {
    in_namespace(|| {
        let mut lab = Lab::new("served");
        rename("wan", "wan9");
        lab.follow();
        lab.install(&["lan", "wan9"], &[]);
        assert_eq!(lab.attachments(), [("lan".into(), None), ("wan9".into(), None)]);
        lab.restart();
        lab.install(&["lan", "wan9"], &[]);
        assert_eq!(lab.attachments(), [("lan".into(), None), ("wan9".into(), None)]);
        rename("wan9", "wan");
        lab.follow();
        assert!(has_program("wan"));
        lab.engine().detach().unwrap();
        assert!(!has_program("wan"));
    });
}

#[test]
fn a_commit_that_fails_does_not_forget_under_which_name_a_device_is_wanted() {
    in_namespace(|| {
        let mut lab = Lab::new("abandoned");
        rename("wan", "wan9");
        lab.follow();
        lab.engine().prepare(&ruleset(&["lan", "wan9"], &[]), &facts()).unwrap();
        lab.engine().abandon();
        lab.follow();
        assert!(has_program("wan9"));
    });
}

#[test]
fn a_device_that_gets_the_name_of_a_renamed_one_is_attached_beside_it() {
    in_namespace(|| {
        let mut lab = Lab::new("twice");
        rename("wan-p", "wan9-p");
        rename("wan", "wan9");
        add("wan");
        lab.follow();
        lab.install(&["lan", "wan"], &[]);
        assert!(has_program("wan9") && has_program("wan"));
        ip("link delete wan9");
        lab.follow();
        assert_eq!(lab.attachments(), [("lan".into(), None), ("wan".into(), None)]);
    });
}

#[test]
fn pins_that_somebody_removes_are_missed() {
    in_namespace(|| {
        let mut lab = Lab::new("unpinned");
        let unpinned = |lab: &Lab| lab.engine.as_ref().unwrap().attachments().iter().all(|own| own.unpinned);
        assert!(!unpinned(&lab));
        std::fs::remove_dir_all(&lab.options.pin_dir).unwrap();
        assert!(unpinned(&lab) && has_program("wan"));
        lab.engine = None;
        assert!(!has_program("wan"), "it was open without a word");
        lab.engine = Some(XdpEngine::open(&lab.options).unwrap());
    });
}

#[test]
fn a_device_with_the_number_of_one_that_is_gone_is_not_taken_for_it() {
    in_namespace(|| {
        let mut lab = Lab::new("number");
        let index = facts().link("wan").unwrap().index.0;
        ip("link delete wan");
        ip(&format!("link add wan9 index {index} type veth peer name wan9-p"));
        lab.follow();
        assert_eq!(lab.attachments(), [("lan".into(), None)]);
        rename("wan9", "wan");
        lab.follow();
        assert!(has_program("wan"));
    });
}

/// One zone for each of `devices`, and no rules; something of `absent` is not here.
fn ruleset(devices: &[&str], absent: &[&str]) -> Ruleset {
    let interface = |(number, device): (u16, &&str)| InterfaceBinding {
        device: (*device).to_owned(),
        vlan: Vlan::default(),
        link: (*device).to_owned(),
        zone: ZoneId(number + 1),
        id: InterfaceId(number),
    };
    let absent = absent.iter().map(|device| (*device).to_owned()).collect();
    let timeouts = Timeouts {
        tcp_initial_s: 1,
        tcp_established_s: 1,
        tcp_closing_s: 1,
        tcp_closed_s: 1,
        udp_s: 1,
        icmp_s: 1,
        other_s: 1,
    };
    Ruleset {
        settings: Settings { generation: Generation(1), timeouts, answers_per_second: 0, tcp_loose: 0 },
        interfaces: (0..).zip(devices).map(interface).collect(),
        absent,
        roots: Vec::new(),
        nodes: Vec::new(),
        leaves: Vec::new(),
        rules: Vec::new(),
        policies: Vec::new(),
        nat: Vec::new(),
        services: Vec::new(),
        mirrors: Vec::new(),
    }
}
