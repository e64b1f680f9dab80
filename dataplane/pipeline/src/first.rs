//! The first packet of a session.

use crate::admit::admit;
use crate::classify::classify;
use crate::context::{Context, Work};
use crate::environment::Environment;
use crate::packet::{Fragment, Kind, Packet};
use crate::run::End;
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use crate::{fast, host};
use flumen_abi::{Action, Addr, NatKind, PolicyId, Reason, Stage, ZoneId};
use flumen_wire::tcp;

/// Destination NAT, route, egress zone, policy, source NAT, admission.
///
/// The order is that of the SRX flow module: policy sees the destination after translation and the source
/// before it.
///
/// Leaves the forward row and the route in `context.work`.
#[inline(always)]
pub fn open<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), End> {
    if permitted(context, packet) && admit(context, packet) { Ok(()) } else { Err(context.work.end) }
}

/// [`stages`] with a stack of its own in eBPF; false, and `context.work.end` says why, when the packet ends.
#[inline(never)]
fn permitted<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> bool {
    match stages(context, packet) {
        Ok(()) => true,
        Err(end) => {
            context.work.end = end;
            false
        }
    }
}

#[inline(always)]
fn stages<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), End> {
    if context.tables.local(packet.key.src).is_some() {
        return Err(Reason::SpoofedSource.into());
    }
    context.work.begin(packet);
    destination_nat(context, packet)?;
    let dst = context.work.row.dst;
    if host::receives(context, packet, dst) {
        return Err(host::inbound(context, packet, dst));
    }
    routable(packet, dst)?;
    opens_session(context, packet)?;
    fast::route(context, packet);
    fast::egress(context)?;
    if packet.ttl <= 1 {
        return Err(End::ttl_exceeded());
    }
    let to = context.work.link.zone;
    context.work.opening.policy = policy(context, packet, to)?;
    context.work.opening.translated = source_nat(context, packet, to)?;
    Ok(())
}

/// Puts the destination after destination NAT into `context.work.row`.
#[inline(always)]
fn destination_nat<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), Reason> {
    if !classify(context, Stage::DestinationNat, packet, ZoneId::NONE) {
        return Ok(());
    }
    if !context.tables.nat(context.slot, context.work.best.action, &mut context.work.nat) {
        return Err(Reason::Internal);
    }
    context.trace.step(Step::Nat(Stage::DestinationNat, &context.work.nat));
    let Work { nat, row, .. } = &mut *context.work;
    if nat.kind != NatKind::Destination as u8 {
        return Ok(());
    }
    context.tables.hit(nat.id, packet.frame_length);
    row.dst = nat.addr;
    let has_port = matches!(packet.kind, Kind::Tcp | Kind::Udp);
    if has_port && nat.port_low != 0 {
        row.dport = nat.port_low.into();
    }
    let service = if has_port { row.dport.get() } else { packet.service };
    context.work.redirect(service);
    Ok(())
}

/// True when source NAT translates the packet; the rule is then in `context.work.nat`.
#[inline(always)]
fn source_nat<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
    to: ZoneId,
) -> Result<bool, Reason> {
    if !classify(context, Stage::SourceNat, packet, to) {
        return Ok(false);
    }
    if !context.tables.nat(context.slot, context.work.best.action, &mut context.work.nat) {
        return Err(Reason::Internal);
    }
    let row = &context.work.nat;
    context.trace.step(Step::Nat(Stage::SourceNat, row));
    if row.kind != NatKind::Interface as u8 {
        return Ok(false);
    }
    context.tables.hit(row.id, packet.frame_length);
    Ok(true)
}

/// The policy that permits the packet.
#[inline(always)]
fn policy<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
    to: ZoneId,
) -> Result<PolicyId, End> {
    if !classify(context, Stage::Policy, packet, to) {
        return Err(Reason::PolicyDefault.into());
    }
    let row = context.tables.policy(context.slot, context.work.best.action).ok_or(Reason::Internal)?;
    context.trace.step(Step::Policy(&row));
    context.tables.hit(row.id, packet.frame_length);
    if row.action == Action::Permit as u8 {
        Ok(row.id)
    } else if row.action == Action::Reject as u8 {
        Err(End::prohibited())
    } else {
        Err(Reason::PolicyDenied.into())
    }
}

/// Link-local addresses do not cross a router (RFC 4291 §2.5.6, RFC 3927 §2.7).
#[inline(always)]
pub(crate) fn routable(packet: &Packet, dst: Addr) -> Result<(), Reason> {
    if link_local(packet.key.src) || link_local(dst) { Err(Reason::LinkLocal) } else { Ok(()) }
}

#[inline(always)]
fn link_local(addr: Addr) -> bool {
    let [high, low] = addr.number();
    high >> 54 == 0xfe80 >> 6 || (high == 0 && low >> 16 == 0xffff_a9fe)
}

/// Only what can start a session does.
#[inline(always)]
fn opens_session<T: Tables, E, S>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> Result<(), Reason> {
    if matches!(packet.fragment, Fragment::Later) {
        return Err(Reason::FragmentUnknown);
    }
    match packet.kind {
        Kind::Tcp => {
            let syn = packet.tcp_flags & (tcp::SYN | tcp::ACK) == tcp::SYN;
            if !syn && context.settings()?.tcp_loose == 0 {
                return Err(Reason::TcpNoSession);
            }
            Ok(())
        }
        Kind::IcmpReply | Kind::IcmpOther | Kind::IcmpError | Kind::Neighbour => Err(Reason::IcmpNoSession),
        Kind::Udp | Kind::IcmpQuery | Kind::Other => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::link_local;
    use flumen_abi::Addr;

    #[test]
    fn link_local_is_fe80_slash_10_and_169_254_slash_16() {
        let v6 = |first: [u8; 2]| Addr::v6([first[0], first[1], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert!(link_local(v6([0xfe, 0x80])) && link_local(v6([0xfe, 0xbf])));
        assert!(!link_local(v6([0xfe, 0x7f])) && !link_local(v6([0xfe, 0xc0])));
        assert!(link_local(Addr::v4([169, 254, 0, 0])) && link_local(Addr::v4([169, 254, 255, 255])));
        assert!(!link_local(Addr::v4([169, 253, 255, 255])) && !link_local(Addr::v4([169, 255, 0, 0])));
    }
}
