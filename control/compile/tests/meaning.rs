//! What a configuration means, read word by word, against what its ruleset does.
//!
//! The reading below is deliberately plain: it walks the model for every packet and knows nothing of boxes.
#![allow(clippy::unwrap_used)]

use flumen_abi::{Addr, Family, Generation, InterfaceId, NatKind, PolicyId, Stage, ZoneId};
use flumen_compile::{Compiled, Identities, Match, RuleKind, classify, compile, fields};
use flumen_config::{
    AddressBook, AddressRef, Application, ApplicationRef, Applications, DestinationNatMatch,
    DestinationNatRule, DestinationNatThen, HostInbound, Interface, InterfaceNat, IpFamily, IpProtocol,
    IpRange, Model, Name, Policy, PolicyMatch, PolicyThen, PortRange, RoutingProtocol, SourceNatMatch,
    SourceNatRule, SourceNatThen, SystemService, Term, Zone, ZoneRef,
};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const ZONES: [&str; 3] = ["alpha", "beta", "gamma"];
const ADDRESSES: [&str; 4] = ["one", "two", "set", "nest"];
const APPLICATIONS: [&str; 3] = ["mine", "echo", "both"];

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

// === packets ===

#[derive(Clone, Copy, Debug)]
struct Packet {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    source_port: u16,
    /// For ICMP of the packet's family: type and code.
    destination_port: u16,
}

impl Packet {
    fn family(&self) -> Family {
        if self.source.is_ipv4() { Family::V4 } else { Family::V6 }
    }

    fn classify(&self, compiled: &Compiled, stage: Stage, from: ZoneId, to: ZoneId) -> Option<Match> {
        let (source, destination) = (Addr::from(self.source), Addr::from(self.destination));
        let fields = fields(source, destination, self.source_port, self.destination_port, self.protocol);
        classify(&compiled.ruleset, stage, from, to, self.family(), &fields)
    }
}

/// Near the bounds that the models below use.
fn packet() -> impl Strategy<Value = Packet> {
    let v4 = (0_u32..6, -1_i32..=1).prop_map(|(net, beside)| {
        IpAddr::V4(Ipv4Addr::from_bits((0x0a00_0000 + (net << 7)).wrapping_add_signed(beside)))
    });
    let v6 = (0_u128..6, -1_i128..=1).prop_map(|(net, beside)| {
        IpAddr::V6(Ipv6Addr::from_bits(((0x2001_0db8_u128 << 96) + (net << 63)).wrapping_add_signed(beside)))
    });
    let addresses = prop_oneof![(v4.clone(), v4).boxed(), (v6.clone(), v6).boxed()];
    let protocol = prop::sample::select(vec![1_u8, 6, 17, 47, 58, 89]);
    let port = prop::sample::select(vec![
        0_u16, 1, 22, 79, 80, 81, 443, 0x0800, 0x08ff, 0x0900, 0x8000, 0x80ff, 65535,
    ]);
    (addresses, protocol, port.clone(), port).prop_map(
        |((source, destination), protocol, source_port, destination_port)| Packet {
            source,
            destination,
            protocol,
            source_port,
            destination_port,
        },
    )
}

// === models ===

fn address() -> impl Strategy<Value = AddressRef> {
    let literals = [
        "10.0.0.0/25",
        "10.0.0.128-10.0.1.127",
        "10.0.0.0/8",
        "10.0.1.0",
        "10.0.0.127",
        "0.0.0.0/0",
        "2001:db8::/64",
        "2001:db8::/65",
        "2001:db8::8000:0:0:0-2001:db8:0:2::",
        "2001:db8:0:1::",
        "::/0",
    ];
    prop_oneof![
        2 => Just(AddressRef::Any),
        1 => Just(AddressRef::AnyV4),
        1 => Just(AddressRef::AnyV6),
        6 => prop::sample::select(literals.to_vec()).prop_map(|text| AddressRef::parse(text).unwrap()),
        4 => prop::sample::select(ADDRESSES.to_vec()).prop_map(|text| AddressRef::Named(name(text))),
    ]
}

fn addresses() -> impl Strategy<Value = Vec<AddressRef>> {
    prop::collection::vec(address(), 1..4)
}

fn ports() -> impl Strategy<Value = Vec<PortRange>> {
    let range = prop::sample::select(vec!["1", "22", "80", "79-81", "80-443", "1-65535", "443-65535"]);
    prop::collection::vec(range.prop_map(|text| PortRange::parse(text).unwrap()), 0..3)
}

fn term() -> impl Strategy<Value = Term> {
    let ported = (prop::sample::select(vec![6_u8, 17]), ports(), ports()).prop_map(
        |(protocol, source, destination)| Term {
            source_port: source,
            destination_port: destination,
            ..Term::protocol(IpProtocol(protocol))
        },
    );
    let icmp = (prop::sample::select(vec![(1_u8, 8_u8), (58, 128), (1, 9)]), 0_u8..3).prop_map(
        |((protocol, icmp_type), detail)| Term {
            icmp_type: (detail > 0).then_some(icmp_type),
            icmp_code: (detail > 1).then_some(0),
            ..Term::protocol(IpProtocol(protocol))
        },
    );
    let other =
        prop::sample::select(vec![47_u8, 89, 6]).prop_map(|protocol| Term::protocol(IpProtocol(protocol)));
    prop_oneof![3 => ported, 2 => icmp, 1 => other]
}

fn application() -> impl Strategy<Value = ApplicationRef> {
    let known = [
        &APPLICATIONS[..],
        &["junos-http", "junos-dns", "junos-icmp-ping", "junos-icmp6-ping", "junos-ospf"],
    ]
    .concat();
    prop_oneof![
        2 => Just(ApplicationRef::Any),
        5 => prop::sample::select(known).prop_map(|text| ApplicationRef::Named(name(text))),
    ]
}

fn applications() -> impl Strategy<Value = Vec<ApplicationRef>> {
    prop::collection::vec(application(), 1..4)
}

fn zone() -> impl Strategy<Value = ZoneRef> {
    prop_oneof![
        1 => Just(ZoneRef::Any),
        3 => prop::sample::select(ZONES.to_vec()).prop_map(|text| ZoneRef::Named(name(text))),
    ]
}

fn policies() -> impl Strategy<Value = Vec<Policy>> {
    let then = prop::sample::select(PolicyThen::ALL.to_vec());
    let policy = (zone(), zone(), addresses(), addresses(), applications(), then).prop_map(
        |(from_zone, to_zone, source_address, destination_address, application, then)| Policy {
            name: name("x"),
            from_zone,
            to_zone,
            r#match: PolicyMatch { source_address, destination_address, application },
            then,
        },
    );
    numbered(policy, |policy, name| policy.name = name)
}

fn source_rules() -> impl Strategy<Value = Vec<SourceNatRule>> {
    let then = prop_oneof![Just(SourceNatThen::Off), Just(SourceNatThen::Interface(InterfaceNat::DEFAULT))];
    let some = |strategy: BoxedStrategy<Vec<AddressRef>>| prop_oneof![Just(Vec::new()), strategy];
    let r#match =
        (some(addresses().boxed()), some(addresses().boxed()), prop_oneof![Just(Vec::new()), applications()]);
    let rule = (zone(), zone(), r#match, then).prop_map(|(from_zone, to_zone, r#match, then)| {
        let (source_address, destination_address, application) = r#match;
        let r#match = SourceNatMatch { source_address, destination_address, application };
        SourceNatRule { name: name("x"), from_zone, to_zone, r#match, then }
    });
    numbered(rule, |rule, name| rule.name = name)
}

fn destination_rules() -> impl Strategy<Value = Vec<DestinationNatRule>> {
    let then =
        prop::sample::select(vec![None, Some("192.0.2.9"), Some("2001:db8:9::9")]).prop_map(|address| {
            match address {
                None => DestinationNatThen::Off,
                Some(text) => DestinationNatThen::To { address: text.parse().unwrap(), port: None },
            }
        });
    let protocol = prop::collection::vec(prop::sample::select(vec![IpProtocol::TCP, IpProtocol::UDP]), 0..2);
    let sources = prop_oneof![Just(Vec::new()), addresses()];
    let rule = (zone(), sources, addresses(), protocol, ports(), then).prop_map(
        |(from_zone, source_address, destination_address, protocol, destination_port, then)| {
            let r#match =
                DestinationNatMatch { source_address, destination_address, protocol, destination_port };
            DestinationNatRule { name: name("x"), from_zone, r#match, then }
        },
    );
    numbered(rule, |rule, name| rule.name = name)
}

fn numbered<T: std::fmt::Debug>(
    rule: impl Strategy<Value = T>,
    set: fn(&mut T, Name),
) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(rule, 0..48).prop_map(move |mut rules| {
        for (place, rule) in rules.iter_mut().enumerate() {
            set(rule, name(&format!("r{place}")));
        }
        rules
    })
}

fn host_inbound() -> impl Strategy<Value = HostInbound> {
    let services = prop::sample::subsequence(SystemService::ALL.to_vec(), 0..4);
    let protocols = prop::sample::subsequence(RoutingProtocol::ALL.to_vec(), 0..3);
    (services, protocols).prop_map(|(services, protocols)| HostInbound { services, protocols })
}

fn model() -> impl Strategy<Value = Model> {
    let literals = || {
        prop::collection::vec(address().prop_filter("literals", |a| !matches!(a, AddressRef::Named(_))), 1..3)
    };
    let rules = (policies(), source_rules(), destination_rules());
    let inbound = prop::array::uniform3(host_inbound());
    (rules, literals(), literals(), term(), term(), inbound).prop_map(
        |(rules, one, two, mine, echo, inbound)| {
            let mut model = Model::default();
            for (place, (zone, host_inbound)) in ZONES.iter().zip(inbound).enumerate() {
                let interface = name(&format!("eth{place}"));
                model.interfaces.insert(interface.clone(), Interface::default());
                model.security.zones.insert(name(zone), Zone { interfaces: vec![interface], host_inbound });
            }
            let named = |text| AddressRef::Named(name(text));
            let book = [
                ("one", one),
                ("two", two),
                ("set", vec![named("one"), named("two")]),
                ("nest", vec![named("set")]),
            ];
            model.security.address_book = AddressBook(book.map(|(key, refs)| (name(key), refs)).into());
            let both = Application::Set(vec![name("mine"), name("echo"), name("junos-http")]);
            let own = [("mine", Application::Term(mine)), ("echo", Application::Term(echo)), ("both", both)];
            model.security.applications =
                Applications(own.map(|(key, application)| (name(key), application)).into());
            (model.security.policies, model.security.nat.source, model.security.nat.destination) = rules;
            model
        },
    )
}

// === the plain reading ===

struct Reading<'a> {
    model: &'a Model,
    packet: &'a Packet,
}

impl Reading<'_> {
    fn address_matches(&self, refs: &[AddressRef], address: IpAddr) -> bool {
        refs.iter().any(|reference| match reference {
            AddressRef::Any => true,
            AddressRef::AnyV4 => address.is_ipv4(),
            AddressRef::AnyV6 => address.is_ipv6(),
            AddressRef::Literal(literal) => match (literal.range(), address) {
                (IpRange::V4(low, high), IpAddr::V4(address)) => low <= address && address <= high,
                (IpRange::V6(low, high), IpAddr::V6(address)) => low <= address && address <= high,
                _ => false,
            },
            AddressRef::Named(name) => {
                self.address_matches(&self.model.security.address_book.0[name], address)
            }
        })
    }

    fn addresses_match(&self, source: &[AddressRef], destination: &[AddressRef]) -> bool {
        (source.is_empty() || self.address_matches(source, self.packet.source))
            && (destination.is_empty() || self.address_matches(destination, self.packet.destination))
    }

    fn term_matches(&self, term: &Term) -> bool {
        let packet = self.packet;
        let among = |ranges: &[PortRange], port| {
            ranges.is_empty() || ranges.iter().any(|range| range.low() <= port && port <= range.high())
        };
        let own_icmp = match packet.family() {
            Family::V4 => IpProtocol::ICMP,
            Family::V6 => IpProtocol::ICMP6,
        };
        let icmp = match term.icmp_type {
            None => true,
            Some(icmp_type) => {
                let [packet_type, packet_code] = packet.destination_port.to_be_bytes();
                term.protocol == own_icmp
                    && packet_type == icmp_type
                    && term.icmp_code.is_none_or(|code| packet_code == code)
            }
        };
        term.protocol.0 == packet.protocol
            && icmp
            && among(&term.source_port, packet.source_port)
            && among(&term.destination_port, packet.destination_port)
    }

    fn named_matches(&self, name: &Name) -> bool {
        match self.model.security.applications.0.get(name) {
            Some(Application::Term(term)) => self.term_matches(term),
            Some(Application::Set(names)) => names.iter().any(|name| self.named_matches(name)),
            None => {
                let terms = Applications::default().resolve(&[ApplicationRef::Named(name.clone())]);
                terms.into_iter().flatten().any(|term| self.term_matches(&term))
            }
        }
    }

    fn applications_match(&self, refs: &[ApplicationRef]) -> bool {
        refs.is_empty()
            || refs.iter().any(|reference| match reference {
                ApplicationRef::Any => true,
                ApplicationRef::Named(name) => self.named_matches(name),
            })
    }

    fn policy(&self, from: &Name, to: &Name) -> Option<&Policy> {
        let matches = |policy: &&Policy| {
            self.addresses_match(&policy.r#match.source_address, &policy.r#match.destination_address)
                && self.applications_match(&policy.r#match.application)
        };
        let policies = &self.model.security.policies;
        let own = |policy: &&Policy| names(&policy.from_zone, from) && names(&policy.to_zone, to);
        let others =
            |policy: &&Policy| !own(policy) && policy.from_zone.covers(from) && policy.to_zone.covers(to);
        policies.iter().filter(own).find(matches).or_else(|| policies.iter().filter(others).find(matches))
    }

    fn source_nat(&self, from: &Name, to: &Name) -> Option<&SourceNatRule> {
        let matches = |rule: &&SourceNatRule| {
            self.addresses_match(&rule.r#match.source_address, &rule.r#match.destination_address)
                && self.applications_match(&rule.r#match.application)
        };
        let rules = &self.model.security.nat.source;
        let own = |rule: &&SourceNatRule| names(&rule.from_zone, from) && names(&rule.to_zone, to);
        let others =
            |rule: &&SourceNatRule| !own(rule) && rule.from_zone.covers(from) && rule.to_zone.covers(to);
        rules.iter().filter(own).find(matches).or_else(|| rules.iter().filter(others).find(matches))
    }

    fn destination_nat(&self, from: &Name) -> Option<&DestinationNatRule> {
        let matches = |rule: &&DestinationNatRule| {
            let r#match = &rule.r#match;
            let protocols = r#match.protocols();
            let protocol = protocols.is_empty() || protocols.contains(&IpProtocol(self.packet.protocol));
            let port = r#match.destination_port.is_empty()
                || r#match.destination_port.iter().any(|range| {
                    range.low() <= self.packet.destination_port
                        && self.packet.destination_port <= range.high()
                });
            let family = match rule.then {
                DestinationNatThen::Off => true,
                DestinationNatThen::To { address, .. } => {
                    address.is_ipv4() == self.packet.destination.is_ipv4()
                }
            };
            protocol
                && port
                && family
                && self.addresses_match(&r#match.source_address, &r#match.destination_address)
        };
        let rules = &self.model.security.nat.destination;
        let own = |rule: &&DestinationNatRule| names(&rule.from_zone, from);
        let others = |rule: &&DestinationNatRule| !own(rule) && rule.from_zone.covers(from);
        rules.iter().filter(own).find(matches).or_else(|| rules.iter().filter(others).find(matches))
    }

    fn host_inbound(&self, from: &Name) -> bool {
        let HostInbound { services, protocols } = &self.model.security.zones[from].host_inbound;
        let service = |service: &SystemService| match service.terms() {
            None => true,
            Some(terms) => terms.iter().any(|term| self.term_matches(term)),
        };
        services.iter().any(service)
            || protocols.iter().any(|protocol| protocol.terms().iter().any(|term| self.term_matches(term)))
    }
}

fn names(zone: &ZoneRef, wanted: &Name) -> bool {
    matches!(zone, ZoneRef::Named(name) if name == wanted)
}

fn rule_name(compiled: &Compiled, id: PolicyId) -> (RuleKind, &str) {
    let rule = compiled.names.rule(id).unwrap();
    (rule.key.kind, rule.key.name.as_str())
}

// === the comparison ===

/// Drops what the checks refuse: rules whose families exclude each other.
fn checked(mut model: Model) -> Model {
    while let Err(errors) = model.check() {
        let place = |error: &flumen_config::ConfigError, list: &str| {
            let text = error.path.to_string();
            let rest = text.strip_prefix(list)?.strip_prefix('[')?;
            rest.split(']').next()?.parse::<usize>().ok()
        };
        let error = &errors[0];
        if let Some(place) = place(error, "security.policies") {
            model.security.policies.remove(place);
        } else if let Some(place) = place(error, "security.nat.source") {
            model.security.nat.source.remove(place);
        } else if let Some(place) = place(error, "security.nat.destination") {
            model.security.nat.destination.remove(place);
        } else {
            panic!("{error}");
        }
    }
    model
}

fn compare(model: &Model, compiled: &Compiled, packet: &Packet) -> Result<(), TestCaseError> {
    let reading = Reading { model, packet };
    for from in ZONES.map(name) {
        let from_id = compiled.names.zone_id(from.as_str()).unwrap();
        let found = packet.classify(compiled, Stage::DestinationNat, from_id, ZoneId::NONE);
        let found = found.map(|found| rule_name(compiled, compiled.ruleset.nat[found.action as usize].id));
        let expected =
            reading.destination_nat(&from).map(|rule| (RuleKind::DestinationNat, rule.name.as_str()));
        prop_assert_eq!(found, expected, "from {}", &from);
        let found = packet.classify(compiled, Stage::HostInbound, from_id, ZoneId::NONE).is_some();
        prop_assert_eq!(found, reading.host_inbound(&from), "host-inbound from {}", &from);
        for to in ZONES.map(name) {
            let to_id = compiled.names.zone_id(to.as_str()).unwrap();
            let found = packet.classify(compiled, Stage::Policy, from_id, to_id);
            let found = found.map(|found| {
                let row = compiled.ruleset.policies[found.action as usize];
                (rule_name(compiled, row.id), row.action)
            });
            let expected = reading.policy(&from, &to).map(|policy| {
                let action = match policy.then {
                    PolicyThen::Deny => 0,
                    PolicyThen::Permit => 1,
                    PolicyThen::Reject => 2,
                };
                ((RuleKind::Policy, policy.name.as_str()), action)
            });
            prop_assert_eq!(found, expected, "from {} to {}", &from, &to);
            let found = packet.classify(compiled, Stage::SourceNat, from_id, to_id);
            let found = found.map(|found| {
                let row = compiled.ruleset.nat[found.action as usize];
                (rule_name(compiled, row.id), row.kind == NatKind::Off as u8)
            });
            let expected = reading
                .source_nat(&from, &to)
                .map(|rule| ((RuleKind::SourceNat, rule.name.as_str()), rule.then == SourceNatThen::Off));
            prop_assert_eq!(found, expected, "from {} to {}", &from, &to);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_ruleset_does_what_the_configuration_says(
        model in model(),
        packets in prop::collection::vec(packet(), 60),
    ) {
        let model = checked(model);
        let compiled = compile(&model, &Identities::default(), Generation(1)).map_err(|errors| {
            TestCaseError::fail(format!("{errors:?}"))
        })?;
        for packet in &packets {
            compare(&model, &compiled, packet)?;
        }
    }

    #[test]
    fn a_model_and_its_text_have_the_same_ruleset(model in model()) {
        let model = checked(model);
        let again = Model::from_json(&model.to_json()).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?;
        prop_assert_eq!(&model, &again);
        let [one, two] = [&model, &again].map(|model| compile(model, &Identities::default(), Generation(1)));
        prop_assert_eq!(one, two);
    }
}

#[test]
fn interfaces_carry_the_numbers_of_their_zones() {
    let mut model = Model::default();
    let members = Zone { interfaces: vec![name("eth0")], ..Zone::default() };
    model.interfaces.insert(name("eth0"), Interface::default());
    model.security.zones.insert(name("alpha"), members);
    let compiled = compile(&model, &Identities::default(), Generation(1)).unwrap();
    let binding = &compiled.ruleset.interfaces[0];
    assert_eq!((binding.id, binding.zone), (InterfaceId(1), ZoneId(1)));
    assert_eq!(compiled.names.interface(binding.id).unwrap().zone, "alpha");
    assert_eq!(compiled.names.zone(binding.zone), Some("alpha"));
    assert_eq!(IpFamily::V4.to_string(), "IPv4");
}
