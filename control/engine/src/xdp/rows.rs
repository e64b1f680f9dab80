use super::program::{Loaded, bpf};
use super::services::ServiceTables;
use crate::binding::Binding;
use crate::{CounterView, EngineError, LocalFacts};
use aya::maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray, PerCpuValues};
use aya::util::nr_cpus;
use flumen_abi::{
    Counter, CounterIndex, InterfaceId, InterfaceKey, LinkIndex, LinkKey, LocalFilter, LocalKey, LocalRow,
    PolicyId, RootKey, RootRow, Settings, Slot, ZoneId,
};
use flumen_compile::Ruleset;
use std::collections::HashSet;
use zerocopy::{FromBytes, Immutable, IntoBytes, transmute};

pub(super) type Bytes<const N: usize> = [u8; N];

/// The tables that are read and written row by row.
pub(crate) struct Rows {
    settings: Array<MapData, Bytes<40>>,
    interfaces: HashMap<MapData, Bytes<16>, Bytes<16>>,
    links: HashMap<MapData, Bytes<8>, Bytes<4>>,
    ports: Array<MapData, Bytes<64>>,
    locals: HashMap<MapData, Bytes<16>, Bytes<8>>,
    roots: HashMap<MapData, Bytes<8>, Bytes<16>>,
    counters: PerCpuArray<MapData, Bytes<16>>,
    hits: PerCpuArray<MapData, Bytes<16>>,
    pub(crate) services: ServiceTables,
}

pub(super) fn open<M: TryFrom<Map, Error = MapError>>(
    program: &mut Loaded,
    name: &str,
) -> Result<M, EngineError> {
    M::try_from(program.take(name)?).map_err(|error| table(name, &error))
}

pub(super) fn table(name: &str, error: &MapError) -> EngineError {
    bpf(&format!("access table {name}"), error)
}

/// Removes the keys for which `old` holds.
pub(super) fn remove_where<const K: usize, const V: usize>(
    map: &mut HashMap<MapData, Bytes<K>, Bytes<V>>,
    name: &str,
    old: impl Fn(&Bytes<K>) -> bool,
) -> Result<(), EngineError> {
    let keys: Result<Vec<_>, _> = map.keys().filter(|key| key.as_ref().map_or(true, &old)).collect();
    for key in keys.map_err(|error| table(name, &error))? {
        match map.remove(&key) {
            Ok(()) | Err(MapError::KeyNotFound) => {}
            Err(error) => return Err(table(name, &error)),
        }
    }
    Ok(())
}

pub(super) fn bytes<T: IntoBytes + Immutable, const N: usize>(row: &T) -> Bytes<N> {
    let mut out = [0; N];
    out.copy_from_slice(row.as_bytes());
    out
}

impl Rows {
    pub(crate) fn take(program: &mut Loaded) -> Result<Rows, EngineError> {
        Ok(Rows {
            settings: open(program, "SETTINGS")?,
            interfaces: open(program, "INTERFACES")?,
            links: open(program, "LINKS")?,
            ports: open(program, "PORTS")?,
            locals: open(program, "LOCALS")?,
            roots: open(program, "ROOTS")?,
            counters: open(program, "COUNTERS")?,
            hits: open(program, "HITS")?,
            services: ServiceTables::take(program)?,
        })
    }

    pub(crate) fn settings(&self, slot: Slot) -> Result<Settings, EngineError> {
        let row = self.settings.get(&slot.index(), 0).map_err(|error| table("SETTINGS", &error))?;
        Ok(transmute!(row))
    }

    pub(crate) fn set_settings(&mut self, slot: Slot, settings: &Settings) -> Result<(), EngineError> {
        self.settings.set(slot.index(), bytes(settings), 0).map_err(|error| table("SETTINGS", &error))
    }

    /// Replaces the roots of `slot`.
    pub(crate) fn set_roots(&mut self, slot: Slot, roots: &[(RootKey, RootRow)]) -> Result<(), EngineError> {
        remove_where(&mut self.roots, "ROOTS", |key| u32::from(key[0]) == slot.index())?;
        for (key, row) in roots {
            let key = RootKey { slot: slot.index() as u8, ..*key };
            self.roots.insert(bytes(&key), bytes(row), 0).map_err(|error| table("ROOTS", &error))?;
        }
        Ok(())
    }

    /// Makes the interfaces and links of `slot` exactly `bindings`. Rows that stay are overwritten in place, so
    /// that this is safe on the active slot.
    pub(crate) fn set_bindings(&mut self, slot: Slot, bindings: &[Binding]) -> Result<(), EngineError> {
        let mut interfaces = HashSet::new();
        let mut links = HashSet::new();
        for binding in bindings {
            let key = InterfaceKey { slot: slot.index(), ..binding.key };
            let key: Bytes<16> = bytes(&key);
            self.interfaces
                .insert(key, bytes(&binding.interface), 0)
                .map_err(|error| table("INTERFACES", &error))?;
            interfaces.insert(key);
            let key = LinkKey { slot: slot.index(), link: binding.interface.link };
            let key: Bytes<8> = bytes(&key);
            let place = slot.index() * u32::from(InterfaceId::COUNT) + u32::from(binding.link.id.0);
            self.ports.set(place, bytes(&binding.link), 0).map_err(|error| table("PORTS", &error))?;
            if binding.interface.zone == ZoneId::NONE {
                continue; // no route may lead there
            }
            let index = LinkIndex { interface: binding.link.id, reserved: 0 };
            self.links.insert(key, bytes(&index), 0).map_err(|error| table("LINKS", &error))?;
            links.insert(key);
        }
        let this_slot = |key: &[u8]| key[..4] == slot.index().to_ne_bytes();
        remove_where(&mut self.interfaces, "INTERFACES", |key| this_slot(key) && !interfaces.contains(key))?;
        remove_where(&mut self.links, "LINKS", |key| this_slot(key) && !links.contains(key))
    }

    /// Empties the rows of interfaces in `slot` whose devices are gone: what is sent to a port by its number alone, not by
    /// a route, must find out.
    pub(crate) fn clear_absent_ports(
        &mut self,
        slot: Slot,
        ruleset: &Ruleset,
        present: &[Binding],
    ) -> Result<(), EngineError> {
        let absent = |id| !present.iter().any(|binding| binding.link.id == id);
        for id in ruleset.interfaces.iter().map(|interface| interface.id).filter(|id| absent(*id)) {
            let place = slot.index() * u32::from(InterfaceId::COUNT) + u32::from(id.0);
            self.ports.set(place, [0; 64], 0).map_err(|error| table("PORTS", &error))?;
        }
        Ok(())
    }

    /// Makes the host's addresses exactly `locals`.
    pub(crate) fn set_locals(
        &mut self,
        filter: &LocalFilter,
        locals: &[LocalFacts],
    ) -> Result<(), EngineError> {
        let mut wanted = HashSet::new();
        let exact = LocalFilter::default();
        for local in locals {
            exact.add(local.addr);
            filter.add(local.addr); // before the row, so that none is overlooked
            let key: Bytes<16> = bytes(&LocalKey { addr: local.addr });
            let row = LocalRow { link: local.link, broadcast: u32::from(local.broadcast) };
            self.locals.insert(key, bytes(&row), 0).map_err(|error| table("LOCALS", &error))?;
            wanted.insert(key);
        }
        remove_where(&mut self.locals, "LOCALS", |key| !wanted.contains(key))?;
        filter.copy_from(&exact);
        Ok(())
    }

    pub(crate) fn counters(&self) -> Result<CounterView, EngineError> {
        let mut sums = Vec::with_capacity(CounterIndex::COUNT as usize);
        for row in self.counters.iter() {
            sums.push(sum(&row.map_err(|error| table("COUNTERS", &error))?));
        }
        Ok(CounterView::new(sums))
    }

    /// Sets a counter to zero on every CPU.
    pub(crate) fn reset_counter(&mut self, index: CounterIndex) -> Result<(), EngineError> {
        let cpus =
            nr_cpus().map_err(|(_, source)| super::pins::system("count the CPUs".to_owned(), source))?;
        let zero = PerCpuValues::try_from(vec![[0; 16]; cpus])
            .map_err(|source| super::pins::system("reset a counter".to_owned(), source))?;
        self.counters.set(index.0, zero, 0).map_err(|error| table("COUNTERS", &error))
    }

    pub(crate) fn hits(&self, policy: PolicyId) -> Result<Counter, EngineError> {
        self.hits.get(&policy.0, 0).map(|row| sum(&row)).map_err(|error| table("HITS", &error))
    }
}

pub(super) fn sum(row: &PerCpuValues<Bytes<16>>) -> Counter {
    row.iter().fold(Counter::default(), |sum, cpu| {
        let counter = Counter::read_from_bytes(cpu).unwrap_or_default();
        Counter { packets: sum.packets + counter.packets, bytes: sum.bytes + counter.bytes }
    })
}
