//! The last headers: TTL, VLAN tags, Ethernet addresses.

use crate::packet::Packet;
use flumen_abi::{Family, Reason, Vlan};
use flumen_frame::{Frame, Offset};
use flumen_wire::checksum::{Sum, updated};
use flumen_wire::ethernet::{self, Ethernet};
use flumen_wire::ipv4::Ipv4;
use flumen_wire::ipv6::Ipv6;
use flumen_wire::vlan::VlanTag;

/// Takes one off the TTL or hop limit, which the caller has checked to be at least 2.
#[inline(always)]
pub fn decrement_ttl<F: Frame>(frame: &mut F, packet: &Packet) -> Result<(), Reason> {
    match packet.family {
        Family::V4 => {
            let header: &mut Ipv4 = frame.header_mut(packet.l3).ok_or(Reason::Internal)?;
            let old = [header.ttl, header.protocol];
            header.ttl = header.ttl.wrapping_sub(1);
            let delta = Sum::ZERO.without_word(old).word([header.ttl, header.protocol]).folded();
            header.checksum = updated(header.checksum.to_bytes(), delta).into();
        }
        Family::V6 => {
            let header: &mut Ipv6 = frame.header_mut(packet.l3).ok_or(Reason::Internal)?;
            header.hop_limit = header.hop_limit.wrapping_sub(1);
        }
    }
    Ok(())
}

const ETHERNET: u16 = size_of::<Ethernet>() as u16;
const TAG: i32 = size_of::<VlanTag>() as i32;

const fn tags(vlan: Vlan) -> i32 {
    if vlan.inner != 0 {
        2
    } else if vlan.outer != 0 {
        1
    } else {
        0
    }
}

/// Gives the frame its Ethernet header and the tags of `vlan`, growing or shrinking it at the front.
///
/// # Drops
/// [`Reason::EmitFailed`] when the buffer has no headroom for the tags.
#[inline(always)]
pub fn ethernet<F: Frame>(
    frame: &mut F,
    packet: &Packet,
    vlan: Vlan,
    src: [u8; 6],
    dst: [u8; 6],
) -> Result<(), Reason> {
    let arrived = (packet.l3.get() - ETHERNET) as i32 / TAG;
    let leaves = tags(vlan);
    if arrived != leaves && !frame.adjust_head((arrived - leaves) * TAG) {
        return Err(Reason::EmitFailed);
    }
    let l3type = match packet.family {
        Family::V4 => ethernet::IPV4,
        Family::V6 => ethernet::IPV6,
    };
    let outer_type = match leaves {
        0 => l3type,
        1 => ethernet::VLAN,
        _ => ethernet::QINQ,
    };
    let header: &mut Ethernet = frame.header_mut(Offset::START).ok_or(Reason::EmitFailed)?;
    *header = Ethernet { dst, src, ethertype: outer_type.into() };
    if leaves >= 1 {
        let ethertype = if leaves == 2 { ethernet::VLAN } else { l3type };
        let tag: &mut VlanTag = frame.header_mut(Offset::new(ETHERNET)).ok_or(Reason::EmitFailed)?;
        *tag = VlanTag { tci: vlan.outer.into(), ethertype: ethertype.into() };
    }
    if leaves == 2 {
        let tag: &mut VlanTag =
            frame.header_mut(Offset::new(ETHERNET + TAG as u16)).ok_or(Reason::EmitFailed)?;
        *tag = VlanTag { tci: vlan.inner.into(), ethertype: l3type.into() };
    }
    Ok(())
}
