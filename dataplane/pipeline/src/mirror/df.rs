//! Clearing of DF, so that what is too long for a link behind us is fragmented there.

use crate::packet::{Fragment, Kind, Packet};
use flumen_abi::Family;
use flumen_frame::Frame;
use flumen_wire::checksum::{Sum, updated};
use flumen_wire::ipv4::{DF, Ipv4};
use flumen_wire::udp::Udp;

/// True for an IPv4 packet with DF whose total length is above `limit`.
#[inline(always)]
pub(super) fn over(packet: &Packet, limit: u16) -> bool {
    matches!(packet.family, Family::V4) && packet.dont_fragment && packet.length > limit as u32
}

/// Clears DF and patches the header checksum; false, and nothing changed, when the header is gone, which cannot be.
#[inline(always)]
pub(super) fn clear<F: Frame>(frame: &mut F, packet: &mut Packet) -> bool {
    let Some(ip) = frame.header_mut::<Ipv4>(packet.l3) else { return false };
    let old = ip.flags_fragment.get();
    let delta = Sum::ZERO.without_word(old.to_be_bytes()).value(old & !DF).folded();
    ip.flags_fragment.set(old & !DF);
    ip.checksum = updated(ip.checksum.to_bytes(), delta).into();
    packet.dont_fragment = false;
    true
}

/// Makes the UDP checksum of an IPv4 packet none (RFC 768). The sum does not cover DF: it is for receivers that want it
/// so, and takes their protection away.
#[inline(always)]
pub(super) fn zero_udp_checksum<F: Frame>(frame: &mut F, packet: &Packet) {
    if matches!(packet.kind, Kind::Udp)
        && !matches!(packet.fragment, Fragment::Later)
        && let Some(udp) = frame.header_mut::<Udp>(packet.l4)
    {
        udp.checksum.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::{clear, over};
    use crate::context::Scratch;
    use crate::packet::Packet;
    use flumen_abi::Family;
    use flumen_frame::{Offset, SliceFrame};
    use flumen_wire::checksum::Sum;

    fn packet(length: u32) -> Packet {
        Packet { l3: Offset::START, length, dont_fragment: true, ..Scratch::default().packet }
    }

    #[test]
    fn the_limit_itself_is_not_above_the_limit() {
        assert!(over(&packet(1401), 1400) && !over(&packet(1400), 1400));
        assert!(!over(&Packet { dont_fragment: false, ..packet(1401) }, 1400));
        assert!(!over(&Packet { family: Family::V6, ..packet(1401) }, 1400));
    }

    #[test]
    fn df_alone_is_cleared_and_the_header_checksum_stays_right_for_every_identification() {
        for identification in 0..=u16::MAX {
            let mut header = [0x45, 0, 5, 0xdc, 0, 0, 0x40, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7];
            header[4..6].copy_from_slice(&identification.to_be_bytes());
            let checksum = Sum::ZERO.bytes(&header).checksum();
            header[10..12].copy_from_slice(&checksum);
            let mut after = header;
            let mut packet = packet(1500);
            assert!(clear(&mut SliceFrame::new(&mut after, 0, 20), &mut packet));
            assert_eq!((after[6], Sum::ZERO.bytes(&after).folded()), (0, 0xffff), "{identification:#x}");
            assert!(!packet.dont_fragment);
            after[6] = 0x40;
            after[10..12].copy_from_slice(&checksum);
            assert_eq!(after, header);
        }
    }
}
