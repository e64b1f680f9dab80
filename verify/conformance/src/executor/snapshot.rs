use flumen_abi::{
    CounterIndex, Generation, Hop, InterfaceId, PolicyId, Reason, SessionKey, SessionRecord, SessionRow,
};
use std::collections::BTreeMap;
use zerocopy::FromZeros;

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

/// Every counter of one interface.
pub fn counters_of(interface: u16) -> impl Iterator<Item = CounterIndex> {
    let id = InterfaceId(interface);
    let reasons = Reason::ALL.iter().map(move |reason| CounterIndex::reason(id, *reason));
    reasons.chain([CounterIndex::received(id), CounterIndex::transmitted(id)])
}

/// What a counter counts: `forwarded of interface 3`.
pub fn counter_name(index: CounterIndex) -> String {
    let interface = InterfaceId((index.0 / CounterIndex::PER_INTERFACE) as u16);
    let number = (index.0 % CounterIndex::PER_INTERFACE) as usize;
    let what = match Reason::from_number(number) {
        Some(reason) => reason.name(),
        None if index == CounterIndex::received(interface) => "received",
        None if index == CounterIndex::transmitted(interface) => "transmitted",
        None => "a counter without a name",
    };
    format!("{what} of interface {interface}")
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
