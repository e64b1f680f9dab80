use super::Lowering;
use crate::{DeviceName, Interface, Problem, VlanId};
use flumen_syntax::{Node, Place};
use std::collections::{BTreeMap, HashSet};

/// The interface of Junos that is the gateway itself.
const HOST: &str = "lo0";

/// Logical interfaces by name and unit.
#[derive(Default)]
pub(super) struct Units(BTreeMap<(String, u32), Unit>);

/// A logical interface that is configured.
pub(super) struct Unit {
    pub(super) interface: Interface,
    pub(super) place: Place,
    /// Its frames are no interface's: it is out of use, or nothing is known of its device.
    pub(super) disabled: bool,
    /// It is out of use, by the text or because a part of it is not supported.
    pub(super) out_of_use: bool,
}

/// What the rest of a configuration says of interfaces.
#[derive(Default)]
pub(super) struct Uses<'t> {
    /// Those of zones, as written: what passes them is judged.
    zoned: HashSet<&'t str>,
    /// Those of a statement that is not supported and keeps them apart from the others.
    apart: HashSet<&'t str>,
}

impl<'t> Uses<'t> {
    pub(super) fn read(root: &'t Node) -> Uses<'t> {
        let mut uses = Uses::default();
        let zones = root.get("security").and_then(|security| security.get("zones"));
        let named = |zone: &'t Node| zone.get("interfaces").into_iter().flat_map(|node| node.entries(""));
        for (_, zone) in zones.into_iter().flat_map(|zones| zones.entries("security-zone")) {
            uses.zoned.extend(named(zone).map(|(keys, _)| keys[0].as_str()));
        }
        // A zone of the gateway itself lets nothing through.
        let functional = zones.and_then(|zones| zones.get("functional-zone"));
        for (_, zone) in functional.into_iter().flat_map(Node::children) {
            uses.apart.extend(named(zone).map(|(keys, _)| keys[0].as_str()));
        }
        // Interfaces of another routing table reach those of this one by no route.
        let instances = root.get("routing-instances").into_iter().flat_map(|node| node.entries(""));
        for (_, instance) in instances {
            uses.apart.extend(instance.entries("interface").map(|(keys, _)| keys[0].as_str()));
        }
        uses
    }

    /// True when a unit, called `eth1.0`, or `eth1` for unit 0, is among `names`.
    fn has(names: &HashSet<&str>, device: &str, unit: &str) -> bool {
        names.contains(&*format!("{device}.{unit}")) || unit == "0" && names.contains(device)
    }

    /// True when the rules do not say what may pass a unit, because a part of the text is not supported.
    fn close(&self, device: (&str, &Node), unit: (&str, &Node)) -> bool {
        let apart = Uses::has(&self.apart, device.0, unit.0);
        let judged = apart || Uses::has(&self.zoned, device.0, unit.0);
        judged && (apart || tags_unknown(device.1, unit.1) || families(unit.1).any(is_filtered))
    }
}

fn families(unit: &Node) -> impl Iterator<Item = &Node> {
    unit.get("family").into_iter().flat_map(Node::children).map(|(_, family)| family)
}

/// True when nobody knows which frames are those of a unit.
fn tags_unknown(device: &Node, unit: &Node) -> bool {
    let foreign = |node: &Node| node.children().any(|(_, child)| child.is_foreign());
    let untagged = unit.get("vlan-id").is_none() && unit.get("vlan-tags").is_none();
    let native = device.get("native-vlan-id").is_some() || foreign(device);
    foreign(unit) || unit.get("vlan-tags").is_some_and(Node::has_unsupported) || untagged && native
}

/// True when a family has a filter, or something that might be one.
fn is_filtered(family: &Node) -> bool {
    family.children().any(|(step, child)| step.name != "address" && child.has_unsupported())
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
    pub(super) fn units(&mut self, node: &Node, uses: &Uses<'_>) -> Units {
        let mut units = Units::default();
        for (keys, node) in node.entries("") {
            let name = &keys[0];
            let words = format!("interfaces {name}");
            let place = node.value("device").map_or(&node.place, |device| &device.place);
            let device = self.accept(place, &words, device_of(node, name));
            let closed = |number: &str, unit: &Node| uses.close((name.as_str(), node), (number, unit));
            let in_use = |number: &str, unit: &Node| unit.get("disable").is_none() && !closed(number, unit);
            let any_in_use = node.entries("unit").any(|(keys, unit)| in_use(&keys[0], unit));
            for (keys, unit) in node.entries("unit") {
                let words = format!("{words} unit {}", keys[0]);
                let out_of_use = !in_use(&keys[0], unit);
                if unit.get("disable").is_none() && out_of_use {
                    self.closed(&words);
                }
                let mut interface = self.unit(unit, &words);
                interface.device.clone_from(&device);
                let untagged = interface.vlan.is_none() && unit.get("vlan-tags").is_none();
                if node.get("vlan-tagging").is_some() && untagged && !out_of_use {
                    self.refuse(&unit.place, &words, Problem::VlanNeeded);
                }
                // Without a device there is nothing to check any more. A device all of whose units are out of use is
                // set down, and stays closed by the gateway; else the frames of a unit that is out of use are nobody's.
                let disabled = device.is_none() || any_in_use && out_of_use;
                let unit = Unit { interface, place: unit.place.clone(), disabled, out_of_use };
                // The table has checked that the unit is a number.
                units.0.insert((name.clone(), keys[0].parse().unwrap_or(0)), unit);
            }
        }
        units
    }

    /// True when the interface that stands for the gateway itself has a filter: what that keeps away is not known.
    pub(super) fn is_guarded(&mut self, node: &Node) -> bool {
        let host = node.entries("").filter(|(keys, _)| keys[0] == HOST);
        let mut units = host.flat_map(|(_, node)| node.entries("unit"));
        let Some((keys, _)) = units.find(|(_, unit)| families(unit).any(is_filtered)) else { return false };
        self.closed(&format!("interfaces {HOST} unit {}", keys[0]));
        true
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
