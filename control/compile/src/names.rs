use crate::{Identities, RuleKey, RuleKind};
use flumen_abi::{InterfaceId, PolicyId, Vlan, ZoneId};
use std::collections::BTreeMap;

/// The way back from numbers to the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    zones: BTreeMap<ZoneId, String>,
    mirrors: BTreeMap<ZoneId, String>,
    rules: BTreeMap<PolicyId, RuleName>,
    interfaces: BTreeMap<InterfaceId, InterfaceName>,
}

/// A policy or NAT rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleName {
    /// Kind, zones and name.
    pub key: RuleKey,
    /// What it does, as shown; `None` when the rule is no longer configured and only sessions remember it.
    pub then: Option<String>,
    /// Its place among the rules of its kind, from 0, as configured; `None` likewise.
    pub place: Option<usize>,
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceName {
    /// Name in the configuration.
    pub name: String,
    /// Device that frames arrive on.
    pub device: String,
    /// Tags.
    pub vlan: Vlan,
    /// Device that has the addresses.
    pub link: String,
    /// Name of its zone.
    pub zone: String,
}

impl Names {
    /// The zone with this number, also when it is no longer configured.
    pub fn zone(&self, id: ZoneId) -> Option<&str> {
        self.zones.get(&id).map(String::as_str)
    }

    /// The traffic mirror whose packets are in this zone of its own.
    pub fn mirror(&self, id: ZoneId) -> Option<&str> {
        self.mirrors.get(&id).map(String::as_str)
    }

    /// The policy or NAT rule with this number, also when it is no longer configured.
    pub fn rule(&self, id: PolicyId) -> Option<&RuleName> {
        self.rules.get(&id)
    }

    /// The interface with this number.
    pub fn interface(&self, id: InterfaceId) -> Option<&InterfaceName> {
        self.interfaces.get(&id)
    }

    /// Number of a zone by name.
    pub fn zone_id(&self, name: &str) -> Option<ZoneId> {
        self.zones.iter().find(|(_, known)| *known == name).map(|(id, _)| *id)
    }

    /// Number of an interface by name.
    pub fn interface_id(&self, name: &str) -> Option<InterfaceId> {
        self.interfaces.iter().find(|(_, known)| known.name == name).map(|(id, _)| *id)
    }

    /// Every zone, by number.
    pub fn zones(&self) -> impl Iterator<Item = (ZoneId, &str)> {
        self.zones.iter().map(|(id, name)| (*id, name.as_str()))
    }

    /// Every rule of a kind that is configured, in the order of the configuration.
    pub fn rules(&self, kind: RuleKind) -> Vec<(PolicyId, &RuleName)> {
        let of_kind = self.rules.iter().filter(|(_, rule)| rule.key.kind == kind && rule.place.is_some());
        let mut rules: Vec<(PolicyId, &RuleName)> = of_kind.map(|(id, rule)| (*id, rule)).collect();
        rules.sort_by_key(|(_, rule)| rule.place);
        rules
    }

    /// The numbers of rules of a kind with this name, also of those that are no longer configured: a name is unique per
    /// pair of zones only.
    pub fn rule_ids(&self, kind: RuleKind, name: &str) -> Vec<PolicyId> {
        let named = self.rules.iter().filter(|(_, rule)| rule.key.kind == kind && rule.key.name == name);
        named.map(|(id, _)| *id).collect()
    }

    /// Every interface, by number.
    pub fn interfaces(&self) -> impl Iterator<Item = (InterfaceId, &InterfaceName)> {
        self.interfaces.iter().map(|(id, interface)| (*id, interface))
    }

    /// Those of zones and rules that are no longer configured.
    pub(crate) fn retired(identities: &Identities) -> Names {
        let zones = identities.zones.retired().map(|(name, id)| (ZoneId(id as u16), name.clone()));
        let rules = identities.rules.retired();
        let rules =
            rules.map(|(key, id)| (PolicyId(id), RuleName { key: key.clone(), then: None, place: None }));
        Names { zones: zones.collect(), rules: rules.collect(), ..Names::default() }
    }

    pub(crate) fn add_zone(&mut self, id: ZoneId, name: String) {
        self.zones.insert(id, name);
    }

    pub(crate) fn add_mirror(&mut self, id: ZoneId, name: String) {
        self.mirrors.insert(id, name);
    }

    pub(crate) fn add_rule(&mut self, id: PolicyId, name: RuleName) {
        self.rules.insert(id, name);
    }

    pub(crate) fn add_interface(&mut self, id: InterfaceId, name: InterfaceName) {
        self.interfaces.insert(id, name);
    }
}
