//! The first frame of a [`Spec`], and the sums that let the eBPF program finish every other one.

use std::net::IpAddr;

use super::spec::{Order, Protocol, Spec, TransportChecksum, last_32_bits};
use crate::Error;
use crate::packet::{ACK, Checksum, Mac, Packet, Pseudo, SYN, fold, protocol, sum};
use crate::probes::layout::{TEMPLATE_BYTES, Traffic, WRITTEN_BYTES};

/// Frames longer than this do not fit the kernel's page for a live frame with its headroom and tailroom.
const MAX_FRAME: usize = 3000;

/// The frame of flow 0, and what to tell the eBPF program.
pub(super) fn template(spec: &Spec, out_ifindex: u32) -> Result<(Vec<u8>, Traffic), Error> {
    check(spec)?;
    let l2 = if spec.vlan.is_some() { 18 } else { 14 };
    let l3 = if spec.src.is_ipv4() { 20 } else { 40 };
    let l4 = match spec.transport {
        Protocol::Udp => 8,
        Protocol::Tcp(_) => 20,
    };
    let headers = l2 + l3 + l4;
    let anew = headers + spec.payload.as_ref().map_or(0, |payload| payload.fixed);
    let Some(long) = WRITTEN_BYTES.iter().position(|bytes| anew <= *bytes) else {
        return Err(Error::Spec(format!("{anew} bytes of headers are more than {TEMPLATE_BYTES}")));
    };
    let shortest = WRITTEN_BYTES[long];
    let payload_len = match &spec.payload {
        Some(payload) => payload.bytes.len(),
        None => spec.payload_len.unwrap_or(match spec.transport {
            Protocol::Udp => shortest - headers,
            Protocol::Tcp(_) => 0,
        }),
    };
    let frame = packet(spec, payload_len).pad_to(shortest).build();
    if frame.len() > MAX_FRAME {
        return Err(Error::Spec(format!("a frame of {} bytes is longer than {MAX_FRAME}", frame.len())));
    }

    let mut template = [0; TEMPLATE_BYTES];
    template[..headers].copy_from_slice(&frame[..headers]);
    // payload bytes among those that the program writes stay what they are
    template[headers..shortest].copy_from_slice(&frame[headers..shortest]);
    let offset = |at: usize| u16::try_from(at).expect("headers are short");
    let (src_at, dst_at) = if l3 == 20 { (l2 + 12, l2 + 16) } else { (l2 + 20, l2 + 36) };
    let sum_at = l2 + l3 + if l4 == 8 { 6 } else { 16 };
    let traffic = Traffic {
        template,
        out_ifindex,
        flows: spec.flows,
        order: match spec.order {
            Order::Sequential => 0,
            Order::Random => 1,
        },
        src: last_32_bits(spec.src),
        dst: last_32_bits(spec.dst),
        ip_sum: ip_sum(&frame[l2..l2 + l3]),
        transport_sum: transport_sum(spec, &frame[l2 + l3..headers + payload_len], sum_at - l2 - l3),
        sport: spec.sport,
        dport: spec.dport,
        src_at: offset(src_at),
        dst_at: offset(dst_at),
        ip_sum_at: if l3 == 20 { offset(l2 + 10) } else { 0 },
        ports_at: offset(l2 + l3),
        transport_sum_at: match spec.checksum {
            TransportChecksum::Zero => 0,
            _ => offset(sum_at),
        },
        sport_bits: spec.sport_bits,
        dport_bits: spec.dport_bits,
        src_bits: spec.src_bits,
        long: u32::try_from(long).expect("one of three"),
        reserved: [0; 3],
    };
    Ok((frame, traffic))
}

fn check(spec: &Spec) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::Spec(why.to_owned()));
    if spec.src.is_ipv4() != spec.dst.is_ipv4() {
        return refuse("source and destination are of different IP versions");
    }
    if spec.flows == 0 {
        return refuse("no flows");
    }
    if spec.sport_bits > 16 || spec.dport_bits > 16 {
        return refuse("a port has 16 bits");
    }
    if spec.sport_bits + spec.dport_bits + spec.src_bits > 31 || spec.src_bits > 24 {
        return refuse("more bits vary than a flow's number has");
    }
    Ok(())
}

fn packet(spec: &Spec, payload_len: usize) -> Packet {
    let packet = Packet::eth().macs(
        spec.src_mac.unwrap_or(Mac([2, 0, 0, 0, 0, 1])),
        spec.dst_mac.unwrap_or(Mac([2, 0, 0, 0, 0, 2])),
    );
    let packet = match spec.vlan {
        Some(vid) => packet.vlan(vid),
        None => packet,
    };
    let packet = match (spec.src, spec.dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) if spec.dont_fragment => packet.ipv4(src, dst).df(),
        (IpAddr::V4(src), IpAddr::V4(dst)) => packet.ipv4(src, dst),
        (IpAddr::V6(src), IpAddr::V6(dst)) => packet.ipv6(src, dst),
        _ => unreachable!("checked: both are of one version"),
    };
    let packet = match spec.transport {
        Protocol::Udp => packet.udp(spec.sport, spec.dport),
        Protocol::Tcp(flags) => {
            let (seq, ack) = (u32::from(flags & SYN == 0), u32::from(flags & ACK != 0));
            packet.tcp(spec.sport, spec.dport).flags(flags).seq(seq).ack(ack)
        }
    };
    let packet = match spec.checksum {
        TransportChecksum::Right => packet,
        TransportChecksum::Wrong => packet.checksum(Checksum::Wrong),
        TransportChecksum::Zero => packet.checksum(Checksum::Zero),
    };
    match &spec.payload {
        Some(payload) => packet.payload(&payload.bytes),
        None => packet.payload_len(payload_len),
    }
}

/// Sum of an IPv4 header without checksum and addresses, in memory order.
fn ip_sum(header: &[u8]) -> u32 {
    let sums = sum(&header[..10]);
    in_memory_order(sums)
}

/// Sum of pseudo-header, transport header and payload without checksum, ports and the 32 bits of each address that
/// vary, in memory order.
fn transport_sum(spec: &Spec, transport: &[u8], sum_at: usize) -> u32 {
    let fixed = |ip: IpAddr| match ip {
        IpAddr::V4(_) => IpAddr::from([0; 4]),
        IpAddr::V6(ip) => IpAddr::from((ip.to_bits() >> 32 << 32).to_be_bytes()),
    };
    let protocol = match spec.transport {
        Protocol::Udp => protocol::UDP,
        Protocol::Tcp(_) => protocol::TCP,
    };
    let pseudo = Pseudo { src: fixed(spec.src), dst: fixed(spec.dst) }.sum(protocol, transport.len());
    let wrong_by = u64::from(spec.checksum == TransportChecksum::Wrong);
    in_memory_order(pseudo + sum(&transport[4..sum_at]) + sum(&transport[sum_at + 2..]) + wrong_by)
}

/// The one's complement sum does not care about byte order as long as all words have the same (RFC 1071 §2).
fn in_memory_order(sum: u64) -> u32 {
    fold(sum).to_be().into()
}
