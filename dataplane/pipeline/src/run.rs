use crate::answer::{self, Answer};
use crate::context::{Context, Scratch};
use crate::decode;
use crate::environment::Environment;
use crate::packet::{Kind, Packet};
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use crate::{ahead, fast, first, fragment, host, icmp_error};
use flumen_abi::{CounterIndex, IfIndex, InterfaceKey, InterfaceRow, Outcome, Reason};
use flumen_frame::Frame;
use flumen_wire::arp::Arp;
use flumen_wire::ethernet;

/// What to do with the frame, whose bytes are final.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Why; says the outcome too.
    pub reason: Reason,
    /// Where to send it, when the outcome is to forward or an answer was made; else 0.
    pub device: IfIndex,
}

impl Verdict {
    /// What happens to the frame.
    #[inline(always)]
    pub const fn outcome(&self) -> Outcome {
        self.reason.outcome()
    }
}

/// How a stage ends a packet early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub(crate) struct End {
    /// The reason, when no answer is sent.
    pub(crate) reason: Reason,
    /// ICMP error to the sender.
    pub(crate) answer: Answer,
    /// MTU that the error reports.
    pub(crate) mtu: u16,
}

// === impl End ===

impl End {
    /// Out of TTL.
    #[inline(always)]
    pub(crate) const fn ttl_exceeded() -> End {
        End { reason: Reason::TtlExceeded, answer: Answer::TtlExceeded, mtu: 0 }
    }

    /// Larger than `mtu`.
    #[inline(always)]
    pub(crate) const fn too_big(mtu: u32) -> End {
        let mtu = if mtu > u16::MAX as u32 { u16::MAX } else { mtu as u16 };
        End { reason: Reason::PacketTooBig, answer: Answer::TooBig, mtu }
    }

    /// Rejected by policy.
    #[inline(always)]
    pub(crate) const fn prohibited() -> End {
        End { reason: Reason::Rejected, answer: Answer::Prohibited, mtu: 0 }
    }
}

impl From<Reason> for End {
    #[inline(always)]
    fn from(reason: Reason) -> End {
        End { reason, answer: Answer::None, mtu: 0 }
    }
}

/// Takes one frame that arrived on `device` through the pipeline: counts it as received, counts it again under
/// exactly one reason, and leaves the bytes as they shall go out, or as they came.
#[inline(always)]
pub fn run<F: Frame, T: Tables, E: Environment, S: Trace>(
    frame: &mut F,
    device: IfIndex,
    tables: &T,
    environment: &mut E,
    trace: &mut S,
    scratch: &mut Scratch,
) -> Verdict {
    let Scratch { packet, work } = scratch;
    packet.measure(frame);
    let readable = decode::link(frame, packet);
    ahead::ask(frame, tables, packet); // as early as can be: what follows does not need it yet
    let now_ns = environment.now_ns();
    let Some(control) = tables.control() else {
        return Verdict { reason: Reason::Internal, device: IfIndex(0) };
    };
    let (slot, epoch) = control.read((now_ns / 1_000_000) as u32);
    let mut context = Context { tables, environment, trace, work, slot, device, now_ns, epoch };
    let arrived = arrive(&mut context, packet, readable);
    frame.forget_bounds();
    tables.count(CounterIndex::received(packet.interface.id), packet.frame_length);
    let verdict = if arrived {
        network(frame, &mut context, packet)
    } else {
        Verdict { reason: context.work.end.reason, device: IfIndex(0) }
    };
    tables.count(CounterIndex::reason(packet.interface.id, verdict.reason), packet.frame_length);
    verdict
}

/// Finds the ingress interface of a frame whose link headers were read; false, and `context.work.end` says why, when the
/// frame ends there.
///
/// Not inlined: in eBPF it has a stack of its own.
#[inline(never)]
pub(crate) fn arrive<T: Tables, E, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
    readable: Result<(), Reason>,
) -> bool {
    let key =
        InterfaceKey { slot: context.slot.index(), device: context.device, vlan: packet.vlan, reserved: 0 };
    let last = &context.work.arrival;
    let again = context.epoch != 0
        && last.epoch == context.epoch
        && last.device == key.device
        && last.vlan == key.vlan;
    let known = if again {
        last.row.copy_to(&mut packet.interface);
        true
    } else {
        InterfaceRow::NONE.copy_to(&mut packet.interface);
        context.tables.interface(&key, &mut packet.interface)
    };
    context.trace.step(Step::Interface(&key, known.then_some(&packet.interface)));
    if let Err(reason) = readable {
        context.work.end = reason.into();
        return false;
    }
    if !known {
        context.work.end = Reason::NoInterface.into();
        return false;
    }
    let arrival = &mut context.work.arrival;
    arrival.epoch = context.epoch;
    arrival.device = key.device;
    arrival.vlan = key.vlan;
    packet.interface.copy_to(&mut arrival.row);
    // A router takes what is sent to it, also on a device that hears everything (RFC 1812 §3.3.1).
    let own = packet.interface.station;
    if !packet.group && own != 0 && packet.station != own {
        context.work.end = Reason::OtherStation.into();
        return false;
    }
    true
}

#[inline(always)]
fn network<F: Frame, T: Tables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> Verdict {
    if packet.ethertype == ethernet::ARP {
        let whole = frame.header::<Arp>(packet.l3).is_some();
        let reason = if whole { Reason::HostNeighbour } else { Reason::Truncated };
        return Verdict { reason, device: IfIndex(0) };
    }
    if !decode::ip::<F, E>(frame, packet, &mut context.work.end) {
        return Verdict { reason: context.work.end.reason, device: IfIndex(0) };
    }
    frame.forget_bounds();
    context.trace.step(Step::Decoded(packet));
    match stages(frame, context, packet) {
        Ok(verdict) => verdict,
        Err(end) if matches!(end.answer, Answer::None) => Verdict { reason: end.reason, device: IfIndex(0) },
        Err(end) => answer::send(frame, context, packet, end),
    }
}

#[inline(always)]
fn stages<F: Frame, T: Tables, E: Environment, S: Trace>(
    frame: &mut F,
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> Result<Verdict, End> {
    fragment::complete(context, packet)?;
    let known = match packet.kind {
        Kind::Neighbour => return Err(host::neighbour(context, packet)),
        Kind::IcmpError => {
            icmp_error::session(frame, context, packet)?;
            true
        }
        // no session is opened by these, and that of an echo with the identifier 0 would have their key
        Kind::IcmpOther => false,
        _ => {
            ahead::locate(context.tables, packet);
            fast::known(context, packet)
        }
    };
    if !known {
        first::open(context, packet)?;
    }
    fast::depart(frame, context, packet)
}
