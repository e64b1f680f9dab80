use super::*;
use crate::netns::veth;
use crate::packet::{Checksum, Packet, SYN, parse, verify_checksums};
use crate::vlan_shim;

const SOON: Duration = Duration::from_secs(5);

fn pair() -> (Netns, Netns) {
    let (a, b) = (Netns::new("ra").unwrap(), Netns::new("rb").unwrap());
    veth((&a, "eth0"), (&b, "eth0")).unwrap();
    for namespace in [&a, &b] {
        namespace.sysctl("net.ipv6.conf.all.disable_ipv6", "1").unwrap();
        namespace
            .link("eth0")
            .features("gro on tx off tso off gso off txvlan off rxvlan off")
            .unwrap()
            .up()
            .unwrap();
    }
    (a, b)
}

#[test]
fn frames_arrive_as_sent_with_all_their_tags() {
    let (a, b) = pair();
    let (from, to) = (RawSocket::open(&a, "eth0").unwrap(), RawSocket::open(&b, "eth0").unwrap());
    for packet in [
        Packet::eth().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("x"),
        Packet::eth().vlan(100).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("x"),
        Packet::eth().qinq(100, 200).ipv6("2001:db8::1", "2001:db8::2").tcp(1, 2).flags(SYN),
        Packet::eth().llc(0x42, 0x42).payload([0; 35]),
        Packet::eth().vlan(100).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload_len(1472),
    ] {
        let frame = packet.build();
        from.send(&frame).unwrap();
        assert_eq!(to.recv(SOON).unwrap(), Some(frame));
    }
    assert_eq!(to.recv(Duration::from_millis(10)).unwrap(), None);
    assert_eq!(from.recv(Duration::ZERO).unwrap(), None, "its own frames are not received");
}

#[test]
fn direction_selects_frames() {
    let (a, b) = pair();
    let frame = Packet::eth().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).build();
    let sender = RawSocket::open(&a, "eth0").unwrap();
    let tap = RawSocket::open(&a, "eth0").unwrap().direction(Direction::Out);
    sender.send(&frame).unwrap();
    let seen = tap.recv_frame(SOON).unwrap().unwrap();
    assert!(seen.outgoing && seen.frame == frame);
    let receiver = RawSocket::open(&b, "eth0").unwrap();
    sender.send(&frame).unwrap();
    sender.send(&Packet::eth().vlan(7).ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).build()).unwrap();
    let tagged = receiver.recv_matching(SOON, |frame| parse(frame).unwrap().vids() == [7]).unwrap();
    assert!(tagged.is_some());
    assert_eq!(receiver.drain().unwrap(), 0);
}

#[test]
fn a_shim_tags_what_leaves_and_the_peer_sees_it() {
    let (a, b) = pair();
    let shim = vlan_shim(&a, "eth0", 100).unwrap();
    a.link("eth0").address("10.0.0.1/24").unwrap();
    let wire = RawSocket::open(&b, "eth0").unwrap();
    let ping = a.spawn("ping -c 1 -W 5 10.0.0.2").unwrap();
    let frame = wire.recv(SOON).unwrap().unwrap();
    assert_eq!(parse(&frame).unwrap().vids(), [100]);
    drop((ping, shim));
    wire.drain().unwrap();
    let _ping = a.spawn("ping -c 1 -W 5 10.0.0.3").unwrap();
    let frame = wire.recv(SOON).unwrap().unwrap();
    assert_eq!(parse(&frame).unwrap().vids(), [0_u16; 0]);
}

#[test]
fn a_frame_with_offload_arrives_with_a_partial_checksum() {
    let (a, b) = pair();
    // the peer's device says it takes partial checksums; else the kernel completes them before
    a.link("eth0").features("tx on").unwrap();
    let (from, to) = (RawSocket::open(&a, "eth0").unwrap(), RawSocket::open(&b, "eth0").unwrap());
    let packet = Packet::eth().ipv4("10.0.0.1", "10.0.0.2").udp(1, 2).payload("hello");
    let partial = packet.clone().checksum(Checksum::Partial).build();
    let offload = Offload { checksum_start: 34, checksum_offset: 6, segments: None };
    from.send_offloaded(&partial, offload).unwrap();
    let received = to.recv_frame(SOON).unwrap().unwrap();
    assert!(received.partial_checksum);
    assert_eq!(received.frame, partial);

    a.link("eth0").features("tx off").unwrap();
    from.send_offloaded(&partial, offload).unwrap();
    let received = to.recv_frame(SOON).unwrap().unwrap();
    assert!(!received.partial_checksum);
    assert_eq!(received.frame, packet.build());
}

#[test]
fn a_super_frame_is_cut_into_segments() {
    let (a, b) = pair();
    let (from, to) = (RawSocket::open(&a, "eth0").unwrap(), RawSocket::open(&b, "eth0").unwrap());
    // GRO would join the segments again
    b.link("eth0").features("gro off").unwrap();
    let packet = Packet::eth().ipv4("10.0.0.1", "10.0.0.2").tcp(1, 2).payload_len(3000);
    let offload = Offload { checksum_start: 34, checksum_offset: 16, segments: Some((Gso::TcpV4, 1400)) };
    from.send_offloaded(&packet.checksum(Checksum::Partial).build(), offload).unwrap();
    for len in [1400, 1400, 200] {
        let frame = to.recv(SOON).unwrap().unwrap();
        assert_eq!(frame.len(), 54 + len);
        verify_checksums(&frame).unwrap();
    }
}

#[test]
fn a_missing_interface_is_named() {
    let namespace = Netns::new("rm").unwrap();
    let error = RawSocket::open(&namespace, "nosuch").unwrap_err().to_string();
    assert!(error.contains("no interface nosuch in flt-"), "{error}");
}
