use crate::context::Context;
use crate::decode::kind_of_later;
use crate::packet::{Fragment, Packet};
use crate::tables::Tables;
use crate::trace::{Step, Trace};
use flumen_abi::{Family, FragmentKey, FragmentRow, Reason};

#[inline(always)]
fn key(packet: &Packet) -> FragmentKey {
    FragmentKey {
        src: packet.key.src,
        dst: packet.key.dst,
        identification: packet.identification,
        zone: packet.key.zone,
        proto: match packet.family {
            Family::V4 => packet.key.proto,
            Family::V6 => 0,
        },
        reserved: 0,
    }
}

/// Gives a later fragment the ports and the kind of its first one.
///
/// # Drops
/// [`Reason::FragmentUnknown`] when that was not seen, was not permitted, or is too long ago.
#[inline(always)]
pub fn complete<T: Tables, E, S: Trace>(
    context: &mut Context<'_, T, E, S>,
    packet: &mut Packet,
) -> Result<(), Reason> {
    if !matches!(packet.fragment, Fragment::Later) {
        return Ok(());
    }
    let row = context.tables.fragment(&key(packet)).ok_or(Reason::FragmentUnknown)?;
    if context.now_ms().wrapping_sub(row.seen_ms) as i32 > FragmentRow::LIFETIME_MS as i32 {
        return Err(Reason::FragmentUnknown);
    }
    packet.key.sport = row.sport;
    packet.key.dport = row.dport;
    packet.key.proto = row.proto;
    packet.service = row.service;
    packet.kind = kind_of_later(packet.family, row.proto, row.service);
    context.trace.step(Step::Reassembled(packet));
    Ok(())
}

/// Lets the later fragments of this permitted first one follow.
#[inline(always)]
pub fn remember<T: Tables, E, S>(context: &Context<'_, T, E, S>, packet: &Packet) {
    if matches!(packet.fragment, Fragment::First) {
        let row = FragmentRow {
            sport: packet.key.sport,
            dport: packet.key.dport,
            seen_ms: context.now_ms(),
            service: packet.service,
            proto: packet.key.proto,
            reserved: 0,
            reserved2: 0,
        };
        context.tables.insert_fragment(&key(packet), &row);
    }
}
