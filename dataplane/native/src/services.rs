use crate::tables::NativeTables;
use flumen_abi::{Counter, IfIndex, InterfaceId, MirrorKey, MirrorRow, ServiceRow, Slot, TallyIndex};
use flumen_frame::Frame;
use flumen_pipeline::{Environment, Scratch, ServiceTables, Trace, Verdict, intercept, run};
use hashbrown::HashMap;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Services of one ruleset. Keys carry slot 0 wherever it lies.
#[derive(Clone, Debug, Default)]
pub struct ServiceRows {
    /// By interface; those without any are not there.
    pub services: BTreeMap<InterfaceId, ServiceRow>,
    /// Traffic mirrors.
    pub mirrors: HashMap<MirrorKey, MirrorRow>,
}

/// What services have counted, by [`TallyIndex`].
#[derive(Debug, Default)]
pub(crate) struct Tallies(RefCell<BTreeMap<u32, Counter>>);

impl ServiceTables for NativeTables<'_> {
    fn service(&self, slot: Slot, interface: InterfaceId, into: &mut ServiceRow) -> bool {
        *into = self.service_rows(slot).services.get(&interface).copied().unwrap_or_default();
        true
    }

    fn mirror(&self, key: &MirrorKey, into: &mut MirrorRow) -> bool {
        let rows = &self.service_rows(Slot::new(key.slot)).mirrors;
        let Some(row) = rows.get(&MirrorKey { slot: 0, ..*key }) else { return false };
        *into = *row;
        true
    }

    fn tally(&self, index: TallyIndex, bytes: u32) {
        let mut tallies = self.tallies.0.borrow_mut();
        let counter = tallies.entry(index.0).or_default();
        counter.packets += 1;
        counter.bytes += u64::from(bytes);
    }
}

impl NativeTables<'_> {
    /// A tally.
    pub fn tallied(&self, index: TallyIndex) -> Counter {
        self.tallies.0.borrow().get(&index.0).copied().unwrap_or_default()
    }

    fn service_rows(&self, slot: Slot) -> &ServiceRows {
        &self.ruleset(slot).services
    }

    /// True when the ruleset in force has any, or interfaces that only services use.
    fn has_services(&self) -> bool {
        !self.service_rows(self.sessions().control.slot()).services.is_empty()
    }
}

/// Takes a frame through the services of its interface, and through the pipeline when it belongs to none.
#[inline(always)]
pub fn take<F: Frame, E: Environment, S: Trace>(
    frame: &mut F,
    device: IfIndex,
    tables: &NativeTables<'_>,
    environment: &mut E,
    trace: &mut S,
    scratch: &mut Scratch,
) -> Verdict {
    if tables.has_services()
        && let Some(verdict) = intercept(frame, device, tables, environment, trace, scratch)
    {
        return verdict;
    }
    run(frame, device, tables, environment, trace, scratch)
}
