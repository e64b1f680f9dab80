//! Opens a session: both rows and the record, or nothing.

use crate::context::{Context, Work};
use crate::environment::{Environment, Turn};
use crate::packet::{Kind, Packet};
use crate::state;
use crate::tables::{InsertError, Tables};
use crate::trace::{Step, Trace};
use crate::translate::{address_delta, transport_delta};
use flumen_abi::{
    Addr, Family, LinkRow, NatRow, PolicyId, PortBe, Reason, SessionFlags, SessionKey, SessionRow,
    SessionSlot,
};

/// Ports tried before a packet is dropped as `nat-ports-exhausted`. With nine tenths of a range taken, one
/// packet in thirty finds none.
const PORT_ATTEMPTS: u32 = 32;

impl Work {
    /// Starts a first packet: the row leaves everything as it is.
    #[inline(always)]
    pub(crate) fn begin(&mut self, packet: &Packet) {
        self.load(packet);
        self.row.src = packet.key.src;
        self.row.dst = packet.key.dst;
        self.row.sport = packet.key.sport;
        self.row.dport = packet.key.dport;
        self.row.reserved = 0;
        self.row.hop.epoch = 0;
    }
}

/// Opens the session of `packet` towards `context.work.link`, and leaves the forward row in `context.work.row`.
///
/// The reverse row goes in first: its key is the translated tuple, and the table takes each key once. So the
/// insertion itself allocates the port, and two CPUs cannot choose the same.
///
/// # Drops
/// [`Reason::SessionTableFull`], [`Reason::NatNoAddress`], [`Reason::NatPortsExhausted`],
/// [`Reason::SessionConflict`]; nothing is left behind.
#[inline(always)]
pub(crate) fn admit<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
    policy: PolicyId,
    translated: bool,
) -> Result<(), Reason> {
    if translated {
        context.work.row.src = interface_address(packet.family, &context.work.link)?;
    }
    let settings = context.settings()?;
    let generation = settings.generation;
    let timeout_ms = state::initial_timeout(&settings.timeouts, packet.key.proto);
    let slot = context.tables.take_record().ok_or(Reason::SessionTableFull)?;
    let (Some(owner), Some(record)) = (context.tables.owner(slot), context.tables.record(slot)) else {
        return Err(Reason::Internal);
    };
    owner.store(&packet.key);
    record.begin(policy, generation, context.now_ns, timeout_ms);
    context.work.row.slot = slot;
    context.work.row.egress = context.work.link.zone;
    let Err(reason) = insert(context, packet, translated) else {
        context.trace.step(Step::Admitted(&packet.key, &context.work.row));
        return Ok(());
    };
    release(context, slot);
    // Another CPU may have opened the same session between our look-up and now.
    let conflict = matches!(reason, Reason::SessionConflict);
    if conflict && context.tables.session(&packet.key, &mut context.work.row) { Ok(()) } else { Err(reason) }
}

fn interface_address(family: Family, link: &LinkRow) -> Result<Addr, Reason> {
    let address = match family {
        Family::V4 => link.v4,
        Family::V6 => link.v6,
    };
    if address.is_unspecified() { Err(Reason::NatNoAddress) } else { Ok(address) }
}

#[inline(always)]
fn release<T: Tables, E, S>(context: &Context<'_, T, E, S>, slot: SessionSlot) {
    if let Some(record) = context.tables.record(slot) {
        record.timeout_ms.store(0);
    }
    context.tables.give_record(slot);
}

/// Inserts both rows, choosing the source port when `translated` asks for it.
#[inline(always)]
fn insert<T: Tables, E: Environment, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &Packet,
    translated: bool,
) -> Result<(), Reason> {
    context.work.row.l3_delta = address_delta(&packet.key, &context.work.row);
    let has_port = matches!(packet.kind, Kind::Tcp | Kind::Udp | Kind::IcmpQuery);
    let (attempts, taken) = match (translated, has_port) {
        (true, true) => (PORT_ATTEMPTS, Reason::NatPortsExhausted),
        (true, false) => (1, Reason::NatPortsExhausted),
        (false, _) => (1, Reason::SessionConflict),
    };
    let random = if translated { context.environment.random() } else { 0 };
    let mut search =
        PortSearch { context, packet, translated: translated && has_port, random, found: Err(taken) };
    E::repeat(attempts, &mut search);
    search.found?;
    forward(context, packet)
}

/// Attempts at inserting the reverse row, each with another source port.
struct PortSearch<'a, 'c, T, E, S> {
    context: &'a mut Context<'c, T, E, S>,
    packet: &'a Packet,
    translated: bool,
    random: u32,
    found: Result<(), Reason>,
}

impl<T: Tables, E: Environment, S: Trace> Turn for PortSearch<'_, '_, T, E, S> {
    #[inline(always)]
    fn take(&mut self, attempt: u32) -> bool {
        let key = &self.packet.key;
        let Work { row, nat, reverse_key, reverse_row, .. } = &mut *self.context.work;
        if self.translated {
            row.sport = port(nat, key.sport, self.random, attempt).into();
        }
        row.l4_delta = transport_delta(row.l3_delta, key, row);
        row.flags = flags(key, row);
        reverse(key, row, reverse_key, reverse_row);
        match self.context.tables.insert_session(reverse_key, reverse_row) {
            Ok(()) => self.found = Ok(()),
            Err(InsertError::Full) => self.found = Err(Reason::SessionTableFull),
            Err(InsertError::Exists) => {
                self.context.trace.step(Step::PortTaken(row.sport.get()));
                return true;
            }
        }
        false
    }
}

/// Inserts the forward row, or takes the reverse row back out.
#[inline(always)]
fn forward<T: Tables, E, S>(context: &Context<'_, T, E, S>, packet: &Packet) -> Result<(), Reason> {
    let error = match context.tables.insert_session(&packet.key, &context.work.row) {
        Ok(()) => return Ok(()),
        Err(InsertError::Full) => Reason::SessionTableFull,
        Err(InsertError::Exists) => Reason::SessionConflict,
    };
    context.tables.remove_session(&context.work.reverse_key);
    Err(error)
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
    into.l4_delta = !row.l4_delta;
    into.slot = row.slot;
    into.egress = key.zone;
    into.flags = SessionFlags(bits);
    into.reserved = 0;
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
