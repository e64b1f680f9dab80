//! The path of every packet of a session, and the last part of a first packet's.

use crate::context::{Context, Work};
use crate::environment::{Environment, RouteKind, RouteQuery};
use crate::packet::{Kind, Packet};
use crate::run::{End, Verdict};
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use crate::{emit, fragment, icmp_error, partial, sessions, state, translate};
use flumen_abi::{CounterIndex, Direction, Flow, Hop, InterfaceId, LinkKey, Reason};
use flumen_frame::Frame;
use flumen_wire::tcp;

/// True when the packet has a session that still lives; its row, route and egress interface are then in
/// `context.work`.
///
/// The route is asked for once per session, direction and epoch, as session-based routers do; a packet asks the
/// kernel again as soon as routes, rules, neighbours, links or addresses have changed.
///
/// Not inlined: in eBPF it has a stack of its own.
#[inline(never)]
pub(crate) fn known<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> bool {
    let known = session(context, packet);
    if known && !follow_hop(context, packet) {
        route(context, packet);
        learn_hop(context, packet);
    }
    known
}

/// Takes the next hop that the session learnt in this epoch; false when there is none.
#[inline(always)]
fn follow_hop<T: Tables, E, S: Trace>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> bool {
    let Work { row, route, link, .. } = &mut *context.work;
    if context.epoch == 0 || row.hop.epoch != context.epoch || row.hop.ingress != packet.interface.id {
        return false;
    }
    if !context.tables.port(context.slot, row.hop.interface, link) {
        return false;
    }
    route.kind = RouteKind::Forward;
    route.src_mac = link.mac;
    route.dst_mac = row.hop.mac();
    context.trace.step(Step::Hop(&row.hop, link));
    true
}

/// Notes a resolved route in the session's row.
#[inline(always)]
fn learn_hop<T: Tables, E, S>(context: &mut Context<'_, T, E, S>, packet: &Packet) {
    let Work { row, at, route, link, .. } = &mut *context.work;
    if context.epoch != 0 && matches!(route.kind, RouteKind::Forward) {
        Hop::new(context.epoch, link.id, packet.interface.id, route.dst_mac).copy_to(&mut row.hop);
        if let Some(flow) = sessions::flow(context.tables, packet.family, *at) {
            // Other CPUs may read it meanwhile: they take it only with its epoch.
            flow.hop_epoch.store(0);
            context.tables.barrier();
            flow.learn(&row.hop);
            context.tables.barrier();
            flow.hop_epoch.store(row.hop.epoch);
        }
    }
}

/// True when the packet has a session that still lives; its row is then in `context.work.row`.
///
/// When its time is over, or its TCP connection has ended and a new SYN arrives, both rows are removed, and it counts as
/// none. Its record is freed by the ageing pass alone, so that it is never freed twice.
#[inline(always)]
fn session<T: Tables, E: Environment, S: Trace>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> bool {
    let (tables, now_ms) = (context.tables, context.now_ms());
    let Work { row, at, .. } = &mut *context.work;
    *at = sessions::find_from::<T, E>(tables, &packet.key, packet.home);
    let found = sessions::read(tables, &packet.key, *at, row);
    context.trace.step(Step::Session(&packet.key, found.then_some(&*row)));
    if !found || wrong_way(packet.kind, row.flags.direction()) {
        return false;
    }
    let Some(flow) = sessions::flow(tables, packet.family, *at) else { return false };
    let opens = matches!(packet.kind, Kind::Tcp) && packet.tcp_flags & (tcp::SYN | tcp::ACK) == tcp::SYN;
    let closed = opens && tables.record(row.slot).is_some_and(state::tcp_closed);
    if closed || !sessions::lives(tables, packet.family, flow, now_ms) {
        context.trace.step(Step::Expired(&packet.key));
        sessions::remove_found::<T, E>(tables, packet.family, *at, row, now_ms);
        return false;
    }
    true
}

/// True for an ICMP reply from the side that asks, and for a query from the side that answers: with the identifier 0 they
/// have the keys of one another.
#[inline(always)]
fn wrong_way(kind: Kind, direction: Direction) -> bool {
    match kind {
        Kind::IcmpQuery => matches!(direction, Direction::Reverse),
        Kind::IcmpReply => matches!(direction, Direction::Forward),
        _ => false,
    }
}

/// Leaves the kernel's route for the packet, as `context.work.row` makes it, in `context.work.route`, and its egress
/// interface in `context.work.link`. A route that leads nowhere is found out by [`egress`].
///
/// Not inlined: in eBPF it has a stack of its own, and first packets have little left (512 bytes in all, each function's
/// rounded up to 32 by Linux 6.1).
#[inline(never)]
pub(crate) fn route<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) {
    let query = route_query(context.work, packet);
    context.work.route = context.environment.route(&query);
    context.trace.step(Step::Route(&query, &context.work.route));
    let route = &context.work.route;
    if !matches!(route.kind, RouteKind::Forward | RouteKind::Resolve) {
        return;
    }
    let key = LinkKey { slot: context.slot.index(), link: route.link };
    let found = match exit(context, &key) {
        Some(interface) => context.tables.port(context.slot, interface, &mut context.work.link),
        None => false,
    };
    context.trace.step(Step::Egress(found.then_some(&context.work.link)));
    if !found {
        context.work.route.kind = RouteKind::NoZone;
    }
}

/// What a route look-up for the packet, as the row makes it, goes by.
#[inline(always)]
pub(crate) fn route_query(work: &Work, packet: &Packet) -> RouteQuery {
    let row = &work.row;
    RouteQuery {
        family: packet.family,
        ingress: packet.interface.link,
        src: row.src,
        dst: row.dst,
        sport: row.sport,
        dport: row.dport,
        proto: packet.key.proto,
        tos: packet.tos,
        flow_label: packet.flow_label,
    }
}

/// The interface of the L3 device to leave by; the last one is kept for the epoch.
#[inline(always)]
fn exit<T: Tables, E, S>(context: &mut Context<'_, T, E, S>, key: &LinkKey) -> Option<InterfaceId> {
    let last = &mut context.work.exit;
    if context.epoch == 0 || last.epoch != context.epoch || last.link != key.link {
        last.epoch = 0;
        last.interface = context.tables.link(key)?;
        last.link = key.link;
        last.epoch = context.epoch;
    }
    Some(last.interface)
}

/// Why the route in `context.work` leads nowhere.
///
/// # Drops
/// One reason for each kind of route that does.
#[inline(always)]
pub(crate) fn egress<T, E, S>(context: &Context<'_, T, E, S>) -> Result<(), Reason> {
    match context.work.route.kind {
        RouteKind::Forward | RouteKind::Resolve => Ok(()),
        RouteKind::Blackhole => Err(Reason::RouteBlackhole),
        RouteKind::None => Err(Reason::NoRoute),
        RouteKind::Disabled => Err(Reason::ForwardingDisabled),
        RouteKind::Unsupported => Err(Reason::RouteUnsupported),
        RouteKind::NoZone => Err(Reason::NoEgressZone),
    }
}

/// Sends the packet on its way as `context.work` says: TTL, size, state, translation, last headers.
///
/// # Drops
/// The reasons of [`egress`], [`Reason::RouteZoneChanged`]; answers for TTL and size.
#[inline(always)]
pub fn depart<F: Frame, T: Tables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<Verdict, End> {
    if departed(frame, context, packet) {
        Ok(Verdict { reason: Reason::Forwarded, device: context.work.link.device })
    } else {
        Err(context.work.end)
    }
}

/// [`stages`] with a stack of its own in eBPF; false, and `context.work.end` says why, when the packet is not
/// sent.
#[inline(never)]
fn departed<F: Frame, T: Tables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> bool {
    match stages(frame, context, packet) {
        Ok(()) => true,
        Err(end) => {
            context.work.end = end;
            false
        }
    }
}

#[inline(always)]
fn stages<F: Frame, T: Tables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), End> {
    egress(context)?;
    let Work { link, row, .. } = &*context.work;
    if link.zone != row.egress {
        return Err(Reason::RouteZoneChanged.into());
    }
    if packet.ttl <= 1 {
        return Err(End::ttl_exceeded());
    }
    let oversize = packet.length > link.mtu;
    if oversize && packet.dont_fragment {
        return Err(End::too_big(link.mtu));
    }
    let error = matches!(packet.kind, Kind::IcmpError);
    if !error {
        touch(context, packet)?;
        fragment::remember(context, packet);
    }
    let unresolved = matches!(context.work.route.kind, RouteKind::Resolve);
    let kernel_sends = context.work.link.flags & packet.refused_by != 0;
    let handed_over = oversize || unresolved || kernel_sends;
    let mut partial = partial::is_partial(frame, packet);
    if partial && !handed_over {
        partial::complete::<F, E>(frame, packet)?;
        partial = false;
    }
    let row = &context.work.row;
    if row.flags.translates() {
        if error {
            icmp_error::translate(frame, context.work, packet)?;
        } else {
            translate::translate(frame, packet, row, partial)?;
        }
        context.trace.step(Step::Translated(row));
    }
    if oversize {
        return Err(Reason::FragmentationNeeded.into());
    }
    if unresolved {
        return Err(Reason::NeighbourUnknown.into());
    }
    if kernel_sends {
        return Err(Reason::KernelSends.into());
    }
    leave(frame, context, packet)
}

/// Notes in the session's row that a packet passed.
#[inline(always)]
fn touch<T: Tables, E, S>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> Result<(), Reason> {
    let (tables, now_ms) = (context.tables, context.now_ms());
    let flow = sessions::flow(tables, packet.family, context.work.at).ok_or(Reason::Internal)?;
    flow.last_seen_ms.store(now_ms);
    let (packets, bytes) = (flow.packets.load() + 1, flow.bytes.load().wrapping_add(packet.length));
    if packets >= Flow::CARRY {
        carry(tables, flow, packets, bytes);
    } else {
        flow.packets.store(packets);
        flow.bytes.store(bytes);
    }
    if matches!(packet.kind, Kind::Tcp) && state::tcp_changes(context.work.row.flags, packet.tcp_flags) {
        let timeouts = &context.settings()?.timeouts;
        state::tcp_seen(tables, packet.family, flow, timeouts, packet.tcp_flags, now_ms);
    }
    Ok(())
}

/// Moves a row's counts to the session's record.
#[inline(always)]
fn carry<T: Tables>(tables: &T, flow: &Flow, packets: u8, bytes: u32) {
    let Some(record) = tables.record(flow.slot()) else { return };
    let direction = flow.direction() as usize;
    record.packets[direction].add(packets as u64);
    record.bytes[direction].add(bytes as u64);
    flow.packets.store(0);
    flow.bytes.store(0);
}

/// TTL, tags and Ethernet addresses: the frame is ready for the egress device.
#[inline(always)]
fn leave<F: Frame, T: Tables, E, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), End> {
    emit::decrement_ttl(frame, packet)?;
    context.trace.step(Step::Ttl(packet.ttl.wrapping_sub(1)));
    let Work { link, route, .. } = &*context.work;
    emit::ethernet(frame, packet, link.vlan, route.src_mac, route.dst_mac)?;
    context.tables.count(CounterIndex::transmitted(link.id), packet.frame_length);
    Ok(())
}
