//! Generated rule sets: of kinds that people write, and of kinds that are hard for a search tree.

use flumen_config::{
    AddressLiteral, AddressRef, Application, ApplicationRef, Interface, IpProtocol, IpRange, Model, Name,
    Policy, PolicyMatch, PolicyThen, PortRange, Term, Zone, ZoneRef,
};
use std::net::Ipv4Addr;

/// A small generator of numbers (xorshift64*), so that every run makes the same rules.
pub struct Random(pub u64);

impl Random {
    /// 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }
}

/// One policy: source, destination, and protocol with destination ports; protocol 0 is every one.
pub struct Part {
    /// As configured.
    pub source: String,
    /// As configured.
    pub destination: String,
    /// Protocol, least and greatest destination port.
    pub transport: (u8, u16, u16),
}

/// A packet: source, destination, destination port, protocol.
pub type Packet = (Ipv4Addr, Ipv4Addr, u16, u8);

const ANY: (u8, u16, u16) = (0, 0, 0);

/// `count` policies of a kind.
pub fn parts(make: Make, count: u64, random: &mut Random) -> Vec<Part> {
    let part = |(source, destination, transport)| Part { source, destination, transport };
    (0..count).map(|place| part(make(random, place, count))).collect()
}

/// A packet that lies in a random one of the policies.
pub fn packet(parts: &[Part], random: &mut Random) -> Packet {
    let Part { source, destination, transport: (protocol, low, high) } =
        &parts[random.below(parts.len() as u64) as usize];
    let mut inside = |text: &str| {
        let (low, high) = bounds(text);
        Ipv4Addr::from_bits((u64::from(low) + random.below(u64::from(high - low) + 1)) as u32)
    };
    let (source, destination) = (inside(source), inside(destination));
    let port = low + random.below(u64::from(high - low) + 1) as u16;
    (source, destination, port, if *protocol == 0 { 6 } else { *protocol })
}

/// The place of the first policy that matches, read from top to bottom.
pub fn first_match(parts: &[Part], (source, destination, port, protocol): Packet) -> Option<usize> {
    let within = |address: Ipv4Addr, text: &str| {
        let (low, high) = bounds(text);
        (low..=high).contains(&address.to_bits())
    };
    parts.iter().position(|part| {
        let (wanted, low, high) = part.transport;
        (wanted == 0 || wanted == protocol && (low..=high).contains(&port))
            && within(source, &part.source)
            && within(destination, &part.destination)
    })
}

fn bounds(text: &str) -> (u32, u32) {
    match AddressLiteral::parse(text).map(AddressLiteral::range) {
        Ok(IpRange::V4(low, high)) => (low.to_bits(), high.to_bits()),
        _ => (0, u32::MAX),
    }
}

type Triple = (String, String, (u8, u16, u16));
type Make = fn(&mut Random, u64, u64) -> Triple;

/// Every kind by name.
pub const KINDS: &[(&str, Make)] = &[
    ("acl", acl),
    ("acl, any ports", |random, place, count| {
        let (source, destination, _) = acl(random, place, count);
        (source, destination, ANY)
    }),
    ("firewall", firewall),
    ("port each", |_, place, _| {
        ("any".into(), "any".into(), (6 + 11 * (place & 1) as u8, 1 + place as u16, 1 + place as u16))
    }),
    ("one source", |_, place, _| {
        ("10.0.0.0/8".into(), Ipv4Addr::from_bits(0xc612_0000 + place as u32).to_string(), tcp(80))
    }),
    ("host to host", |random, _, _| (host(random), host(random), tcp(443))),
    ("net to net", |_, place, _| {
        (format!("10.{}.{}.0/24", place >> 8, place & 255), format!("172.16.{}.0/24", place & 255), tcp(443))
    }),
    ("nested", nested),
    ("nested, wide first", |random, place, count| nested(random, count - 1 - place, count)),
    ("port ranges", |random, _, _| ("any".into(), "any".into(), range(random))),
    ("port ranges, hosts", |random, _, _| ("any".into(), host(random), range(random))),
    ("crossing", |random, place, _| {
        if place & 1 == 0 { (host(random), "any".into(), ANY) } else { ("any".into(), host(random), ANY) }
    }),
    ("crossing, 3 ways", |random, place, _| match place % 3 {
        0 => (host(random), "any".into(), ANY),
        1 => ("any".into(), host(random), ANY),
        _ => ("any".into(), "any".into(), range(random)),
    }),
    ("crossing, 4 ways", |random, place, _| match place % 4 {
        0 => (host(random), "any".into(), tcp(1 + random.below(1000) as u16)),
        1 => ("any".into(), host(random), ANY),
        2 => ("any".into(), "any".into(), range(random)),
        _ => (prefix(random, 4, 12), prefix(random, 4, 12), range(random)),
    }),
    ("crossing prefixes", |random, _, _| (prefix(random, 2, 30), prefix(random, 2, 30), ANY)),
    ("crossing slabs", |random, _, _| (span(random), span(random), range(random))),
];

fn acl(random: &mut Random, _: u64, _: u64) -> Triple {
    let source = match random.below(10) {
        0..=2 => "any".into(),
        3..=5 => prefix(random, 16, 24),
        _ => prefix(random, 24, 32),
    };
    let destination = match random.below(10) {
        0..=1 if source != "any" => "any".into(),
        0..=4 => prefix(random, 16, 24),
        _ => prefix(random, 24, 32),
    };
    let transport = match random.below(10) {
        0..=1 => ANY,
        2..=7 => tcp([22, 25, 53, 80, 110, 143, 443, 993, 3306, 8080][random.below(10) as usize]),
        _ => range(random),
    };
    (source, destination, transport)
}

/// Few networks and many hosts of them, as in an enterprise.
fn firewall(random: &mut Random, _: u64, _: u64) -> Triple {
    let mut address = |wide| match random.below(10) {
        place if place < wide => "any".to_owned(),
        3..=5 => format!("10.{}.0.0/16", random.below(20)),
        6..=7 => format!("10.{}.{}.0/24", random.below(20), random.below(40)),
        _ => format!("10.{}.{}.{}", random.below(20), random.below(40), random.below(254)),
    };
    let source = address(3);
    let destination = address(if source == "any" { 0 } else { 2 });
    let transport = match random.below(10) {
        0 => ANY,
        1..=7 => tcp([22, 25, 53, 80, 110, 143, 443, 993, 3306, 8080][random.below(10) as usize]),
        _ => range(random),
    };
    (source, destination, transport)
}

/// Chains of 24 prefixes, the longest first.
fn nested(random: &mut Random, place: u64, _: u64) -> Triple {
    let mut fixed = Random(0x1234_5678 + place / 24);
    let address = fixed.next() as u32;
    let length = 32 - (place % 24) as u32;
    let net = Ipv4Addr::from_bits(address & (u32::MAX << (32 - length)));
    (format!("{net}/{length}"), "any".into(), tcp(1 + random.below(3) as u16))
}

fn tcp(port: u16) -> (u8, u16, u16) {
    (6, port, port)
}

fn range(random: &mut Random) -> (u8, u16, u16) {
    let (a, b) = (1 + random.below(65535) as u16, 1 + random.below(65535) as u16);
    (6 + 11 * random.below(2) as u8, a.min(b), a.max(b))
}

fn host(random: &mut Random) -> String {
    Ipv4Addr::from_bits(random.next() as u32 | 0x0100_0000).to_string()
}

fn prefix(random: &mut Random, least: u64, most: u64) -> String {
    let length = least + random.below(most - least + 1);
    let address = random.next() as u32 & (u32::MAX << (32 - length));
    format!("{}/{length}", Ipv4Addr::from_bits(address))
}

fn span(random: &mut Random) -> String {
    let (a, b) = (random.next() as u32, random.next() as u32);
    format!("{}-{}", Ipv4Addr::from_bits(a.min(b)), Ipv4Addr::from_bits(a.max(b)))
}

/// A configuration of two zones with these policies between them.
pub fn model(parts: &[Part]) -> Model {
    let mut model = Model::default();
    let name = |text: &str| Name::new(text).expect("made up here");
    for (interface, zone) in [("lan", "trust"), ("wan", "untrust")] {
        model.interfaces.insert(name(interface), Interface::default());
        let members = Zone { interfaces: vec![name(interface)], ..Zone::default() };
        model.security.zones.insert(name(zone), members);
    }
    for (place, Part { source, destination, transport: (protocol, low, high) }) in parts.iter().enumerate() {
        let address = |text: &str| AddressRef::parse(text).expect("made up here");
        let application = if *protocol == 0 {
            ApplicationRef::Any
        } else {
            let term = Term {
                destination_port: vec![PortRange::new(*low, *high).expect("made up here")],
                ..Term::protocol(IpProtocol(*protocol))
            };
            let key = name(&format!("a{protocol}-{low}-{high}"));
            model.security.applications.0.insert(key.clone(), Application::Term(term));
            ApplicationRef::Named(key)
        };
        model.security.policies.push(Policy {
            name: name(&format!("p{place}")),
            from_zone: ZoneRef::Named(name("trust")),
            to_zone: ZoneRef::Named(name("untrust")),
            r#match: PolicyMatch {
                source_address: vec![address(source)],
                destination_address: vec![address(destination)],
                application: vec![application],
            },
            then: PolicyThen::Permit,
        });
    }
    model
}
