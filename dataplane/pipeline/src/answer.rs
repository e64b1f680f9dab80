//! ICMP errors and TCP resets that the gateway itself sends, made in place from the packet that caused them.

use crate::context::Context;
use crate::decode::sum_words;
use crate::environment::Environment;
use crate::packet::{Fragment, Kind, Packet};
use crate::run::{End, Verdict};
use crate::tables::Tables;
use flumen_abi::{Addr, Family, IfIndex, Reason};
use flumen_frame::{Frame, Offset};
use flumen_wire::checksum::Sum;
use flumen_wire::ethernet::Ethernet;
use flumen_wire::icmp::{self, Icmp};
use flumen_wire::ipv4::{DF, Ipv4};
use flumen_wire::ipv6::Ipv6;
use flumen_wire::proto;
use flumen_wire::tcp::{self, Tcp};

/// An answer to send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Answer {
    /// None: the packet just ends.
    None,
    /// Time exceeded in transit (RFC 792, RFC 4443 §3.3).
    TtlExceeded,
    /// Fragmentation needed (RFC 1191 §4), packet too big (RFC 4443 §3.2).
    TooBig,
    /// Administratively prohibited (RFC 1812 §5.2.7.1, RFC 4443 §3.1).
    Prohibited,
}

// === impl Answer ===

impl Answer {
    /// Reason when the answer goes out.
    #[inline(always)]
    const fn sent(self) -> Reason {
        match self {
            Answer::TtlExceeded => Reason::TtlExceededSent,
            Answer::TooBig => Reason::PacketTooBigSent,
            Answer::Prohibited => Reason::RejectSent,
            Answer::None => Reason::Internal,
        }
    }

    /// ICMP type and code.
    #[inline(always)]
    const fn kind(self, family: Family) -> [u8; 2] {
        match (self, family) {
            (Answer::TtlExceeded, Family::V4) => [icmp::v4::TIME_EXCEEDED, 0],
            (Answer::TtlExceeded, Family::V6) => [icmp::v6::TIME_EXCEEDED, 0],
            (Answer::TooBig, Family::V4) => [icmp::v4::UNREACHABLE, icmp::v4::FRAGMENTATION_NEEDED],
            (Answer::TooBig, Family::V6) => [icmp::v6::PACKET_TOO_BIG, 0],
            (_, Family::V4) => [icmp::v4::UNREACHABLE, icmp::v4::ADMIN_PROHIBITED],
            (_, Family::V6) => [icmp::v6::UNREACHABLE, icmp::v6::ADMIN_PROHIBITED],
        }
    }
}

/// Most bytes of the packet that an error quotes. RFC 1812 §4.3.2.3 and RFC 4443 §3 would like more; this
/// holds every header of a usual packet, and keeps the checksum loop short for the eBPF verifier.
const QUOTE: u32 = 128;
const ICMP: u16 = size_of::<Icmp>() as u16;
const V4: u16 = size_of::<Ipv4>() as u16;
const V6: u16 = size_of::<Ipv6>() as u16;
/// TTL of what we send (RFC 1340, and what Linux does).
const TTL: u8 = 64;

/// Turns the frame into `answer` and addresses it to the sender, back the way the packet came.
///
/// Nothing is sent about ICMP errors, later fragments, groups, or to a source that is no host (RFC 1122
/// §3.2.2, RFC 4443 §2.4), nor beyond the rate limit, nor without an address of our own: then the packet is
/// dropped with `end.reason`.
#[inline(always)]
pub(crate) fn send<F: Frame, T: Tables, E: Environment, S>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
    end: End,
) -> Verdict {
    context.work.end = end;
    if sent(frame, context, packet) {
        Verdict { reason: end.answer.sent(), device: context.device }
    } else {
        Verdict { reason: context.work.end.reason, device: IfIndex(0) }
    }
}

/// Makes the answer that `context.work.end` asks for; false, and its reason says why, when none is sent.
///
/// Not inlined: in eBPF it has a stack of its own.
#[inline(never)]
fn sent<F: Frame, T: Tables, E: Environment, S>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> bool {
    let quotable = !matches!(packet.kind, Kind::IcmpError | Kind::Neighbour | Kind::IcmpOther)
        && !matches!(packet.fragment, Fragment::Later)
        && !packet.group
        && !packet.key.src.is_unspecified();
    let end = context.work.end;
    let reset = matches!(end.answer, Answer::Prohibited) && matches!(packet.kind, Kind::Tcp);
    let written = if reset {
        // A reset is never answered (RFC 9293 §3.10.7.1).
        if packet.tcp_flags & tcp::RST != 0 || !quotable || !budget(context) {
            return false;
        }
        write_reset(frame, packet)
    } else {
        match own_address(context, packet) {
            Some(own) if quotable && budget(context) => write::<F, E>(frame, packet, own, &end),
            _ => return false,
        }
    };
    if written.is_none() {
        context.work.end.reason = Reason::EmitFailed;
        return false;
    }
    true
}

#[inline(always)]
fn own_address<T: Tables, E, S>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> Option<Addr> {
    if !context.tables.port(context.slot, packet.interface.id, &mut context.work.link) {
        return None;
    }
    let own = match packet.family {
        Family::V4 => context.work.link.v4,
        Family::V6 => context.work.link.v6,
    };
    if own.is_unspecified() { None } else { Some(own) }
}

#[inline(always)]
fn budget<T: Tables, E, S>(context: &mut Context<'_, T, E, S>) -> bool {
    let (tables, now_ns) = (context.tables, context.now_ns);
    match (tables.answers(), context.settings()) {
        (Some(budget), Ok(settings)) => budget.take(now_ns, settings.answers_per_second),
        _ => false,
    }
}

/// Turns the frame into the reset that its destination would send: addresses and ports swapped, bare IP header, no
/// data.
#[inline(always)]
fn write_reset<F: Frame>(frame: &mut F, packet: &Packet) -> Option<()> {
    const TCP: u16 = size_of::<Tcp>() as u16;
    let ip_header = match packet.family {
        Family::V4 => V4,
        Family::V6 => V6,
    };
    let segment: Tcp = *frame.header(packet.l4)?;
    let header_bytes = (packet.l4.get() - packet.l3.get()) as u32 + segment.header_length() as u32;
    let data = packet.length.wrapping_sub(header_bytes);
    let counted = data + (packet.tcp_flags & (tcp::SYN | tcp::FIN)).count_ones();
    let acked = packet.tcp_flags & tcp::ACK != 0;
    if !frame.truncate((packet.l3.get() + ip_header + TCP) as u32) {
        return None;
    }
    let eth: &mut Ethernet = frame.header_mut(Offset::START)?;
    (eth.src, eth.dst) = (eth.dst, eth.src);
    let (src, dst) = (packet.key.dst, packet.key.src);
    let mut pseudo = Sum::ZERO.value(TCP).value(proto::TCP as u16);
    match packet.family {
        Family::V4 => {
            let ip: &mut Ipv4 = frame.header_mut(packet.l3)?;
            *ip = v4_header(src, dst, V4 + TCP, proto::TCP);
            pseudo = pseudo.dword(src.v4_word()).dword(dst.v4_word());
        }
        Family::V6 => {
            let ip: &mut Ipv6 = frame.header_mut(packet.l3)?;
            *ip = v6_header(src, dst, TCP, proto::TCP);
            let (src, dst) = (src.halves(), dst.halves());
            pseudo = pseudo.qword(src[0]).qword(src[1]).qword(dst[0]).qword(dst[1]);
        }
    }
    let sequence = if acked { segment.acknowledgement.get() } else { 0 };
    let acknowledgement = if acked { 0 } else { segment.sequence.get().wrapping_add(counted) };
    let flags = if acked { tcp::RST } else { tcp::RST | tcp::ACK };
    let header: &mut Tcp = frame.header_mut(packet.l3.plus(ip_header)?)?;
    *header = Tcp {
        sport: packet.key.dport,
        dport: packet.key.sport,
        sequence: sequence.into(),
        acknowledgement: acknowledgement.into(),
        offset: 5 << 4,
        flags,
        window: 0.into(),
        checksum: 0.into(),
        urgent: 0.into(),
    };
    header.checksum = pseudo
        .value(packet.key.dport.get())
        .value(packet.key.sport.get())
        .dword(sequence.to_be())
        .dword(acknowledgement.to_be())
        .value(5 << 12 | flags as u16)
        .checksum()
        .into();
    Some(())
}

/// Puts an IP and an ICMP header before the packet and cuts it after the quote.
#[inline(always)]
fn write<F: Frame, E: Environment>(frame: &mut F, packet: &Packet, own: Addr, end: &End) -> Option<()> {
    let l2 = packet.l3.get();
    let ip_header = match packet.family {
        Family::V4 => V4,
        Family::V6 => V6,
    };
    let quote = if packet.length > QUOTE { QUOTE as u16 } else { packet.length as u16 & !3 };
    let arrived: Ethernet = *frame.header(Offset::START)?;
    let tags: [u8; 8] = match l2 {
        18 => first_half(*frame.header::<[u8; 4]>(Offset::new(14))?),
        22 => *frame.header::<[u8; 8]>(Offset::new(14))?,
        _ => [0; 8],
    };
    let added = ip_header + ICMP;
    if !frame.adjust_head(-(added as i32)) || !frame.truncate((l2 + added + quote) as u32) {
        return None;
    }
    let header: &mut Ethernet = frame.header_mut(Offset::START)?;
    *header = Ethernet { dst: arrived.src, src: arrived.dst, ethertype: arrived.ethertype };
    match l2 {
        18 => *frame.header_mut::<[u8; 4]>(Offset::new(14))? = [tags[0], tags[1], tags[2], tags[3]],
        22 => *frame.header_mut::<[u8; 8]>(Offset::new(14))? = tags,
        _ => {}
    }
    let l4 = packet.l3.plus(ip_header)?;
    let quoted = sum_words::<F, E>(frame, l4.plus(ICMP)?, quote)?;
    let [kind, code] = end.answer.kind(packet.family);
    let mtu = end.mtu;
    let mut pseudo = Sum::ZERO;
    match packet.family {
        Family::V4 => {
            let ip: &mut Ipv4 = frame.header_mut(packet.l3)?;
            *ip = v4_header(own, packet.key.src, V4 + ICMP + quote, proto::ICMP);
        }
        Family::V6 => {
            let ip: &mut Ipv6 = frame.header_mut(packet.l3)?;
            *ip = v6_header(own, packet.key.src, ICMP + quote, proto::ICMPV6);
            let (src, dst) = (own.halves(), packet.key.src.halves());
            pseudo = pseudo.qword(src[0]).qword(src[1]).qword(dst[0]).qword(dst[1]);
            pseudo = pseudo.value(ICMP + quote).value(proto::ICMPV6 as u16);
        }
    }
    let header: &mut Icmp = frame.header_mut(l4)?;
    *header = Icmp { kind, code, checksum: 0.into(), identifier: 0.into(), sequence: mtu.into() };
    let head = Sum::ZERO.word([kind, code]).value(mtu);
    header.checksum = head.sum(pseudo).sum(quoted).checksum().into();
    Some(())
}

#[inline(always)]
fn first_half(tag: [u8; 4]) -> [u8; 8] {
    [tag[0], tag[1], tag[2], tag[3], 0, 0, 0, 0]
}

#[inline(always)]
fn v6_header(src: Addr, dst: Addr, payload_length: u16, next_header: u8) -> Ipv6 {
    Ipv6 {
        version_class_label: (6_u32 << 28).into(),
        payload_length: payload_length.into(),
        next_header,
        hop_limit: TTL,
        src: src.octets(),
        dst: dst.octets(),
    }
}

#[inline(always)]
fn v4_header(src: Addr, dst: Addr, total_length: u16, protocol: u8) -> Ipv4 {
    let mut ip = Ipv4 {
        version_ihl: 0x45,
        tos: 0xc0, // internetwork control, as RFC 1812 §4.3.2.5 recommends
        total_length: total_length.into(),
        identification: 0.into(), // atomic datagram (RFC 6864 §4.1)
        flags_fragment: DF.into(),
        ttl: TTL,
        protocol,
        checksum: 0.into(),
        src: src.v4_octets(),
        dst: dst.v4_octets(),
    };
    ip.checksum = Sum::ZERO
        .word([ip.version_ihl, ip.tos])
        .value(total_length)
        .value(DF)
        .word([ip.ttl, ip.protocol])
        .dword(src.v4_word())
        .dword(dst.v4_word())
        .checksum()
        .into();
    ip
}
