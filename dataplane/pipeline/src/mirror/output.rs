//! The way out of a traffic mirror: out of a port as the frame is, or by a route.

use super::{MirrorWork, ServiceTables, df};
use crate::context::{Context, Work};
use crate::environment::{Environment, RouteKind};
use crate::packet::{Fragment, Kind, Packet};
use crate::run::End;
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use crate::translate::{address_delta, transport_delta};
use crate::{emit, fast, first, host, partial, translate};
use flumen_abi::{CounterIndex, Family, InterfaceId, LinkRow, MirrorRow, Reason, Tally};
use flumen_frame::Frame;
use flumen_wire::checksum::updated;
use flumen_wire::icmp::Icmp;

/// Sends the inner packet on its way: to the output interface, or where the kernel's route says. True when the frame is
/// ready for the device in `context.work.link`; else `context.work.end` says why: it was handed to the kernel, with the
/// link addresses and tags of the outer frame, or it ends here.
///
/// # Drops
/// [`Reason::MirrorOutputDown`], [`Reason::MirrorUnresolved`], [`Reason::PacketTooBig`] (nobody is told: the sender does not
/// know of the copy), [`Reason::TtlExceeded`], [`Reason::LinkLocal`], [`Reason::Multicast`], and one reason for each kind of route that leads
/// nowhere.
///
/// Not inlined: in eBPF it has a stack of its own.
#[inline(never)]
pub(super) fn sent<F: Frame, T: Tables + ServiceTables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> bool {
    match stages(frame, context, packet) {
        Ok(()) => {
            let length = context.work.mirror.arrived;
            context.tables.count(CounterIndex::transmitted(context.work.link.id), length);
            true
        }
        Err(reason) => {
            context.work.end = reason.into();
            false
        }
    }
}

#[inline(always)]
fn stages<F: Frame, T: Tables + ServiceTables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> Result<(), Reason> {
    if !way(context, packet) {
        return Err(context.work.end.reason);
    }
    if !context.work.mirror.ip {
        return Ok(());
    }
    if !rewritten(frame, context, packet) {
        return Err(context.work.end.reason);
    }
    let Work { link, route, mirror, .. } = &*context.work;
    if mirror.keeps() {
        return Ok(());
    }
    if !matches!(mirror.by, Reason::Mirrored) {
        emit::ethernet(frame, packet, mirror.vlan, mirror.src, mirror.dst)?;
        return Err(mirror.by);
    }
    emit::decrement_ttl(frame, packet)?;
    context.trace.step(Step::Ttl(packet.ttl.wrapping_sub(1)));
    emit::ethernet(frame, packet, link.vlan, route.src_mac, route.dst_mac)
}

/// [`find_way`] with a stack of its own in eBPF; false, and `context.work.end` says why, when there is none.
#[inline(never)]
fn way<T: Tables, E: Environment, S: Trace>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> bool {
    match find_way(context, packet) {
        Ok(()) => true,
        Err(reason) => {
            context.work.end = reason.into();
            false
        }
    }
}

/// Finds where the packet leaves, who sends it, and whether its DF is cleared before.
#[inline(always)]
fn find_way<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), Reason> {
    let keeps = context.work.mirror.keeps();
    if context.work.mirror.row.output != InterfaceId::NONE {
        port(context, packet)?;
    } else if keeps {
        return Err(Reason::Internal);
    }
    if !context.work.mirror.ip {
        return Ok(());
    }
    context.work.mirror.by = if keeps { Reason::Mirrored } else { route(context, packet)? };
    let row = &context.work.mirror.row;
    let clears = row.flags & MirrorRow::CLEARS_DF != 0 && df::over(packet, row.df_over);
    context.work.mirror.clears = clears;
    let here = matches!(context.work.mirror.by, Reason::MirrorHost);
    if !here && packet.length > context.work.link.mtu {
        if keeps || (packet.dont_fragment && !clears) {
            return Err(Reason::PacketTooBig);
        }
        context.work.mirror.by = Reason::FragmentationNeeded;
    }
    let forced = context.work.mirror.row.output != InterfaceId::NONE;
    if forced && !here && !matches!(context.work.mirror.by, Reason::Mirrored) {
        return by_kernel(context, packet);
    }
    Ok(())
}

/// Leaves the row of the output interface in `context.work.link`.
#[inline(always)]
fn port<T: Tables, E, S: Trace>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> Result<(), Reason> {
    let output = context.work.mirror.row.output;
    let found = context.tables.port(context.slot, output, &mut context.work.link);
    let link = &context.work.link;
    context.trace.step(Step::Egress(found.then_some(link)));
    let unfit = if context.work.mirror.keeps() { LinkRow::DOWN | packet.refused_by } else { LinkRow::DOWN };
    if !found || link.device.0 == 0 || link.flags & unfit != 0 {
        return Err(Reason::MirrorOutputDown);
    }
    Ok(())
}

/// Finds the next hop, and why the kernel must send the packet, when it must.
#[inline(always)]
fn route<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<Reason, Reason> {
    if host::multicast(packet.family, context.work.row.dst) {
        return Err(Reason::Multicast);
    }
    first::routable(packet, context.work.row.dst)?;
    if context.work.mirror.row.output == InterfaceId::NONE {
        fast::route(context, packet);
    } else {
        route_out(context, packet);
    }
    if matches!(context.work.route.kind, RouteKind::None) && for_host(context) {
        return Ok(Reason::MirrorHost);
    }
    fast::egress(context)?;
    if packet.ttl <= 1 {
        return Err(End::ttl_exceeded().reason);
    }
    if matches!(context.work.route.kind, RouteKind::Resolve) {
        return Ok(Reason::NeighbourUnknown);
    }
    let kernel_sends = context.work.link.flags & packet.refused_by != 0;
    Ok(if kernel_sends { Reason::KernelSends } else { Reason::Mirrored })
}

/// True when a rule sends the packet to the host itself. Without one, a copy of somebody's traffic is not let in.
#[inline(always)]
fn for_host<T: Tables, E, S>(context: &Context<'_, T, E, S>) -> bool {
    let local = context.tables.local(context.work.row.dst);
    context.work.mirror.translated && local.is_some_and(|local| local.broadcast == 0)
}

/// Finds the next hop on the output interface, whichever one the kernel's tables prefer.
#[inline(always)]
fn route_out<T: Tables, E: Environment, S: Trace>(context: &mut Context<'_, T, E, S>, packet: &Packet) {
    if !follow(context, packet) {
        ask(context, packet);
        learn(context, packet);
    }
}

/// Takes the last way, when it is the packet's.
///
/// Not inlined: in eBPF it has a stack of its own, and so have the next two.
#[inline(never)]
fn follow<T, E, S: Trace>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> bool {
    let out = context.work.link.link;
    let Work { mirror, row, route, .. } = &mut *context.work;
    let followed = mirror.last.follow(context.epoch, out, packet, row, route);
    if followed {
        let query = fast::route_query(context.work, packet);
        context.trace.step(Step::Route(&query, &context.work.route));
    }
    followed
}

/// Asks the kernel.
#[inline(never)]
fn ask<T: Tables, E: Environment, S: Trace>(context: &mut Context<'_, T, E, S>, packet: &Packet) {
    let query = fast::route_query(context.work, packet);
    let out = context.work.link.link;
    context.work.route = context.environment.route_out(&query, out);
    let route = &mut context.work.route;
    // The kernel prefers the device for IPv6, and does not insist on it.
    if matches!(route.kind, RouteKind::Forward | RouteKind::Resolve) && route.link != out {
        route.kind = RouteKind::None;
    }
    context.trace.step(Step::Route(&query, &context.work.route));
}

/// Keeps the way for the packets behind.
#[inline(never)]
fn learn<T, E, S>(context: &mut Context<'_, T, E, S>, packet: &Packet) {
    let out = context.work.link.link;
    let Work { mirror, row, route, .. } = &mut *context.work;
    mirror.last.learn(context.epoch, out, packet, row, route);
}

/// The kernel knows no output interface: it may send what it would send by that interface anyway.
#[inline(always)]
fn by_kernel<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), Reason> {
    let out = context.work.link.link;
    fast::route(context, packet);
    // An output interface may be in no zone: then no route of the pipeline leads to it.
    let route = &context.work.route;
    let leads = matches!(route.kind, RouteKind::Forward | RouteKind::Resolve | RouteKind::NoZone);
    if leads && route.link == out { Ok(()) } else { Err(Reason::MirrorUnresolved) }
}

/// [`rewrite`] with a stack of its own in eBPF; false, and `context.work.end` says why, when it cannot be done.
#[inline(never)]
fn rewritten<F: Frame, T: Tables + ServiceTables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> bool {
    match rewrite::<F, T, E, S>(frame, context, packet) {
        Ok(()) => {
            frame.forget_bounds();
            true
        }
        Err(reason) => {
            context.work.end = reason.into();
            false
        }
    }
}

/// DF, checksums, addresses and ports.
#[inline(always)]
fn rewrite<F: Frame, T: Tables + ServiceTables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> Result<(), Reason> {
    if context.work.mirror.clears && df::clear(frame, packet) {
        context.tally(packet, Tally::DfCleared, context.work.mirror.arrived);
        context.trace.step(Step::DfCleared(packet.length));
    }
    let mut partial = partial::is_partial(frame, packet);
    if partial && matches!(context.work.mirror.by, Reason::Mirrored) {
        partial::complete::<F, E>(frame, packet)?;
        partial = false;
    }
    if context.work.mirror.translated {
        let row = &mut context.work.row;
        row.l3_delta = address_delta(&packet.key, row);
        row.l4_delta = transport_delta(row.l3_delta, &packet.key, row);
        translate::translate(frame, packet, row, partial)?;
        no_echo(frame, packet, row.l3_delta)?;
        context.trace.step(Step::Translated(row));
    }
    let MirrorWork { clears, row, .. } = &context.work.mirror;
    if *clears && row.flags & MirrorRow::ZEROES_UDP != 0 && !partial {
        df::zero_udp_checksum(frame, packet);
    }
    Ok(())
}

/// Updates the checksum of ICMPv6 that is neither query nor reply, which covers the addresses. No session has such a
/// packet, so [`translate::translate`] knows none; an ICMP checksum covers no address.
#[inline(always)]
fn no_echo<F: Frame>(frame: &mut F, packet: &Packet, delta: u16) -> Result<(), Reason> {
    let kind = matches!(packet.kind, Kind::IcmpOther | Kind::IcmpError | Kind::Neighbour);
    if !kind || !matches!(packet.family, Family::V6) || matches!(packet.fragment, Fragment::Later) {
        return Ok(());
    }
    let header: &mut Icmp = frame.header_mut(packet.l4).ok_or(Reason::Internal)?;
    header.checksum = updated(header.checksum.to_bytes(), delta).into();
    Ok(())
}
