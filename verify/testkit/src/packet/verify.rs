//! Every checksum of a frame, computed again.

use super::{Ip, Pseudo, Transport, fold, parse, protocol, sum};

/// Checks the IPv4 header, TCP, UDP, ICMP and ICMPv6 checksums of `frame`, and those of the packet that an ICMP error
/// quotes: its IPv4 header always, its transport when the quote is whole.
///
/// A frame without IP has nothing to check. A fragment's transport checksum cannot be checked. Zero is no checksum for
/// UDP over IPv4 and an error over IPv6.
///
/// # Errors
/// In words: the first checksum that is wrong, or the header that cannot be read.
pub fn verify_checksums(frame: &[u8]) -> Result<(), String> {
    let Some(ip) = parse(frame)?.ip else {
        return Ok(());
    };
    if !ip.complete {
        return Err(format!("the packet says it has {} bytes, fewer are there", ip.len));
    }
    verify_packet(&ip)
}

fn verify_packet(ip: &Ip<'_>) -> Result<(), String> {
    if ip.version == 4 && fold(sum(ip.header)) != 0xffff {
        return Err("the IPv4 header checksum is wrong".to_owned());
    }
    if ip.is_fragment() || !ip.complete {
        return Ok(());
    }
    verify_transport(ip)?;
    if let Transport::Icmp { quote: Some(quote), .. } = &ip.transport {
        let quoted = quote.as_ref().as_ref().map_err(|e| format!("quoted packet: {e}"))?;
        verify_packet(quoted).map_err(|e| format!("quoted packet: {e}"))?;
    }
    Ok(())
}

fn verify_transport(ip: &Ip<'_>) -> Result<(), String> {
    let (name, pseudo) = match (ip.protocol, ip.version) {
        (protocol::TCP, _) => ("TCP", true),
        (protocol::UDP, _) => ("UDP", true),
        (protocol::ICMP, 4) => ("ICMP", false),
        (protocol::ICMPV6, 6) => ("ICMPv6", true),
        _ => return Ok(()),
    };
    let mut covered = ip.body;
    match &ip.transport {
        Transport::Udp { checksum: 0, .. } if ip.version == 4 => return Ok(()),
        Transport::Udp { checksum: 0, .. } => return Err("the UDP checksum over IPv6 is zero".to_owned()),
        Transport::Udp { len, .. } => {
            covered = ip.body.get(..usize::from(*len)).ok_or("the UDP length is beyond the packet's end")?;
        }
        Transport::Cut { .. } | Transport::Bytes => return Err(format!("the {name} header is cut off")),
        _ => {}
    }
    let pseudo = if pseudo {
        let addresses = Pseudo { src: ip.src, dst: ip.final_dst };
        addresses.sum(ip.protocol, covered.len())
    } else {
        0
    };
    match fold(sum(covered) + pseudo) {
        0xffff => Ok(()),
        got => Err(format!("the {name} checksum is wrong by {:#06x}", 0xffff - got)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Checksum, Packet, SYN};
    use super::*;

    fn v4() -> Packet {
        Packet::eth().ipv4("10.0.0.1", "10.0.0.2")
    }

    fn v6() -> Packet {
        Packet::eth().ipv6("2001:db8::1", "2001:db8::2")
    }

    #[test]
    fn one_changed_bit_anywhere_behind_ethernet_is_found() {
        let quoted = Packet::l3().ipv4("10.0.0.2", "10.0.0.1").udp(1, 2).payload_len(12);
        for packet in [
            v4().tcp(1, 2).payload_len(7),
            v4().udp(1, 2).payload_len(8),
            v4().icmp_echo(1, 2).payload_len(9),
            v4().icmp_unreachable(3).quoting(&quoted),
        ] {
            let frame = packet.build();
            assert_eq!(verify_checksums(&frame), Ok(()));
            for bit in 14 * 8..frame.len() * 8 {
                let mut broken = frame.clone();
                broken[bit / 8] ^= 1 << (bit % 8);
                assert!(verify_checksums(&broken).is_err(), "bit {bit} of {}", super::super::dissect(&frame));
            }
        }
    }

    #[test]
    fn zero_is_no_checksum_for_udp_over_ipv4_alone() {
        let zero = |packet: Packet| packet.udp(1, 2).checksum(Checksum::Zero).payload("x").build();
        assert_eq!(verify_checksums(&zero(v4())), Ok(()));
        assert!(verify_checksums(&zero(v6())).unwrap_err().contains("zero"));
    }

    #[test]
    fn wrong_and_partial_checksums_are_found() {
        for kind in [Checksum::Wrong, Checksum::Partial, Checksum::Value(0x1234)] {
            for packet in [
                v4().tcp(1, 2).flags(SYN),
                v6().tcp(1, 2),
                v4().udp(1, 2),
                v6().udp(1, 2).payload("x"),
                v4().icmp_echo(1, 2),
                v6().icmpv6_echo(1, 2),
            ] {
                assert!(verify_checksums(&packet.checksum(kind).build()).is_err());
            }
        }
        assert!(verify_checksums(&v4().ip_checksum(Checksum::Wrong).build()).is_err());
    }

    #[test]
    fn a_wrong_checksum_inside_a_quote_is_found_when_the_quote_is_whole() {
        let inner = Packet::l3().ipv4("10.0.0.2", "10.0.0.1").udp(1, 2).payload("hello");
        let bad_header = inner.clone().ip_checksum(Checksum::Wrong);
        let bad_udp = inner.checksum(Checksum::Wrong);
        assert!(verify_checksums(&v4().icmp_unreachable(1).quoting(&bad_udp).build()).is_err());
        assert_eq!(verify_checksums(&v4().icmp_unreachable(1).quoting_first(28, &bad_udp).build()), Ok(()));
        assert!(verify_checksums(&v4().icmp_unreachable(1).quoting_first(28, &bad_header).build()).is_err());
    }

    #[test]
    fn l2_padding_is_not_summed_and_a_truncated_packet_is_refused() {
        let mut padded = v4().udp(1, 2).payload("x").pad_to(60).build();
        assert_eq!(padded.len(), 60);
        padded[59] = 7;
        assert_eq!(verify_checksums(&padded), Ok(()));
        assert!(verify_checksums(&v4().udp(1, 2).payload_len(100).truncate(60).build()).is_err());
    }
}
