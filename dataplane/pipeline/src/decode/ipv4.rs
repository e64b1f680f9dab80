use super::overlaps;
use super::sum::sum_words;
use crate::environment::Environment;
use crate::packet::{Fragment, Kind, Packet};
use flumen_abi::{Addr, Family, PortBe, Reason, SessionKey};
use flumen_frame::{Frame, Offset};
use flumen_wire::checksum::Sum;
use flumen_wire::ipv4::Ipv4;

const HEADER: u16 = size_of::<Ipv4>() as u16;

/// Reads the IPv4 header at `packet.l3` (RFC 791, RFC 1812 §5.2.2).
///
/// # Drops
/// Truncated, `Ipv4Version`, `Ipv4HeaderLength`, `Ipv4TotalLength`, `Ipv4Checksum`, `Ipv4Martian`,
/// `FragmentOffset`.
#[inline(always)]
pub(crate) fn decode<F: Frame, E: Environment>(frame: &F, packet: &mut Packet) -> Result<(), Reason> {
    let ip: &Ipv4 = frame.header(packet.l3).ok_or(Reason::Truncated)?;
    if ip.version() != 4 {
        return Err(Reason::Ipv4Version);
    }
    let (header, length) = (ip.header_length(), ip.total_length.get());
    if header < HEADER {
        return Err(Reason::Ipv4HeaderLength);
    }
    if length < header {
        return Err(Reason::Ipv4TotalLength);
    }
    if packet.l3.get() as u32 + length as u32 > packet.frame_length {
        return Err(Reason::Ipv4TotalLength);
    }
    if checksum::<F, E>(frame, packet.l3, ip, header)? != 0xffff {
        return Err(Reason::Ipv4Checksum);
    }
    if martian(ip.src, ip.dst) {
        return Err(Reason::Ipv4Martian);
    }
    let offset = ip.fragment_offset();
    let fragment = if offset != 0 {
        if overlaps(ip.protocol, offset) {
            return Err(Reason::FragmentTiny);
        }
        Fragment::Later
    } else if ip.more_fragments() {
        Fragment::First
    } else {
        Fragment::Whole
    };
    if offset + (length - header) as u32 > u16::MAX as u32 {
        return Err(Reason::FragmentOffset);
    }
    let l4 = packet.l3.plus(header).ok_or(Reason::Truncated)?;
    packet.key = SessionKey {
        src: Addr::v4(ip.src),
        dst: Addr::v4(ip.dst),
        sport: PortBe::ZERO,
        dport: PortBe::ZERO,
        zone: packet.interface.zone,
        proto: ip.protocol,
        reserved: 0,
    };
    packet.l4 = l4;
    packet.length = length as u32;
    packet.identification = ip.identification.get() as u32;
    packet.flow_label = 0;
    packet.service = 0;
    packet.family = Family::V4;
    packet.kind = Kind::Other;
    packet.fragment = fragment;
    packet.tcp_flags = 0;
    packet.ttl = ip.ttl;
    packet.tos = ip.tos;
    packet.dont_fragment = ip.dont_fragment();
    Ok(())
}

/// The folded sum over header and options, 0xffff when the checksum is right.
#[inline(always)]
fn checksum<F: Frame, E: Environment>(frame: &F, l3: Offset, ip: &Ipv4, header: u16) -> Result<u16, Reason> {
    let words: [u32; 5] = zerocopy_words(ip);
    let sum = Sum::ZERO.dword(words[0]).dword(words[1]).dword(words[2]).dword(words[3]).dword(words[4]);
    if header == HEADER {
        return Ok(sum.folded());
    }
    let at = l3.plus(HEADER).ok_or(Reason::Truncated)?;
    let options = sum_words::<F, E>(frame, at, header - HEADER).ok_or(Reason::Truncated)?;
    Ok(sum.sum(options).folded())
}

#[inline(always)]
fn zerocopy_words(ip: &Ipv4) -> [u32; 5] {
    zerocopy::transmute!(*ip)
}

/// RFC 1812 §5.3.7: addresses that no packet on a link may carry. `0.0.0.0` asks for an address by DHCP, and
/// may speak to groups only.
#[inline(always)]
fn martian(src: [u8; 4], dst: [u8; 4]) -> bool {
    let unspecified = u32::from_ne_bytes(src) == 0;
    src[0] >= 224
        || src[0] == 127
        || dst[0] == 127
        || dst[0] == 0
        || (src[0] == 0 && !(unspecified && dst[0] >= 224))
}
