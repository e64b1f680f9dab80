use flumen_abi::{
    CounterIndex, Flow, Generation, Hop, InterfaceId, PolicyId, Reason, SessionKey, SessionRecord, SessionRow,
};
use std::collections::BTreeMap;

/// Session rows, and the records that they point to. Rows are in the order of their keys' bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionTable {
    /// Rows without the next hop, which an engine may or may not have learnt, and without TCP flags, which the record has.
    pub rows: BTreeMap<[u8; 40], (SessionKey, SessionRow)>,
    /// Records by slot.
    pub records: BTreeMap<u32, RecordView>,
}

/// A session record without its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordView {
    /// Idle timeout of both rows, milliseconds; all ones when they differ, which is wrong.
    pub timeout_ms: u32,
    /// TCP flags seen, by direction; all ones when row and record differ, which is wrong.
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
        let row = SessionRow { hop: Hop::default(), flags: row.flags.without_tcp(), ..row };
        self.rows.insert(zerocopy::transmute!(key), (key, row));
    }
}

// === impl RecordView ===

impl RecordView {
    /// Copies what is not a time, of the record and of both rows, beside the key of the forward one.
    pub fn of(record: &SessionRecord, flows: [Option<&Flow>; 2], key: SessionKey) -> RecordView {
        let packets = |way: usize| flows[way].map_or(0, |flow| u64::from(flow.packets.load()));
        let bytes = |way: usize| flows[way].map_or(0, |flow| u64::from(flow.bytes.load()));
        let [forward, reverse] = flows.map(|flow| flow.map_or(0, |flow| flow.timeout().ms()));
        RecordView {
            timeout_ms: if forward == reverse { forward } else { u32::MAX },
            tcp_seen: [0, 1].map(|way| {
                let recorded = record.tcp_seen[way].load();
                let row = flows[way].map_or(recorded, |flow| flow.flags().tcp_seen());
                if row == recorded { recorded } else { u8::MAX }
            }),
            policy: PolicyId(record.policy.load()),
            generation: Generation(record.generation.load()),
            packets: [record.packets[0].load() + packets(0), record.packets[1].load() + packets(1)],
            bytes: [record.bytes[0].load() + bytes(0), record.bytes[1].load() + bytes(1)],
            key,
        }
    }
}
