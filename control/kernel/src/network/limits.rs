use super::converge::late;
use super::{Network, NetworkFacts, NetworkLink, plan};
use crate::{DeviceFacts, Host, KernelError, Ledger, LinkProperty, Quantity, Setting};

/// What a configuration sets of links that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Values, in order.
    pub values: Vec<(Setting, String)>,
    /// What the devices cannot do: link, and why.
    pub impossible: Vec<(String, String)>,
}

/// What is to be set of the links that are there, what their devices do not take, and which names of sub-interfaces
/// others have.
///
/// # Errors
/// When the kernel cannot be asked.
pub fn settings(host: &dyn Host, ledger: &Ledger, wanted: &Network) -> Result<Settings, KernelError> {
    let mut settings = Settings::default();
    if wanted.links.is_empty() {
        return Ok(settings);
    }
    let facts = host.network()?;
    for (name, link) in wanted.links.iter().filter(|(name, _)| facts.link(name).is_some()) {
        settings.of_link(host, &facts, name, link)?;
    }
    let made = ledger.links().map(str::to_owned).collect();
    settings.impossible.extend(plan::links_to_make(wanted, &facts, &made).1);
    Ok(settings)
}

impl Settings {
    /// What is set before the gateway is on a device, and what only then.
    pub(crate) fn is_late(setting: &Setting) -> bool {
        late(setting)
    }

    fn of_link(
        &mut self,
        host: &dyn Host,
        facts: &NetworkFacts,
        name: &str,
        link: &NetworkLink,
    ) -> Result<(), KernelError> {
        let mut set = |setting: Setting, value: String| self.values.push((setting, value));
        for (quantity, count) in &link.quantities {
            set(Setting::Quantity { device: name.to_owned(), quantity: *quantity }, count.to_string());
        }
        if let Some(alias) = &link.alias {
            let end = alias.floor_char_boundary(NetworkLink::ALIAS);
            set(Setting::link(name, LinkProperty::Alias), alias[..end].to_owned());
        }
        if let Some(mtu) = link.mtu {
            set(Setting::link(name, LinkProperty::Mtu), mtu.to_string());
        }
        if let Some(mtu) = link.ipv6_mtu {
            set(Setting::conf("ipv6", name, "mtu"), mtu.to_string());
        }
        set(Setting::link(name, LinkProperty::Up), if link.up { "up" } else { "down" }.to_owned());
        self.mtu(facts, name, link);
        if link.offloads.is_empty() && link.quantities.is_empty() {
            return Ok(());
        }
        let device = host.device(name)?.unwrap_or_default();
        self.offloads(&device, name, link);
        self.quantities(&device, name, link);
        Ok(())
    }

    fn mtu(&mut self, facts: &NetworkFacts, name: &str, link: &NetworkLink) {
        let (least, greatest) = facts.link(name).map_or((0, 0), |state| state.mtu_limits);
        if let Some(mtu) = link.mtu.filter(|mtu| *mtu < least || (greatest > 0 && *mtu > greatest)) {
            let why = format!("the device takes packets of {least} to {greatest} bytes, not {mtu}");
            self.impossible.push((name.to_owned(), why));
        }
    }

    /// Each changeable feature that an offload stands for.
    fn offloads(&mut self, device: &DeviceFacts, name: &str, link: &NetworkLink) {
        for (offload, on) in &link.offloads {
            let value = if *on { "on" } else { "off" };
            let covered = || device.features.iter().filter(|(feature, _)| offload.covers(feature));
            let own: Vec<_> = covered()
                .filter(|(_, now)| !now.fixed)
                .map(|(feature, _)| Setting::Feature { device: name.to_owned(), feature: feature.clone() })
                .collect();
            // What the device does not have is off.
            if own.is_empty() && (*on || covered().next().is_some()) {
                let why = format!("offload {} cannot be turned {value} on this device", offload.name());
                self.impossible.push((name.to_owned(), why));
            }
            self.values.extend(own.into_iter().map(|setting| (setting, value.to_owned())));
        }
    }

    fn quantities(&mut self, device: &DeviceFacts, name: &str, link: &NetworkLink) {
        let mut impossible = |why: String| self.impossible.push((name.to_owned(), why));
        for (quantity, count) in &link.quantities {
            match device.quantities.get(quantity) {
                // With more queues than CPUs the driver of virtio has crashed kernels that run XDP.
                Some(_) if *quantity == Quantity::CombinedChannels && *count > cpus() => {
                    impossible(format!("there are {} CPUs, so {count} channels are too many", cpus()));
                }
                Some(span) => {
                    if let Some(most) = span.max.filter(|most| count > most) {
                        impossible(format!("the device has {most} at most as its {quantity}, not {count}"));
                    }
                }
                None => impossible(format!("the device has no {quantity} to be set")),
            }
        }
    }
}

fn cpus() -> u32 {
    std::thread::available_parallelism().ok().and_then(|cpus| u32::try_from(cpus.get()).ok()).unwrap_or(1)
}
