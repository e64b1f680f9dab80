//! Rewrites addresses, ports and checksums of one packet by its session row.

use crate::packet::{Fragment, Kind, Packet};
use flumen_abi::{Family, Reason, SessionKey, SessionRow};
use flumen_frame::{Frame, Offset};
use flumen_wire::checksum::{Sum, updated};
use flumen_wire::icmp::Icmp;
use flumen_wire::ipv4::Ipv4;
use flumen_wire::ipv6::Ipv6;
use flumen_wire::tcp::Tcp;
use flumen_wire::udp::Udp;

/// What must be added to a checksum over addresses when those of `key` become those of `row`.
#[inline(always)]
pub fn address_delta(key: &SessionKey, row: &SessionRow) -> u16 {
    let (src, dst) = (key.src.halves(), key.dst.halves());
    let (new_src, new_dst) = (row.src.halves(), row.dst.halves());
    let sum = Sum::ZERO
        .without_qword(src[0])
        .without_qword(src[1])
        .without_qword(dst[0])
        .without_qword(dst[1])
        .qword(new_src[0])
        .qword(new_src[1])
        .qword(new_dst[0])
        .qword(new_dst[1]);
    sum.folded()
}

/// What must be added to a checksum over addresses and ports, given the delta of the addresses.
#[inline(always)]
pub fn transport_delta(addresses: u16, key: &SessionKey, row: &SessionRow) -> u16 {
    Sum::from_folded(addresses)
        .without_word(key.sport.to_bytes())
        .without_word(key.dport.to_bytes())
        .word(row.sport.to_bytes())
        .word(row.dport.to_bytes())
        .folded()
}

/// Rewrites the packet to what `row` says, checksums by RFC 1624.
///
/// A `partial` checksum stays one: the sum of the new pseudo-header, which the kernel completes when it sends the packet.
/// A zero UDP checksum over IPv4 stays zero (RFC 768); over IPv6 it is never made (RFC 8200 §8.1).
///
/// # Drops
/// [`Reason::Internal`] when a header that was decoded is gone, which cannot be.
#[inline(always)]
pub(crate) fn translate<F: Frame>(
    frame: &mut F,
    packet: &Packet,
    row: &SessionRow,
    partial: bool,
) -> Result<(), Reason> {
    addresses(frame, packet.l3, packet.family, row)?;
    if matches!(packet.fragment, Fragment::Later) {
        return Ok(());
    }
    match packet.kind {
        Kind::Tcp => {
            let header: &mut Tcp = frame.header_mut(packet.l4).ok_or(Reason::Internal)?;
            header.sport = row.sport;
            header.dport = row.dport;
            header.checksum = if partial {
                pseudo_sum(header.checksum.to_bytes(), row.l3_delta).into()
            } else {
                updated(header.checksum.to_bytes(), row.l4_delta).into()
            };
        }
        Kind::Udp => {
            let header: &mut Udp = frame.header_mut(packet.l4).ok_or(Reason::Internal)?;
            header.sport = row.sport;
            header.dport = row.dport;
            header.checksum = if partial {
                pseudo_sum(header.checksum.to_bytes(), row.l3_delta).into()
            } else {
                udp_checksum(header.checksum.to_bytes(), row.l4_delta).into()
            };
        }
        Kind::IcmpQuery | Kind::IcmpReply => {
            let header: &mut Icmp = frame.header_mut(packet.l4).ok_or(Reason::Internal)?;
            let identifier = if matches!(packet.kind, Kind::IcmpQuery) { row.sport } else { row.dport };
            let delta = icmp_delta(packet.family, row);
            header.identifier = identifier;
            header.checksum = updated(header.checksum.to_bytes(), delta).into();
        }
        _ => {}
    }
    Ok(())
}

/// A pseudo-header's sum, not complemented, after its addresses have changed by `delta`.
#[inline(always)]
fn pseudo_sum(field: [u8; 2], delta: u16) -> [u8; 2] {
    Sum::from_folded(u16::from_ne_bytes(field)).sum(Sum::from_folded(delta)).folded().to_ne_bytes()
}

/// The checksum after `delta`; zero ("none") stays, and a sum that comes out as zero is sent as ones.
#[inline(always)]
pub fn udp_checksum(field: [u8; 2], delta: u16) -> [u8; 2] {
    if field == [0, 0] {
        return field;
    }
    match updated(field, delta) {
        [0, 0] => [0xff, 0xff],
        sum => sum,
    }
}

/// An ICMPv6 checksum covers the addresses, an ICMP checksum does not.
#[inline(always)]
pub fn icmp_delta(family: Family, row: &SessionRow) -> u16 {
    match family {
        Family::V4 => Sum::from_folded(row.l4_delta).sum(Sum::from_folded(!row.l3_delta)).folded(),
        Family::V6 => row.l4_delta,
    }
}

#[inline(always)]
fn addresses<F: Frame>(frame: &mut F, l3: Offset, family: Family, row: &SessionRow) -> Result<(), Reason> {
    match family {
        Family::V4 => {
            let header: &mut Ipv4 = frame.header_mut(l3).ok_or(Reason::Internal)?;
            header.src = row.src.v4_octets();
            header.dst = row.dst.v4_octets();
            header.checksum = updated(header.checksum.to_bytes(), row.l3_delta).into();
        }
        Family::V6 => {
            let header: &mut Ipv6 = frame.header_mut(l3).ok_or(Reason::Internal)?;
            header.src = row.src.octets();
            header.dst = row.dst.octets();
        }
    }
    Ok(())
}
