use crate::maps;
use flumen_abi::{
    Addr, AnswerBudget, Control, CounterIndex, FragmentKey, FragmentRow, Hop, InterfaceId, InterfaceKey,
    InterfaceRow, LinkKey, LinkRow, LocalKey, LocalRow, NatRow, NodeRow, PolicyId, PolicyRow, RootKey,
    RootRow, RuleRow, SessionKey, SessionKey4, SessionOwner, SessionRecord, SessionRow, SessionRow4,
    SessionSlot, Settings, Slot, limits,
};
use flumen_pipeline::{InsertError, Tables};

/// The rows in BPF maps.
pub struct MapTables;

const BPF_NOEXIST: u64 = 1;
const BPF_ANY: u64 = 0;
const EEXIST: i32 = 17;

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

impl Tables for MapTables {
    #[inline(always)]
    fn control(&self) -> Option<&Control> {
        maps::CONTROL.get(0).map(|shared| &shared.0)
    }

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
    fn session(&self, key: &SessionKey, into: &mut SessionRow) -> bool {
        if key.is_v4() {
            match maps::SESSIONS4.get_ptr(SessionKey4::new(key)) {
                Some(row) => {
                    // SAFETY: a map value of this type, alive for this program's run (RCU).
                    unsafe { (*row).expand(into) };
                    true
                }
                None => false,
            }
        } else {
            copied_into!(maps::SESSIONS6.get_ptr(key), into)
        }
    }

    #[inline(always)]
    fn learn_hop(&self, key: &SessionKey, hop: &Hop) {
        let place = if key.is_v4() {
            // SAFETY: a field's address in a map value of this type.
            maps::SESSIONS4.get_ptr_mut(SessionKey4::new(key)).map(|row| unsafe { &raw mut (*row).hop })
        } else {
            // SAFETY: as above.
            maps::SESSIONS6.get_ptr_mut(key).map(|row| unsafe { &raw mut (*row).hop })
        };
        let Some(place) = place else { return };
        // SAFETY: in a map value that is alive for this program's run. Other CPUs may read the hop meanwhile: they take
        // it only with the epoch, which is cleared before and set after the rest.
        unsafe {
            (&raw mut (*place).epoch).write_volatile(0);
            (&raw mut (*place).interface).write_volatile(hop.interface);
            (&raw mut (*place).mac[0]).write_volatile(hop.mac[0]);
            (&raw mut (*place).mac[1]).write_volatile(hop.mac[1]);
            (&raw mut (*place).mac[2]).write_volatile(hop.mac[2]);
            (&raw mut (*place).ingress).write_volatile(hop.ingress);
            (&raw mut (*place).epoch).write_volatile(hop.epoch);
        }
    }

    #[inline(always)]
    fn insert_session(&self, key: &SessionKey, row: &SessionRow) -> Result<(), InsertError> {
        let inserted = if key.is_v4() {
            let Some(compact) = maps::compact() else { return Err(InsertError::Full) };
            compact.key = SessionKey4::new(key);
            compact.row = SessionRow4::new(row);
            maps::SESSIONS4.insert(&compact.key, &compact.row, BPF_NOEXIST)
        } else {
            maps::SESSIONS6.insert(key, row, BPF_NOEXIST)
        };
        match inserted {
            Ok(()) => Ok(()),
            Err(error) if error == -EEXIST => Err(InsertError::Exists),
            Err(_) => Err(InsertError::Full),
        }
    }

    #[inline(always)]
    fn remove_session(&self, key: &SessionKey) {
        let _gone_already = if key.is_v4() {
            maps::SESSIONS4.remove(SessionKey4::new(key))
        } else {
            maps::SESSIONS6.remove(key)
        };
    }

    #[inline(always)]
    fn record(&self, slot: SessionSlot) -> Option<&SessionRecord> {
        maps::RECORDS.get(slot.0).map(|shared| &shared.0)
    }

    #[inline(always)]
    fn owner(&self, slot: SessionSlot) -> Option<&SessionOwner> {
        maps::OWNERS.get(slot.0).map(|shared| &shared.0)
    }

    #[inline(always)]
    fn take_record(&self) -> Option<SessionSlot> {
        match maps::FREE_RECORDS.pop() {
            Ok(Some(slot)) => Some(SessionSlot(slot)),
            _ => None,
        }
    }

    #[inline(always)]
    fn give_record(&self, slot: SessionSlot) {
        let _never_full = maps::FREE_RECORDS.push(slot.0, BPF_ANY);
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
fn place(slot: Slot, index: u32, limit: u32) -> Option<u32> {
    if index < limit { Some(slot.index() * limit + index) } else { None }
}
