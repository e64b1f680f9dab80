//! The configurations that Flumen is measured with, in their JSON form.

use serde_json::{Value, json};

/// Sessions live longer than a benchmark.
pub(crate) const UDP_TIMEOUT_S: u32 = 3600;

/// What a gateway of the benchmark does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Rules {
    /// One policy that permits everything from trust to untrust.
    Plain,
    /// The same, and the source becomes the egress interface's address.
    SourceNat,
    /// This many policies. The traffic of the benchmark matches the last one alone.
    Policies(u32),
}

// === impl Rules ===

impl Rules {
    /// The configuration's text.
    pub(crate) fn configuration(self) -> String {
        let (applications, policies) = match self {
            Self::Plain | Self::SourceNat => (json!({}), vec![permit_all()]),
            Self::Policies(count) => (applications(), family(count)),
        };
        let source = match self {
            Self::SourceNat => json!([{
                "name": "hide", "from-zone": "trust", "to-zone": "untrust", "match": {},
                "then": {"interface": {"port-range": "1024-65535"}}
            }]),
            _ => json!([]),
        };
        json!({
            "interfaces": {"lan": {"device": "lan"}, "wan": {"device": "wan"}},
            "security": {
                "zones": {"trust": {"interfaces": ["lan"]}, "untrust": {"interfaces": ["wan"]}},
                "applications": applications,
                "policies": policies,
                "nat": {"source": source},
                "flow": {"udp-timeout": UDP_TIMEOUT_S, "tcp-initial-timeout": UDP_TIMEOUT_S,
                    "tcp-established-timeout": UDP_TIMEOUT_S}
            }
        })
        .to_string()
    }
}

/// Applications of [`family`]. None of them takes in UDP to port 5001.
const APPLICATIONS: u32 = 512;

fn permit_all() -> Value {
    policy("all", "any", "any", "any", "permit")
}

fn policy(name: &str, source: &str, destination: &str, application: &str, then: &str) -> Value {
    json!({
        "name": name, "from-zone": "trust", "to-zone": "untrust",
        "match": {"source-address": [source], "destination-address": [destination],
            "application": [application]},
        "then": then
    })
}

/// Single ports and ranges of TCP and UDP on both sides of the port that the traffic goes to.
fn applications() -> Value {
    let term = |number: u32| {
        let protocol = if number.is_multiple_of(2) { "tcp" } else { "udp" };
        let low = if number % 4 < 2 { 6000 + number * 40 } else { 20 + number * 9 };
        let ports = match number % 3 {
            0 => json!(low),
            1 => json!(format!("{low}-{}", low + 3)),
            _ => json!(format!("{low}-{}", low + 8)),
        };
        (format!("app-{number}"), json!({"protocol": protocol, "destination-port": ports}))
    };
    Value::Object((0..APPLICATIONS).map(term).collect())
}

/// `count` policies as a large site has them: prefixes of many lengths around and inside the addresses that the traffic
/// comes from and goes to, each with one application; the last one permits everything.
fn family(count: u32) -> Vec<Value> {
    let mut policies = Vec::new();
    for number in 0..count.saturating_sub(1) {
        let mixed = number.wrapping_mul(0x9e37_79b1);
        let source = match number % 4 {
            0 => "10.1.0.0/24".to_owned(),
            1 => format!("10.{}.{}.0/24", mixed >> 24, mixed >> 16 & 255),
            2 => format!("10.1.0.{}/32", mixed >> 24),
            _ => "10.0.0.0/8".to_owned(),
        };
        let length = 16 + number % 17;
        // inside 100.64.0.0/10, where the traffic goes
        let destination = (0x6440_0000 | mixed >> 10) & (u32::MAX << (32 - length));
        let destination = format!("{}/{length}", std::net::Ipv4Addr::from_bits(destination));
        let application = format!("app-{}", mixed >> 7 & (APPLICATIONS - 1));
        let then = if number.is_multiple_of(3) { "deny" } else { "permit" };
        policies.push(policy(&format!("rule-{number}"), &source, &destination, &application, then));
    }
    policies.push(permit_all());
    policies
}
