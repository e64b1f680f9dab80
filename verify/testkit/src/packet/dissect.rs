//! One line for a frame, as tcpdump would put it.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::{Ip, Parsed, Transport, parse, protocol, tcp, verify_checksums};

/// Describes a frame in one line: addresses, tags, ports, flags, what an ICMP error quotes, and a checksum that is
/// wrong. Never panics.
pub fn dissect(frame: &[u8]) -> String {
    match parse(frame) {
        Err(why) => format!("unreadable frame of {} bytes: {why}", frame.len()),
        Ok(parsed) => {
            let mut line = l2(&parsed);
            match &parsed.ip {
                Some(ip) => line.push_str(&l3(ip)),
                None if parsed.ethertype == 0x0806 => line.push_str(&arp(parsed.body)),
                None if parsed.ethertype < 0x600 => line.push_str("802.3"),
                None => write!(line, "type {:#06x}", parsed.ethertype).expect("a string takes all"),
            }
            write!(line, " ({} bytes)", frame.len()).expect("a string takes all");
            if let Err(why) = verify_checksums(frame) {
                write!(line, " !! {why}").expect("a string takes all");
            }
            line
        }
    }
}

fn l2(parsed: &Parsed<'_>) -> String {
    let mut line = format!("{} > {} ", parsed.src, parsed.dst);
    for (tpid, tci) in &parsed.tags {
        let name = if *tpid == 0x8100 { "vlan" } else { "svlan" };
        write!(line, "{name} {} ", tci & 0xfff).expect("a string takes all");
    }
    line
}

fn arp(body: &[u8]) -> String {
    let Some(arp) = body.first_chunk::<28>() else {
        return "arp, cut off".to_owned();
    };
    let ip = |at: usize| format!("{}.{}.{}.{}", arp[at], arp[at + 1], arp[at + 2], arp[at + 3]);
    match arp[7] {
        1 => format!("arp who-has {} tell {}", ip(24), ip(14)),
        2 => format!("arp {} is-at tell {}", ip(14), ip(24)),
        operation => format!("arp operation {operation}"),
    }
}

fn l3(ip: &Ip<'_>) -> String {
    let mut line = match ip.ports() {
        Some((sport, dport)) => format!("{} > {}", with_port(ip.src, sport), with_port(ip.dst, dport)),
        None => format!("{} > {}", ip.src, ip.dst),
    };
    for extension in &ip.extensions {
        line.push_str(match extension.protocol {
            protocol::HOP_BY_HOP => " hbh",
            protocol::ROUTING => " rh",
            protocol::DESTINATION_OPTIONS => " dst-opts",
            protocol::AH => " ah",
            _ => "",
        });
    }
    line.push(' ');
    line.push_str(&transport(ip));
    write!(line, " ttl {}", ip.ttl).expect("a string takes all");
    if ip.df {
        line.push_str(" df");
    }
    if ip.is_fragment() {
        let more = if ip.more { "+" } else { "" };
        write!(line, " frag {}@{}{more}", ip.id, ip.offset).expect("a string takes all");
    }
    line
}

fn with_port(ip: IpAddr, port: u16) -> String {
    match ip {
        IpAddr::V4(ip) => format!("{ip}:{port}"),
        IpAddr::V6(ip) => format!("[{ip}]:{port}"),
    }
}

fn transport(ip: &Ip<'_>) -> String {
    match &ip.transport {
        Transport::Tcp { seq, ack, flags, payload, .. } => {
            format!("tcp [{}] seq {seq} ack {ack} len {}", flag_letters(*flags), payload.len())
        }
        Transport::Udp { payload, .. } => format!("udp len {}", payload.len()),
        Transport::Icmp { kind, code, rest, quote, .. } => {
            let name = if ip.version == 4 { "icmp" } else { "icmp6" };
            match quote.as_deref() {
                Some(Ok(quoted)) => {
                    format!("{name} {kind}/{code} {} {{{}}}", detail(ip, *kind, *code, *rest), l3(quoted))
                }
                Some(Err(why)) => format!("{name} {kind}/{code} {{{why}}}"),
                None => format!("{name} {kind}/{code} id {} seq {}", be(&rest[..2]), be(&rest[2..])),
            }
        }
        Transport::Cut { .. } if ip.protocol == protocol::TCP => "tcp, cut off".to_owned(),
        Transport::Cut { .. } => "udp, cut off".to_owned(),
        Transport::Bytes => format!("proto {} len {}", ip.protocol, ip.body.len()),
    }
}

fn detail(ip: &Ip<'_>, kind: u8, code: u8, rest: [u8; 4]) -> String {
    match (ip.version, kind, code) {
        (4, 3, 4) => format!("frag-needed mtu {}", be(&rest[2..])),
        (4, 3, _) => "unreachable".to_owned(),
        (4, 11, _) | (6, 3, _) => "time-exceeded".to_owned(),
        (4, 12, _) => format!("param-problem at {}", rest[0]),
        (6, 1, _) => "unreachable".to_owned(),
        (6, 2, _) => format!("too-big mtu {}", be(&rest)),
        (6, 4, _) => format!("param-problem at {}", be(&rest)),
        _ => "error".to_owned(),
    }
}

fn be(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn flag_letters(flags: u8) -> String {
    let letters = [
        (tcp::SYN, 'S'),
        (tcp::FIN, 'F'),
        (tcp::RST, 'R'),
        (tcp::PSH, 'P'),
        (tcp::ACK, '.'),
        (tcp::URG, 'U'),
        (tcp::ECE, 'E'),
        (tcp::CWR, 'W'),
    ];
    letters.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, letter)| letter).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{ACK, Checksum, Packet, SYN};
    use super::*;

    #[test]
    fn a_line_names_tags_ports_flags_and_fragments() {
        let line =
            dissect(&Packet::eth().qinq(7, 8).ipv6("2001:db8::1", "::2").tcp(1, 2).flags(SYN | ACK).build());
        assert!(
            line.contains("svlan 7 vlan 8 [2001:db8::1]:1 > [::2]:2 tcp [S.] seq 0 ack 0 len 0 ttl 64"),
            "{line}"
        );
        let line = dissect(
            &Packet::eth()
                .ipv4("1.2.3.4", "5.6.7.8")
                .fragment(9, 16, true)
                .protocol(17)
                .payload("abcd")
                .build(),
        );
        assert!(line.contains("1.2.3.4 > 5.6.7.8 proto 17 len 4 ttl 64 frag 9@16+"), "{line}");
    }

    #[test]
    fn a_line_shows_the_quote_of_an_error_and_a_wrong_checksum() {
        let inner = Packet::l3().ipv4("9.9.9.9", "8.8.8.8").df().udp(5, 53);
        let line =
            dissect(&Packet::eth().ipv4("1.2.3.4", "9.9.9.9").icmp_frag_needed(1400).quoting(&inner).build());
        assert!(
            line.contains("icmp 3/4 frag-needed mtu 1400 {9.9.9.9:5 > 8.8.8.8:53 udp len 0 ttl 64 df}"),
            "{line}"
        );
        assert!(!line.contains("!!"), "{line}");
        let line =
            dissect(&Packet::eth().ipv4("1.2.3.4", "9.9.9.9").udp(1, 2).checksum(Checksum::Wrong).build());
        assert!(line.contains("!! the UDP checksum is wrong"), "{line}");
    }

    #[test]
    fn arp_is_named() {
        let line = dissect(&Packet::arp_request("02:00:00:00:00:09", "10.0.0.1", "10.0.0.2").build());
        assert!(line.contains("arp who-has 10.0.0.2 tell 10.0.0.1"), "{line}");
    }

    #[test]
    fn no_cut_or_changed_frame_makes_it_panic() {
        let inner = Packet::l3().ipv4("9.9.9.9", "8.8.8.8").tcp(5, 53);
        let frames = [
            Packet::eth().qinq(7, 8).ipv4("1.2.3.4", "5.6.7.8").icmp_unreachable(3).quoting(&inner).build(),
            Packet::eth()
                .ipv6("::1", "::2")
                .hop_by_hop([])
                .routing(0, 1, [0; 20])
                .fragment(1, 0, true)
                .tcp(1, 2)
                .build(),
            Packet::eth().ipv6("::1", "::2").authentication(1, 2, [0; 12]).udp(1, 2).build(),
            Packet::eth().snap().ipv4("1.2.3.4", "5.6.7.8").udp(1, 2).build(),
            Packet::arp_request("02:00:00:00:00:09", "10.0.0.1", "10.0.0.2").build(),
        ];
        let mut random = 1_u64;
        for frame in &frames {
            for len in 0..=frame.len() {
                assert!(!dissect(&frame[..len]).is_empty());
            }
            for _ in 0..20_000 {
                let mut changed = frame.clone();
                for _ in 0..3 {
                    random = random
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let [at, byte] = [random >> 33, random >> 56];
                    let at = usize::try_from(at).unwrap() % changed.len();
                    changed[at] = u8::try_from(byte & 0xff).unwrap();
                }
                assert!(!dissect(&changed).is_empty());
            }
        }
    }
}
