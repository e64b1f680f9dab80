//! Services in front of the pipeline: traffic mirrors, which unwrap VXLAN and send on what is inside, and interfaces on
//! which DF is cleared.
//!
//! [`intercept`] takes a frame before [`run`](crate::run) does. What belongs to no service goes on to the pipeline as it
//! came; what belongs to one ends here, and is counted as the pipeline counts.

mod df;
mod output;
mod rules;
mod tables;
mod unwrap;
mod work;

pub use tables::ServiceTables;
pub(crate) use work::MirrorWork;

use crate::context::{Context, Scratch};
use crate::decode;
use crate::environment::Environment;
use crate::packet::{Fragment, Kind, Packet};
use crate::run::{Verdict, arrive};
use crate::tables::Tables;
use crate::trace::{NoTrace, Step, Trace};
use flumen_abi::{
    CounterIndex, IfIndex, InterfaceKey, MirrorKey, Outcome, Reason, ServiceRow, Slot, Tally, TallyIndex,
    Vlan, ZoneId,
};
use flumen_frame::Frame;

/// Takes one frame that arrived on `device` through the services of its interface. `None` when it belongs to none: it
/// has not been counted, DF is all that may have changed, and [`run`](crate::run) must take it.
///
/// A frame that a service keeps is counted as received, and again under exactly one reason. Its bytes are then as they
/// shall go out; one that is dropped may have lost its outer headers.
#[inline(always)]
pub fn intercept<F: Frame, T: Tables + ServiceTables, E: Environment, S: Trace>(
    frame: &mut F,
    device: IfIndex,
    tables: &T,
    environment: &mut E,
    trace: &mut S,
    scratch: &mut Scratch,
) -> Option<Verdict> {
    let Scratch { packet, work } = scratch;
    let now_ns = environment.now_ns();
    let (slot, epoch) = tables.control()?.read((now_ns / 1_000_000) as u32);
    packet.measure(frame);
    // The pipeline tells its own steps of what goes on to it.
    let quiet = &mut NoTrace;
    let mut context = Context { tables, environment, trace: quiet, work, slot, device, now_ns, epoch };
    let readable = decode::link(frame, packet);
    let arrived = arrive(&mut context, packet, readable);
    frame.forget_bounds();
    if passive(&mut context, packet, arrived) {
        return Some(pass(frame, &mut context, packet, trace));
    }
    let mine = arrived && context.tables.service(slot, packet.interface.id, &mut context.work.mirror.service);
    if !mine || context.work.mirror.service.flags == 0 {
        return None;
    }
    context.tally(packet, Tally::Total, packet.frame_length);
    if !decode::ip::<F, E>(frame, packet, &mut context.work.end) {
        return None;
    }
    frame.forget_bounds();
    clear_df(frame, &mut context, packet, trace);
    if !listens(&mut context, packet) {
        return None;
    }
    let Context { tables, environment, work, .. } = context;
    let mut context = Context { tables, environment, trace, work, slot, device, now_ns, epoch };
    arrival(context.trace, slot, device, packet);
    context.trace.step(Step::Decoded(packet));
    Some(mirror(frame, &mut context, packet))
}

/// True when the device is in no zone: it is there for its services alone, and all its frames go to the kernel.
#[inline(always)]
fn passive<T: Tables, E, S>(context: &mut Context<'_, T, E, S>, packet: &mut Packet, arrived: bool) -> bool {
    if arrived || packet.interface.zone != ZoneId::NONE {
        return packet.interface.zone == ZoneId::NONE;
    }
    let untagged = Vlan { outer: 0, inner: 0 };
    let key =
        InterfaceKey { slot: context.slot.index(), device: context.device, vlan: untagged, reserved: 0 };
    context.tables.interface(&key, &mut packet.interface) && packet.interface.zone == ZoneId::NONE
}

/// Hands the frame to the kernel, with DF cleared where that is asked for. None is dropped.
#[inline(always)]
fn pass<F: Frame, T: Tables + ServiceTables, E: Environment, S: Trace, U>(
    frame: &mut F,
    context: &mut Context<'_, T, E, U>,
    packet: &mut Packet,
    trace: &mut S,
) -> Verdict {
    let (interface, length) = (packet.interface.id, packet.frame_length);
    arrival(trace, context.slot, context.device, packet);
    context.tables.count(CounterIndex::received(interface), length);
    let served = context.tables.service(context.slot, interface, &mut context.work.mirror.service);
    context.tally(packet, Tally::Total, length);
    let readable = served
        && decode::link(frame, packet).is_ok()
        && decode::ip::<F, E>(frame, packet, &mut context.work.end);
    frame.forget_bounds();
    let cleared = readable && clear_df(frame, context, packet, trace);
    let reason = if cleared { Reason::DfCleared } else { Reason::PassedThrough };
    context.tables.count(CounterIndex::reason(interface, reason), length);
    Verdict { reason, device: IfIndex(0) }
}

/// Tells where the frame has arrived.
#[inline(always)]
fn arrival<S: Trace>(trace: &mut S, slot: Slot, device: IfIndex, packet: &Packet) {
    let key = InterfaceKey { slot: slot.index(), device, vlan: packet.vlan, reserved: 0 };
    trace.step(Step::Interface(&key, Some(&packet.interface)));
}

/// True when DF was set and asked to be cleared; it is clear then.
#[inline(always)]
fn clear_df<F: Frame, T: ServiceTables, E, S: Trace, U>(
    frame: &mut F,
    context: &mut Context<'_, T, E, U>,
    packet: &mut Packet,
    trace: &mut S,
) -> bool {
    let service = &context.work.mirror.service;
    let matches = service.flags & ServiceRow::CLEARS_DF != 0
        && matches!(packet.kind, Kind::Udp)
        && !matches!(packet.fragment, Fragment::Later)
        && packet.service == service.df_port
        && (service.flags & ServiceRow::SHARED == 0 || ServiceRow::percentile(&packet.key) < service.share);
    if !matches || !df::over(packet, service.df_over) || !df::clear(frame, packet) {
        return false;
    }
    if service.flags & ServiceRow::ZEROES_UDP != 0 {
        df::zero_udp_checksum(frame, packet);
    }
    context.tally(packet, Tally::DfCleared, packet.frame_length);
    trace.step(Step::DfCleared(packet.length));
    true
}

/// True when the packet is for the host and for a port that a mirror of its interface has.
#[inline(always)]
fn listens<T: Tables + ServiceTables, E, S>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> bool {
    if context.work.mirror.service.flags & ServiceRow::MIRRORS == 0
        || !matches!(packet.kind, Kind::Udp)
        || matches!(packet.fragment, Fragment::Later)
    {
        return false;
    }
    let key = key(context.slot.index(), packet, MirrorKey::ANY_VNI);
    context.tables.mirror(&key, &mut context.work.mirror.row)
        && context.tables.local(packet.key.dst).is_some_and(|local| local.broadcast == 0)
}

/// The mirror of a VNI on the port and interface of the packet.
#[inline(always)]
fn key(slot: u32, packet: &Packet, vni: u32) -> MirrorKey {
    MirrorKey { slot, interface: packet.interface.id, port: packet.key.dport, vni, reserved: 0 }
}

/// Unwraps the frame and sends on what is inside.
#[inline(always)]
fn mirror<F: Frame, T: Tables + ServiceTables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> Verdict {
    let (interface, length) = (packet.interface.id, packet.frame_length);
    context.work.mirror.arrived = length;
    context.tables.count(CounterIndex::received(interface), length);
    context.tally(packet, Tally::Vxlan, length);
    let verdict = if unwrap::unwrapped(frame, context, packet)
        && rules::permitted(context, packet)
        && output::sent(frame, context, packet)
    {
        Verdict { reason: Reason::Mirrored, device: context.work.link.device }
    } else {
        Verdict { reason: context.work.end.reason, device: IfIndex(0) }
    };
    match verdict.outcome() {
        Outcome::Forward => {
            context.tally(packet, Tally::Forwarded, length);
            context.tally(packet, Tally::Redirected, length);
        }
        Outcome::Deliver => context.tally(packet, Tally::Forwarded, length),
        Outcome::Drop | Outcome::Consume if !matches!(verdict.reason, Reason::MirrorDiscarded) => {
            context.tally(packet, Tally::Errors, length);
        }
        Outcome::Drop | Outcome::Consume => {}
    }
    context.tables.count(CounterIndex::reason(interface, verdict.reason), length);
    verdict
}

impl<T: ServiceTables, E, S> Context<'_, T, E, S> {
    /// Adds one frame to a tally of its interface.
    #[inline(always)]
    fn tally(&self, packet: &Packet, tally: Tally, bytes: u32) {
        self.tables.tally(TallyIndex::new(packet.interface.id, tally), bytes);
    }
}
