//! Links of different sizes.

use std::time::Duration;

use flumen_scenarios::{Configuration, HttpServer, Lab, content};
use flumen_testkit::netns::Listener;
use flumen_testkit::topology::{Gateway, Segment};

use crate::support::{READY, SOON, count, curl, server_ips, udp, url};

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
fn jumbo_frames_pass_in_driver_mode() {
    const JUMBO: u32 = 9000;
    let topology = Gateway::builder().mtu(Segment::Lan, JUMBO).mtu(Segment::Wan, JUMBO).build().unwrap();
    let lab = Lab::on(topology, &Configuration::new()).unwrap();
    for interface in lab.flumen().interfaces().unwrap().interfaces {
        assert_eq!((interface.mode.as_deref(), interface.mtu), (Some("driver"), JUMBO));
        assert_eq!(interface.note, None);
    }
    let [v4, v6] = lab.server_addresses();
    for (to, headers) in [(v4, 28), (v6, 48)] {
        let said =
            lab.client().exec(&format!("ping -c 5 -i 0.05 -W 5 -M do -s {} {to}", JUMBO - headers)).unwrap();
        assert!(said.contains("5 received"), "{said}");
    }
    assert!(count(&lab, "lan", "forwarded") >= 8, "the first ones may wait for a neighbour");
    let _server = HttpServer::start(lab.server(), 80).unwrap();
    let length = 3_000_000;
    let copy = lab.flumen().places().file("copy.bin");
    for to in server_ips() {
        curl(lab.client(), &format!("--output {} {}/bytes/{length}", copy.display(), url(to, 80))).unwrap();
        assert!(std::fs::read(&copy).unwrap() == content(length), "it arrives whole");
    }
}

#[test]
fn a_jumbo_datagram_whose_checksum_was_left_to_the_device_arrives_through_source_nat() {
    const JUMBO: u32 = 9000;
    let builder = Gateway::builder().host_offloads();
    let topology = builder.mtu(Segment::Lan, JUMBO).mtu(Segment::Wan, JUMBO).build().unwrap();
    let lab = Lab::on(topology, &Configuration::new()).unwrap();
    let [v4, _] = lab.server_addresses();
    lab.client().exec(&format!("ping -c 1 -W 5 {v4}")).unwrap(); // neighbours are known
    let server = udp(lab.server(), (Segment::Wan.host().v4, 5000).into()).unwrap();
    let client = udp(lab.client(), (Segment::Lan.host().v4, 5001).into()).unwrap();
    let mut buffer = vec![0; 10_000];
    for length in [1400, 3500, 8001, 8972] {
        let datagram: Vec<u8> = (0..=255).cycle().take(length).collect();
        client.send_to(&datagram, (Segment::Wan.host().v4, 5000)).unwrap();
        let (arrived, from) = server.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..arrived], &datagram);
        server.send_to(&datagram, from).unwrap();
        assert_eq!(client.recv(&mut buffer).unwrap(), length, "and back");
    }
    assert!(count(&lab, "lan", "forwarded") >= 4, "none by the kernel");
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
