use flumen_abi::{
    Counter, CounterIndex, Generation, Hop, InterfaceId, PolicyId, Reason, SessionKey, SessionRecord,
    SessionRow,
};
use std::collections::BTreeMap;
use zerocopy::FromZeros;

/// Everything an engine counts and remembers, at one time.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Counters that are not zero, by index.
    pub counters: BTreeMap<u32, Counter>,
    /// Sessions.
    pub sessions: SessionTable,
}

/// Session rows, and the records that they point to. Rows are in the order of their keys' bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionTable {
    /// Rows without the next hop, which an engine may or may not have learnt.
    pub rows: BTreeMap<[u8; 40], (SessionKey, SessionRow)>,
    /// Records by slot.
    pub records: BTreeMap<u32, RecordView>,
}

/// A session record without its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordView {
    /// Idle timeout, milliseconds.
    pub timeout_ms: u32,
    /// TCP flags seen, by direction.
    pub tcp_seen: [u8; 2],
    /// Policy that admitted it.
    pub policy: PolicyId,
    /// Ruleset that admitted it.
    pub generation: Generation,
    /// Packets by direction.
    pub packets: [u64; 2],
    /// Bytes by direction.
    pub bytes: [u64; 2],
    /// Key of the forward direction.
    pub key: SessionKey,
}

/// A counter that moved: interface, reason or direction, packets and bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// Interface.
    pub interface: u16,
    /// `received`, `transmitted` or the name of a reason.
    pub what: &'static str,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Every counter of the interfaces 0 to `last`.
pub(crate) fn watched(last: u16) -> impl Iterator<Item = CounterIndex> {
    (0..=last).map(InterfaceId).flat_map(|id| {
        let reasons = Reason::ALL.iter().map(move |reason| CounterIndex::reason(id, *reason));
        reasons.chain([CounterIndex::received(id), CounterIndex::transmitted(id)])
    })
}

/// Every counter that differs, in the order of its index.
pub fn moved(before: &Snapshot, after: &Snapshot) -> Vec<Moved> {
    let change = |(index, now): (&u32, &Counter)| {
        let then = before.counters.get(index).copied().unwrap_or_default();
        let interface = InterfaceId((index / CounterIndex::PER_INTERFACE) as u16);
        (then != *now).then(|| Moved {
            interface: interface.0,
            what: what(interface, *index),
            packets: now.packets.wrapping_sub(then.packets),
            bytes: now.bytes.wrapping_sub(then.bytes),
        })
    };
    after.counters.iter().filter_map(change).collect()
}

fn what(interface: InterfaceId, index: u32) -> &'static str {
    if index == CounterIndex::received(interface).0 {
        return "received";
    }
    if index == CounterIndex::transmitted(interface).0 {
        return "transmitted";
    }
    let number = (index % CounterIndex::PER_INTERFACE) as usize;
    Reason::from_number(number).map_or("a counter without a name", Reason::name)
}

// === impl SessionTable ===

impl SessionTable {
    /// Adds a row.
    pub fn add(&mut self, key: SessionKey, row: SessionRow) {
        let row = SessionRow { hop: Hop::new_zeroed(), ..row };
        self.rows.insert(zerocopy::transmute!(key), (key, row));
    }
}

// === impl RecordView ===

impl RecordView {
    /// Copies what is not a time, beside the key of its owner.
    pub fn of(record: &SessionRecord, key: SessionKey) -> RecordView {
        RecordView {
            timeout_ms: record.timeout_ms.load(),
            tcp_seen: [record.tcp_seen[0].load(), record.tcp_seen[1].load()],
            policy: PolicyId(record.policy.load()),
            generation: Generation(record.generation.load()),
            packets: [record.packets[0].load(), record.packets[1].load()],
            bytes: [record.bytes[0].load(), record.bytes[1].load()],
            key,
        }
    }
}
