use super::traffic;
use crate::active::Active;
use flumen_api::{InterfaceInfo, InterfacesReport, LinkState};
use flumen_config::Mode;
use flumen_engine::{AttachMode, Attachment, Engine, EngineError, HostFacts};
use flumen_kernel::network::Waiting;

/// The largest MTU that drivers commonly take in driver mode, bytes: one page for frame, headroom and the kernel's own
/// record of it.
pub(crate) const DRIVER_MTU: u32 = 3498;

const KERNEL_SENDS: &str =
    "the kernel sends: the device takes no frames from XDP (if it is a veth: `ethtool -K PEER gro on`)";

/// Interfaces by number, with what the kernel says of them.
pub(crate) fn interfaces(
    active: &Active,
    engine: &dyn Engine,
    host: &HostFacts,
    waiting: &[Waiting],
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
        let renamed = renamed(&attachments, &interface.device).filter(|_| state == LinkState::Absent);
        let mode = renamed.or(attachment).map(|attachment| attachment.mode.name().to_owned());
        let gone = renamed.map(|now| as_renamed(now, &interface.device));
        InterfaceInfo {
            name: interface.name.clone(),
            device: interface.device.clone(),
            link: interface.link.clone(),
            zone: interface.zone.clone(),
            state,
            mtu: link.map_or(0, |link| link.mtu),
            v4: link.and_then(|link| link.v4).map(Into::into),
            v6: link.and_then(|link| link.v6).map(Into::into),
            mode,
            note: gone.or_else(|| attachment.and_then(|attachment| note(attachment, active, host))),
            received: traffic(counters.received(id)),
            transmitted: traffic(counters.transmitted(id)),
        }
    });
    Ok(InterfacesReport {
        interfaces: interfaces.collect(),
        waiting: waiting.iter().map(ToString::to_string).collect(),
    })
}

/// A device that was attached to under this name, and has another one now.
fn renamed<'a>(attachments: &'a [Attachment], device: &str) -> Option<&'a Attachment> {
    attachments.iter().find(|attachment| attachment.attached_as.as_deref() == Some(device))
}

/// What has become of it.
fn as_renamed(attachment: &Attachment, device: &str) -> String {
    let now = &attachment.device;
    format!(
        "it is called {now} now, and what arrives on it is dropped: `ip link set dev {now} name {device}` \
         (where the link may be up), or configure {now}"
    )
}

/// What the kernel does for this interface that the engine would do faster, and what to do about it.
pub(crate) fn note(attachment: &Attachment, active: &Active, host: &HostFacts) -> Option<String> {
    let device = host.link(&attachment.device);
    let kernel_sends =
        attachment.mode == AttachMode::Driver && device.is_some_and(|device| !device.xdp_transmit);
    let note = attachment.note.clone().or_else(|| kernel_sends.then(|| KERNEL_SENDS.to_owned()))?;
    let wanted = active.model.system.dataplane.mode == Mode::Generic;
    let mtu = device.map_or(0, |device| device.mtu);
    if attachment.mode == AttachMode::Driver || wanted || mtu <= DRIVER_MTU {
        return Some(note);
    }
    Some(format!(
        "{note} (its MTU is {mtu}, driver mode commonly takes {DRIVER_MTU} at most: if throughput matters more than \
         jumbo frames, `ip link set dev {} mtu {DRIVER_MTU}`, at both ends of a veth, then `flumen detach` and start the daemon)",
        attachment.device
    ))
}

#[cfg(test)]
mod tests {
    use super::note;
    use crate::active::Active;
    use crate::candidate::Candidate;
    use crate::commit::activate;
    use flumen_compile::Identities;
    use flumen_engine::{AttachMode, Attachment, Generation};
    use flumen_kernel::{FakeHost, Host};

    fn active(mode: &str) -> Active {
        let text = serde_json::json!({
            "interfaces": {"lan0": {}},
            "security": {"zones": {"lan": {"interfaces": ["lan0"]}}},
            "system": {"dataplane": {"mode": mode}},
        });
        let candidate = Candidate::read(&text.to_string(), flumen_config::LoadMode::Strict).unwrap();
        let compiled = candidate.compile(&Identities::default(), Generation(1)).unwrap();
        activate(candidate, compiled, "test")
    }

    #[test]
    fn an_mtu_that_driver_mode_does_not_take_is_named_with_the_remedy() {
        let host = FakeHost::default();
        host.add_link("lan0", &[]);
        let mut facts = host.facts().unwrap();
        let attachment = |mode, note: Option<&str>| Attachment {
            device: "lan0".into(),
            mode,
            note: note.map(str::to_owned),
            attached_as: None,
            unpinned: false,
        };
        let generic = attachment(AttachMode::Generic, Some("out of range"));
        assert_eq!(note(&generic, &active("auto"), &facts).as_deref(), Some("out of range"), "MTU 1500");
        facts.links[0].mtu = 9000;
        let said = note(&generic, &active("auto"), &facts).unwrap();
        assert!(
            said.starts_with("out of range (its MTU is 9000, ") && said.contains("dev lan0 mtu 3498"),
            "{said}"
        );
        assert_eq!(note(&generic, &active("generic"), &facts).as_deref(), Some("out of range"), "as wanted");
        assert_eq!(note(&attachment(AttachMode::Driver, None), &active("auto"), &facts), None);
    }
}
