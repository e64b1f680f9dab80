//! Traffic for the host itself.

use crate::classify::classify;
use crate::context::Context;
use crate::environment::Environment;
use crate::fragment;
use crate::packet::{Fragment, Kind, Packet};
use crate::run::End;
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use flumen_abi::{Addr, Family, Reason, Stage, ZoneId};

/// True when `dst` is the host's own address, a broadcast or a multicast address, or the frame was sent to a
/// group: such packets are never forwarded.
#[inline(always)]
pub fn receives<T: Tables, E, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
    dst: Addr,
) -> bool {
    let local = packet.group || multicast(packet.family, dst) || context.tables.local(dst).is_some();
    context.trace.step(Step::Local(local));
    local
}

#[inline(always)]
pub(crate) fn multicast(family: Family, addr: Addr) -> bool {
    let first = match family {
        Family::V4 => addr.v4_octets()[0],
        Family::V6 => addr.octets()[0],
    };
    match family {
        Family::V4 => first >= 224,
        Family::V6 => first == 0xff,
    }
}

/// Delivers what the zone's host-inbound rules allow, and what the host itself asked for.
///
/// # Drops
/// [`Reason::HostDenied`], or [`Reason::Multicast`] when it was sent to a group. What destination NAT sent
/// to the host is denied: the answers would not pass us.
#[inline(always)]
pub fn inbound<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
    dst: Addr,
) -> End {
    if dst != packet.key.dst {
        return Reason::HostDenied.into();
    }
    let group = packet.group || multicast(packet.family, dst);
    if classify(context, Stage::HostInbound, packet, ZoneId::NONE) {
        fragment::remember(context, packet);
        return Reason::HostInbound.into();
    }
    if group {
        return Reason::Multicast.into();
    }
    let expected = match packet.kind {
        Kind::IcmpReply | Kind::IcmpError => true, // the kernel matches them to its sockets
        Kind::Tcp | Kind::Udp => context.environment.expected_by_host(&packet.key, packet.family),
        _ => false,
    };
    if expected {
        fragment::remember(context, packet);
        return Reason::HostReply.into();
    }
    Reason::HostDenied.into()
}

/// Neighbour, router and listener discovery: the kernel's, when it comes from the link itself.
///
/// # Drops
/// [`Reason::NeighbourSpoofed`]; [`Reason::IcmpNoSession`] when it is addressed beyond us.
#[inline(always)]
pub fn neighbour<T: Tables, E, S>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> End {
    let discovery = packet.service >> 8 >= flumen_wire::icmp::v6::ROUTER_SOLICITATION as u16
        && packet.service >> 8 <= flumen_wire::icmp::v6::REDIRECT as u16;
    if !matches!(packet.fragment, Fragment::Whole) || (discovery && packet.ttl != 255) {
        return Reason::NeighbourSpoofed.into(); // RFC 6980: discovery is never fragmented
    }
    let dst = packet.key.dst;
    let link_local = dst.number()[0] >> 54 == 0xfe80 >> 6;
    if multicast(packet.family, dst) || link_local || context.tables.local(dst).is_some() {
        Reason::HostNeighbour.into()
    } else {
        Reason::IcmpNoSession.into()
    }
}
