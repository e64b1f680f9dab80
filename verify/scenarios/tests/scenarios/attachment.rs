//! Interfaces that come and go, the mode of attachment, and its end.

use flumen_api::LinkState;
use flumen_scenarios::{Configuration, Lab};
use flumen_testkit::netns::{Listener, veth};
use flumen_testkit::topology::{Gateway, Segment};
use flumen_testkit::wait_until;

use crate::support::{READY, SOON, count, sysctls};

fn pings_pass(lab: &Lab) {
    for to in lab.server_addresses() {
        lab.client().exec(&format!("ping -c 1 -W 5 {to}")).expect("the gateway forwards");
    }
}

#[test]
fn an_interface_that_goes_and_comes_back_is_attached_again() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    pings_pass(&lab);
    let wan = || {
        let interfaces = lab.flumen().interfaces().unwrap().interfaces;
        interfaces.into_iter().find(|interface| interface.name == "wan").unwrap()
    };
    for round in 1..=2 {
        lab.gateway().ip("link delete wan").unwrap();
        wait_until("wan is absent", SOON, || wan().state == LinkState::Absent).unwrap();
        assert_eq!(lab.flumen().status().unwrap().absent, ["wan"]);
        let log = lab.flumen().log();
        assert!(
            log.contains("interface wan is gone") && log.contains("attached again when it comes back"),
            "{log}"
        );
        lab.client().exec(&format!("ping -c 1 -W 0.2 {}", lab.server_addresses()[0])).unwrap_err();

        veth((lab.server(), "eth0"), (lab.gateway(), "wan")).unwrap();
        let (host, gateway) = (Segment::Wan.host(), Segment::Wan.gateway());
        for (link, end) in [
            (lab.topology().host_link(Segment::Wan), host),
            (lab.topology().gateway_link(Segment::Wan), gateway),
        ] {
            let link =
                link.features("tx off tso off gso off").unwrap().set_mac(end.mac).unwrap().up().unwrap();
            link.features("gro on").unwrap();
            link.address(&format!("{}/24", end.v4)).unwrap().address(&format!("{}/64", end.v6)).unwrap();
        }
        lab.server().route(&format!("default via {}", gateway.v4)).unwrap();
        lab.server().route(&format!("default via {}", gateway.v6)).unwrap();

        wait_until("wan is attached", SOON, || {
            let wan = wan();
            wan.state == LinkState::Up && wan.mode.as_deref() == Some("driver") && wan.v6.is_some()
        })
        .unwrap();
        assert!(lab.flumen().status().unwrap().absent.is_empty());
        let before = count(&lab, "lan", "forwarded") + count(&lab, "lan", "neighbour-unknown");
        pings_pass(&lab);
        let after = count(&lab, "lan", "forwarded") + count(&lab, "lan", "neighbour-unknown");
        assert_eq!(after, before + 2, "round {round}: through Flumen, not around it");
    }
}

#[test]
fn an_adopted_interface_that_leaves_the_configuration_is_detached_and_may_come_back() {
    let mut lab = Lab::new(&Configuration::new()).unwrap();
    lab.flumen_mut().kill().unwrap();
    lab.flumen_mut().start_again().unwrap();
    let only_lan =
        r#"{"interfaces": {"lan": {}}, "security": {"zones": {"trust": {"interfaces": ["lan"]}}}}"#;
    lab.flumen().apply(&Configuration::parse(only_lan).unwrap()).unwrap();
    let programs = || lab.gateway().exec("ip link show").unwrap().matches(" xdp ").count();
    wait_until("one program is left", SOON, || programs() == 1).unwrap();
    lab.flumen().apply(&Configuration::new()).unwrap();
    assert_eq!(programs(), 2);
    pings_pass(&lab);
}

#[test]
fn generic_mode_by_configuration_is_reported_and_works() {
    let generic = Configuration::new().set("/system/dataplane/mode", "generic");
    let lab = Lab::new(&generic).unwrap();
    for interface in lab.flumen().interfaces().unwrap().interfaces {
        assert_eq!(interface.mode.as_deref(), Some("generic"));
        assert!(interface.note.is_some_and(|note| note.contains("generic")));
    }
    let shown = lab.flumen().run("show interfaces").unwrap();
    assert!(shown.contains("the configuration asks for generic mode"), "{shown}");
    let links = lab.gateway().exec("ip link show").unwrap();
    assert_eq!(links.matches("xdpgeneric").count(), 2, "{links}");
    pings_pass(&lab);
    for to in lab.server_addresses() {
        let said = lab.client().exec(&format!("ping -c 3 -i 0.05 -W 5 -s 3000 {to}")).unwrap();
        assert!(said.contains("3 received"), "{said}");
    }
    let _iperf = lab.server().spawn("iperf3 -s").unwrap();
    lab.server().wait_listening(Listener::Tcp(5201), READY).unwrap();
    for to in lab.server_addresses() {
        lab.client().exec(&format!("iperf3 -c {to} -n 5M --connect-timeout 5000")).unwrap();
    }
}

#[test]
fn driver_mode_or_nothing_is_taken_at_its_word() {
    let driver = Configuration::new().set("/system/dataplane/mode", "driver");
    let lab = Lab::new(&driver).unwrap();
    let links = lab.gateway().exec("ip link show").unwrap();
    assert_eq!((links.matches(" xdp").count(), links.matches("xdpgeneric").count()), (2, 0), "{links}");
    pings_pass(&lab);
}

#[test]
fn detach_puts_everything_back_with_and_without_a_daemon() {
    for dead in [false, true] {
        let mut lab = Lab::idle(Gateway::new().unwrap()).unwrap();
        lab.gateway().sysctl("net.ipv4.conf.lan.rp_filter", "1").unwrap();
        lab.gateway().sysctl("net.ipv4.conf.all.rp_filter", "2").unwrap();
        lab.topology().gateway_link(Segment::Lan).features("gro off").unwrap();
        let settings = |lab: &Lab| {
            let mut sysctls = sysctls(lab.gateway());
            // the kernel's own count of its memory
            sysctls.retain(|path, _| !path.ends_with("fib_sync_mem"));
            (sysctls, lab.gateway().exec("ethtool -k lan").unwrap())
        };
        let before = settings(&lab);
        lab.flumen_mut().start(&Configuration::new()).unwrap();
        pings_pass(&lab);
        assert_ne!(settings(&lab), before, "the gateway needs other settings");
        if dead {
            lab.flumen_mut().kill().unwrap();
        }
        let said = lab.flumen().run("detach").unwrap();
        assert!(said.contains("settings of the host are undone"), "{said}");
        if !dead {
            let log = lab.flumen_mut().wait().unwrap();
            assert!(log.contains("nothing is attached") && !log.contains("keeps enforcing"), "{log}");
        }
        assert_eq!(settings(&lab), before);
        assert!(!lab.flumen().places().bpf_dir().exists(), "nothing is pinned");
        let links = lab.gateway().exec("ip -details link show").unwrap();
        assert!(!links.contains("xdp"), "{links}");
        lab.gateway().sysctl("net.ipv4.conf.all.rp_filter", "0").unwrap();
        pings_pass(&lab);
    }
}
