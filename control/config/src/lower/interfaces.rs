use super::Lowering;
use crate::{DeviceName, Interface, Problem, VlanId};
use flumen_syntax::{Node, Place};
use std::collections::BTreeMap;

/// Logical interfaces by name and unit.
#[derive(Default)]
pub(super) struct Units(BTreeMap<(String, u32), Unit>);

/// A logical interface that is configured.
pub(super) struct Unit {
    pub(super) interface: Interface,
    pub(super) place: Place,
    /// Its frames are no interface's: it is out of use, or nothing is known of its device.
    pub(super) disabled: bool,
}

impl Units {
    /// The name and the unit that `text` means: `eth1.0`, or `eth1` for unit 0.
    pub(super) fn find(&self, text: &str) -> Option<(String, &Unit)> {
        let split =
            text.rsplit_once('.').and_then(|(name, unit)| Some((name.to_owned(), unit.parse().ok()?)));
        let mut keys = split.into_iter().chain([(text.to_owned(), 0)]);
        keys.find_map(|key| self.0.get(&key).map(|unit| (format!("{}.{}", key.0, key.1), unit)))
    }

    /// The unit of this number, as written.
    pub(super) fn of(&self, name: &str, number: &str) -> Option<&Unit> {
        self.0.get(&(name.to_owned(), number.parse().ok()?))
    }

    /// Every unit with its name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (String, &Unit)> {
        self.0.iter().map(|((name, number), unit)| (format!("{name}.{number}"), unit))
    }
}

impl Lowering {
    /// `interfaces`.
    pub(super) fn units(&mut self, node: &Node) -> Units {
        let mut units = Units::default();
        for (keys, node) in node.entries("") {
            let name = &keys[0];
            let words = format!("interfaces {name}");
            let place = node.value("device").map_or(&node.place, |device| &device.place);
            let device = self.accept(place, &words, device_of(node, name));
            let in_use = |node: &Node| node.get("disable").is_none();
            let any_in_use = node.entries("unit").any(|(_, unit)| in_use(unit));
            for (keys, unit) in node.entries("unit") {
                let words = format!("{words} unit {}", keys[0]);
                let mut interface = self.unit(unit, &words);
                interface.device.clone_from(&device);
                let untagged = interface.vlan.is_none() && unit.get("vlan-tags").is_none();
                if node.get("vlan-tagging").is_some() && untagged {
                    self.refuse(&unit.place, &words, Problem::VlanNeeded);
                }
                // Without a device there is nothing to check any more. A device all of whose units are out of use is
                // set down, and stays closed by the gateway; else the frames of a unit that is out of use are nobody's.
                let disabled = device.is_none() || any_in_use && !in_use(unit);
                let unit = Unit { interface, place: unit.place.clone(), disabled };
                // The table has checked that the unit is a number.
                units.0.insert((name.clone(), keys[0].parse().unwrap_or(0)), unit);
            }
        }
        units
    }

    fn unit(&mut self, node: &Node, words: &str) -> Interface {
        let mut interface = Interface::default();
        if let Some(vlan) = node.value("vlan-id") {
            interface.vlan = vlan.text.parse().ok().and_then(VlanId::new);
        }
        if let Some(tags) = node.get("vlan-tags") {
            interface.vlan = self.tag(tags, "outer", words);
            interface.inner_vlan = self.tag(tags, "inner", words);
        }
        if let Some(link) = node.value("link") {
            interface.link = self.accept(&link.place, words, DeviceName::new(&link.text));
        }
        interface
    }

    /// `outer 100` or `outer 0x8100.100`; no other type than that of 802.1Q and 802.1ad is matched.
    fn tag(&mut self, tags: &Node, name: &'static str, words: &str) -> Option<VlanId> {
        let Some(text) = tags.value(name) else {
            self.missing(tags, words, if name == "outer" { "vlan-tags outer" } else { "vlan-tags inner" });
            return None;
        };
        let number = match text.text.split_once('.') {
            Some(("0x8100" | "0x88a8" | "0x88A8", number)) => number,
            Some((kind, _)) => {
                self.unsupported(&text.place, words, kind, "tags are those of 802.1Q and 802.1ad");
                return None;
            }
            None => &text.text,
        };
        let vlan = number.parse().ok().and_then(VlanId::new).ok_or_else(|| Problem::Number {
            found: text.text.clone(),
            least: VlanId::LEAST.into(),
            greatest: VlanId::GREATEST.into(),
        });
        self.accept(&text.place, words, vlan)
    }
}

/// The Linux device of an interface: named, or of the same name.
pub(super) fn device_of(node: &Node, name: &str) -> Result<DeviceName, Problem> {
    match node.value("device") {
        Some(device) => DeviceName::new(&device.text),
        None => DeviceName::new(name).map_err(|_| Problem::DeviceNeeded { name: name.to_owned() }),
    }
}
