//! Opens a session: both rows and the record, or nothing.

use crate::context::{Context, Work};
use crate::environment::{Environment, RouteKind, Turn, attempt};
use crate::packet::{Kind, Packet};
use crate::sessions::InsertError;
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use crate::translate::{address_delta, transport_delta};
use crate::{sessions, state};
use flumen_abi::{
    Addr, Family, Generation, Hop, IdleTimeout, LinkRow, NatRow, PolicyId, PortBe, Reason, SessionFlags,
    SessionKey, SessionPlace, SessionRow,
};

/// Ports tried before a packet is dropped as `nat-ports-exhausted`. With nine tenths of a range taken, one
/// packet in thirty finds none.
const PORT_ATTEMPTS: u32 = 32;
/// Times that a reverse row is inserted when other CPUs are faster in the same place.
const BUSY_ATTEMPTS: u32 = 4;

impl Work {
    /// Starts a first packet: the row leaves everything as it is.
    #[inline(always)]
    pub(crate) fn begin(&mut self, packet: &Packet) {
        self.load(packet);
        self.row.src = packet.key.src;
        self.row.dst = packet.key.dst;
        self.row.sport = packet.key.sport;
        self.row.dport = packet.key.dport;
        self.row.hop.epoch = 0;
    }
}

/// What is decided of a session before it has rows.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Opening {
    /// Policy that permits it.
    pub(crate) policy: PolicyId,
    /// Idle time at which it ends.
    timeout: IdleTimeout,
    /// Its source is translated, by the rule in [`Work::nat`].
    pub(crate) translated: bool,
    /// Another source port may be chosen.
    has_port: bool,
    /// Ruleset that permits it.
    generation: Generation,
    /// Where the reverse row is, once it is in its table.
    reverse: SessionPlace,
    /// Why it is not.
    refused: Reason,
}

impl Opening {
    pub(crate) const NONE: Opening = Opening {
        policy: PolicyId(0),
        timeout: IdleTimeout(0),
        translated: false,
        has_port: false,
        generation: Generation(0),
        reverse: SessionPlace::NONE,
        refused: Reason::Internal,
    };
}

/// Opens the session of `packet` towards `context.work.link`, and leaves the forward row in `context.work.row`. False,
/// and `context.work.end` says why, when the packet ends.
///
/// The reverse row goes in first: its key is the translated tuple, and the table takes each key once. So the
/// insertion itself allocates the port, and two CPUs cannot choose the same.
///
/// Three functions with stacks of their own in eBPF, one after the other: insertion goes deep.
///
/// # Drops
/// [`Reason::SessionTableFull`], [`Reason::NatNoAddress`], [`Reason::NatPortsExhausted`],
/// [`Reason::SessionConflict`]; nothing is left behind.
#[inline(always)]
pub(crate) fn admit<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> bool {
    if !began(context, packet) {
        return false;
    }
    reverse_inserted(context, packet);
    if !forward_inserted(context, packet) {
        return false;
    }
    context.trace.step(Step::Admitted(&packet.key, &context.work.row));
    true
}

/// Takes a record and fills in what the forward row does not depend on a port for.
#[inline(never)]
fn began<T: Tables, E: Environment, S>(context: &mut Context<'_, T, E, S>, packet: &Packet) -> bool {
    match begin(context, packet) {
        Ok(()) => true,
        Err(reason) => {
            context.work.end = reason.into();
            false
        }
    }
}

#[inline(always)]
fn begin<T: Tables, E: Environment, S>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> Result<(), Reason> {
    if context.work.opening.translated {
        context.work.row.src = interface_address(packet.family, &context.work.link)?;
    }
    let settings = context.settings()?;
    let generation = settings.generation;
    let timeout = state::initial_timeout(&settings.timeouts, packet.key.proto);
    let slot = sessions::take_record::<T, E>(context.tables).ok_or(Reason::SessionTableFull)?;
    let Work { row, route, link, opening, .. } = &mut *context.work;
    opening.generation = generation;
    opening.timeout = timeout;
    opening.has_port = matches!(packet.kind, Kind::Tcp | Kind::Udp | Kind::IcmpQuery);
    row.slot = slot;
    row.egress = link.zone;
    let epoch = if matches!(route.kind, RouteKind::Forward) { context.epoch } else { 0 };
    Hop::new(epoch, link.id, packet.interface.id, route.dst_mac).copy_to(&mut row.hop);
    row.l3_delta = address_delta(&packet.key, row);
    Ok(())
}

fn interface_address(family: Family, link: &LinkRow) -> Result<Addr, Reason> {
    let address = match family {
        Family::V4 => link.v4,
        Family::V6 => link.v6,
    };
    if address.is_unspecified() { Err(Reason::NatNoAddress) } else { Ok(address) }
}

/// Inserts the reverse row, choosing the source port when it is to be translated; `context.work.opening` says whether it
/// is in.
#[inline(never)]
fn reverse_inserted<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) {
    let opening = &mut context.work.opening;
    let choice = opening.translated && opening.has_port;
    opening.reverse = SessionPlace::NONE;
    opening.refused = if choice { Reason::NatPortsExhausted } else { Reason::SessionConflict };
    let attempts = if choice { PORT_ATTEMPTS } else { BUSY_ATTEMPTS };
    let random = if choice { context.environment.random() } else { 0 };
    attempt::<E, _>(attempts - 1, &mut PortSearch { context, packet, random, attempt: 0 });
}

/// Attempts at inserting the reverse row, each with another source port.
struct PortSearch<'a, 'c, T, E, S> {
    context: &'a mut Context<'c, T, E, S>,
    packet: &'a Packet,
    random: u32,
    attempt: u32,
}

impl<T: Tables, E: Environment, S: Trace> Turn for PortSearch<'_, '_, T, E, S> {
    #[inline(always)]
    fn take(&mut self, _: u32) -> bool {
        insert_reverse(self)
    }
}

/// Inserts the reverse row with the next port; true when another may do.
#[inline(never)]
fn insert_reverse<T: Tables, E: Environment, S: Trace>(search: &mut PortSearch<'_, '_, T, E, S>) -> bool {
    let PortSearch { context, packet, random, attempt } = search;
    let (tables, now_ms) = (context.tables, context.now_ms());
    let key = &packet.key;
    let Work { row, nat, reverse_key, reverse_row, opening, .. } = &mut *context.work;
    if opening.translated && opening.has_port {
        row.sport = port(nat, key.sport, *random, *attempt).into();
        *attempt += 1;
    }
    row.flags = flags(key, row);
    reverse(key, row, reverse_key, reverse_row);
    let home = reverse_home(tables, packet, row.flags, reverse_key);
    match sessions::insert::<T, E>(tables, reverse_key, home, reverse_row, now_ms, opening.timeout) {
        Ok(place) => {
            opening.reverse = place;
            false
        }
        Err(InsertError::Full) => {
            opening.refused = Reason::SessionTableFull;
            false
        }
        Err(InsertError::Busy) => true,
        Err(InsertError::Exists) => {
            if opening.translated {
                context.trace.step(Step::PortTaken(row.sport.get()));
            }
            true
        }
    }
}

/// Inserts the forward row after the reverse one; if one of the two is not in, nothing stays.
#[inline(never)]
fn forward_inserted<T: Tables, E: Environment, S>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
) -> bool {
    let (tables, now_ms) = (context.tables, context.now_ms());
    let Work { row, at, opening, end, .. } = &mut *context.work;
    let slot = row.slot;
    if opening.reverse != SessionPlace::NONE {
        match insert_forward::<T, E>(tables, packet, row, now_ms, opening.timeout) {
            Ok(place) => {
                *at = place;
                row.l4_delta = transport_delta(row.l3_delta, &packet.key, row);
                // After both rows: its stores wait for nobody then, and nobody asks for it before this packet has left.
                if let Some(record) = tables.record(slot) {
                    let Opening { policy, generation, timeout, .. } = *opening;
                    let places = [place, opening.reverse];
                    record.begin(places, policy, generation, packet.family, context.now_ns, timeout);
                }
                return true;
            }
            Err(InsertError::Full) => opening.refused = Reason::SessionTableFull,
            Err(InsertError::Exists | InsertError::Busy) => opening.refused = Reason::SessionConflict,
        }
    }
    *end = opening.refused.into();
    sessions::remove::<T, E>(tables, packet.family, opening.reverse, slot, now_ms);
    sessions::give_record::<T, E>(tables, slot);
    // Another CPU may have opened the same session between our look-up and now.
    if matches!(opening.refused, Reason::SessionConflict) {
        *at = sessions::find::<T, E>(tables, &packet.key);
        return sessions::read(tables, &packet.key, *at, row);
    }
    false
}

/// Tries once more when another CPU was faster in the same place: it would have to be so twice within a microsecond. Further
/// attempts cost 10,000 verified instructions each on Linux 7.2.
#[inline(always)]
fn insert_forward<T: Tables, E: Environment>(
    tables: &T,
    packet: &Packet,
    row: &SessionRow,
    now_ms: u32,
    timeout: IdleTimeout,
) -> Result<SessionPlace, InsertError> {
    let Packet { key, home, .. } = packet;
    match sessions::insert::<T, E>(tables, key, *home, row, now_ms, timeout) {
        Err(InsertError::Busy) => sessions::insert::<T, E>(tables, key, *home, row, now_ms, timeout),
        inserted => inserted,
    }
}

/// The home of the reverse row: beside the other, unless the session is translated or has one end.
#[inline(always)]
fn reverse_home<T: Tables>(
    tables: &T,
    packet: &Packet,
    flags: SessionFlags,
    reverse_key: &SessionKey,
) -> SessionPlace {
    let Packet { key, home, .. } = packet;
    if flags.translates() || (key.src == key.dst && key.sport == key.dport) {
        sessions::home(tables, reverse_key)
    } else {
        home.beside()
    }
}

/// The port of the `attempt`: first the sender's own, when it is in range; then a random start and its
/// successors in steps that spread over the range.
#[inline(always)]
fn port(nat: &NatRow, own: PortBe, random: u32, attempt: u32) -> u16 {
    const STEPS: [u32; 2] = [7919, 7907]; // primes: unless one divides the range, it reaches every port before one comes again
    let own = own.get();
    if attempt == 0 && own >= nat.port_low && own <= nat.port_high {
        return own;
    }
    let span = nat.port_high.saturating_sub(nat.port_low) as u32 + 1;
    let step = if span.is_multiple_of(STEPS[0]) { STEPS[1] } else { STEPS[0] };
    let place = (random & 0xff_ffff).wrapping_add(attempt.wrapping_mul(step)) % span;
    nat.port_low.wrapping_add(place as u16)
}

#[inline(always)]
fn flags(key: &SessionKey, row: &SessionRow) -> SessionFlags {
    let mut bits = 0;
    if key.src != row.src || key.sport != row.sport {
        bits |= SessionFlags::SOURCE;
    }
    if key.dst != row.dst || key.dport != row.dport {
        bits |= SessionFlags::DESTINATION;
    }
    SessionFlags(bits)
}

/// Writes key and row of the other direction: what the translated packet's answer looks like, and back to what the
/// packet was.
#[inline(always)]
fn reverse(key: &SessionKey, row: &SessionRow, reverse_key: &mut SessionKey, into: &mut SessionRow) {
    let mut bits = SessionFlags::REVERSE;
    if row.flags.rewrites_source() {
        bits |= SessionFlags::DESTINATION;
    }
    if row.flags.rewrites_destination() {
        bits |= SessionFlags::SOURCE;
    }
    row.dst.copy_to(&mut reverse_key.src);
    row.src.copy_to(&mut reverse_key.dst);
    reverse_key.sport = row.dport;
    reverse_key.dport = row.sport;
    reverse_key.zone = row.egress;
    reverse_key.proto = key.proto;
    reverse_key.reserved = 0;
    key.dst.copy_to(&mut into.src);
    key.src.copy_to(&mut into.dst);
    into.sport = key.dport;
    into.dport = key.sport;
    into.l3_delta = !row.l3_delta;
    into.l4_delta = 0;
    into.slot = row.slot;
    into.egress = key.zone;
    into.flags = SessionFlags(bits);
    into.hop.epoch = 0;
}

#[cfg(test)]
mod tests {
    use super::{PORT_ATTEMPTS, flags, port};
    use flumen_abi::{Addr, NatRow, PolicyId, PortBe, SessionFlags, SessionKey, ZoneId};

    fn range(port_low: u16, port_high: u16) -> NatRow {
        NatRow {
            addr: Addr::UNSPECIFIED,
            port_low,
            port_high,
            kind: 1,
            reserved: [0; 3],
            id: PolicyId(1),
            reserved2: 0,
        }
    }

    #[test]
    fn the_senders_own_port_is_tried_first_when_it_is_in_range() {
        let nat = range(4000, 4999);
        assert_eq!(port(&nat, PortBe::new(4000), 77, 0), 4000);
        assert_eq!(port(&nat, PortBe::new(4999), 77, 0), 4999);
        assert_eq!(port(&nat, PortBe::new(5000), 77, 0), 4077);
    }

    #[test]
    fn attempts_try_different_ports_of_every_range_and_none_beyond_it() {
        // whole multiples of one step's length, and the widest ranges there are
        for (low, high) in [(1024, 65_535), (1, 65_535), (1024, 8942), (1000, 8906), (10, 10 + 7919 * 8 - 1)]
        {
            let nat = range(low, high);
            for random in [0, 1, 12_345, u32::MAX] {
                let mut tried = [0; PORT_ATTEMPTS as usize];
                for (attempt, slot) in (0..PORT_ATTEMPTS).zip(&mut tried) {
                    *slot = port(&nat, PortBe::new(0), random, attempt);
                    assert!((low..=high).contains(slot));
                }
                tried.sort_unstable();
                assert!(tried.windows(2).all(|pair| pair[0] != pair[1]), "{low}-{high}: {tried:?}");
            }
        }
    }

    #[test]
    fn a_small_range_is_tried_whole() {
        for span in 1..=PORT_ATTEMPTS as u16 {
            let nat = range(5000, 5000 + span - 1);
            let mut tried = [false; PORT_ATTEMPTS as usize];
            for attempt in 0..PORT_ATTEMPTS {
                tried[usize::from(port(&nat, PortBe::new(0), 99, attempt) - 5000)] = true;
            }
            assert!(tried[..usize::from(span)].iter().all(|tried| *tried), "{span}");
        }
    }

    #[test]
    fn what_differs_from_the_key_is_rewritten() {
        let key = SessionKey {
            src: Addr::v4([10, 0, 0, 1]),
            dst: Addr::v4([192, 0, 2, 1]),
            sport: PortBe::new(1),
            dport: PortBe::new(2),
            zone: ZoneId(1),
            proto: 17,
            reserved: 0,
        };
        let mut row = crate::context::Scratch::default().work.row;
        (row.src, row.dst, row.sport, row.dport) = (key.src, key.dst, key.sport, key.dport);
        assert_eq!(flags(&key, &row), SessionFlags(0));
        row.sport = PortBe::new(9);
        assert_eq!(flags(&key, &row), SessionFlags(SessionFlags::SOURCE));
        row.dst = Addr::v4([192, 0, 2, 2]);
        assert_eq!(flags(&key, &row), SessionFlags(SessionFlags::SOURCE | SessionFlags::DESTINATION));
    }
}
