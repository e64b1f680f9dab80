use crate::{EngineError, HostFacts, LinkFacts};
use flumen_abi::{Addr, InterfaceKey, InterfaceRow, LinkRow};
use flumen_compile::{InterfaceBinding, Ruleset};

/// An interface of the ruleset, as the host has it now.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    pub(crate) device: String,
    pub(crate) key: InterfaceKey,
    pub(crate) interface: InterfaceRow,
    pub(crate) link: LinkRow,
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
        interface: InterfaceRow {
            link: link.index,
            zone: interface.zone,
            id: interface.id,
            station: station(device, link),
        },
        link: LinkRow {
            v4: link.v4.unwrap_or(Addr::UNSPECIFIED),
            v6: link.v6.unwrap_or(Addr::UNSPECIFIED),
            device: device.index,
            vlan: interface.vlan,
            mtu: link.mtu,
            zone: interface.zone,
            id: interface.id,
            mac: link.mac,
            flags: flags(device),
            link: link.index,
            reserved: 0,
        },
    })
}

fn flags(device: &LinkFacts) -> u16 {
    let unless = |holds: bool, flag: u16| if holds { 0 } else { flag };
    unless(device.running, LinkRow::DOWN)
        | unless(device.xdp_transmit, LinkRow::KERNEL_SENDS)
        | unless(device.xdp_transmit_fragments, LinkRow::ONE_BUFFER)
}

/// The address that frames must be sent to. A VLAN device with an address of its own hears two: then none is asked for.
fn station(device: &LinkFacts, link: &LinkFacts) -> u64 {
    if device.mac == link.mac { InterfaceRow::station(device.mac) } else { 0 }
}
