//! Generated frames: new flows, packets and errors of live sessions, fragments, and all of these damaged.

use super::{CaseStep, Random};
use crate::world::{LINKS, WorldLink, neighbour_mac, parse};
use flumen_abi::{MirrorKey, SessionKey, SessionRow, ZoneId};
use flumen_engine::Ruleset;
use flumen_testkit::packet::{ACK, Checksum, FIN, Mac, PSH, Packet, RST, SYN, protocol};
use std::net::IpAddr;

/// Hosts that are neighbours, and the device and tags that they are behind.
const HOSTS: [(&str, &str, &str, [u16; 2]); 16] = [
    ("10.0.1.10", "2001:db8:1::10", "lan", [0, 0]),
    ("10.0.1.10", "2001:db8:1::10", "lan", [0, 0]),
    ("10.0.1.11", "2001:db8:1::11", "lan", [0, 0]),
    ("203.0.113.10", "2001:db8:2::10", "wan", [0, 0]),
    ("203.0.113.10", "2001:db8:2::10", "wan", [0, 0]),
    ("203.0.113.10", "2001:db8:2::10", "wan", [0, 0]),
    ("198.51.100.9", "2001:db8:99::9", "wan", [0, 0]),
    ("198.51.100.9", "2001:db8:99::9", "wan", [0, 0]),
    ("10.0.3.80", "2001:db8:3::80", "dmz", [0, 0]),
    ("10.0.3.80", "2001:db8:3::80", "dmz", [0, 0]),
    ("10.0.4.10", "2001:db8:4::10", "thin", [0, 0]),
    ("10.0.5.10", "2001:db8:5::10", "bare", [0, 0]),
    ("10.0.6.10", "2001:db8:6::10", "off", [0, 0]),
    ("10.0.7.10", "2001:db8:7::10", "modem", [0, 0]),
    ("10.1.0.10", "2001:db8:100::10", "lan", [100, 0]),
    ("10.2.0.10", "2001:db8:78::10", "wan", [7, 8]),
];

/// Addresses with something special about them.
const ODD: [(&str, &str); 14] = [
    ("10.0.1.1", "2001:db8:1::1"),
    ("203.0.113.1", "2001:db8:2::1"),
    ("203.0.113.77", "2001:db8:2::77"),
    ("10.0.9.10", "2001:db8:9::10"),
    ("10.66.0.9", "2001:db8:66::9"),
    ("10.66.2.9", "2001:db8:66:2::9"),
    ("10.67.0.9", "2001:db8:67::9"),
    ("192.0.2.1", "2001:db8:ffff::1"),
    ("10.0.1.255", "ff02::1"),
    ("255.255.255.255", "ff05::2"),
    ("224.0.0.5", "fe80::9"),
    ("169.254.1.1", "::1"),
    ("127.0.0.1", "::ffff:10.0.1.10"),
    ("0.0.0.0", "::"),
];

/// Longest frame: in several buffers, and longer than every MTU.
const MOST_BYTES: usize = 9_100;

const PORTS: [u16; 14] = [53, 80, 22, 123, 4000, 4000, 4001, 5000, 8080, 40_053, 40_080, 40_022, 0, 65_535];
const FLAGS: [u8; 12] =
    [SYN, SYN, SYN, SYN | ACK, ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK, SYN | FIN, 0];

/// A frame on its way to the gateway.
#[derive(Clone)]
struct Arrival {
    device: &'static str,
    tags: [u16; 2],
    src_mac: [u8; 6],
}

/// Addresses, protocol and ports of a packet to be made.
#[derive(Clone, Copy)]
struct Flow {
    src: IpAddr,
    dst: IpAddr,
    proto: u8,
    sport: u16,
    dport: u16,
}

/// What the generator may know of the engine that it makes frames for.
pub struct View<'a> {
    /// The ruleset in force.
    pub ruleset: &'a Ruleset,
    /// Number of configurations that can come into force.
    pub configurations: usize,
    /// Every session row.
    pub sessions: Vec<(SessionKey, SessionRow)>,
}

/// Makes frames, times and commits. Remembers the last frame, to send it again.
#[derive(Default)]
pub struct Traffic {
    last: Option<(String, Vec<u8>)>,
}

// === impl Traffic ===

impl Traffic {
    /// The next step.
    pub fn next(&mut self, random: &mut Random, view: &View<'_>) -> CaseStep {
        match random.below(200) {
            0..4 => return CaseStep::Wait(*random.pick(&[500, 1_500, 2_500, 10_500, 31_500, 100_500])),
            4..7 => return CaseStep::Sweep,
            7 if random.percent(15) => {
                return CaseStep::Commit(random.below(view.configurations as u64) as usize);
            }
            8..18 => {
                if let Some((device, bytes)) = &self.last {
                    return CaseStep::frame(device, bytes);
                }
            }
            _ => {}
        }
        let (device, mut bytes) = frame(random, view);
        if random.percent(12) {
            damage(random, &mut bytes);
        }
        bytes.truncate(MOST_BYTES);
        if bytes.len() < 14 {
            bytes.resize(14, 0); // no driver hands up less
        }
        self.last = Some((device.to_owned(), bytes.clone()));
        CaseStep::frame(device, &bytes)
    }
}

fn frame(random: &mut Random, view: &View<'_>) -> (&'static str, Vec<u8>) {
    if !view.ruleset.mirrors.is_empty() && random.percent(30) {
        return copied(random, view);
    }
    if !view.ruleset.services.is_empty() && random.percent(5) {
        return ("stray", new_flow(random).1);
    }
    let session = (!view.sessions.is_empty()).then(|| *random.pick(&view.sessions));
    match (random.below(100), session) {
        (0..40, Some((key, row))) => of_session(random, view, &key, &row),
        (40..58, Some((key, row))) => error_about(random, view, &key, &row),
        (58..61, _) => discovery(random),
        (61..63, _) => {
            let device = random.pick(&HOSTS).2;
            let mut bytes = random.bytes(14);
            let ethertype = random.pick(&[[8, 0], [0x86, 0xdd], [0x81, 0], [0x88, 0xa8], [8, 6], [0, 0]]);
            bytes[12..].copy_from_slice(ethertype);
            let len = random.below(80) as usize;
            bytes.extend(random.bytes(len));
            (device, bytes)
        }
        _ => new_flow(random),
    }
}

/// A packet between two hosts of the pools.
fn new_flow(random: &mut Random) -> (&'static str, Vec<u8>) {
    let six = random.percent(40);
    let address = |random: &mut Random, odd: u64| {
        if random.percent(odd) {
            let (v4, v6) = random.pick(&ODD);
            parse(if six { v6 } else { v4 })
        } else {
            let (v4, v6, ..) = random.pick(&HOSTS);
            parse(if six { v6 } else { v4 })
        }
    };
    let home = *random.pick(&HOSTS);
    let src = if random.percent(8) { address(random, 70) } else { parse(if six { home.1 } else { home.0 }) };
    let dst = address(random, 25);
    let proto = match random.below(20) {
        0..7 => protocol::TCP,
        7..13 => protocol::UDP,
        13..17 if six => protocol::ICMPV6,
        13..17 => protocol::ICMP,
        17 => protocol::GRE,
        18 => protocol::SCTP,
        _ => random.byte(),
    };
    let flow = Flow { src, dst, proto, sport: *random.pick(&PORTS), dport: *random.pick(&PORTS) };
    let arrival = Arrival { device: home.2, tags: home.3, src_mac: neighbour_mac(src) };
    finish(random, &arrival, flow)
}

/// A frame of the pools in VXLAN to a mirror, more or less.
fn copied(random: &mut Random, view: &View<'_>) -> (&'static str, Vec<u8>) {
    let mirrors: Vec<_> =
        view.ruleset.mirrors.iter().filter(|(key, _)| key.vni != MirrorKey::ANY_VNI).collect();
    let (key, _) = **random.pick(&mirrors);
    let home = view.ruleset.interfaces.iter().find(|interface| interface.id == key.interface);
    let home = home.unwrap_or(&view.ruleset.interfaces[0]);
    let own = WorldLink::named(&home.link);
    let text = if random.percent(30) { own.v6 } else { own.v4 };
    let Some((dst, _)) = text.and_then(|text| text.split_once('/')) else { return new_flow(random) };
    let dst = parse(dst);
    let src = parse(if dst.is_ipv6() { "2001:db8:1::10" } else { "10.0.1.10" });
    let (_, mut inner) = new_flow(random);
    if random.percent(15) {
        damage(random, &mut inner);
    }
    inner.truncate(MOST_BYTES - 150);
    let arrival = Arrival {
        device: WorldLink::named(&home.device).name,
        tags: [home.vlan.outer, home.vlan.inner],
        src_mac: neighbour_mac(src),
    };
    let flow = Flow { src, dst, proto: protocol::UDP, sport: 50_000, dport: key.port.get() };
    let start = link(random, &arrival);
    let packet = headers(random, start, flow);
    let packet = if random.percent(3) { packet.fragment(1, 0, true) } else { packet };
    let packet = packet.udp(flow.sport, flow.dport);
    let packet = if random.percent(50) { packet.checksum(Checksum::Zero) } else { packet };
    let vni = if random.percent(95) { key.vni } else { random.below(1 << 24) as u32 };
    let packet = if random.percent(97) { packet.vxlan(vni) } else { packet.payload(random.bytes(8)) };
    (arrival.device, padded(random, packet.payload(inner)).build())
}

/// A packet of one direction of a session.
fn of_session(
    random: &mut Random,
    view: &View<'_>,
    key: &SessionKey,
    _: &SessionRow,
) -> (&'static str, Vec<u8>) {
    let flow = Flow {
        src: key.src.into(),
        dst: key.dst.into(),
        proto: key.proto,
        sport: key.sport.get(),
        dport: key.dport.get(),
    };
    let arrival = in_zone(random, view, key.zone, flow.src);
    finish(random, &arrival, flow)
}

/// A place in `zone`; sometimes another.
fn in_zone(random: &mut Random, view: &View<'_>, zone: ZoneId, src: IpAddr) -> Arrival {
    let interfaces = &view.ruleset.interfaces;
    let members: Vec<_> = interfaces.iter().filter(|interface| interface.zone == zone).collect();
    let chosen = if members.is_empty() || random.percent(4) {
        random.pick(interfaces)
    } else {
        *random.pick(&members)
    };
    Arrival {
        device: WorldLink::named(&chosen.device).name,
        tags: [chosen.vlan.outer, chosen.vlan.inner],
        src_mac: neighbour_mac(src),
    }
}

/// An ICMP error about a packet that has left by one direction of a session.
fn error_about(
    random: &mut Random,
    view: &View<'_>,
    key: &SessionKey,
    row: &SessionRow,
) -> (&'static str, Vec<u8>) {
    let left = Flow {
        src: row.src.into(),
        dst: row.dst.into(),
        proto: key.proto,
        sport: row.sport.get(),
        dport: row.dport.get(),
    };
    let six = left.src.is_ipv6();
    let reporter = if random.percent(60) {
        left.dst
    } else {
        let (v4, v6, ..) = random.pick(&HOSTS);
        parse(if six { v6 } else { v4 })
    };
    let arrival = in_zone(random, view, row.egress, reporter);
    let quoted = headers(random, Packet::l3(), left);
    let quoted = transport(random, quoted, left);
    let packet = l3(link(random, &arrival), reporter, left.src);
    let packet = if six {
        match random.below(5) {
            0 => packet.icmpv6_packet_too_big(random.below(1_500) as u32),
            1 => packet.icmpv6_time_exceeded(0),
            2 => packet.icmpv6_param_problem(1, 6),
            _ => packet.icmpv6_unreachable(random.below(7) as u8),
        }
    } else {
        match random.below(5) {
            0 => packet.icmp_frag_needed(random.below(1_500) as u16),
            1 => packet.icmp_time_exceeded(0),
            2 => packet.icmp_param_problem(8),
            _ => packet.icmp_unreachable(random.below(16) as u8),
        }
    };
    let packet = if random.percent(50) {
        packet.quoting(&quoted)
    } else {
        packet.quoting_first(random.below(80) as usize, &quoted)
    };
    (arrival.device, padded(random, packet).build())
}

/// Link header of a frame to the gateway.
fn link(random: &mut Random, arrival: &Arrival) -> Packet {
    let own = match random.below(50) {
        0 => Mac::BROADCAST,
        1 => Mac([0x33, 0x33, 0, 0, 0, 1]),
        _ => Mac(WorldLink::named(arrival.device).mac()),
    };
    let packet = Packet::eth().macs(Mac(arrival.src_mac), own);
    match (arrival.tags, random.below(60)) {
        (_, 0) => packet.vlan(random.below(4_096) as u16),
        (_, 1) => packet.qinq(7, 8).vlan(9),
        ([0, 0], 2) => packet.vlan(0),
        ([0, 0], _) => packet,
        ([outer, 0], _) => packet.vlan(outer),
        ([outer, inner], 3) => packet.vlan(outer).vlan(inner),
        ([outer, inner], _) => packet.qinq(outer, inner),
    }
}

fn l3(packet: Packet, src: IpAddr, dst: IpAddr) -> Packet {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => packet.ipv4(src, dst),
        (IpAddr::V6(src), IpAddr::V6(dst)) => packet.ipv6(src, dst),
        // sessions are of one family
        (IpAddr::V4(src), IpAddr::V6(dst)) => packet.ipv6(src.to_ipv6_mapped(), dst),
        (IpAddr::V6(src), IpAddr::V4(dst)) => packet.ipv6(src, dst.to_ipv6_mapped()),
    }
}

/// IP header with options, extension headers, TTL and fragments by lot.
fn headers(random: &mut Random, packet: Packet, flow: Flow) -> Packet {
    let six = flow.src.is_ipv6() || flow.dst.is_ipv6();
    let mut packet = l3(packet, flow.src, flow.dst)
        .ttl(*random.pick(&[64, 64, 64, 64, 64, 64, 64, 64, 64, 255, 2, 2, 1, 1, 0]));
    if random.percent(20) {
        packet = packet.tos(random.byte());
    }
    if six {
        while random.percent(12) {
            packet = match random.below(5) {
                0 => packet.hop_by_hop([]),
                1 => packet.destination_options([1, 6, 0, 0, 0, 0, 0, 0]),
                2 => packet.routing(2, 0, [0; 20]),
                3 => packet.authentication(1, 2, [3; 12]),
                _ => packet.destination_options([]),
            };
        }
        return packet;
    }
    if random.percent(30) {
        packet = packet.df();
    }
    if random.percent(10) {
        let words = 1 + random.below(10) as usize;
        packet = packet.options(vec![1; 4 * words]);
    }
    packet.id(random.below(4) as u16)
}

/// Transport header and payload.
fn transport(random: &mut Random, packet: Packet, flow: Flow) -> Packet {
    let six = flow.src.is_ipv6();
    let sequence = random.below(9) as u16;
    let packet = match flow.proto {
        protocol::TCP => packet.tcp(flow.sport, flow.dport).flags(*random.pick(&FLAGS)),
        protocol::UDP => packet.udp(flow.sport, flow.dport),
        protocol::ICMP if !six => match (flow.sport, flow.dport, random.below(12)) {
            (_, _, 0) => packet.icmp(random.byte(), random.byte(), [0; 4]),
            (0, id, _) if id != 0 => packet.icmp_echo_reply(id, sequence),
            (id, _, 1) => packet.icmp(13, 0, [(id >> 8) as u8, id as u8, 0, 1]),
            (id, _, 2) => packet.icmp_echo_reply(id, sequence),
            (id, ..) => packet.icmp_echo(id, sequence),
        },
        protocol::ICMPV6 if six => match (flow.sport, flow.dport, random.below(12)) {
            (_, _, 0) => packet.icmpv6(random.byte(), random.byte(), [0; 4]),
            (0, id, _) if id != 0 => packet.icmpv6_echo_reply(id, sequence),
            (id, _, 2) => packet.icmpv6_echo_reply(id, sequence),
            (id, ..) => packet.icmpv6_echo(id, sequence),
        },
        other => packet.other(other, [0, 0, 8, 0, 1, 2, 3, 4]),
    };
    let packet = match random.below(16) {
        0 if flow.proto == protocol::UDP => packet.checksum(Checksum::Zero),
        1 if matches!(flow.proto, protocol::UDP | protocol::TCP) => packet.checksum(Checksum::Value(0xffff)),
        2 if matches!(flow.proto, protocol::UDP | protocol::TCP) => packet.checksum(Checksum::Partial),
        _ => packet,
    };
    let len = match random.below(20) {
        0 => 1_200 + random.below(300),
        1 => 1_480 - random.below(260),
        2 if random.percent(20) => 3_400 + random.below(200),
        2 if random.percent(20) => random.below(9_000),
        2..8 => 0,
        _ => random.below(40),
    };
    packet.payload_len(len as usize)
}

fn padded(random: &mut Random, packet: Packet) -> Packet {
    if random.percent(20) { packet.pad_to(60 + random.below(60) as usize) } else { packet }
}

/// The frame of a flow, or one of its fragments.
fn finish(random: &mut Random, arrival: &Arrival, flow: Flow) -> (&'static str, Vec<u8>) {
    let start = link(random, arrival);
    let packet = headers(random, start, flow);
    if random.percent(12) {
        return (arrival.device, fragment(random, packet, flow));
    }
    let packet = transport(random, packet, flow);
    (arrival.device, padded(random, packet).build())
}

/// A first or a later fragment. Few identifications, so that they meet.
fn fragment(random: &mut Random, packet: Packet, flow: Flow) -> Vec<u8> {
    let id = random.below(3) as u32;
    let packet = match random.below(12) {
        0..5 => transport(random, packet.fragment(id, 0, true), flow),
        10 => packet.fragment(id, 0, true).protocol(flow.proto).payload_len(random.below(24) as usize),
        11 => packet
            .fragment(id, 65_528 - 8 * random.below(3) as u16, random.percent(50))
            .protocol(flow.proto)
            .payload_len(random.below(40) as usize),
        5..=8 => packet
            .fragment(id, 8 * (1 + random.below(9) as u16), random.percent(50))
            .protocol(flow.proto)
            .payload_len(8 * random.below(5) as usize),
        _ => packet
            .fragment(id, 8 * random.below(8_192) as u16, random.percent(50))
            .protocol(flow.proto)
            .payload_len(random.below(30) as usize),
    };
    packet.build()
}

/// ARP, neighbour and listener discovery.
fn discovery(random: &mut Random) -> (&'static str, Vec<u8>) {
    let host = *random.pick(&HOSTS);
    let link = LINKS.iter().find(|link| link.name == host.2).unwrap_or(&LINKS[0]);
    let mac = Mac(neighbour_mac(parse(host.1)));
    let group = Mac([0x33, 0x33, 0xff, 0, 0, 1]);
    let ttl = *random.pick(&[255, 255, 255, 254, 64, 1]);
    let target = *random.pick(&["ff02::1:ff00:1", "2001:db8:1::1", "fe80::1", "2001:db8:2::10"]);
    let packet = match random.below(5) {
        0 => Packet::arp_request(mac, host.0, "10.0.1.1"),
        1 => Packet::arp_reply(mac, host.0, Mac(link.mac()), "10.0.1.1"),
        2 => Packet::eth().macs(mac, group).ipv6(host.1, target).ttl(ttl).neighbour_solicitation(target, mac),
        3 => Packet::eth()
            .macs(mac, Mac(link.mac()))
            .ipv6(host.1, target)
            .ttl(ttl)
            .neighbour_advertisement(host.1, mac),
        _ => Packet::eth()
            .macs(mac, group)
            .ipv6("fe80::9", "ff02::16")
            .ttl(1)
            .hop_by_hop([])
            .icmpv6(143, 0, [0; 4]),
    };
    (host.2, padded(random, packet).build())
}

/// Changes some bytes, cuts or lengthens; often makes the IPv4 header's checksum right again.
fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            return;
        }
        // most of what is looked at lies in the first hundred bytes
        let at = random.below(bytes.len().min(100) as u64) as usize;
        match random.below(6) {
            0 => bytes[at] = random.byte(),
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = *random.pick(&[0, 1, 0x7f, 0x80, 0xff]),
            3 => bytes.truncate(at),
            4 => {
                let len = random.below(20) as usize;
                bytes.extend(random.bytes(len));
            }
            _ => {
                let value = random.byte();
                bytes.insert(at, value);
            }
        }
    }
    if random.percent(70) {
        repair_ipv4(bytes);
    }
}

/// Writes the right IPv4 checksum behind up to two tags.
fn repair_ipv4(bytes: &mut [u8]) {
    let mut at = 12;
    while matches!(bytes.get(at..at + 2), Some([0x81, 0] | [0x88, 0xa8])) {
        at += 4;
    }
    let start = at + 2;
    if bytes.get(at..start) != Some(&[8, 0]) || bytes.len() < start + 20 {
        return;
    }
    let len = usize::from(bytes[start] & 15) * 4;
    let end = (start + len.max(20)).min(bytes.len());
    bytes[start + 10..start + 12].fill(0);
    let sum = !flumen_testkit::packet::fold(flumen_testkit::packet::sum(&bytes[start..end]));
    bytes[start + 10..start + 12].copy_from_slice(&sum.to_be_bytes());
}
