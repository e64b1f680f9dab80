use crate::packet::{Fragment, Kind, Packet};
use flumen_abi::{Family, PortBe, Reason};
use flumen_frame::{Frame, Offset};
use flumen_wire::icmp::{self, Icmp};
use flumen_wire::proto;
use flumen_wire::tcp::{self, Tcp};
use flumen_wire::udp::Udp;

/// Reads the transport header at `packet.l4`: ports, flags, kind. Later fragments have none.
///
/// # Drops
/// - [`Reason::L4Header`]: cut short, or contradicts its own length.
/// - [`Reason::FragmentTiny`]: the same in a first fragment (RFC 1858).
/// - [`Reason::TcpFlags`]: flags that no stack sends.
#[inline(always)]
pub(crate) fn transport<F: Frame>(frame: &F, packet: &mut Packet) -> Result<(), Reason> {
    packet.kind = match (packet.key.proto, packet.family) {
        (proto::TCP, _) => Kind::Tcp,
        (proto::UDP, _) => Kind::Udp,
        (proto::ICMP, Family::V4) | (proto::ICMPV6, Family::V6) => Kind::IcmpOther,
        _ => Kind::Other,
    };
    if matches!(packet.fragment, Fragment::Later) {
        return Ok(());
    }
    let short =
        if matches!(packet.fragment, Fragment::First) { Reason::FragmentTiny } else { Reason::L4Header };
    let room = packet.length.saturating_sub((packet.l4.get() - packet.l3.get()) as u32);
    match packet.kind {
        Kind::Tcp => {
            let header: &Tcp = frame.header(packet.l4).ok_or(short)?;
            let length = header.header_length() as u32;
            if room < size_of::<Tcp>() as u32 || length > room {
                return Err(short);
            }
            if length < size_of::<Tcp>() as u32 {
                return Err(Reason::L4Header);
            }
            let flags = header.flags & (tcp::FIN | tcp::SYN | tcp::RST | tcp::PSH | tcp::ACK | tcp::URG);
            if impossible(flags) {
                return Err(Reason::TcpFlags);
            }
            packet.tcp_flags = flags;
            packet.key.sport = header.sport;
            packet.key.dport = header.dport;
            packet.service = header.dport.get();
        }
        Kind::Udp => {
            let header: &Udp = frame.header(packet.l4).ok_or(short)?;
            let length = header.length.get() as u32;
            if room < size_of::<Udp>() as u32 {
                return Err(short);
            }
            let whole = packet.fragment.is_whole();
            if length < size_of::<Udp>() as u32 || (whole && length > room) {
                return Err(Reason::L4Header);
            }
            packet.key.sport = header.sport;
            packet.key.dport = header.dport;
            packet.service = header.dport.get();
        }
        Kind::IcmpOther => {
            let header: &Icmp = frame.header(packet.l4).ok_or(short)?;
            if room < size_of::<Icmp>() as u32 {
                return Err(short);
            }
            packet.service = (header.kind as u16) << 8 | header.code as u16;
            packet.kind = icmp_kind(packet.family, header.kind);
            match packet.kind {
                Kind::IcmpQuery => packet.key.sport = header.identifier,
                Kind::IcmpReply => packet.key.dport = header.identifier,
                _ => {}
            }
        }
        _ => {}
    }
    Ok(())
}

/// Null, SYN+FIN and SYN+RST: used by scanners, sent by no stack.
#[inline(always)]
fn impossible(flags: u8) -> bool {
    flags == 0 || (flags & tcp::SYN != 0 && flags & (tcp::FIN | tcp::RST) != 0)
}

#[inline(always)]
fn icmp_kind(family: Family, kind: u8) -> Kind {
    match family {
        Family::V4 => match kind {
            icmp::v4::ECHO | icmp::v4::TIMESTAMP => Kind::IcmpQuery,
            icmp::v4::ECHO_REPLY | icmp::v4::TIMESTAMP_REPLY => Kind::IcmpReply,
            icmp::v4::UNREACHABLE | icmp::v4::TIME_EXCEEDED | icmp::v4::PARAMETER_PROBLEM => Kind::IcmpError,
            _ => Kind::IcmpOther,
        },
        Family::V6 => match kind {
            icmp::v6::ECHO => Kind::IcmpQuery,
            icmp::v6::ECHO_REPLY => Kind::IcmpReply,
            icmp::v6::UNREACHABLE..=icmp::v6::PARAMETER_PROBLEM => Kind::IcmpError,
            icmp::v6::LISTENER_QUERY..=icmp::v6::REDIRECT | icmp::v6::LISTENER_REPORT_V2 => Kind::Neighbour,
            _ => Kind::IcmpOther,
        },
    }
}

/// What the transport header of a later fragment's packet is, by protocol and what rules saw of the first one.
#[inline(always)]
pub(crate) fn kind_of_later(family: Family, protocol: u8, service: u16) -> Kind {
    match (protocol, family) {
        (proto::TCP, _) => Kind::Tcp,
        (proto::UDP, _) => Kind::Udp,
        (proto::ICMP, Family::V4) | (proto::ICMPV6, Family::V6) => icmp_kind(family, (service >> 8) as u8),
        _ => Kind::Other,
    }
}

/// Ports, or the ICMP identifier in its place, of a packet quoted by an ICMP error: its first eight transport
/// bytes at `l4`. Same placement as [`transport`]. `None` when they are cut off, or are an ICMP error's own.
#[inline(always)]
pub(crate) fn quoted_ports<F: Frame>(
    frame: &F,
    l4: Offset,
    family: Family,
    protocol: u8,
) -> Option<(PortBe, PortBe)> {
    match (protocol, family) {
        (proto::TCP | proto::UDP, _) => {
            let ports: &[u8; 8] = frame.header(l4)?;
            Some((PortBe::from_bytes([ports[0], ports[1]]), PortBe::from_bytes([ports[2], ports[3]])))
        }
        (proto::ICMP, Family::V4) | (proto::ICMPV6, Family::V6) => {
            let header: &Icmp = frame.header(l4)?;
            match icmp_kind(family, header.kind) {
                Kind::IcmpQuery => Some((header.identifier, PortBe::ZERO)),
                Kind::IcmpReply => Some((PortBe::ZERO, header.identifier)),
                _ => None,
            }
        }
        _ => Some((PortBe::ZERO, PortBe::ZERO)),
    }
}
