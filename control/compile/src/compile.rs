use crate::classifier::{Packed, pack};
use crate::identities::{Identities, InterfaceKey};
use crate::stage::{Chains, Source, destination_nat, host_inbound, mirror_rules, policies, source_nat};
use crate::{
    CompileError, InterfaceBinding, InterfaceName, Limits, Names, Note, RuleKey, RuleName, Ruleset, Table,
    bounds, services, shadow, stage,
};
use flumen_abi::{
    Generation, InterfaceId, MirrorRow, NatRow, PolicyId, PolicyRow, Settings, Timeouts, Vlan, ZoneId,
};
use flumen_config::{Flow, Interface, Model, Name};
use std::collections::BTreeMap;

/// A model, ready for an engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The rows.
    pub ruleset: Ruleset,
    /// The numbers that the next commit must be given.
    pub identities: Identities,
    /// The way back from numbers to the model.
    pub names: Names,
    /// What the author of the rules should know.
    pub notes: Vec<Note>,
}

/// Compiles `model`; `previous` are the identities of the commit before it, or the default.
///
/// # Errors
/// Everything that is wrong with a model that was not read from a text; tables that are too small, with the
/// part of the configuration that needs the most rows.
pub fn compile(
    model: &Model,
    previous: &Identities,
    generation: Generation,
) -> Result<Compiled, Vec<CompileError>> {
    compile_within(model, previous, generation, &Limits::DEFAULT)
}

/// [`compile`] for tables of other sizes.
///
/// # Errors
/// As [`compile`].
pub fn compile_within(
    model: &Model,
    previous: &Identities,
    generation: Generation,
    limits: &Limits,
) -> Result<Compiled, Vec<CompileError>> {
    model.check().map_err(|errors| {
        errors.into_iter().map(|error| CompileError::Invalid(Box::new(error))).collect::<Vec<_>>()
    })?;
    bounds::check(model, limits)?;
    let ids = advance(model, previous, limits).map_err(|error| vec![error])?;
    let source = Source { model, ids: &ids, limits };
    let mut chains = Chains::default();
    let (policies, nat) = stages(&source, &mut chains).map_err(|error| vec![error])?;
    if chains.chains.len() > limits.roots {
        return Err(vec![bounds::too_many_roots(&chains, limits)]);
    }
    let Packed { roots, nodes, leaves, rules, reached } = pack(&chains.chains, &chains.boxes, limits)?;
    let ruleset = Ruleset {
        settings: settings(&model.security.flow, generation),
        interfaces: interfaces(model, &ids),
        absent: Vec::new(),
        roots,
        nodes,
        leaves,
        rules,
        policies,
        nat,
        services: services::services(model, &ids),
        mirrors: services::mirrors(model, &ids),
    };
    let notes = shadow::notes(&chains, &ruleset, &reached);
    let names = names(model, &ids);
    Ok(Compiled { ruleset, identities: ids, names, notes })
}

/// Numbers for everything in the model.
fn advance(model: &Model, previous: &Identities, limits: &Limits) -> Result<Identities, CompileError> {
    let security = &model.security;
    let zones: Vec<String> = security.zones.keys().map(Name::to_string).collect();
    let rules: Vec<RuleKey> = rules(model).into_iter().map(|(key, _)| key).collect();
    let interfaces: Vec<InterfaceKey> =
        model.interfaces.iter().map(|(name, interface)| frames(name, interface)).collect();
    Ok(Identities {
        zones: previous.zones.advance(&zones, limits.zones, Table::Zones)?,
        rules: previous.rules.advance(&rules, limits.hits, Table::Hits)?,
        interfaces: previous.interfaces.advance(&interfaces, limits.interfaces, Table::Interfaces)?,
    })
}

/// Every rule that has a number, with what it does as shown.
fn rules(model: &Model) -> Vec<(RuleKey, String)> {
    let security = &model.security;
    let policies =
        security.policies.iter().map(|rule| (stage::policy::key(rule), rule.then.word().to_owned()));
    let source = security.nat.source.iter().map(|rule| (stage::source_nat::key(rule), rule.then.to_string()));
    let destination = security
        .nat
        .destination
        .iter()
        .map(|rule| (stage::destination_nat::key(rule), rule.then.to_string()));
    let mirrors = model.services.traffic_mirror.iter().flat_map(|(name, mirror)| {
        mirror.rules.iter().map(|rule| (stage::mirror::key(name, rule), rule.then.to_string()))
    });
    policies.chain(source).chain(destination).chain(mirrors).collect()
}

fn stages(source: &Source<'_>, chains: &mut Chains) -> Result<(Vec<PolicyRow>, Vec<NatRow>), CompileError> {
    let mut nat = Vec::new();
    destination_nat(source, chains, &mut nat)?;
    let policies = policies(source, chains)?;
    source_nat(source, chains, &mut nat)?;
    host_inbound(source, chains)?;
    mirror_rules(source, chains, &mut nat)?;
    chains.check(source.limits)?;
    Ok((policies, nat))
}

fn settings(flow: &Flow, generation: Generation) -> Settings {
    Settings {
        generation,
        timeouts: Timeouts {
            tcp_initial_s: flow.tcp_initial_timeout,
            tcp_established_s: flow.tcp_established_timeout,
            tcp_closing_s: flow.tcp_closing_timeout,
            tcp_closed_s: flow.tcp_closed_timeout,
            udp_s: flow.udp_timeout,
            icmp_s: flow.icmp_timeout,
            other_s: flow.other_timeout,
        },
        answers_per_second: flow.answers_per_second,
        tcp_loose: flow.no_syn_check.into(),
    }
}

fn frames(name: &Name, interface: &Interface) -> InterfaceKey {
    let (outer, inner) = interface.tags();
    InterfaceKey { device: interface.device(name).to_owned(), outer, inner }
}

/// The number of an interface of the model.
pub(crate) fn interface_id(model: &Model, name: &Name, ids: &Identities) -> InterfaceId {
    model.interfaces.get(name).map_or(InterfaceId::NONE, |interface| number(name, interface, ids))
}

fn number(name: &Name, interface: &Interface, ids: &Identities) -> InterfaceId {
    InterfaceId(ids.interfaces.id(&frames(name, interface)) as u16)
}

/// Each interface with its zone; those that only services use may have none.
fn zoned(model: &Model) -> impl Iterator<Item = (&Name, &Interface, Option<&Name>)> {
    let homes: BTreeMap<&Name, &Name> = model
        .security
        .zones
        .iter()
        .flat_map(|(zone, members)| members.interfaces.iter().map(move |interface| (interface, zone)))
        .collect();
    model.interfaces.iter().map(move |(name, interface)| (name, interface, homes.get(name).copied()))
}

fn interfaces(model: &Model, ids: &Identities) -> Vec<InterfaceBinding> {
    let binding = |(name, interface, zone): (&Name, &Interface, Option<&Name>)| {
        let (outer, inner) = interface.tags();
        InterfaceBinding {
            device: interface.device(name).to_owned(),
            vlan: Vlan { outer, inner },
            link: interface.link(name),
            zone: zone.map_or(ZoneId::NONE, |zone| ZoneId(ids.zones.id(zone.as_str()) as u16)),
            id: number(name, interface, ids),
        }
    };
    zoned(model).map(binding).collect()
}

fn names(model: &Model, ids: &Identities) -> Names {
    let mut names = Names::retired(ids);
    for zone in model.security.zones.keys() {
        names.add_zone(ZoneId(ids.zones.id(zone.as_str()) as u16), zone.to_string());
    }
    for (number, name) in (0..).zip(model.services.traffic_mirror.keys()) {
        names.add_mirror(MirrorRow::zone(number), name.to_string());
    }
    let mut places = BTreeMap::new();
    for (key, then) in rules(model) {
        let place = places.entry(key.kind).or_insert(0);
        names.add_rule(PolicyId(ids.rules.id(&key)), RuleName { key, then: Some(then), place: Some(*place) });
        *place += 1;
    }
    for (name, interface, zone) in zoned(model) {
        let id = number(name, interface, ids);
        let (outer, inner) = interface.tags();
        let entry = InterfaceName {
            name: name.to_string(),
            device: interface.device(name).to_owned(),
            vlan: Vlan { outer, inner },
            link: interface.link(name),
            zone: zone.map_or_else(String::new, Name::to_string),
        };
        names.add_interface(id, entry);
    }
    names
}
