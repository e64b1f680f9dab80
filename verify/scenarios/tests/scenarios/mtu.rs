//! Links of different sizes.

use std::time::Duration;

use flumen_scenarios::{Configuration, HttpServer, Lab, content};
use flumen_testkit::netns::Listener;
use flumen_testkit::topology::{Gateway, Segment};

use crate::support::{READY, SOON, count, curl, server_ips, url};

const MTU: u32 = 1400;

/// The gateway's interface alone is small: neither end knows.
fn lab_with_a_small(segment: Segment) -> Lab {
    let topology = Gateway::new().expect("a topology");
    topology.gateway_link(segment).mtu(MTU).expect("an MTU");
    Lab::on(topology, &Configuration::new()).expect("a lab")
}

#[test]
fn a_ping_that_does_not_fit_is_answered_with_the_mtu() {
    let lab = lab_with_a_small(Segment::Wan);
    for (to, headers, words) in
        [(&lab.server_addresses()[0], 28, "mtu = 1400"), (&lab.server_addresses()[1], 48, "mtu=1400")]
    {
        lab.client().exec(&format!("ping -c 1 -W 5 -M do -s {} {to}", MTU - headers)).unwrap();
        let refused = lab.client().exec(&format!("ping -c 1 -W 5 -M do -s {} {to}", 1500 - headers));
        let said = refused.unwrap_err().to_string().to_lowercase();
        assert!(said.contains(&words.to_lowercase()) || said.contains("mtu: 1400"), "{said}");
    }
    assert!(count(&lab, "lan", "packet-too-big-sent") >= 2);
}

#[test]
fn jumbo_frames_pass_in_generic_mode_which_says_why() {
    const JUMBO: u32 = 9000;
    let topology = Gateway::builder().mtu(Segment::Lan, JUMBO).mtu(Segment::Wan, JUMBO).build().unwrap();
    let mut lab = Lab::on(topology, &Configuration::new()).unwrap();
    for interface in lab.flumen().interfaces().unwrap().interfaces {
        assert_eq!((interface.mode.as_deref(), interface.mtu), (Some("generic"), JUMBO));
        let note = interface.note.unwrap();
        assert!(note.contains("MTU is 9000") && note.contains("mtu 3498"), "{note}");
    }
    assert!(lab.flumen().log().contains("MTU is 9000"), "{}", lab.flumen().log());
    let [v4, v6] = lab.server_addresses();
    for (to, headers) in [(v4, 28), (v6, 48)] {
        lab.client().exec(&format!("ping -c 3 -i 0.05 -W 5 -M do -s {} {to}", JUMBO - headers)).unwrap();
    }
    assert!(count(&lab, "lan", "forwarded") > 0, "through Flumen");

    for segment in [Segment::Lan, Segment::Wan] {
        lab.topology().host_link(segment).mtu(3498).unwrap();
        lab.topology().gateway_link(segment).mtu(3498).unwrap();
    }
    lab.flumen().run("detach").unwrap();
    lab.flumen_mut().wait().unwrap();
    lab.flumen_mut().start(&Configuration::new()).unwrap();
    for interface in lab.flumen().interfaces().unwrap().interfaces {
        assert_eq!((interface.mode.as_deref(), interface.note), (Some("driver"), None), "the remedy helps");
    }
}

#[test]
fn a_tcp_upload_finds_the_small_link_behind_the_gateway() {
    let lab = lab_with_a_small(Segment::Wan);
    let _server = lab.server().spawn("iperf3 -s").unwrap();
    lab.server().wait_listening(Listener::Tcp(5201), READY).unwrap();
    for (number, to) in lab.server_addresses().iter().enumerate() {
        let line = format!("iperf3 -c {to} -n 10M --connect-timeout 5000");
        lab.client().exec_within(Duration::from_secs(60), &line).unwrap();
        assert!(count(&lab, "lan", "packet-too-big-sent") > number as u64, "it was discovered");
        let route = lab.client().ip(&format!("route get {to}")).unwrap();
        assert!(route.contains("mtu 1400"), "{route}");
    }
}

#[test]
fn a_download_finds_the_small_link_before_the_gateway_through_source_nat() {
    let lab = lab_with_a_small(Segment::Lan);
    let _server = HttpServer::start(lab.server(), 80).unwrap();
    let length = 3_000_000;
    let copy = lab.flumen().places().file("copy.bin");
    for (number, to) in server_ips().into_iter().enumerate() {
        curl(lab.client(), &format!("--output {} {}/bytes/{length}", copy.display(), url(to, 80))).unwrap();
        assert!(std::fs::read(&copy).unwrap() == content(length), "it arrives whole");
        assert!(count(&lab, "wan", "packet-too-big-sent") > number as u64, "the server was told");
    }
}

#[test]
fn an_mtu_that_changes_while_the_gateway_runs_is_followed() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let [v4, _] = lab.server_addresses();
    lab.client().exec(&format!("ping -c 1 -W 5 -M do -s 1472 {v4}")).unwrap();
    lab.topology().gateway_link(Segment::Wan).mtu(MTU).unwrap();
    let told = || count(&lab, "lan", "packet-too-big-sent") > 0;
    flumen_testkit::wait_until("the client is told", SOON, || {
        lab.client().exec(&format!("ping -c 1 -W 0.2 -M do -s 1472 {v4}")).is_err() && told()
    })
    .unwrap();
}

#[test]
fn what_may_be_fragmented_is_fragmented_by_the_kernel() {
    let topology = Gateway::builder().mtu(Segment::Wan, MTU).build().unwrap();
    let lab = Lab::on(topology, &Configuration::new()).unwrap();
    let [v4, _] = lab.server_addresses();
    let said = lab.client().exec(&format!("ping -c 3 -i 0.1 -W 5 -M dont -s 1472 {v4}")).unwrap();
    assert!(said.contains("3 received"), "{said}");
    assert!(count(&lab, "lan", "fragmentation-needed") >= 3);
}
