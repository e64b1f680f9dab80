//! The rules of a traffic mirror: what is discarded, and what gets another destination.

use super::ServiceTables;
use crate::classify::classify;
use crate::context::{Context, Work};
use crate::environment::Environment;
use crate::fragment;
use crate::packet::{Kind, Packet};
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use flumen_abi::{MirrorRow, NatKind, Reason, Stage, Tally, ZoneId};

/// Asks the mirror's rules; `context.work.row` then has the addresses and ports that the packet leaves with. False, and
/// `context.work.end` says why, when it does not leave.
///
/// The first rule that matches decides, by the classifier that serves destination NAT. There is no session: nobody
/// answers a copy. A packet that no rule matches goes on as it is.
///
/// # Drops
/// [`Reason::MirrorDiscarded`]; [`Reason::FragmentUnknown`] for a later fragment whose ports are not known, when the mirror
/// has rules.
///
/// Not inlined: in eBPF it has a stack of its own.
#[inline(never)]
pub(super) fn permitted<T: Tables + ServiceTables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> bool {
    if !context.work.mirror.ip {
        return true;
    }
    match ask(context, packet) {
        Ok(()) => true,
        Err(reason) => {
            context.work.end = reason.into();
            false
        }
    }
}

#[inline(always)]
fn ask<T: Tables + ServiceTables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> Result<(), Reason> {
    let rules = context.work.mirror.row.flags & MirrorRow::RULES != 0;
    if rules {
        fragment::complete(context, packet)?;
        fragment::remember(context, packet);
    }
    context.work.begin(packet);
    if !rules || !classify(context, Stage::DestinationNat, packet, ZoneId::NONE) {
        return Ok(());
    }
    if !context.tables.nat(context.slot, context.work.best.action, &mut context.work.nat) {
        return Err(Reason::Internal);
    }
    context.trace.step(Step::Nat(Stage::DestinationNat, &context.work.nat));
    context.tables.hit(context.work.nat.id, context.work.mirror.arrived);
    let Work { nat, row, mirror, .. } = &mut *context.work;
    if nat.kind == NatKind::Discard as u8 {
        return Err(Reason::MirrorDiscarded);
    }
    if nat.kind == NatKind::Destination as u8 {
        nat.addr.copy_to(&mut row.dst);
        if matches!(packet.kind, Kind::Tcp | Kind::Udp) && nat.port_low != 0 {
            row.dport = nat.port_low.into();
        }
        mirror.translated = true;
        context.tally(packet, Tally::NatApplied, context.work.mirror.arrived);
    }
    Ok(())
}
