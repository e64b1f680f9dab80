//! From VXLAN to the frame inside.

use super::{ServiceTables, key};
use crate::context::Context;
use crate::decode;
use crate::environment::Environment;
use crate::packet::{Fragment, Kind, Packet};
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use flumen_abi::{Reason, Tally};
use flumen_frame::{Frame, Offset};
use flumen_wire::ethernet::{self, Ethernet};
use flumen_wire::udp::Udp;
use flumen_wire::vxlan::Vxlan;

const UDP: u16 = size_of::<Udp>() as u16;
const HEADERS: u16 = UDP + size_of::<Vxlan>() as u16;
const ETHERNET: u32 = size_of::<Ethernet>() as u32;

/// Cuts the outer headers off and reads the inner frame; `packet` then is the inner packet, in the mirror's own zone.
/// False, and `context.work.end` says why, when the frame ends here.
///
/// The outer UDP checksum is not verified, as RFC 7348 §5 allows: what is inside has its own.
///
/// # Drops
/// [`Reason::MirrorFragment`], [`Reason::VxlanTruncated`], [`Reason::VxlanFlags`], [`Reason::VxlanVni`],
/// [`Reason::VxlanNested`], [`Reason::MirrorArp`], [`Reason::MirrorNotIp`], [`Reason::EmitFailed`] when the headers cannot
/// be cut off, and the reasons of the decoders for the inner frame.
///
/// Not inlined: in eBPF it has a stack of its own.
#[inline(never)]
pub(super) fn unwrapped<F: Frame, T: Tables + ServiceTables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> bool {
    match outer(frame, context, packet).and_then(|()| inner::<F, T, E, S>(frame, context, packet)) {
        Ok(()) => true,
        Err(reason) => {
            context.work.end = reason.into();
            false
        }
    }
}

/// Finds the mirror and cuts the outer headers off; `packet.frame_length` is then that of the inner frame.
#[inline(always)]
fn outer<F: Frame, T: Tables + ServiceTables, E, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> Result<(), Reason> {
    if matches!(packet.fragment, Fragment::First) {
        return Err(Reason::MirrorFragment);
    }
    let udp: &Udp = frame.header(packet.l4).ok_or(Reason::VxlanTruncated)?;
    let length = (udp.length.get() as u32).wrapping_sub(HEADERS as u32);
    if length < ETHERNET || length > u16::MAX as u32 {
        return Err(Reason::VxlanTruncated);
    }
    let at = packet.l4.plus(UDP).ok_or(Reason::VxlanTruncated)?;
    let vxlan: &Vxlan = frame.header(at).ok_or(Reason::VxlanTruncated)?;
    let vni = vxlan.network().ok_or(Reason::VxlanFlags)?;
    let key = key(context.slot.index(), packet, vni);
    let found = context.tables.mirror(&key, &mut context.work.mirror.row);
    context.trace.step(Step::Mirror(&key, found.then_some(&context.work.mirror.row)));
    if !found {
        return Err(Reason::VxlanVni);
    }
    let mirror = &mut context.work.mirror;
    let header: &Ethernet = frame.header(Offset::START).ok_or(Reason::Truncated)?;
    mirror.dst = header.dst;
    mirror.src = header.src;
    mirror.vlan = packet.vlan;
    mirror.translated = false;
    mirror.ip = false;
    let cut = packet.l4.plus(HEADERS).ok_or(Reason::VxlanTruncated)?;
    if !frame.adjust_head(cut.get() as i32) {
        return Err(Reason::EmitFailed);
    }
    packet.frame_length = length;
    Ok(())
}

/// Reads the inner frame.
#[inline(always)]
fn inner<F: Frame, T: Tables + ServiceTables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> Result<(), Reason> {
    let port = packet.key.dport;
    decode::link(frame, packet)?;
    packet.interface.zone = context.work.mirror.row.zone;
    let keeps = context.work.mirror.keeps();
    match packet.ethertype {
        ethernet::IPV4 | ethernet::IPV6 => {}
        _ if keeps => {
            context.tally(packet, Tally::Inner, packet.frame_length);
            return Ok(());
        }
        ethernet::ARP => return Err(Reason::MirrorArp),
        _ => return Err(Reason::MirrorNotIp),
    }
    if !decode::ip::<F, E>(frame, packet, &mut context.work.end) {
        return Err(context.work.end.reason);
    }
    frame.forget_bounds();
    context.trace.step(Step::Unwrapped(packet));
    context.work.mirror.ip = true;
    context.tally(packet, Tally::Inner, packet.frame_length);
    let nested = matches!(packet.kind, Kind::Udp)
        && !matches!(packet.fragment, Fragment::Later)
        && packet.key.dport == port;
    if nested { Err(Reason::VxlanNested) } else { Ok(()) }
}
