//! What `explain` says is what happens.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use flumen_api::{ExplainInput, ExplainRequest, ExplainedPacket, Request, Response};
use flumen_scenarios::{Configuration, Lab};
use flumen_testkit::packet::{Checksum, Packet, SYN};
use flumen_testkit::topology::{Gateway, Neighbours, Segment};
use flumen_testkit::{RawSocket, wait_until};

use crate::support::{SOON, count, server_ips, udp_to};

/// TCP to 8000 is denied, to 8001 rejected; all else may go out. No neighbour needs to be resolved.
fn lab() -> Lab {
    let configuration = Configuration::new()
        .application("closed", "tcp", 8000)
        .application("refused", "tcp", 8001)
        .policy_first("no-8000", ("trust", "untrust"), "closed", "deny")
        .policy_first("no-8001", ("trust", "untrust"), "refused", "reject");
    let topology = Gateway::builder().neighbours(Neighbours::Static).build().expect("a topology");
    Lab::on(topology, &configuration).expect("a lab")
}

/// From the host of a segment to the gateway.
fn frame(segment: Segment) -> Packet {
    Packet::eth().macs(segment.host().mac, segment.gateway().mac)
}

fn explain(lab: &Lab, segment: Segment, frame: &[u8]) -> ExplainedPacket {
    let input = ExplainInput::Frame { interface: segment.dev().to_owned(), bytes: frame.to_vec() };
    let request = Request::Explain(ExplainRequest { input, candidate: None });
    match lab.flumen().ask(&request).expect("the daemon answers") {
        Response::Explained(mut report) => report.packets.pop().expect("one frame, one answer"),
        other => panic!("no explanation: {other:?}"),
    }
}

fn session_ids(lab: &Lab) -> HashSet<u32> {
    lab.flumen().sessions().expect("the daemon answers").iter().map(|session| session.id).collect()
}

#[test]
fn the_explained_reason_is_the_one_that_is_counted_and_explaining_changes_nothing() {
    let lab = lab();
    let lan = || frame(Segment::Lan);
    let out = || lan().ipv4("10.1.0.2", "203.0.113.2");
    let out6 = || lan().ipv6("2001:db8:1::2", "2001:db8:2::2");
    for (segment, frame, reason) in [
        (Segment::Lan, out().udp(4000, 7000), "forwarded"),
        (Segment::Lan, out6().tcp(4000, 80).flags(SYN), "forwarded"),
        (Segment::Lan, out6().icmpv6_echo(7, 1), "forwarded"),
        (Segment::Lan, out().tcp(4001, 8000).flags(SYN), "policy-denied"),
        (Segment::Lan, out6().tcp(4001, 8000).flags(SYN), "policy-denied"),
        (Segment::Lan, out().tcp(4001, 8001).flags(SYN), "reject-sent"),
        (Segment::Lan, out().tcp(4001, 80), "tcp-no-session"),
        (Segment::Lan, out().tcp(4001, 80).flags(0), "tcp-flags"),
        (Segment::Lan, out().icmp_echo_reply(7, 1), "icmp-no-session"),
        (Segment::Lan, out().ttl(1).udp(4002, 7000), "ttl-exceeded-sent"),
        (Segment::Lan, out6().ttl(1).udp(4002, 7000), "ttl-exceeded-sent"),
        (Segment::Lan, out().ip_checksum(Checksum::Wrong).udp(4003, 7000), "ipv4-checksum"),
        (Segment::Lan, out().total_len(500).udp(4003, 7000), "ipv4-total-length"),
        (Segment::Lan, lan().ipv4("10.1.0.2", "198.51.100.1").udp(4004, 7000), "no-route"),
        (Segment::Lan, lan().ipv4("10.1.0.1", "203.0.113.2").udp(4005, 7000), "spoofed-source"),
        (Segment::Lan, lan().ipv4("10.1.0.2", "10.1.0.1").icmp_echo(7, 1), "host-inbound"),
        (Segment::Lan, lan().ipv4("10.1.0.2", "10.1.0.1").tcp(4006, 22).flags(SYN), "host-denied"),
        (Segment::Wan, frame(Segment::Wan).ipv4("203.0.113.2", "10.1.0.2").udp(1, 2), "policy-default"),
    ] {
        let bytes = frame.pad_to(60).build();
        let before_ids = session_ids(&lab);
        let before = count(&lab, segment.dev(), reason);
        let explained = explain(&lab, segment, &bytes);
        assert_eq!(explained.reason, reason, "{explained:#?}");
        assert_eq!(count(&lab, segment.dev(), reason), before, "explaining counts nothing");
        assert!(session_ids(&lab).is_subset(&before_ids), "and admits nothing");

        let there = RawSocket::open(lab.server(), "eth0").unwrap();
        RawSocket::open(lab.topology().host(segment), "eth0").unwrap().send(&bytes).unwrap();
        wait_until(&format!("{reason} is counted"), SOON, || {
            count(&lab, segment.dev(), reason) == before + 1
        })
        .unwrap();
        if reason == "forwarded" {
            let hex = |frame: &[u8]| frame.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let arrived = there.recv_matching(SOON, |frame| hex(frame) == explained.frame_after).unwrap();
            assert!(arrived.is_some(), "the server gets the very frame that was shown: {explained:#?}");
        }
    }
}

#[test]
fn a_packet_of_an_open_session_is_explained_as_such() {
    let lab = lab();
    let out = || frame(Segment::Lan).ipv4("10.1.0.2", "203.0.113.2").udp(4000, 7000).pad_to(60).build();
    RawSocket::open(lab.client(), "eth0").unwrap().send(&out()).unwrap();
    wait_until("a session", SOON, || lab.flumen().sessions().unwrap().len() == 1).unwrap();
    let session = lab.flumen().sessions().unwrap()[0].clone();
    let again = explain(&lab, Segment::Lan, &out());
    assert!(!again.steps.iter().any(|step| step.stage == "policy"), "it asks no policy: {again:#?}");
    let back = frame(Segment::Wan).ipv4("203.0.113.2", "203.0.113.1").udp(7000, session.departs.source_port);
    let back = explain(&lab, Segment::Wan, &back.pad_to(60).build());
    assert_eq!((back.reason.as_str(), back.egress_interface.as_deref()), ("forwarded", Some("lan")));
}

#[test]
fn the_command_explains_by_fields_hex_capture_and_candidate() {
    let lab = lab();
    let to_8000 = "explain -i lan --source 10.1.0.2 --destination 203.0.113.2 --destination-port 8000";
    let said = lab.flumen().run(to_8000).unwrap();
    assert!(said.contains("policy no-8000") && said.contains("=> drop (policy-denied)"), "{said}");

    let open = lab.flumen().write("open.json", &Configuration::new()).unwrap();
    let said = lab.flumen().run(&format!("{to_8000} --candidate {}", open.display())).unwrap();
    assert!(said.contains("=> forward by wan") && said.contains("hide"), "{said}");

    let bytes = frame(Segment::Lan).ipv4("10.1.0.2", "203.0.113.2").tcp(4000, 8001).flags(SYN).build();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let said = lab.flumen().run(&format!("explain -i lan --hex {hex}")).unwrap();
    assert!(said.contains("policy no-8001") && said.contains("reject-sent"), "{said}");

    // a capture by tcpdump of a ping that the gateway translates
    let capture = lab.flumen().places().file("ping.pcap");
    let file = capture.display();
    let tcpdump = lab.client().spawn(&format!("tcpdump -i eth0 -Q out -c 3 -U -w {file} icmp")).unwrap();
    wait_until("tcpdump listens", SOON, || tcpdump.log().contains("listening")).unwrap();
    lab.client().exec("ping -c 3 -i 0.05 -W 5 203.0.113.2").unwrap();
    tcpdump.wait(Duration::from_secs(20)).unwrap();
    let said = lab.flumen().run(&format!("explain -i lan --pcap {file}")).unwrap();
    assert_eq!(said.matches("=> forward by wan").count(), 3, "{said}");

    let said = lab.flumen().refused("explain -i nosuch --source 10.1.0.2 --destination 203.0.113.2").unwrap();
    assert!(said.contains("nosuch") && said.contains("lan") && said.contains("wan"), "{said}");
}

#[test]
fn an_answer_to_the_gateways_own_connection_is_explained_as_delivered() {
    let lab = lab();
    let [server, _] = server_ips();
    let own = udp_to(lab.gateway(), SocketAddr::new(server, 7000)).unwrap();
    let port = own.local_addr().unwrap().port();
    let from_server = || frame(Segment::Wan).ipv4("203.0.113.2", "203.0.113.1");
    let answer = from_server().udp(7000, port).pad_to(60).build();
    assert_eq!(explain(&lab, Segment::Wan, &answer).reason, "host-reply");
    let stranger = from_server().udp(7001, port).pad_to(60).build();
    assert_eq!(explain(&lab, Segment::Wan, &stranger).reason, "host-denied");

    RawSocket::open(lab.server(), "eth0").unwrap().send(&answer).unwrap();
    wait_until("it is counted as explained", SOON, || count(&lab, "wan", "host-reply") == 1).unwrap();
}
