use super::arrays::{Arrays, NumberCell};
use super::program::Attached;
use super::rows::Rows;
use crate::EngineError;
use crate::binding::Binding;
use flumen_abi::{IfIndex, ServiceRow, Slot, ZoneId, limits};
use flumen_compile::Ruleset;
use std::collections::{BTreeMap, BTreeSet};

/// The ruleset in force and where it lies.
pub(crate) struct Installed {
    pub(crate) ruleset: Ruleset,
    pub(crate) slot: Slot,
}

/// A ruleset that lies beside the one in force.
pub(crate) struct Prepared {
    pub(crate) ruleset: Ruleset,
    pub(crate) slot: Slot,
    /// Devices that were attached to for it.
    pub(crate) fresh: Vec<IfIndex>,
}

/// Name, rows needed and rows there is room for, of each table that a ruleset fills.
pub(crate) fn sizes(ruleset: &Ruleset) -> [(&'static str, usize, u32); 8] {
    [
        ("interfaces", ruleset.interfaces.len(), limits::INTERFACES),
        ("classifier_roots", ruleset.roots.len(), limits::ROOTS),
        ("classifier_nodes", ruleset.nodes.len(), limits::NODES),
        ("classifier_leaves", ruleset.leaves.len(), limits::LEAVES),
        ("classifier_rules", ruleset.rules.len(), limits::RULES),
        ("policies", ruleset.policies.len(), limits::POLICIES),
        ("nat", ruleset.nat.len(), limits::NAT),
        ("mirrors", ruleset.mirrors.len(), limits::MIRROR_ROWS),
    ]
}

/// Refuses a ruleset that does not fit, before anything is written.
pub(crate) fn check_sizes(ruleset: &Ruleset) -> Result<(), EngineError> {
    for (table, needed, size) in sizes(ruleset) {
        let size = size as usize;
        if needed > size {
            return Err(EngineError::TooManyRows { table, needed, size });
        }
    }
    Ok(())
}

/// A device to be attached to.
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) index: IfIndex,
    pub(crate) program: Attached,
    /// It may go without: it is in no zone, and DF can be cleared otherwise.
    pub(crate) optional: bool,
    /// It is in no zone: there for its services alone.
    pub(crate) passive: bool,
}

/// Devices to be attached to, each once.
pub(crate) fn devices(ruleset: &Ruleset, bindings: &[Binding]) -> Vec<Device> {
    let mut devices: BTreeMap<&str, Device> = BTreeMap::new();
    for binding in bindings {
        let device = devices.entry(&binding.device).or_insert_with(|| Device {
            name: binding.device.clone(),
            index: binding.key.device,
            program: Attached::Pipeline,
            optional: true,
            passive: true,
        });
        device.passive &= binding.interface.zone == ZoneId::NONE;
        let mut rows = ruleset.services.iter().filter(|(interface, _)| *interface == binding.interface.id);
        let service = rows.next().map_or(ServiceRow::default(), |(_, row)| *row);
        device.optional &=
            binding.interface.zone == ZoneId::NONE && service.flags & ServiceRow::CLEARS_DF != 0;
        if service.flags != 0 || binding.interface.zone == ZoneId::NONE {
            device.program = Attached::Services;
        }
    }
    devices.into_values().collect()
}

/// What the devices are called that zones are on, also those that are not there.
pub(crate) fn zone_devices(ruleset: &Ruleset) -> BTreeSet<&str> {
    let present = ruleset.interfaces.iter().filter(|interface| interface.zone != ZoneId::NONE);
    present.map(|interface| &*interface.device).chain(ruleset.absent.iter().map(String::as_str)).collect()
}

/// Writes the whole ruleset into the inactive `slot`.
pub(crate) fn write(
    rows: &mut Rows,
    arrays: &mut Arrays,
    slot: Slot,
    ruleset: &Ruleset,
    bindings: &[Binding],
) -> Result<(), EngineError> {
    let leaves: Vec<NumberCell> =
        ruleset.leaves.iter().map(|&rule| NumberCell { number: rule, padding: 0 }).collect();
    arrays.nodes.write(slot, &ruleset.nodes);
    arrays.leaves.write(slot, &leaves);
    arrays.rules.write(slot, &ruleset.rules);
    arrays.policies.write(slot, &ruleset.policies);
    arrays.nat.write(slot, &ruleset.nat);
    rows.set_settings(slot, &ruleset.settings)?;
    rows.set_roots(slot, &ruleset.roots)?;
    rows.services.set(slot, ruleset)?;
    rows.set_bindings(slot, bindings)
}
