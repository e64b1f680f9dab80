//! The packet builder against `etherparse`, which shares no code with it.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use flumen_testkit::packet::{ACK, Packet, SYN, verify_checksums};

/// Both stacks of addresses, with and without tags, options and extension headers.
fn stacks() -> Vec<Packet> {
    let v4 = |packet: Packet| packet.ipv4("192.0.2.1", "198.51.100.7").ttl(9).tos(0xb8).id(0x1234).df();
    let v6 =
        |packet: Packet| packet.ipv6("2001:db8::1", "2001:db8:f::7").ttl(9).tos(0xb8).flow_label(0xabcde);
    vec![
        v4(Packet::eth()),
        v4(Packet::eth().vlan(100)),
        v4(Packet::eth().qinq(100, 200)).options([148, 4, 0, 0]),
        v6(Packet::eth()),
        v6(Packet::eth().qinq(100, 200)),
        v6(Packet::eth()).hop_by_hop([5, 2, 0, 0]).destination_options([1, 0]),
        v6(Packet::eth()).routing(0, 0, [0; 20]),
        v6(Packet::eth()).authentication(1, 2, [0; 12]),
    ]
}

fn network(sliced: &SlicedPacket<'_>) -> (u8, usize) {
    match sliced.net.as_ref().expect("an IP packet") {
        NetSlice::Ipv4(ip) => {
            let header = ip.header().to_header();
            assert_eq!(header.header_checksum, header.calc_header_checksum());
            assert_eq!((header.identification, header.dont_fragment), (0x1234, true));
            (header.time_to_live, header.total_len.into())
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header().to_header();
            assert_eq!(header.flow_label.value(), 0xabcde);
            (header.hop_limit, 40 + usize::from(header.payload_length))
        }
        NetSlice::Arp(_) => panic!("an IP packet"),
    }
}

#[test]
fn tcp_and_udp_frames_read_the_same_in_etherparse_checksums_included() {
    for stack in stacks() {
        for len in [0, 1, 20, 1001] {
            let tcp =
                stack.clone().tcp(1024, 80).flags(SYN | ACK).seq(7).ack(8).mss(1460).payload_len(len).build();
            let udp = stack.clone().udp(1024, 53).payload_len(len).build();
            for frame in [tcp, udp] {
                verify_checksums(&frame).unwrap();
                let sliced = SlicedPacket::from_ethernet(&frame).unwrap();
                let (ttl, ip_len) = network(&sliced);
                assert_eq!(ttl, 9);
                let l2 = frame.len() - ip_len;
                assert!([14, 18, 22].contains(&l2));
                let (right, written) = match sliced.transport.unwrap() {
                    TransportSlice::Tcp(tcp) => {
                        assert_eq!((tcp.source_port(), tcp.destination_port()), (1024, 80));
                        assert!(tcp.syn() && tcp.ack() && !tcp.rst());
                        assert_eq!((tcp.sequence_number(), tcp.acknowledgment_number()), (7, 8));
                        let header = tcp.to_header();
                        let right = match sliced.net.unwrap() {
                            NetSlice::Ipv4(ip) => {
                                header.calc_checksum_ipv4(&ip.header().to_header(), tcp.payload())
                            }
                            NetSlice::Ipv6(ip) => {
                                header.calc_checksum_ipv6(&ip.header().to_header(), tcp.payload())
                            }
                            NetSlice::Arp(_) => panic!("an IP packet"),
                        };
                        (right.unwrap(), tcp.checksum())
                    }
                    TransportSlice::Udp(udp) => {
                        assert_eq!(udp.payload().len(), len);
                        let header = udp.to_header();
                        let right = match sliced.net.unwrap() {
                            NetSlice::Ipv4(ip) => {
                                header.calc_checksum_ipv4(&ip.header().to_header(), udp.payload())
                            }
                            NetSlice::Ipv6(ip) => {
                                header.calc_checksum_ipv6(&ip.header().to_header(), udp.payload())
                            }
                            NetSlice::Arp(_) => panic!("an IP packet"),
                        };
                        (right.unwrap(), udp.checksum())
                    }
                    other => panic!("{other:?}"),
                };
                assert_eq!(right, written);
            }
        }
    }
}

#[test]
fn icmp_frames_read_the_same_in_etherparse_checksums_included() {
    let inner = Packet::l3().ipv4("198.51.100.7", "192.0.2.1").udp(5, 53).payload("question");
    let inner6 = Packet::l3().ipv6("2001:db8:f::7", "2001:db8::1").udp(5, 53).payload("question");
    let v4 = || Packet::eth().ipv4("192.0.2.1", "198.51.100.7");
    let v6 = || Packet::eth().ipv6("2001:db8::1", "2001:db8:f::7");
    let cases = [
        (v4().icmp_echo(1, 2).payload_len(56), "EchoRequest"),
        (v4().icmp_echo_reply(1, 2).payload_len(56), "EchoReply"),
        (v4().icmp_unreachable(3).quoting(&inner), "DestinationUnreachable(Port)"),
        (v4().icmp_frag_needed(1400).quoting(&inner), "next_hop_mtu: 1400"),
        (v4().icmp_time_exceeded(0).quoting_first(28, &inner), "TimeExceeded"),
        (v4().icmp_param_problem(20).quoting(&inner), "PointerIndicatesError(20)"),
        (v6().icmpv6_echo(1, 2).payload_len(56), "EchoRequest"),
        (v6().icmpv6_echo_reply(1, 2).payload_len(56), "EchoReply"),
        (v6().icmpv6_unreachable(4).quoting(&inner6), "DestinationUnreachable(Port)"),
        (v6().icmpv6_packet_too_big(1280).quoting(&inner6), "PacketTooBig { mtu: 1280 }"),
        (v6().icmpv6_time_exceeded(0).quoting(&inner6), "TimeExceeded"),
        (v6().icmpv6_param_problem(1, 40).quoting(&inner6), "pointer: 40"),
    ];
    for (packet, name) in cases {
        let frame = packet.build();
        verify_checksums(&frame).unwrap();
        let sliced = SlicedPacket::from_ethernet(&frame).unwrap();
        let (kind, right, written) = match sliced.transport.unwrap() {
            TransportSlice::Icmpv4(icmp) => {
                let kind = icmp.icmp_type();
                let right = kind.calc_checksum(icmp.payload());
                (format!("{kind:?}"), right, icmp.checksum())
            }
            TransportSlice::Icmpv6(icmp) => {
                let kind = icmp.icmp_type();
                let NetSlice::Ipv6(ip) = sliced.net.unwrap() else {
                    panic!("ICMPv6 in IPv6");
                };
                let ip = ip.header().to_header();
                let right = kind.calc_checksum(ip.source, ip.destination, icmp.payload()).unwrap();
                (format!("{kind:?}"), right, icmp.checksum())
            }
            other => panic!("{other:?}"),
        };
        assert!(kind.contains(name), "{kind} is not {name}");
        assert_eq!(right, written, "{kind}");
    }
}

#[test]
fn fragments_put_together_by_etherparse_give_the_packet_back() {
    use etherparse::defrag::{IpDefragPayloadVec, IpDefragPool};
    for packet in [
        Packet::eth().ipv4("192.0.2.1", "198.51.100.7").id(9).udp(5, 53).payload_len(4000),
        Packet::eth().ipv6("2001:db8::1", "2001:db8:f::7").hop_by_hop([]).udp(5, 53).payload_len(4000),
    ] {
        let mut pool = IpDefragPool::<(), ()>::new();
        let mut whole: Option<IpDefragPayloadVec> = None;
        let mut fragments = packet.build_fragments(1280, 9);
        assert_eq!(fragments.len(), 4);
        fragments.reverse();
        for frame in &fragments {
            let sliced = SlicedPacket::from_ethernet(frame).unwrap();
            whole = pool.process_sliced_packet(&sliced, (), ()).unwrap().or(whole);
        }
        let frame = packet.build();
        assert!(frame.ends_with(&whole.unwrap().payload));
    }
}
