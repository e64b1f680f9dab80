//! What a device does with frames while a ruleset that names it for the first time is prepared.

use flumen_abi::{Counter, InterfaceId, Reason};
use flumen_conformance::executor::WorldNamespace;
use flumen_conformance::site::{compiled, open_site};
use flumen_conformance::world::{WorldLink, facts};
use flumen_engine::xdp::{XdpEngine, XdpOptions};
use flumen_engine::{AttachMode, Engine};
use flumen_testkit::packet::{Mac, Packet};
use serde_json::{Value, json};
use std::path::PathBuf;

const DROP: u32 = 1;
const PASS: u32 = 2;
const REDIRECT: u32 = 4;

/// A host of the world behind `lan`, and one behind `dmz`.
const LAN: &str = "10.0.1.10";
const DMZ: &str = "10.0.3.80";

/// From a host to another, as it arrives on `device`.
fn frame(device: &str, from: &str, to: &str) -> Vec<u8> {
    let own = Mac(WorldLink::named(device).mac());
    Packet::eth().macs(Mac([2, 1, 0, 0, 0, 9]), own).ipv4(from, to).udp(4000, 53).build()
}

/// Only `lan` and `wan`.
fn small() -> Value {
    json!({
        "interfaces": {"lan": {}, "wan": {}},
        "security": {"zones": {"trust": {"interfaces": ["lan"]}, "untrust": {"interfaces": ["wan"]}}}
    })
}

/// Everything, and a service on an interface that is in no zone.
fn large() -> Value {
    let mut site = open_site();
    site["interfaces"]["stray"] = json!({});
    site["services"]["df-clear"]["stray"] = json!({});
    site
}

struct Gateway(XdpEngine);

impl Gateway {
    fn action(&self, device: &str, frame: &[u8]) -> u32 {
        self.0.test_run(WorldLink::named(device).ifindex(), frame).expect("the program runs").0
    }

    fn counted(&self, reason: Reason) -> Counter {
        let counters = self.0.counters().expect("the table is read");
        (0..InterfaceId::COUNT).fold(Counter::default(), |sum, id| {
            let one = counters.reason(InterfaceId(id), reason);
            Counter { packets: sum.packets + one.packets, bytes: sum.bytes + one.bytes }
        })
    }

    fn attached(&self) -> Vec<String> {
        self.0.attachments().into_iter().map(|attachment| attachment.device).collect()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Err(error) = self.0.detach() {
            eprintln!("the engine's pins stay behind: {error}");
        }
    }
}

#[test]
fn a_new_device_leaves_its_frames_to_the_kernel_until_its_ruleset_is_in_force() {
    let world = WorldNamespace::new("attachment").expect("the world's namespace");
    let inside = || {
        let pin_dir = PathBuf::from(format!("/sys/fs/bpf/flumen-attachment-{}", std::process::id()));
        let options = XdpOptions { pin_dir, sessions: 16, sessions6: 16, ..XdpOptions::default() };
        let mut gateway = Gateway(XdpEngine::open(&options).expect("the engine opens"));
        let ruleset = |site: &Value, generation| compiled(site, generation).expect("the site compiles");
        gateway.0.install(&ruleset(&small(), 1), &facts()).expect("the ruleset is installed");
        let (to_lan, of_stray) = (frame("dmz", DMZ, LAN), frame("stray", "10.0.9.10", LAN));

        for abandoned in [true, false] {
            gateway.0.prepare(&ruleset(&large(), 2), &facts()).expect("it is prepared");
            assert!(gateway.attached().contains(&"dmz".to_owned()));
            assert_eq!(gateway.0.attachments()[0].mode, AttachMode::Driver);
            assert_eq!((gateway.action("dmz", &to_lan), gateway.action("stray", &of_stray)), (PASS, PASS));
            assert_eq!(gateway.action("lan", &frame("lan", LAN, DMZ)), DROP, "the old rules are in force");
            if abandoned {
                gateway.0.abandon();
                assert_eq!(gateway.attached(), ["lan", "wan"]);
            }
        }
        assert_eq!(gateway.counted(Reason::NoInterface), Counter::default());
        gateway.0.switch(&facts()).expect("the rulesets are switched");
        assert_eq!((gateway.action("dmz", &to_lan), gateway.action("stray", &of_stray)), (REDIRECT, PASS));
        assert_eq!(gateway.counted(Reason::PassedThrough).packets, 1, "by services");
        assert_eq!(gateway.counted(Reason::Forwarded).packets, 1);
    };
    world.run(inside).expect("a thread in the namespace");
}
