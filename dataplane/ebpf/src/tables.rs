use crate::maps;
use core::arch::asm;
use flumen_abi::{
    Addr, AnswerBudget, Control, CounterIndex, FragmentKey, FragmentRow, FreeLink, FreeRecords, InterfaceId,
    InterfaceKey, InterfaceRow, LinkKey, LinkRow, LocalKey, LocalRow, NatRow, NodeRow, PolicyId, PolicyRow,
    RootKey, RootRow, RuleRow, SessionKey, SessionPlace, SessionRecord, SessionRow4, SessionRow6,
    SessionSlot, Settings, Slot, Word32, Word64, limits,
};
use flumen_pipeline::{SessionTables, Tables};

/// The rows in BPF maps.
pub struct MapTables;

const BPF_ANY: u64 = 0;

/// Copies a map value out.
macro_rules! copied {
    ($pointer:expr) => {{
        let pointer = $pointer?;
        // SAFETY: a map value of this type, alive for this program's run (RCU); a plain copy.
        Some(unsafe { *pointer })
    }};
}

/// Copies a map value to where the caller keeps it.
macro_rules! copied_into {
    ($pointer:expr, $into:expr) => {
        match $pointer {
            Some(pointer) => {
                // SAFETY: a map value of this type, alive for this program's run (RCU); `into` is the caller's
                // own, and a plain copy leaves no room for a call to `memmove`, which would go byte by byte.
                unsafe { core::ptr::copy_nonoverlapping(pointer, $into, 1) };
                true
            }
            None => false,
        }
    };
}

/// Adds one packet to a per-CPU counter.
macro_rules! count {
    ($map:expr, $index:expr, $bytes:expr) => {
        if let Some(counter) = $map.get_ptr_mut($index) {
            // SAFETY: this CPU's own value, and the program is not interrupted by another on this CPU's queue.
            unsafe {
                (*counter).packets += 1;
                (*counter).bytes += u64::from($bytes);
            }
        }
    };
}

pub(crate) use {copied_into, count};

impl SessionTables for MapTables {
    #[inline(always)]
    fn control(&self) -> Option<&Control> {
        maps::CONTROL.get(0).map(|shared| &shared.0)
    }

    #[inline(always)]
    fn row4(&self, place: SessionPlace) -> Option<&SessionRow4> {
        maps::SESSIONS4.get(place.0).map(|shared| &shared.0)
    }

    #[inline(always)]
    fn row6(&self, place: SessionPlace) -> Option<&SessionRow6> {
        maps::SESSIONS6.get(place.0).map(|shared| &shared.0)
    }

    #[inline(always)]
    fn record(&self, slot: SessionSlot) -> Option<&SessionRecord> {
        maps::RECORDS.get(slot.0).map(|shared| &shared.0)
    }

    #[inline(always)]
    fn free_link(&self, slot: SessionSlot) -> Option<&FreeLink> {
        maps::FREE_LINKS.get(slot.0).map(|shared| &shared.0)
    }

    #[inline(always)]
    fn free_records(&self) -> Option<&FreeRecords> {
        maps::FREE.get(0).map(|shared| &shared.0)
    }

    /// `BPF_CMPXCHG`, fully ordered (Linux 5.12). By its mnemonic: the compiler's own atomics stop at loads and stores
    /// for this target.
    #[inline(always)]
    fn exchange(&self, word: &Word32, old: u32, new: u32) -> bool {
        let seen: u64;
        // SAFETY: a word in a map value, alive for this program's run; every access to it is one instruction.
        unsafe {
            asm!(
                "w0 = cmpxchg32_32(r1 + 0, w0, w2)",
                in("r1") core::ptr::from_ref(word),
                in("r2") u64::from(new),
                inout("r0") u64::from(old) => seen,
            );
        }
        seen as u32 == old
    }

    #[inline(always)]
    fn exchange64(&self, word: &Word64, old: u64, new: u64) -> bool {
        let seen: u64;
        // SAFETY: as above.
        unsafe {
            asm!(
                "r0 = cmpxchg_64(r1 + 0, r0, r2)",
                in("r1") core::ptr::from_ref(word),
                in("r2") new,
                inout("r0") old => seen,
            );
        }
        seen == old
    }

    #[inline(always)]
    fn barrier(&self) {
        // SAFETY: no instruction; the compiler takes memory for changed. Processors keep the order of stores or have
        // their own way to see it: the epoch is compared after the rest was copied.
        unsafe { asm!("") };
    }

    #[inline(always)]
    fn import(&self, _: &SessionKey) -> bool {
        false
    }
}

impl Tables for MapTables {
    #[inline(always)]
    fn settings(&self, slot: Slot, into: &mut Settings) -> bool {
        copied_into!(maps::SETTINGS.get_ptr(slot.index()), into)
    }

    #[inline(always)]
    fn interface(&self, key: &InterfaceKey, into: &mut InterfaceRow) -> bool {
        copied_into!(maps::INTERFACE_ROWS.get_ptr(key), into)
    }

    #[inline(always)]
    fn link(&self, key: &LinkKey) -> Option<InterfaceId> {
        let index = maps::LINK_ROWS.get_ptr(key)?;
        // SAFETY: a map value of this type, alive for this program's run (RCU).
        Some(unsafe { (*index).interface })
    }

    #[inline(always)]
    fn port(&self, slot: Slot, interface: InterfaceId, into: &mut LinkRow) -> bool {
        let place = place(slot, u32::from(interface.0), u32::from(InterfaceId::COUNT));
        copied_into!(place.and_then(|place| maps::PORT_ROWS.get_ptr(place)), into)
    }

    #[inline(always)]
    fn local(&self, addr: Addr) -> Option<LocalRow> {
        if !maps::LOCAL_FILTER.get(0)?.0.may_hold(addr) {
            return None;
        }
        copied!(maps::LOCAL_ROWS.get_ptr(LocalKey { addr }))
    }

    #[inline(always)]
    fn root(&self, key: &RootKey, into: &mut RootRow) -> bool {
        copied_into!(maps::ROOT_ROWS.get_ptr(key), into)
    }

    #[inline(always)]
    fn node(&self, slot: Slot, index: u32) -> Option<NodeRow> {
        copied!(maps::NODE_ROWS.get_ptr(place(slot, index, limits::NODES)?))
    }

    #[inline(always)]
    fn leaf(&self, slot: Slot, index: u32) -> Option<u32> {
        copied!(maps::LEAF_ROWS.get_ptr(place(slot, index, limits::LEAVES)?))
    }

    #[inline(always)]
    fn rule(&self, slot: Slot, index: u32) -> Option<RuleRow> {
        copied!(maps::RULE_ROWS.get_ptr(place(slot, index, limits::RULES)?))
    }

    #[inline(always)]
    fn policy(&self, slot: Slot, index: u32) -> Option<PolicyRow> {
        copied!(maps::POLICY_ROWS.get_ptr(place(slot, index, limits::POLICIES)?))
    }

    #[inline(always)]
    fn nat(&self, slot: Slot, index: u32, into: &mut NatRow) -> bool {
        copied_into!(place(slot, index, limits::NAT).and_then(|place| maps::NAT_ROWS.get_ptr(place)), into)
    }

    #[inline(always)]
    fn fragment(&self, key: &FragmentKey) -> Option<FragmentRow> {
        copied!(maps::FRAGMENT_ROWS.get_ptr(key))
    }

    #[inline(always)]
    fn insert_fragment(&self, key: &FragmentKey, row: &FragmentRow) {
        let _evicts_the_oldest = maps::FRAGMENT_ROWS.insert(key, row, BPF_ANY);
    }

    #[inline(always)]
    fn count(&self, index: CounterIndex, bytes: u32) {
        count!(maps::COUNTERS, index.0, bytes);
    }

    #[inline(always)]
    fn hit(&self, policy: PolicyId, bytes: u32) {
        count!(maps::HITS, policy.0, bytes);
    }

    #[inline(always)]
    fn answers(&self) -> Option<&AnswerBudget> {
        maps::ANSWERS.get(0).map(|shared| &shared.0)
    }
}

/// Index of a row in a table that holds two rulesets of up to `limit` rows.
#[inline(always)]
pub(crate) fn place(slot: Slot, index: u32, limit: u32) -> Option<u32> {
    if index < limit { Some(slot.index() * limit + index) } else { None }
}
