//! The maps. Names, shapes and sizes are those of `flumen_abi`; user space may change the session tables' sizes.

use crate::environment::FibLookup;
use aya_ebpf::bindings::{BPF_F_MMAPABLE, BPF_F_NO_PREALLOC};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, LruHashMap, PerCpuArray};
use flumen_abi::limits::{
    self, FRAGMENTS, INTERFACES, LEAVES, LOCALS, NAT, NODES, POLICIES, ROOTS, RULES, SESSIONS_DEFAULT,
    SESSIONS6_DEFAULT,
};
use flumen_abi::{
    AnswerBudget, Control, Counter, CounterIndex, FragmentKey, FragmentRow, FreeLink, FreeRecords,
    InterfaceId, InterfaceKey, InterfaceRow, LinkIndex, LinkKey, LinkRow, LocalFilter, LocalKey, LocalRow,
    NatRow, NodeRow, PolicyRow, RootKey, RootRow, RuleRow, SessionRecord, SessionRow4, SessionRow6, Settings,
};
use flumen_pipeline::Scratch;

/// A map value made of words that any CPU may load and store.
#[repr(transparent)]
pub struct Shared<T>(pub T);

// SAFETY: `T` is made of `flumen_abi::Word*`, whose every access is one aligned load or store.
unsafe impl<T> Sync for Shared<T> {}

#[map(name = "CONTROL")]
pub static CONTROL: Array<Shared<Control>> = Array::with_max_entries(1, BPF_F_MMAPABLE);
#[map(name = "SETTINGS")]
pub static SETTINGS: Array<Settings> = Array::with_max_entries(2, 0);
#[map(name = "INTERFACES")]
pub static INTERFACE_ROWS: HashMap<InterfaceKey, InterfaceRow> = HashMap::with_max_entries(2 * INTERFACES, 0);
#[map(name = "LINKS")]
pub static LINK_ROWS: HashMap<LinkKey, LinkIndex> = HashMap::with_max_entries(2 * INTERFACES, 0);
#[map(name = "PORTS")]
pub static PORT_ROWS: Array<LinkRow> = Array::with_max_entries(2 * InterfaceId::COUNT as u32, 0);
#[map(name = "LOCALS")]
pub static LOCAL_ROWS: HashMap<LocalKey, LocalRow> = HashMap::with_max_entries(LOCALS, BPF_F_NO_PREALLOC);
#[map(name = "LOCAL_FILTER")]
pub static LOCAL_FILTER: Array<Shared<LocalFilter>> = Array::with_max_entries(1, BPF_F_MMAPABLE);

#[map(name = "ROOTS")]
pub static ROOT_ROWS: HashMap<RootKey, RootRow> = HashMap::with_max_entries(2 * ROOTS, 0);
#[map(name = "NODES")]
pub static NODE_ROWS: Array<NodeRow> = Array::with_max_entries(2 * NODES, BPF_F_MMAPABLE);
#[map(name = "LEAVES")]
pub static LEAF_ROWS: Array<u32> = Array::with_max_entries(2 * LEAVES, BPF_F_MMAPABLE);
#[map(name = "RULES")]
pub static RULE_ROWS: Array<RuleRow> = Array::with_max_entries(2 * RULES, BPF_F_MMAPABLE);
#[map(name = "POLICIES")]
pub static POLICY_ROWS: Array<PolicyRow> = Array::with_max_entries(2 * POLICIES, BPF_F_MMAPABLE);
#[map(name = "NAT")]
pub static NAT_ROWS: Array<NatRow> = Array::with_max_entries(2 * NAT, BPF_F_MMAPABLE);

#[map(name = "SESSIONS4")]
pub static SESSIONS4: Array<Shared<SessionRow4>> =
    Array::with_max_entries(limits::session_buckets(SESSIONS_DEFAULT) * limits::BUCKET, BPF_F_MMAPABLE);
#[map(name = "SESSIONS6")]
pub static SESSIONS6: Array<Shared<SessionRow6>> =
    Array::with_max_entries(limits::session_buckets(SESSIONS6_DEFAULT) * limits::BUCKET, BPF_F_MMAPABLE);
#[map(name = "RECORDS")]
pub static RECORDS: Array<Shared<SessionRecord>> = Array::with_max_entries(SESSIONS_DEFAULT, BPF_F_MMAPABLE);
#[map(name = "FREE_LINKS")]
pub static FREE_LINKS: Array<Shared<FreeLink>> = Array::with_max_entries(SESSIONS_DEFAULT, BPF_F_MMAPABLE);
#[map(name = "FREE")]
pub static FREE: Array<Shared<FreeRecords>> = Array::with_max_entries(1, BPF_F_MMAPABLE);
#[map(name = "EXPIRED")]
pub static EXPIRED: Array<u32> = Array::with_max_entries(limits::EXPIRED, BPF_F_MMAPABLE);
#[map(name = "FRAGMENTS")]
pub static FRAGMENT_ROWS: LruHashMap<FragmentKey, FragmentRow> = LruHashMap::with_max_entries(FRAGMENTS, 0);

#[map(name = "COUNTERS")]
pub static COUNTERS: PerCpuArray<Counter> = PerCpuArray::with_max_entries(CounterIndex::COUNT, 0);
#[map(name = "HITS")]
pub static HITS: PerCpuArray<Counter> = PerCpuArray::with_max_entries(POLICIES, 0);
#[map(name = "ANSWERS")]
pub static ANSWERS: PerCpuArray<Shared<AnswerBudget>> = PerCpuArray::with_max_entries(1, 0);
#[map(name = "SCRATCH")]
static SCRATCH: PerCpuArray<Scratch> = PerCpuArray::with_max_entries(1, 0);

#[map(name = "FIB")]
static FIB: PerCpuArray<FibLookup> = PerCpuArray::with_max_entries(1, 0);

/// This CPU's memory for route look-ups.
#[inline(always)]
pub fn fib() -> Option<&'static mut FibLookup> {
    let fib = FIB.get_ptr_mut(0)?;
    // SAFETY: as in `scratch`.
    Some(unsafe { &mut *fib })
}

/// This CPU's scratch memory.
#[inline(always)]
pub fn scratch() -> Option<&'static mut Scratch> {
    let scratch = SCRATCH.get_ptr_mut(0)?;
    // SAFETY: a per-CPU map value lives as long as the map; one program at a time runs on a CPU's queue with
    // softirqs off, and it asks once.
    Some(unsafe { &mut *scratch })
}
