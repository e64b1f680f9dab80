//! The first cold memory of a packet, asked for before it is needed.

use crate::packet::Packet;
use crate::sessions;
use crate::tables::Tables;
use flumen_abi::{Addr, SessionKey, SessionPlace, ZoneId};
use flumen_frame::{Frame, Offset};
use flumen_wire::ipv4::{self, Ipv4};
use flumen_wire::ipv6::Ipv6;
use flumen_wire::udp::Udp;
use flumen_wire::{ethernet, proto};

/// Version 4, five words of header.
const PLAIN: u8 = 0x45;

/// Starts to fetch the row of the frame's session, if it looks like a whole TCP or UDP packet without options: among many
/// sessions that row is in no cache, and while it comes the frame is decoded. Leaves the row's home in `packet.home`: what is
/// read here was not checked, but decoding refuses the frame or reads the same.
#[inline(always)]
pub(crate) fn ask<F: Frame, T: Tables>(frame: &F, tables: &T, packet: &mut Packet) {
    packet.home = SessionPlace::NONE;
    let key = match packet.ethertype {
        ethernet::IPV4 => ipv4(frame, packet.l3),
        ethernet::IPV6 => ipv6(frame, packet.l3),
        _ => None,
    };
    if let Some(key) = key {
        packet.home = sessions::ask(tables, &key);
    }
}

/// The home of any other packet with a session.
#[inline(always)]
pub(crate) fn locate<T: Tables>(tables: &T, packet: &mut Packet) {
    if packet.home == SessionPlace::NONE {
        packet.home = sessions::home(tables, &packet.key);
    }
}

#[inline(always)]
fn ipv4<F: Frame>(frame: &F, l3: Offset) -> Option<SessionKey> {
    let ip: &Ipv4 = frame.header(l3)?;
    let fragment = ip.flags_fragment.get() & (ipv4::MF | ipv4::OFFSET) != 0;
    if ip.version_ihl != PLAIN || fragment || !has_ports(ip.protocol) {
        return None;
    }
    let ports: &Udp = frame.header(l3.plus(size_of::<Ipv4>() as u16)?)?;
    Some(key(Addr::v4(ip.src), Addr::v4(ip.dst), ports, ip.protocol))
}

#[inline(always)]
fn ipv6<F: Frame>(frame: &F, l3: Offset) -> Option<SessionKey> {
    let ip: &Ipv6 = frame.header(l3)?;
    if !has_ports(ip.next_header) {
        return None;
    }
    let ports: &Udp = frame.header(l3.plus(size_of::<Ipv6>() as u16)?)?;
    Some(key(Addr::v6(ip.src), Addr::v6(ip.dst), ports, ip.next_header))
}

#[inline(always)]
fn has_ports(proto: u8) -> bool {
    proto == proto::TCP || proto == proto::UDP
}

/// The key but for the zone, which has no part in the place.
#[inline(always)]
fn key(src: Addr, dst: Addr, ports: &Udp, proto: u8) -> SessionKey {
    SessionKey { src, dst, sport: ports.sport, dport: ports.dport, zone: ZoneId::NONE, proto, reserved: 0 }
}
