use super::overlaps;
use crate::environment::{Environment, Turn};
use crate::packet::{Fragment, Kind, Packet};
use flumen_abi::{Addr, Family, PortBe, Reason, SessionKey};
use flumen_frame::Frame;
use flumen_wire::ipv6::{self, Extension, Ipv6};
use flumen_wire::proto;

const HEADER: u16 = size_of::<Ipv6>() as u16;
/// Extension headers read before a packet is refused. RFC 8504 §5.3 lets a node bound the chain.
pub(crate) const MAX_EXTENSIONS: u32 = 8;

/// Reads the IPv6 header at `packet.l3` and walks its extension headers (RFC 8200).
///
/// # Drops
/// Truncated, `Ipv6Version`, `Ipv6PayloadLength`, `Ipv6Martian`, `Ipv6ExtensionHeaders`, `FragmentOffset`.
#[inline(always)]
pub(crate) fn decode<F: Frame, E: Environment>(frame: &F, packet: &mut Packet) -> Result<(), Reason> {
    let ip: &Ipv6 = frame.header(packet.l3).ok_or(Reason::Truncated)?;
    if ip.version() != 6 {
        return Err(Reason::Ipv6Version);
    }
    let length = HEADER as u32 + ip.payload_length.get() as u32;
    if packet.l3.get() as u32 + length > packet.frame_length {
        return Err(Reason::Ipv6PayloadLength);
    }
    let (src, dst) = (Addr::v6(ip.src), Addr::v6(ip.dst));
    if martian(src) || martian(dst) || ip.src[0] == 0xff || dst.is_unspecified() {
        return Err(Reason::Ipv6Martian);
    }
    // `::` asks for an address, and may speak to groups only (RFC 4291 §2.5.2).
    if src.is_unspecified() && ip.dst[0] != 0xff {
        return Err(Reason::Ipv6Martian);
    }
    let l4 = packet.l3.plus(HEADER).ok_or(Reason::Truncated)?;
    packet.key = SessionKey {
        src,
        dst,
        sport: PortBe::ZERO,
        dport: PortBe::ZERO,
        zone: packet.interface.zone,
        proto: ip.next_header,
        reserved: 0,
    };
    packet.l4 = l4;
    packet.length = length;
    packet.identification = 0;
    packet.flow_label = ip.flow_label();
    packet.service = 0;
    packet.family = Family::V6;
    packet.kind = Kind::Other;
    packet.fragment = Fragment::Whole;
    packet.tcp_flags = 0;
    packet.ttl = ip.hop_limit;
    packet.tos = ip.traffic_class();
    packet.dont_fragment = true;
    extensions::<F, E>(frame, packet)
}

/// Moves `packet.l4` and `packet.key.proto` past the extension headers, up to the transport header or the
/// payload of a later fragment. AH stays a header to skip: what it protects is still seen by policy.
#[inline(always)]
fn extensions<F: Frame, E: Environment>(frame: &F, packet: &mut Packet) -> Result<(), Reason> {
    if !is_extension(packet.key.proto) {
        return Ok(());
    }
    let mut chain = Chain { frame, packet, reason: Reason::Forwarded };
    E::repeat(MAX_EXTENSIONS, &mut chain);
    let Chain { packet, reason, .. } = chain;
    if !matches!(reason, Reason::Forwarded) {
        return Err(reason);
    }
    let ended = matches!(packet.fragment, Fragment::Later) || !is_extension(packet.key.proto);
    if ended { Ok(()) } else { Err(Reason::Ipv6ExtensionHeaders) }
}

/// A walk along extension headers.
struct Chain<'a, F> {
    frame: &'a F,
    packet: &'a mut Packet,
    /// [`Reason::Forwarded`] while nothing is wrong.
    reason: Reason,
}

impl<F: Frame> Turn for Chain<'_, F> {
    #[inline(always)]
    fn take(&mut self, index: u32) -> bool {
        match extension(self.frame, self.packet, index) {
            Ok(()) => is_extension(self.packet.key.proto) && !matches!(self.packet.fragment, Fragment::Later),
            Err(reason) => {
                self.reason = reason;
                false
            }
        }
    }
}

/// Steps over one extension header.
#[inline(always)]
fn extension<F: Frame>(frame: &F, packet: &mut Packet, index: u32) -> Result<(), Reason> {
    let bytes = match packet.key.proto {
        proto::FRAGMENT => fragment(frame, packet)?,
        proto::HOP_BY_HOP if index != 0 => return Err(Reason::Ipv6ExtensionHeaders),
        kind => {
            let header: &Extension = frame.header(packet.l4).ok_or(Reason::Truncated)?;
            packet.key.proto = header.next_header;
            extension_length(kind, header)
        }
    };
    packet.l4 = packet.l4.plus(bytes).ok_or(Reason::Truncated)?;
    if (packet.l4.get() - packet.l3.get()) as u32 > packet.length { Err(Reason::Truncated) } else { Ok(()) }
}

/// Reads a fragment header and returns its size.
#[inline(always)]
fn fragment<F: Frame>(frame: &F, packet: &mut Packet) -> Result<u16, Reason> {
    let header: &ipv6::Fragment = frame.header(packet.l4).ok_or(Reason::Truncated)?;
    if !matches!(packet.fragment, Fragment::Whole) {
        return Err(Reason::Ipv6ExtensionHeaders);
    }
    let behind = packet.length.saturating_sub((packet.l4.get() - packet.l3.get()) as u32 + 8);
    if header.offset() + behind > u16::MAX as u32 {
        return Err(Reason::FragmentOffset);
    }
    packet.identification = header.identification.get();
    packet.key.proto = header.next_header;
    packet.fragment = if header.offset() != 0 {
        if overlaps(header.next_header, header.offset()) {
            return Err(Reason::FragmentTiny);
        }
        Fragment::Later
    } else if header.more() {
        Fragment::First
    } else {
        Fragment::Atomic
    };
    Ok(size_of::<ipv6::Fragment>() as u16)
}

/// Bytes of any extension header but that of a fragment (RFC 8200 §4, RFC 4302 §2.2).
#[inline(always)]
pub(crate) fn extension_length(protocol: u8, header: &Extension) -> u16 {
    match protocol {
        proto::AUTHENTICATION => (header.length as u16 + 2) * 4,
        _ => (header.length as u16 + 1) * 8,
    }
}

#[inline(always)]
pub(crate) fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        proto::HOP_BY_HOP
            | proto::ROUTING
            | proto::FRAGMENT
            | proto::AUTHENTICATION
            | proto::DESTINATION_OPTIONS
            | proto::MOBILITY
    )
}

/// `::1` and `::ffff:0:0/96`, which never are on a link (RFC 4291 §2.5.3, RFC 4942 §2.2).
#[inline(always)]
fn martian(addr: Addr) -> bool {
    let [high, low] = addr.number();
    high == 0 && (low == 1 || low >> 32 == 0xffff)
}
