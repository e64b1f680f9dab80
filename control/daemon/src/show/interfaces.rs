use super::traffic;
use crate::active::Active;
use flumen_api::{InterfaceInfo, InterfacesReport, LinkState};
use flumen_engine::{AttachMode, Attachment, Engine, EngineError, HostFacts};

const KERNEL_SENDS: &str =
    "the kernel sends: the device takes no frames from XDP (if it is a veth: `ethtool -K PEER gro on`)";

/// Interfaces by number, with what the kernel says of them.
pub(crate) fn interfaces(
    active: &Active,
    engine: &dyn Engine,
    host: &HostFacts,
) -> Result<InterfacesReport, EngineError> {
    let counters = engine.counters()?;
    let attachments = engine.attachments();
    let interfaces = active.names.interfaces().map(|(id, interface)| {
        let link = host.link(&interface.link);
        let state = match link {
            Some(_) if host.link(&interface.device).is_none() => LinkState::Absent,
            Some(link) if link.running => LinkState::Up,
            Some(_) => LinkState::Down,
            None => LinkState::Absent,
        };
        let attachment = attachments.iter().find(|attachment| attachment.device == interface.device);
        let attachment = attachment.filter(|_| state != LinkState::Absent);
        InterfaceInfo {
            name: interface.name.clone(),
            device: interface.device.clone(),
            link: interface.link.clone(),
            zone: interface.zone.clone(),
            state,
            mtu: link.map_or(0, |link| link.mtu),
            v4: link.and_then(|link| link.v4).map(Into::into),
            v6: link.and_then(|link| link.v6).map(Into::into),
            mode: attachment.map(|attachment| attachment.mode.name().to_owned()),
            note: attachment.and_then(|attachment| note(attachment, host)),
            received: traffic(counters.received(id)),
            transmitted: traffic(counters.transmitted(id)),
        }
    });
    Ok(InterfacesReport { interfaces: interfaces.collect() })
}

/// What the kernel does for this interface that the engine would do faster.
fn note(attachment: &Attachment, host: &HostFacts) -> Option<String> {
    let takes = host.link(&attachment.device).is_none_or(|device| device.xdp_transmit);
    let kernel_sends = attachment.mode == AttachMode::Driver && !takes;
    attachment.note.clone().or_else(|| kernel_sends.then(|| KERNEL_SENDS.to_owned()))
}
