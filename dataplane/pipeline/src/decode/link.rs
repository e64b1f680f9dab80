use crate::packet::Packet;
use flumen_abi::{InterfaceRow, Reason, Vlan};
use flumen_frame::{Frame, Offset};
use flumen_wire::ethernet::{self, Ethernet};
use flumen_wire::vlan::VlanTag;

const TAG: u16 = size_of::<VlanTag>() as u16;
const FIRST_TAG: Offset = Offset::new(size_of::<Ethernet>() as u16);
const SECOND_TAG: Offset = Offset::new(size_of::<Ethernet>() as u16 + TAG);
const AFTER_TAGS: Offset = Offset::new(size_of::<Ethernet>() as u16 + 2 * TAG);

const fn is_tag(ethertype: u16) -> bool {
    ethertype == ethernet::VLAN || ethertype == ethernet::QINQ
}

/// Reads the Ethernet header and up to two tags into `packet`. A priority tag (identifier 0) counts as untagged
/// but takes its four bytes.
///
/// # Drops
/// - [`Reason::Truncated`]: ends within them.
/// - [`Reason::VlanTooDeep`]: a third tag.
#[inline(always)]
pub(crate) fn link<F: Frame>(frame: &F, packet: &mut Packet) -> Result<(), Reason> {
    packet.vlan = Vlan { outer: 0, inner: 0 };
    packet.l3 = FIRST_TAG;
    packet.station = 0;
    packet.ethertype = 0;
    let eth: &Ethernet = frame.header(Offset::START).ok_or(Reason::Truncated)?;
    packet.group = eth.dst[0] & 1 != 0;
    packet.station = InterfaceRow::station(eth.dst);
    packet.ethertype = eth.ethertype.get();
    if !is_tag(packet.ethertype) {
        return Ok(());
    }
    let first: &VlanTag = frame.header(FIRST_TAG).ok_or(Reason::Truncated)?;
    packet.ethertype = first.ethertype.get();
    let outer = first.vid();
    if !is_tag(packet.ethertype) {
        packet.vlan.outer = outer;
        packet.l3 = SECOND_TAG;
        return Ok(());
    }
    let second: &VlanTag = frame.header(SECOND_TAG).ok_or(Reason::Truncated)?;
    packet.ethertype = second.ethertype.get();
    if is_tag(packet.ethertype) {
        return Err(Reason::VlanTooDeep);
    }
    packet.vlan = Vlan { outer, inner: second.vid() };
    packet.l3 = AFTER_TAGS;
    Ok(())
}
