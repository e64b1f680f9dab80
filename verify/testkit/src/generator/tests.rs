use std::collections::HashSet;

use super::*;
use crate::netns::{Netns, veth};
use crate::packet::{Ip, Mac, Packet, SYN, dissect, parse, verify_checksums};
use crate::{Redirect, Sink};

fn pair() -> (Netns, Netns) {
    let (a, b) = (Netns::new("ga").unwrap(), Netns::new("gb").unwrap());
    veth((&a, "eth0"), (&b, "eth0")).unwrap();
    for namespace in [&a, &b] {
        namespace.sysctl("net.ipv6.conf.all.disable_ipv6", "1").unwrap();
        namespace.link("eth0").features("gro on").unwrap().up().unwrap();
    }
    (a, b)
}

fn flow_of(ip: &Ip<'_>) -> (std::net::IpAddr, u16, std::net::IpAddr, u16) {
    let (sport, dport) = ip.ports().unwrap();
    (ip.src, sport, ip.dst, dport)
}

#[test]
fn every_kind_of_frame_arrives_with_right_checksums_and_the_flow_of_its_number() {
    let (a, b) = pair();
    let kinds = [
        Spec::udp4(),
        Spec::udp4().vlan(100).payload_len(101),
        Spec::udp4().checksum(TransportChecksum::Zero),
        Spec::tcp4().flags(SYN),
        Spec::udp6().payload_len(180),
        Spec::udp6().vlan(7),
        Spec::tcp6(),
        Spec::tcp6().vlan(4095 - 1),
    ];
    for spec in kinds {
        let spec = spec.flows(1 << 20).vary_source_port(2).vary_destination_port(1).vary_source_address(1);
        let mut sink = Sink::capturing(b.link("eth0"), 64).unwrap();
        let mut generator = Generator::new(&spec, a.link("eth0")).unwrap();
        let stats = generator.run(1000).unwrap();
        assert_eq!(stats.sent, 1000);
        let counts = sink.counts().unwrap();
        assert_eq!((counts.packets, counts.bytes), (1000, 1000 * generator.frame_len() as u64));
        let frames = sink.frames().unwrap();
        assert_eq!(frames.len(), 64);
        for (number, frame) in (0..).zip(&frames) {
            assert_eq!(frame.len, generator.frame_len());
            verify_checksums(&frame.bytes).unwrap();
            let parsed = parse(&frame.bytes).unwrap();
            assert_eq!(flow_of(parsed.expect_ip()), spec.flow(number), "{}", dissect(&frame.bytes));
        }
    }
}

#[test]
fn a_frame_in_vxlan_is_whole_with_every_packet() {
    let (a, b) = pair();
    for bytes in [128, 1450] {
        let inner = Packet::eth().ipv4("192.0.2.7", "198.51.100.9").df().udp(42844, 9000);
        let inner = inner.payload_len(bytes - 42);
        let spec = Spec::udp4().checksum(TransportChecksum::Zero).vxlan(1, inner.clone());
        let mut sink = Sink::capturing(b.link("eth0"), 64).unwrap();
        let mut generator = Generator::new(&spec, a.link("eth0")).unwrap();
        generator.run(1000).unwrap();
        assert_eq!(sink.counts().unwrap().bytes, 1000 * (50 + bytes as u64));
        let inner = inner.build();
        for frame in sink.frames().unwrap() {
            let kept = frame.bytes.len();
            assert_eq!((frame.len, &frame.bytes[50..]), (50 + bytes, &inner[..kept - 50]));
            assert_eq!(parse(&frame.bytes).unwrap().expect_ip().ports(), Some((1024, 5001)));
        }
    }
}

#[test]
fn a_wrong_checksum_is_wrong_in_every_flow() {
    let (a, b) = pair();
    let mut sink = Sink::capturing(b.link("eth0"), 64).unwrap();
    let spec = Spec::udp4().flows(64).checksum(TransportChecksum::Wrong);
    Generator::new(&spec, a.link("eth0")).unwrap().run(64).unwrap();
    let frames = sink.frames().unwrap();
    assert_eq!(frames.len(), 64);
    assert!(frames.iter().all(|frame| verify_checksums(&frame.bytes).is_err()));
}

#[test]
fn flows_come_round_in_sequence_and_a_run_goes_on_where_the_last_ended() {
    let (a, b) = pair();
    let mut sink = Sink::capturing(b.link("eth0"), 64).unwrap();
    let spec = Spec::udp4().flows(5);
    let mut generator = Generator::new(&spec, a.link("eth0")).unwrap();
    generator.run(3).unwrap();
    generator.run(4).unwrap();
    generator.seek(1).unwrap();
    generator.run(1).unwrap();
    let frames = sink.frames().unwrap();
    let seen: Vec<_> = frames.iter().map(|frame| flow_of(parse(&frame.bytes).unwrap().expect_ip())).collect();
    let expected: Vec<_> = [0, 1, 2, 3, 4, 0, 1, 1].map(|number| spec.flow(number)).into();
    assert_eq!(seen, expected);
}

#[test]
fn random_order_draws_many_flows_and_the_same_ones_again() {
    let (a, b) = pair();
    let spec = Spec::udp4().flows(1_000_000).order(Order::Random);
    let draw = || {
        let mut sink = Sink::capturing(b.link("eth0"), 64).unwrap();
        Generator::new(&spec, a.link("eth0")).unwrap().run(64).unwrap();
        sink.frames().unwrap()
    };
    let first = draw();
    let destinations: HashSet<_> =
        first.iter().map(|frame| parse(&frame.bytes).unwrap().expect_ip().dst).collect();
    assert!(destinations.len() > 60);
    assert_eq!(first, draw());
}

#[test]
fn a_redirect_changes_macs_alone_and_loses_nothing() {
    let (a, b) = pair();
    let gateway = Netns::new("gr").unwrap();
    // a — gateway — b instead of a — b
    a.ip("link del eth0").unwrap();
    veth((&a, "eth0"), (&gateway, "lan")).unwrap();
    veth((&b, "eth0"), (&gateway, "wan")).unwrap();
    for link in [a.link("eth0"), b.link("eth0"), gateway.link("lan"), gateway.link("wan")] {
        link.namespace().sysctl("net.ipv6.conf.all.disable_ipv6", "1").unwrap();
        link.features("gro on").unwrap().up().unwrap();
    }
    let (src, dst) = (Mac([2, 0, 0, 0, 7, 1]), Mac([2, 0, 0, 0, 7, 2]));
    let _redirect = Redirect::attach(gateway.link("lan"), gateway.link("wan"), src, dst).unwrap();
    let mut sink = Sink::capturing(b.link("eth0"), 1).unwrap();
    let mut generator = Generator::new(&Spec::udp4(), a.link("eth0")).unwrap();
    generator.run(100_000).unwrap();
    assert_eq!(sink.counts().unwrap().packets, 100_000);
    let frame = sink.frames().unwrap().remove(0);
    let parsed = parse(&frame.bytes).unwrap();
    assert_eq!((parsed.src, parsed.dst), (src, dst));
    assert_eq!(frame.bytes[12..], generator.frame[12..]);
}

#[test]
fn impossible_traffic_is_refused() {
    let namespace = Netns::new("gi").unwrap();
    let refused = |spec: &Spec| Generator::new(spec, namespace.link("lo")).unwrap_err().to_string();
    assert!(refused(&Spec::udp4().flows(0)).contains("no flows"));
    let mixed = Spec::udp4().addresses("10.0.0.1".parse().unwrap(), "::1".parse().unwrap());
    assert!(refused(&mixed).contains("different IP versions"));
    assert!(refused(&Spec::udp4().payload_len(4000)).contains("longer"));
    let deep = Spec::udp6().vlan(7).vxlan(1, Packet::eth());
    assert!(refused(&deep).contains("more than 96"));
    assert!(refused(&Spec::udp4().vary_source_port(17)).contains("16 bits"));
}
