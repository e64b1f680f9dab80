//! ICMP errors on their way back to the sender of the packet they quote (RFC 5508 §4, RFC 7915 is not ours).

use crate::context::{Context, Work};
use crate::decode::{MAX_EXTENSIONS, extension_length, is_extension, quoted_ports};
use crate::environment::{Environment, Turn};
use crate::packet::Packet;
use crate::run::End;
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use crate::translate::{address_delta, icmp_delta, udp_checksum};
use crate::{fast, host, sessions};
use flumen_abi::{Addr, Family, PortBe, Reason, SessionKey, SessionRow};
use flumen_frame::{Frame, Offset};
use flumen_wire::checksum::{Sum, updated};
use flumen_wire::icmp::Icmp;
use flumen_wire::ipv4::Ipv4;
use flumen_wire::ipv6::{self, Ipv6};
use flumen_wire::proto;

const ICMP: u16 = size_of::<Icmp>() as u16;

/// The packet that an error quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoted {
    /// Its addresses, ports and protocol, in the zone that the error came from.
    pub(crate) key: SessionKey,
    /// Start of its IP header.
    pub(crate) l3: Offset,
    /// Start of its transport header.
    pub(crate) l4: Offset,
}

/// Finds the session of the quoted packet and leaves in `context.work` where the error goes and what it
/// becomes. The session's deadline stays as it is: an error proves nothing.
///
/// # Drops
/// - [`Reason::SpoofedSource`]: it comes from one of the host's own addresses.
/// - [`Reason::IcmpMalformed`]: the quoted packet cannot be read, or came from somebody else than the error goes to.
/// - [`Reason::IcmpNoSession`]: it is of no session, and the error is not for the host itself.
#[inline(always)]
pub(crate) fn session<F: Frame, T: Tables, E: Environment, S: Trace>(
    frame: &F,
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), End> {
    if found(frame, context, packet) { Ok(()) } else { Err(context.work.end) }
}

/// [`find`] with a stack of its own in eBPF; false, and `context.work.end` says why, when the packet ends.
#[inline(never)]
fn found<F: Frame, T: Tables, E: Environment, S: Trace>(
    frame: &F,
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> bool {
    match find(frame, context, packet) {
        Ok(()) => true,
        Err(end) => {
            context.work.end = end;
            false
        }
    }
}

#[inline(always)]
fn find<F: Frame, T: Tables, E: Environment, S: Trace>(
    frame: &F,
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), End> {
    if !packet.fragment.is_whole() {
        return Err(Reason::IcmpMalformed.into());
    }
    if context.tables.local(packet.key.src).is_some() {
        return Err(Reason::SpoofedSource.into());
    }
    read::<F, E>(frame, packet, &mut context.work.quoted)?;
    // Errors go to whom the packet came from (RFC 1122 §3.2.2, RFC 4443 §2.4); Linux asks for that since 5.1, too.
    if context.work.quoted.key.src != packet.key.dst {
        return Err(Reason::IcmpMalformed.into());
    }
    // The quoted packet left in one direction; its answers arrive with the reverse of its tuple.
    let quoted = &context.work.quoted.key;
    context.work.reverse_key = SessionKey {
        src: quoted.dst,
        dst: quoted.src,
        sport: quoted.dport,
        dport: quoted.sport,
        zone: quoted.zone,
        proto: quoted.proto,
        reserved: 0,
    };
    let (tables, now_ms) = (context.tables, context.now_ms());
    let Work { reverse_key, row, at, .. } = &mut *context.work;
    *at = sessions::find::<T, E>(tables, reverse_key);
    let found = sessions::read(tables, reverse_key, *at, row)
        && sessions::flow(tables, packet.family, *at)
            .is_some_and(|flow| sessions::lives(tables, packet.family, flow, now_ms));
    context.trace.step(Step::ErrorSession(reverse_key, found.then_some(&*row)));
    if !found {
        return Err(without_session(context, packet));
    }
    if !context.work.row.flags.rewrites_source() {
        context.work.row.src = packet.key.src; // a router on the path speaks for itself
    }
    fast::route(context, packet);
    Ok(())
}

/// Makes the error what the sender of the quoted packet must see, outside and inside.
///
/// # Drops
/// [`Reason::Internal`] when a header that was read before is gone, which cannot be.
#[inline(always)]
pub(crate) fn translate<F: Frame>(frame: &mut F, work: &Work, packet: &Packet) -> Result<(), Reason> {
    if translated(frame, work, packet) { Ok(()) } else { Err(Reason::Internal) }
}

/// [`rewrite`] with a stack of its own in eBPF.
#[inline(never)]
fn translated<F: Frame>(frame: &mut F, work: &Work, packet: &Packet) -> bool {
    rewrite(frame, work, packet).is_ok()
}

#[inline(always)]
fn rewrite<F: Frame>(frame: &mut F, work: &Work, packet: &Packet) -> Result<(), Reason> {
    let inside = translate_quoted(frame, packet, &work.quoted, &work.row)?;
    translate_outside(frame, packet, &work.row, inside)
}

/// An error about a packet that the host itself had sent goes to the host.
#[inline(always)]
fn without_session<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> End {
    context.work.load(packet);
    if host::receives(context, packet, packet.key.dst) {
        return host::inbound(context, packet, packet.key.dst);
    }
    Reason::IcmpNoSession.into()
}

/// Reads the quoted packet.
#[inline(always)]
fn read<F: Frame, E: Environment>(frame: &F, packet: &Packet, quoted: &mut Quoted) -> Result<(), Reason> {
    let malformed = Reason::IcmpMalformed;
    let l3 = packet.l4.plus(ICMP).ok_or(malformed)?;
    quoted.l3 = l3;
    quoted.key.zone = packet.key.zone;
    quoted.key.reserved = 0;
    match packet.family {
        Family::V4 => {
            let ip: &Ipv4 = frame.header(l3).ok_or(malformed)?;
            let header = ip.header_length();
            if ip.version() != 4 || header < size_of::<Ipv4>() as u16 || ip.fragment_offset() != 0 {
                return Err(malformed);
            }
            quoted.l4 = l3.plus(header).ok_or(malformed)?;
            quoted.key.proto = ip.protocol;
            quoted.key.src = Addr::v4(ip.src);
            quoted.key.dst = Addr::v4(ip.dst);
        }
        Family::V6 => {
            let ip: &Ipv6 = frame.header(l3).ok_or(malformed)?;
            if ip.version() != 6 {
                return Err(malformed);
            }
            quoted.l4 = l3.plus(size_of::<Ipv6>() as u16).ok_or(malformed)?;
            quoted.key.proto = ip.next_header;
            quoted.key.src = Addr::v6(ip.src);
            quoted.key.dst = Addr::v6(ip.dst);
            if quoted.key.src.is_v4() || quoted.key.dst.is_v4() {
                return Err(malformed); // mapped: no link carries them, and sessions of IPv4 have such keys
            }
            if !pass_extensions::<F, E>(frame, quoted) {
                return Err(malformed);
            }
        }
    }
    let inside = (quoted.l4.get() - packet.l3.get()) as u32 + 8;
    if inside > packet.length {
        return Err(malformed);
    }
    let (sport, dport) = quoted_ports(frame, quoted.l4, packet.family, quoted.key.proto).ok_or(malformed)?;
    quoted.key.sport = sport;
    quoted.key.dport = dport;
    Ok(())
}

/// Moves `quoted.l4` and the protocol past the extension headers; false when they cannot be read, or end in a later
/// fragment.
#[inline(always)]
fn pass_extensions<F: Frame, E: Environment>(frame: &F, quoted: &mut Quoted) -> bool {
    if is_extension(quoted.key.proto) {
        let mut chain = Chain { frame, quoted };
        E::repeat(MAX_EXTENSIONS, &mut chain);
    }
    !is_extension(quoted.key.proto)
}

/// A walk along the extension headers of a quoted packet. It ends early at what cannot be read.
struct Chain<'a, F> {
    frame: &'a F,
    quoted: &'a mut Quoted,
}

impl<F: Frame> Turn for Chain<'_, F> {
    #[inline(always)]
    fn take(&mut self, _: u32) -> bool {
        let Quoted { key, l4, .. } = &mut *self.quoted;
        let length = match key.proto {
            proto::FRAGMENT => match self.frame.header::<ipv6::Fragment>(*l4) {
                Some(header) if header.offset() == 0 => {
                    key.proto = header.next_header;
                    size_of::<ipv6::Fragment>() as u16
                }
                _ => return false,
            },
            kind => match self.frame.header::<ipv6::Extension>(*l4) {
                Some(header) => {
                    key.proto = header.next_header;
                    extension_length(kind, header)
                }
                None => return false,
            },
        };
        match l4.plus(length) {
            Some(next) => *l4 = next,
            None => return false,
        }
        is_extension(key.proto)
    }
}

/// Makes the quoted packet what its sender had sent: the session's row the other way round. Returns the sum
/// to add to the ICMP checksum for all that changed.
#[inline(always)]
fn translate_quoted<F: Frame>(
    frame: &mut F,
    packet: &Packet,
    quoted: &Quoted,
    row: &SessionRow,
) -> Result<Sum, Reason> {
    let family = packet.family;
    // Where the session leaves the source alone, `row.src` is the router that reports, not the session's.
    let dst = if row.flags.rewrites_source() { row.src } else { quoted.key.dst };
    let (src, sport, dport) = (row.dst, row.dport, row.sport);
    let mut changed = Sum::from_folded(row.l3_delta);
    match family {
        Family::V4 => {
            let ip: &mut Ipv4 = frame.header_mut(quoted.l3).ok_or(Reason::Internal)?;
            ip.src = src.v4_octets();
            ip.dst = dst.v4_octets();
            let before = ip.checksum.to_bytes();
            let after = updated(before, row.l3_delta);
            ip.checksum = after.into();
            changed = changed.without_word(before).word(after);
        }
        Family::V6 => {
            let ip: &mut Ipv6 = frame.header_mut(quoted.l3).ok_or(Reason::Internal)?;
            ip.src = src.octets();
            ip.dst = dst.octets();
        }
    }
    let transport = match (quoted.key.proto, family) {
        (proto::TCP | proto::UDP, _) => {
            let ports: &mut [[u8; 2]; 2] = frame.header_mut(quoted.l4).ok_or(Reason::Internal)?;
            *ports = [sport.to_bytes(), dport.to_bytes()];
            Some((if quoted.key.proto == proto::TCP { 16 } else { 6 }, row.l4_delta))
        }
        (proto::ICMP, Family::V4) | (proto::ICMPV6, Family::V6) => {
            let header: &mut Icmp = frame.header_mut(quoted.l4).ok_or(Reason::Internal)?;
            // One of the two is the identifier, the other zero (see `transport`).
            header.identifier = if sport == PortBe::ZERO { dport } else { sport };
            Some((2, icmp_delta(family, row)))
        }
        _ => None,
    };
    changed = changed
        .without_word(quoted.key.sport.to_bytes())
        .without_word(quoted.key.dport.to_bytes())
        .word(sport.to_bytes())
        .word(dport.to_bytes());
    if let Some((at, delta)) = transport {
        let place = quoted.l4.plus(at).ok_or(Reason::Internal)?;
        // What lies behind the packet in the frame is no part of the quote.
        let whole = (place.get() - packet.l3.get()) as u32 + 2 <= packet.length;
        if let (true, Some(field)) = (whole, frame.header_mut::<[u8; 2]>(place)) {
            let before = *field;
            let after = if quoted.key.proto == proto::UDP {
                udp_checksum(before, delta)
            } else {
                updated(before, delta)
            };
            *field = after;
            changed = changed.without_word(before).word(after);
        }
    }
    Ok(changed)
}

/// Makes the error's own header fit: addresses, IPv4 checksum, and the ICMP checksum over `inside`.
#[inline(always)]
fn translate_outside<F: Frame>(
    frame: &mut F,
    packet: &Packet,
    row: &SessionRow,
    inside: Sum,
) -> Result<(), Reason> {
    let addresses = address_delta(&packet.key, row);
    let mut sum = inside;
    match packet.family {
        Family::V4 => {
            let ip: &mut Ipv4 = frame.header_mut(packet.l3).ok_or(Reason::Internal)?;
            ip.src = row.src.v4_octets();
            ip.dst = row.dst.v4_octets();
            ip.checksum = updated(ip.checksum.to_bytes(), addresses).into();
        }
        Family::V6 => {
            let ip: &mut Ipv6 = frame.header_mut(packet.l3).ok_or(Reason::Internal)?;
            ip.src = row.src.octets();
            ip.dst = row.dst.octets();
            sum = sum.sum(Sum::from_folded(addresses)); // the pseudo-header
        }
    }
    let header: &mut Icmp = frame.header_mut(packet.l4).ok_or(Reason::Internal)?;
    header.checksum = updated(header.checksum.to_bytes(), sum.folded()).into();
    Ok(())
}
