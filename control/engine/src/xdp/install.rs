use super::arrays::{Arrays, LeafCell};
use super::rows::Rows;
use crate::{EngineError, HostFacts, LinkFacts};
use flumen_abi::{Addr, IfIndex, InterfaceKey, InterfaceRow, LinkRow, Slot, limits};
use flumen_compile::{InterfaceBinding, Ruleset};

/// The ruleset in force and where it lies.
pub(crate) struct Installed {
    pub(crate) ruleset: Ruleset,
    pub(crate) slot: Slot,
}

/// An interface of the ruleset, as the host has it now.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) device: String,
    pub(crate) key: InterfaceKey,
    pub(crate) interface: InterfaceRow,
    pub(crate) link: LinkRow,
}

/// Refuses a ruleset that does not fit, before anything is written.
pub(crate) fn check_sizes(ruleset: &Ruleset) -> Result<(), EngineError> {
    for (table, needed, size) in [
        ("interfaces", ruleset.interfaces.len(), limits::INTERFACES),
        ("classifier_roots", ruleset.roots.len(), limits::ROOTS),
        ("classifier_nodes", ruleset.nodes.len(), limits::NODES),
        ("classifier_leaves", ruleset.leaves.len(), limits::LEAVES),
        ("classifier_rules", ruleset.rules.len(), limits::RULES),
        ("policies", ruleset.policies.len(), limits::POLICIES),
        ("nat", ruleset.nat.len(), limits::NAT),
    ] {
        let size = size as usize;
        if needed > size {
            return Err(EngineError::TooManyRows { table, needed, size });
        }
    }
    Ok(())
}

/// Every interface of the ruleset with its kernel numbers.
///
/// # Errors
/// [`EngineError::NoDevice`] for the first one that is not there.
pub(crate) fn resolve(ruleset: &Ruleset, host: &HostFacts) -> Result<Vec<Binding>, EngineError> {
    ruleset.interfaces.iter().map(|interface| bind(interface, host)).collect()
}

/// The interfaces whose devices are there.
pub(crate) fn resolve_present(ruleset: &Ruleset, host: &HostFacts) -> Vec<Binding> {
    ruleset.interfaces.iter().filter_map(|interface| bind(interface, host).ok()).collect()
}

fn bind(interface: &InterfaceBinding, host: &HostFacts) -> Result<Binding, EngineError> {
    let find = |name: &str| -> Result<&LinkFacts, EngineError> {
        host.link(name).ok_or_else(|| EngineError::NoDevice { device: name.to_owned() })
    };
    let device = find(&interface.device)?;
    let link = find(&interface.link)?;
    Ok(Binding {
        device: device.name.clone(),
        key: InterfaceKey { slot: 0, device: device.index, vlan: interface.vlan, reserved: 0 },
        interface: InterfaceRow { link: link.index, zone: interface.zone, id: interface.id },
        link: LinkRow {
            v4: link.v4.unwrap_or(Addr::UNSPECIFIED),
            v6: link.v6.unwrap_or(Addr::UNSPECIFIED),
            device: device.index,
            vlan: interface.vlan,
            mtu: link.mtu,
            zone: interface.zone,
            id: interface.id,
        },
    })
}

/// Devices to be attached to, each once.
pub(crate) fn devices(bindings: &[Binding]) -> Vec<(String, IfIndex)> {
    let mut devices: Vec<_> =
        bindings.iter().map(|binding| (binding.device.clone(), binding.key.device)).collect();
    devices.sort_by(|left, right| left.0.cmp(&right.0));
    devices.dedup();
    devices
}

/// Writes the whole ruleset into the inactive `slot`.
pub(crate) fn write(
    rows: &mut Rows,
    arrays: &mut Arrays,
    slot: Slot,
    ruleset: &Ruleset,
    bindings: &[Binding],
) -> Result<(), EngineError> {
    let leaves: Vec<LeafCell> = ruleset.leaves.iter().map(|&rule| LeafCell { rule, padding: 0 }).collect();
    arrays.nodes.write(slot, &ruleset.nodes);
    arrays.leaves.write(slot, &leaves);
    arrays.rules.write(slot, &ruleset.rules);
    arrays.policies.write(slot, &ruleset.policies);
    arrays.nat.write(slot, &ruleset.nat);
    rows.set_settings(slot, &ruleset.settings)?;
    rows.set_roots(slot, &ruleset.roots)?;
    rows.set_bindings(slot, bindings)
}
