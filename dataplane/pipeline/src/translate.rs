//! Rewrites addresses, ports and checksums of one packet by its session row.

use crate::packet::{Fragment, Kind, Packet};
use flumen_abi::{Family, PortBe, Reason, SessionKey, SessionRow};
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
            header.checksum = icmp_checksum(header, delta).into();
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

/// The checksum of a query or reply after `delta`. A sum of nothing but zeroes is zero, which no update can tell from all
/// ones (RFC 1624 §5): an echo reply with identifier and sequence number 0 may be such a message, and then has a checksum
/// of all ones, which is right for every other too.
#[inline(always)]
fn icmp_checksum(header: &Icmp, delta: u16) -> [u8; 2] {
    let zeroes = header.kind == 0
        && header.code == 0
        && header.identifier == PortBe::ZERO
        && header.sequence == PortBe::ZERO;
    match updated(header.checksum.to_bytes(), delta) {
        [0, 0] if zeroes => [0xff, 0xff],
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

#[cfg(test)]
mod tests {
    use super::{address_delta, icmp_delta, transport_delta, udp_checksum};
    use crate::context::Scratch;
    use flumen_abi::{Addr, Family, SessionKey, SessionRow, ZoneId};
    use flumen_wire::checksum::{Sum, updated};

    /// Numbers that spread (SplitMix64).
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ mixed >> 27
    }

    fn addr(state: &mut u64, family: Family) -> Addr {
        match family {
            Family::V4 => Addr::v4((next(state) as u32).to_be_bytes()),
            Family::V6 => Addr::v6(zerocopy::transmute!([next(state), next(state)])),
        }
    }

    fn pair(state: &mut u64, family: Family) -> (SessionKey, SessionRow) {
        let key = SessionKey {
            src: addr(state, family),
            dst: addr(state, family),
            sport: (next(state) as u16).into(),
            dport: (next(state) as u16).into(),
            zone: ZoneId(1),
            proto: 17,
            reserved: 0,
        };
        let mut row = Scratch::default().work.row;
        (row.src, row.dst) = (addr(state, family), addr(state, family));
        (row.sport, row.dport) = ((next(state) as u16).into(), (next(state) as u16).into());
        row.l3_delta = address_delta(&key, &row);
        row.l4_delta = transport_delta(row.l3_delta, &key, &row);
        (key, row)
    }

    /// A checksum over addresses, ports and a payload, in full.
    fn whole(src: Addr, dst: Addr, ports: [[u8; 2]; 2], payload: u16) -> [u8; 2] {
        Sum::ZERO
            .bytes(&src.octets())
            .bytes(&dst.octets())
            .word(ports[0])
            .word(ports[1])
            .value(payload)
            .checksum()
    }

    #[test]
    fn an_update_by_the_deltas_equals_a_full_sum() {
        let mut state = 1;
        for family in [Family::V4, Family::V6] {
            for _ in 0..20_000 {
                let (key, row) = pair(&mut state, family);
                let payload = next(&mut state) as u16;
                let before = whole(key.src, key.dst, [key.sport.to_bytes(), key.dport.to_bytes()], payload);
                let after = whole(row.src, row.dst, [row.sport.to_bytes(), row.dport.to_bytes()], payload);
                assert_eq!(updated(before, row.l4_delta), after, "{key:?} {row:?}");
                // and back, by the complements that the reverse row has
                assert_eq!(updated(after, !row.l4_delta), before, "{key:?} {row:?}");
            }
        }
    }

    #[test]
    fn an_icmp_checksum_covers_addresses_in_ipv6_alone() {
        let mut state = 2;
        for _ in 0..20_000 {
            let (key, row) = pair(&mut state, Family::V4);
            let ports = |src: [u8; 2], dst: [u8; 2]| Sum::ZERO.word(src).word(dst).value(0x0800).checksum();
            let before = ports(key.sport.to_bytes(), key.dport.to_bytes());
            let after = ports(row.sport.to_bytes(), row.dport.to_bytes());
            assert_eq!(updated(before, icmp_delta(Family::V4, &row)), after);
            assert_eq!(icmp_delta(Family::V6, &row), row.l4_delta);
        }
    }

    #[test]
    fn no_udp_checksum_stays_none_and_none_is_made_by_an_update() {
        for delta in 0..=u16::MAX {
            assert_eq!(udp_checksum([0, 0], delta), [0, 0]);
            assert_ne!(udp_checksum([0x12, 0x34], delta), [0, 0]);
            assert_ne!(udp_checksum([0xff, 0xff], delta), [0, 0]);
        }
    }
}
