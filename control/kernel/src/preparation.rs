//! The host beside the datapath: what the kernel must allow so that it can help.
//!
//! A packet whose next hop is unresolved, or that must be fragmented, is handed to the kernel after
//! translation. Its source may then be the gateway's own address, and it arrives from where no route points:
//! without `accept_local`, and with `rp_filter`, the kernel would drop it as a martian; without `forwarding` it
//! would not send it on (and `bpf_fib_lookup` answers that forwarding is off).
//!
//! A device that takes VLAN tags off hides them from XDP: a tagged frame would be one of the untagged interface's zone.

use crate::network::{Effort, Settings};
use crate::{Host, KernelError, Ledger, LinkProperty, Restoration, Setting, put_back};

/// A setting that was changed, or set back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub setting: Setting,
    /// Value before.
    pub from: String,
    /// Value now.
    pub to: String,
}

/// A host that is prepared but for what lets the kernel forward.
#[derive(Debug, Default)]
pub struct Prepared {
    /// What was changed.
    pub changes: Vec<Change>,
    /// What is to be set by [`open`] once the gateway is on every device: until then nothing would stop what the kernel forwards.
    pub openings: Vec<(Setting, String)>,
}

/// Names of sysctls that are read and set.
const FORWARDING: &str = "forwarding";
const FORCE_FORWARDING: &str = "force_forwarding";
const RP_FILTER: &str = "rp_filter";

/// Bytes that every link of IPv6 takes (RFC 8200, 5).
const LEAST_MTU_IPV6: u32 = 1280;

/// Prepares the host for a gateway whose addresses are on `links` and whose frames arrive on `devices`; what
/// an earlier call prepared and this one does not need is set back. Originals go to `ledger` first. `configured` is what
/// the configuration itself sets; it wins over what the gateway would set, and with [`Effort::AsFarAsPossible`] does
/// not fail.
///
/// # Errors
/// When a setting cannot be changed, or an opening could not be. Those changed so far stay, and are in the ledger.
pub fn prepare(
    host: &dyn Host,
    ledger: &mut Ledger,
    links: &[String],
    devices: &[String],
    configured: (&Settings, Effort),
) -> Result<Prepared, KernelError> {
    let (configured, effort) = configured;
    let facts = host.facts()?;
    ledger.follow(&facts);
    let mut plan = Plan::new(host, ledger, links, devices)?;
    plan.wanted.retain(|(setting, _)| configured.values.iter().all(|(own, _)| own != setting));
    for (setting, value) in &configured.values {
        plan.want(setting.clone(), value)?;
    }
    let Plan { wanted, originals, .. } = plan;
    let covered = |setting: &Setting| wanted.iter().any(|(covered, _)| covered == setting);
    let unneeded: Vec<Setting> =
        ledger.settings().map(|(setting, _)| setting.clone()).filter(|setting| !covered(setting)).collect();
    let mut changes = set_back(host, ledger, &unneeded)?;
    let mut openings = Vec::new();
    ledger.record(originals, effort)?;
    ledger.follow(&facts);
    for (setting, value) in wanted.into_iter().filter(|(setting, _)| !Settings::is_late(setting)) {
        let own = configured.values.iter().any(|(configured, _)| *configured == setting);
        match host.read_setting(&setting)? {
            // All of them in their order: that of IPv6 for all devices writes to every one.
            Some(now) if opens(&setting) => {
                // May it be written? Of all devices at once it would reach each of them.
                if now != value && setting != Setting::conf("ipv6", "all", FORWARDING) {
                    host.write_setting(&setting, &now)?;
                }
                openings.push((setting, value));
            }
            Some(from) if from != value => match host.write_setting(&setting, &value) {
                Ok(()) => changes.push(Change { setting, from, to: value }),
                // Slower, a redirect less, or a tag that is not seen: the log says which.
                Err(error) if !own && matches!(setting, Setting::Feature { .. }) => tracing::warn!("{error}"),
                Err(error) if own && effort == Effort::AsFarAsPossible => tracing::warn!("{error}"),
                Err(error) => return Err(error),
            },
            _ => {}
        }
    }
    // Only now has such a link settings of IPv6.
    if changes.iter().any(Change::brings_ipv6) {
        let again = prepare(host, ledger, links, devices, (configured, effort))?;
        changes.extend(again.changes);
        openings = again.openings;
    }
    Ok(Prepared { changes, openings })
}

/// Lets the kernel forward what the gateway hands to it.
///
/// # Errors
/// When a setting cannot be changed; the others are.
pub fn open(host: &dyn Host, openings: Vec<(Setting, String)>) -> Result<Vec<Change>, KernelError> {
    let (mut changes, mut failed) = (Vec::new(), None);
    for (setting, to) in openings {
        match host.read_setting(&setting) {
            Ok(Some(from)) if from != to => match host.write_setting(&setting, &to) {
                Ok(()) => changes.push(Change { setting, from, to }),
                Err(error) => failed = Some(error),
            },
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(changes), Err)
}

/// Sets back what lets the kernel forward, while the gateway is still on the devices.
///
/// # Errors
/// When a setting cannot be changed; the others still are, and it stays in the ledger.
pub fn close(host: &dyn Host, ledger: &mut Ledger) -> Result<Vec<Change>, KernelError> {
    let openings: Vec<Setting> =
        ledger.settings().map(|(setting, _)| setting.clone()).filter(opens).collect();
    set_back(host, ledger, &openings)
}

/// True for what makes the kernel forward.
fn opens(setting: &Setting) -> bool {
    let Setting::Sysctl(path) = setting else { return false };
    path.rsplit(['/', '.']).next().is_some_and(|name| name == FORWARDING || name == FORCE_FORWARDING)
}

impl Change {
    /// Whether the kernel runs IPv6 on the link since: below its least MTU it has none, and no settings of it.
    fn brings_ipv6(&self) -> bool {
        let mtu = |text: &str| text.parse::<u32>().ok();
        matches!(self.setting, Setting::Link { property: LinkProperty::Mtu, .. })
            && mtu(&self.from) < Some(LEAST_MTU_IPV6)
            && mtu(&self.to) >= Some(LEAST_MTU_IPV6)
    }
}

/// Sets everything in the ledger back.
///
/// # Errors
/// When a setting cannot be changed; the others still are, and it stays in the ledger.
pub fn restore(host: &dyn Host, ledger: &mut Ledger) -> Result<Vec<Change>, KernelError> {
    ledger.follow(&host.facts()?);
    let all: Vec<Setting> = ledger.settings().map(|(setting, _)| setting.clone()).collect();
    set_back(host, ledger, &all)
}

fn set_back(host: &dyn Host, ledger: &mut Ledger, settings: &[Setting]) -> Result<Vec<Change>, KernelError> {
    let Restoration { changes, mut failures } = put_back(host, ledger, settings)?;
    match failures.pop() {
        Some((_, error)) => Err(error),
        None => Ok(changes),
    }
}

/// Values to set, in order, and what they were.
struct Plan<'a> {
    host: &'a dyn Host,
    ledger: &'a Ledger,
    wanted: Vec<(Setting, String)>,
    originals: Vec<(Setting, String)>,
}

impl<'a> Plan<'a> {
    fn new(
        host: &'a dyn Host,
        ledger: &'a Ledger,
        links: &[String],
        devices: &[String],
    ) -> Result<Plan<'a>, KernelError> {
        let names = host.facts()?.links.into_iter().map(|link| link.name);
        let others: Vec<String> =
            names.filter(|name| !links.contains(name)).chain(["default".to_owned()]).collect();
        let mut plan = Plan { host, ledger, wanted: Vec::new(), originals: Vec::new() };
        plan.ipv4(links, &others)?;
        plan.ipv6(links, &others)?;
        let kinds = host.link_kinds()?;
        for device in devices {
            // In driver mode a veth takes redirected frames only when its receive side runs NAPI. It takes off no tag
            // that its peer has put into the frame.
            let features: &[_] = if kinds.iter().any(|(name, kind)| name == device && kind == "veth") {
                &[("rx-gro", "on")]
            } else {
                &[("rx-vlan-hw-parse", "off"), ("rx-vlan-stag-hw-parse", "off")]
            };
            for (feature, value) in features {
                let (device, feature) = (device.clone(), (*feature).to_owned());
                plan.want(Setting::Feature { device, feature }, value)?;
            }
        }
        Ok(plan)
    }

    fn ipv4(&mut self, links: &[String], others: &[String]) -> Result<(), KernelError> {
        // The kernel takes the greater of the device's value and that of `all`: `all` must go to 0, and what
        // it did for the other devices goes to them.
        let all = Setting::conf("ipv4", "all", RP_FILTER);
        let for_all = self.original(&all)?.unwrap_or_default();
        if for_all != "0" {
            for other in others {
                let setting = Setting::conf("ipv4", other, RP_FILTER);
                if let Some(own) = self.original(&setting)? {
                    self.want(setting, &own.max(for_all.clone()))?; // one digit each
                }
            }
            self.want(all, "0")?;
        }
        for link in links {
            self.want(Setting::conf("ipv4", link, "accept_local"), "1")?;
            self.want(Setting::conf("ipv4", link, RP_FILTER), "0")?;
            self.want(Setting::conf("ipv4", link, FORWARDING), "1")?;
        }
        Ok(())
    }

    fn ipv6(&mut self, links: &[String], others: &[String]) -> Result<(), KernelError> {
        let forwarding = |device: &str| Setting::conf("ipv6", device, FORWARDING);
        // A device that forwards ignores router advertisements unless accept_ra is 2, and routes learnt from
        // them are removed when any device begins to forward.
        let hears = |device: &&String| *device != "lo" && *device != "default";
        for device in links.iter().chain(others).filter(hears) {
            let accept = Setting::conf("ipv6", device, "accept_ra");
            let host_role = self.original(&forwarding(device))?.as_deref() == Some("0");
            if host_role && self.original(&accept)?.as_deref() == Some("1") {
                self.want(accept, "2")?;
            }
        }
        let alone = |link: &String| Setting::conf("ipv6", link, FORCE_FORWARDING);
        let mut each_alone = true;
        for link in links {
            let has_ipv6 = self.original(&forwarding(link))?.is_some();
            each_alone &= !has_ipv6 || self.original(&alone(link))?.is_some();
        }
        // Kernels before 6.17 forward IPv6 for all devices or for none. The others keep their own role.
        if !each_alone {
            self.want(forwarding("all"), "1")?;
            for other in others {
                if let Some(own) = self.original(&forwarding(other))? {
                    self.want(forwarding(other), &own)?;
                }
            }
        }
        for link in links {
            self.want(forwarding(link), "1")?;
            if each_alone {
                self.want(alone(link), "1")?;
            }
        }
        Ok(())
    }

    /// The value before Flumen; none when there is no such setting.
    fn original(&self, setting: &Setting) -> Result<Option<String>, KernelError> {
        match self.ledger.original(setting) {
            Some(value) => Ok(Some(value.to_owned())),
            None => self.host.read_setting(setting),
        }
    }

    fn want(&mut self, setting: Setting, value: &str) -> Result<(), KernelError> {
        if let Some(original) = self.original(&setting)? {
            self.originals.push((setting.clone(), original));
            self.wanted.push((setting, value.to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, restore};
    use crate::network::{Effort, Settings};
    use crate::{FakeHost, Host, KernelError, Ledger, LinkProperty, Setting};

    struct Bench {
        host: FakeHost,
        ledger: Ledger,
        _dir: tempfile::TempDir,
    }

    /// With a configuration that sets nothing.
    fn prepare(
        host: &dyn Host,
        ledger: &mut Ledger,
        links: &[String],
        devices: &[String],
    ) -> Result<Vec<Change>, KernelError> {
        let prepared = super::prepare(host, ledger, links, devices, (&Settings::default(), Effort::All))?;
        Ok([prepared.changes, super::open(host, prepared.openings)?].concat())
    }

    fn v4(device: &str, name: &str) -> Setting {
        Setting::conf("ipv4", device, name)
    }

    fn v6(device: &str, name: &str) -> Setting {
        Setting::conf("ipv6", device, name)
    }

    /// Debian's values: a host with three interfaces, none of which forwards; an old kernel for IPv6.
    fn bench() -> Bench {
        let host = FakeHost::default();
        for device in ["lan", "wan", "mgmt"] {
            host.add_link(device, &[]);
        }
        for device in ["all", "default", "lan", "wan", "mgmt"] {
            host.set(v4(device, "forwarding"), "0");
            host.set(v4(device, "accept_local"), "0");
            host.set(v4(device, "rp_filter"), if device == "all" { "2" } else { "0" });
            host.set(v6(device, "forwarding"), "0");
            host.set(v6(device, "accept_ra"), "1");
        }
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&dir.path().join("originals.json"), "boot").unwrap();
        Bench { host, ledger, _dir: dir }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn snapshot(host: &FakeHost) -> Vec<(Setting, String)> {
        let mut all = Vec::new();
        for device in ["all", "default", "lan", "wan", "mgmt"] {
            for setting in [
                v4(device, "forwarding"),
                v4(device, "accept_local"),
                v4(device, "rp_filter"),
                v6(device, "forwarding"),
                v6(device, "accept_ra"),
            ] {
                let value = host.get(&setting);
                all.push((setting, value));
            }
        }
        all
    }

    #[test]
    fn the_links_are_prepared_and_what_the_others_do_stays() {
        let Bench { host, mut ledger, _dir } = bench();
        let links = names(&["lan", "wan"]);
        let changes = prepare(&host, &mut ledger, &links, &links).unwrap();
        for link in ["lan", "wan"] {
            assert_eq!(host.get(&v4(link, "accept_local")), "1");
            assert_eq!(host.get(&v4(link, "rp_filter")), "0");
            assert_eq!(host.get(&v4(link, "forwarding")), "1");
            assert_eq!(host.get(&v6(link, "forwarding")), "1");
            assert_eq!(host.get(&v6(link, "accept_ra")), "2", "it goes on taking router advertisements");
        }
        assert_eq!(host.get(&v4("all", "rp_filter")), "0");
        for other in ["mgmt", "default"] {
            assert_eq!(host.get(&v4(other, "rp_filter")), "2", "{other}: the effective value is what it was");
            assert_eq!(host.get(&v4(other, "forwarding")), "0");
            assert_eq!(host.get(&v6(other, "forwarding")), "0");
        }
        assert_eq!(host.get(&v6("all", "forwarding")), "1");
        assert!(!changes.is_empty());
        assert_eq!(prepare(&host, &mut ledger, &links, &links).unwrap(), [], "a second time changes nothing");
    }

    #[test]
    fn everything_is_as_it_was_after_restore_also_when_another_process_does_it() {
        let Bench { host, mut ledger, _dir } = bench();
        host.set(v6("mgmt", "forwarding"), "1");
        let before = snapshot(&host);
        let links = names(&["lan", "wan"]);
        prepare(&host, &mut ledger, &links, &links).unwrap();
        assert_ne!(snapshot(&host), before);
        let path = _dir.path().join("originals.json");
        let mut ledger = Ledger::open(&path, "boot").unwrap();
        restore(&host, &mut ledger).unwrap();
        assert_eq!(snapshot(&host), before);
        assert!(!path.exists());
    }

    #[test]
    fn nothing_is_forwarded_before_the_gateway_is_there_nor_after_it_has_left() {
        let Bench { host, mut ledger, _dir } = bench();
        let links = names(&["lan", "wan"]);
        let forwarding = |host: &FakeHost| {
            [v4("lan", "forwarding"), v6("wan", "forwarding"), v6("all", "forwarding")]
                .map(|own| host.get(&own))
        };
        let nothing = Settings::default();
        let prepared = super::prepare(&host, &mut ledger, &links, &links, (&nothing, Effort::All)).unwrap();
        assert_eq!(
            (host.get(&v4("lan", "accept_local")), forwarding(&host)),
            ("1".into(), ["0"; 3].map(String::from))
        );
        super::open(&host, prepared.openings).unwrap();
        assert_eq!(forwarding(&host), ["1"; 3]);
        super::close(&host, &mut ledger).unwrap();
        assert_eq!(
            (host.get(&v4("lan", "accept_local")), forwarding(&host)),
            ("1".into(), ["0"; 3].map(String::from))
        );
    }

    #[test]
    fn a_link_that_leaves_the_configuration_is_set_back() {
        let Bench { host, mut ledger, _dir } = bench();
        let before = snapshot(&host);
        let both = names(&["lan", "wan"]);
        prepare(&host, &mut ledger, &both, &both).unwrap();
        prepare(&host, &mut ledger, &names(&["lan"]), &names(&["lan"])).unwrap();
        assert_eq!(host.get(&v4("wan", "accept_local")), "0");
        assert_eq!(host.get(&v4("wan", "rp_filter")), "2", "as `all` had it");
        assert_eq!(host.get(&v6("wan", "forwarding")), "0");
        assert_eq!(host.get(&v6("lan", "forwarding")), "1");
        restore(&host, &mut ledger).unwrap();
        assert_eq!(snapshot(&host), before);
    }

    #[test]
    fn a_device_that_was_renamed_is_set_back_under_the_name_that_it_has() {
        let Bench { host, mut ledger, _dir } = bench();
        let before = snapshot(&host);
        let both = names(&["lan", "wan"]);
        prepare(&host, &mut ledger, &both, &both).unwrap();
        host.rename_link("wan", "wan9");
        let mut ledger = Ledger::open(&_dir.path().join("originals.json"), "boot").unwrap();
        prepare(&host, &mut ledger, &names(&["lan"]), &names(&["lan"])).unwrap();
        assert_eq!(host.get(&v4("wan9", "forwarding")), "0", "no link of the gateway");
        assert_eq!(host.get(&v4("wan9", "rp_filter")), "2", "as `all` had it");
        restore(&host, &mut ledger).unwrap();
        host.rename_link("wan9", "wan");
        assert_eq!(snapshot(&host), before);
    }

    #[test]
    fn devices_that_have_exchanged_their_names_are_told_apart() {
        let Bench { host, mut ledger, _dir } = bench();
        host.set(v6("wan", "forwarding"), "1");
        let before = snapshot(&host);
        let both = names(&["lan", "wan"]);
        prepare(&host, &mut ledger, &both, &both).unwrap();
        for (old, new) in [("wan", "x"), ("lan", "wan"), ("x", "lan")] {
            host.rename_link(old, new);
        }
        restore(&host, &mut ledger).unwrap();
        for (old, new) in [("wan", "x"), ("lan", "wan"), ("x", "lan")] {
            host.rename_link(old, new);
        }
        assert_eq!(snapshot(&host), before);
    }

    #[test]
    fn what_a_device_that_is_gone_left_is_not_taken_for_that_of_one_which_gets_its_name() {
        let Bench { host, mut ledger, _dir } = bench();
        host.set(v4("wan", "accept_local"), "1");
        let all = names(&["lan", "wan", "mgmt"]);
        prepare(&host, &mut ledger, &all, &all).unwrap();
        host.remove_link("wan");
        for name in ["forwarding", "accept_local", "rp_filter"] {
            host.unset(&v4("wan", name));
        }
        for name in ["forwarding", "accept_ra"] {
            host.unset(&v6("wan", name));
        }
        host.rename_link("mgmt", "wan");
        restore(&host, &mut ledger).unwrap();
        assert_eq!(host.get(&v4("wan", "accept_local")), "0", "as it was when it was called mgmt");
    }

    #[test]
    fn a_kernel_that_can_forward_ipv6_for_one_device_is_asked_for_that_alone() {
        let Bench { host, mut ledger, _dir } = bench();
        for device in ["all", "default", "lan", "wan", "mgmt"] {
            host.set(v6(device, "force_forwarding"), "0");
        }
        let links = names(&["lan", "wan"]);
        prepare(&host, &mut ledger, &links, &links).unwrap();
        assert_eq!(host.get(&v6("lan", "force_forwarding")), "1");
        assert_eq!(host.get(&v6("lan", "forwarding")), "1");
        assert_eq!(host.get(&v6("all", "forwarding")), "0");
    }

    #[test]
    fn gro_is_turned_on_for_veth_devices_only() {
        let Bench { host, mut ledger, _dir } = bench();
        let gro = |device: &str| Setting::Feature { device: device.into(), feature: "rx-gro".into() };
        for device in ["lan", "wan"] {
            host.set(gro(device), "off");
        }
        host.set_kind("lan", "veth");
        let links = names(&["lan", "wan"]);
        prepare(&host, &mut ledger, &links, &links).unwrap();
        assert_eq!((host.get(&gro("lan")), host.get(&gro("wan"))), ("on".into(), "off".into()));
        restore(&host, &mut ledger).unwrap();
        assert_eq!(host.get(&gro("lan")), "off");
    }

    #[test]
    fn tags_are_left_in_the_frames_of_hardware() {
        let Bench { host, mut ledger, _dir } = bench();
        let parse = |device: &str, kind: &str| Setting::Feature {
            device: device.into(),
            feature: format!("rx-vlan-{kind}hw-parse"),
        };
        for device in ["lan", "wan", "mgmt"] {
            host.set(parse(device, ""), "on");
            host.set(parse(device, "stag-"), "off");
        }
        host.set_kind("lan", "veth");
        let links = names(&["lan", "wan"]);
        prepare(&host, &mut ledger, &links, &links).unwrap();
        let all = |host: &FakeHost| ["lan", "wan", "mgmt"].map(|device| host.get(&parse(device, "")));
        assert_eq!(all(&host), ["on", "off", "on"]);
        assert_eq!(host.get(&parse("wan", "stag-")), "off");
        restore(&host, &mut ledger).unwrap();
        assert_eq!(all(&host), ["on", "on", "on"]);
    }

    #[test]
    fn a_setting_that_may_not_be_changed_is_named() {
        let Bench { host, mut ledger, _dir } = bench();
        host.make_read_only();
        let error = prepare(&host, &mut ledger, &names(&["lan"]), &[]).unwrap_err().to_string();
        assert!(error.contains("rp_filter"), "{error}");
    }

    #[test]
    fn what_the_configuration_sets_wins_and_is_set_back_when_it_lets_go() {
        let Bench { host, mut ledger, _dir } = bench();
        let gro = Setting::Feature { device: "lan".into(), feature: "rx-gro".into() };
        let mtu = Setting::link("lan", LinkProperty::Mtu);
        host.set(gro.clone(), "off");
        host.set_kind("lan", "veth");
        let links = names(&["lan"]);
        let configured = Settings {
            values: vec![
                (gro.clone(), "off".into()),
                (mtu.clone(), "1400".into()),
                (Setting::link("lan", LinkProperty::Up), "down".into()),
            ],
            impossible: Vec::new(),
        };
        super::prepare(&host, &mut ledger, &links, &links, (&configured, Effort::All)).unwrap();
        let read = |setting: &Setting| host.read_setting(setting).unwrap().unwrap();
        assert_eq!((read(&gro), read(&mtu)), ("off".into(), "1400".into()));
        assert_eq!(read(&Setting::link("lan", LinkProperty::Up)), "up", "that is for later");
        prepare(&host, &mut ledger, &links, &links).unwrap();
        assert_eq!((read(&gro), read(&mtu)), ("on".into(), "1500".into()));
    }

    #[test]
    fn what_the_configuration_sets_and_the_device_refuses_fails_or_is_passed_over() {
        let Bench { host, mut ledger, _dir } = bench();
        host.refuse("MTU of lan");
        let links = names(&["lan"]);
        let values = vec![(Setting::link("lan", LinkProperty::Mtu), "9000".into())];
        let configured = Settings { values, impossible: Vec::new() };
        let mut attempt = |effort| super::prepare(&host, &mut ledger, &links, &links, (&configured, effort));
        let error = attempt(Effort::All).unwrap_err().to_string();
        assert!(error.contains("MTU of lan"), "{error}");
        attempt(Effort::AsFarAsPossible).unwrap();
        assert_eq!(host.get(&v4("lan", "accept_local")), "1", "the rest is prepared");
    }
}
