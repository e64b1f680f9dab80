use super::program::Loaded;
use super::rows::{Bytes, bytes, open, remove_where, sum, table};
use crate::{EngineError, TallyView};
use aya::maps::{Array, HashMap, MapData, PerCpuArray};
use flumen_abi::{InterfaceId, MirrorKey, ServiceRow, Slot, TallyIndex};
use flumen_compile::Ruleset;

/// The tables of services.
pub(crate) struct ServiceTables {
    services: Array<MapData, Bytes<8>>,
    mirrors: HashMap<MapData, Bytes<16>, Bytes<8>>,
    tallies: PerCpuArray<MapData, Bytes<16>>,
}

// === impl ServiceTables ===

impl ServiceTables {
    pub(crate) fn take(program: &mut Loaded) -> Result<ServiceTables, EngineError> {
        Ok(ServiceTables {
            services: open(program, "SERVICES")?,
            mirrors: open(program, "MIRRORS")?,
            tallies: open(program, "TALLIES")?,
        })
    }

    /// Makes the services of the inactive `slot` those of `ruleset`.
    pub(crate) fn set(&mut self, slot: Slot, ruleset: &Ruleset) -> Result<(), EngineError> {
        let first = slot.index() * u32::from(InterfaceId::COUNT);
        let mut rows = vec![ServiceRow::default(); usize::from(InterfaceId::COUNT)];
        for (interface, row) in &ruleset.services {
            rows[usize::from(interface.0)] = *row;
        }
        for (place, row) in (first..).zip(&rows) {
            self.services.set(place, bytes(row), 0).map_err(|error| table("SERVICES", &error))?;
        }
        let this_slot = |key: &Bytes<16>| key[..4] == slot.index().to_ne_bytes();
        remove_where(&mut self.mirrors, "MIRRORS", this_slot)?;
        for (key, row) in &ruleset.mirrors {
            let key = MirrorKey { slot: slot.index(), ..*key };
            self.mirrors.insert(bytes(&key), bytes(row), 0).map_err(|error| table("MIRRORS", &error))?;
        }
        Ok(())
    }

    /// What services have counted of `interface`.
    pub(crate) fn tallies(&self, interface: InterfaceId) -> Result<TallyView, EngineError> {
        let read = |tally| {
            let place = TallyIndex::new(interface, tally).0;
            self.tallies.get(&place, 0).map(|row| sum(&row)).map_err(|error| table("TALLIES", &error))
        };
        TallyView::read(read)
    }
}
