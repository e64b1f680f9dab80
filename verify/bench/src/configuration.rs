//! The configurations that Flumen is measured with, in their JSON form.

use std::net::Ipv4Addr;

use flumen_testkit::topology::Segment;
use serde_json::{Value, json};

/// What a gateway of the benchmark does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rules {
    /// One policy that permits everything from trust to untrust.
    Plain,
    /// The same, and the source becomes the egress interface's address.
    SourceNat,
    /// This many policies. The traffic of the benchmark matches the last one alone.
    Policies(u32),
    /// A traffic mirror on `lan`: inner packets from [`MIRRORED_PORT`] go to the host behind `wan`, without DF above the usual
    /// length.
    Mirror,
    /// DF is cleared on `lan`, which is in no zone.
    DfClear,
}

/// Source port that the rule of [`Rules::Mirror`] matches.
pub(crate) const MIRRORED_PORT: u16 = 42844;

/// A configuration: interface `lan` in zone trust, `wan` in zone untrust.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Configuration {
    pub(crate) rules: Rules,
    /// Room in the session table.
    pub(crate) sessions: u32,
    /// How long an idle session lives, seconds.
    pub(crate) timeout_s: u32,
}

/// Sessions of a benchmark outlive it.
pub(crate) const LONG_TIMEOUT_S: u32 = 3600;

/// Applications of [`family`]. None of them takes in the traffic, UDP to port 5001.
const APPLICATIONS: u32 = 512;

// === impl Configuration ===

impl Configuration {
    /// Its text.
    pub(crate) fn text(&self) -> String {
        let (applications, policies) = match self.rules {
            Rules::Plain | Rules::SourceNat | Rules::Mirror | Rules::DfClear => {
                (json!({}), vec![permit_all()])
            }
            Rules::Policies(count) => (applications(), family(count)),
        };
        let nat = match self.rules {
            Rules::SourceNat => json!({"source": [{
                "name": "hide", "from-zone": "trust", "to-zone": "untrust", "match": {},
                "then": {"interface": {"port-range": "1024-65535"}}
            }]}),
            Rules::Plain | Rules::Policies(_) | Rules::Mirror | Rules::DfClear => json!({}),
        };
        let services = match self.rules {
            Rules::Mirror => mirror(),
            Rules::DfClear => json!({"df-clear": {"lan": {}}}),
            _ => json!({}),
        };
        let trust = if self.rules == Rules::DfClear { json!([]) } else { json!(["lan"]) };
        json!({
            "system": {"dataplane": {"sessions": {"maximum": self.sessions}, "mode": "driver"}},
            "interfaces": {"lan": {"device": "lan"}, "wan": {"device": "wan"}},
            "security": {
                "zones": {"trust": {"interfaces": trust}, "untrust": {"interfaces": ["wan"]}},
                "applications": applications,
                "policies": policies,
                "nat": nat,
                "flow": {
                    "udp-timeout": self.timeout_s,
                    "tcp-initial-timeout": self.timeout_s,
                    "tcp-established-timeout": self.timeout_s
                }
            },
            "services": services
        })
        .to_string()
    }
}

fn mirror() -> Value {
    json!({"traffic-mirror": {"m": {
        "interface": "lan",
        "output": {"interface": "wan"},
        "df-clear": {},
        "rules": [{
            "name": "nat",
            "match": {"source-port": MIRRORED_PORT},
            "then": {"address": Segment::Wan.host().v4, "port": 8081}
        }]
    }}})
}

fn permit_all() -> Value {
    policy("all", "any", "any", "any", "permit")
}

fn policy(name: &str, source: &str, destination: &str, application: &str, then: &str) -> Value {
    json!({
        "name": name, "from-zone": "trust", "to-zone": "untrust",
        "match": {
            "source-address": [source], "destination-address": [destination], "application": [application]
        },
        "then": then
    })
}

/// Single ports and short ranges of TCP and UDP, below and above the port that the traffic goes to.
fn applications() -> Value {
    let entry = |number: u32| {
        let protocol = if number.is_multiple_of(2) { "tcp" } else { "udp" };
        let low = if number % 4 < 2 { 6000 + number * 40 } else { 20 + number * 9 };
        let ports = match number % 3 {
            0 => json!(low),
            1 => json!(format!("{low}-{}", low + 3)),
            _ => json!(format!("{low}-{}", low + 8)),
        };
        (format!("app-{number}"), json!({"protocol": protocol, "destination-port": ports}))
    };
    Value::Object((0..APPLICATIONS).map(entry).collect())
}

/// `count` policies as a large site has them: prefixes of many lengths around the addresses that the traffic comes from
/// and inside the block that it goes to, each with one application. The last one permits everything.
fn family(count: u32) -> Vec<Value> {
    let rule = |number: u32| {
        let mixed = number.wrapping_mul(0x9e37_79b1); // Fibonacci hashing: neighbours lie far apart
        let source = match number % 4 {
            0 => "10.1.0.0/24".to_owned(),
            1 => format!("10.{}.{}.0/24", mixed >> 24, mixed >> 16 & 0xff),
            2 => format!("10.1.0.{}/32", mixed >> 24),
            _ => "10.0.0.0/8".to_owned(),
        };
        let length = 16 + number % 17;
        let inside = Ipv4Addr::new(100, 64, 0, 0).to_bits() | mixed >> 10;
        let destination = Ipv4Addr::from_bits(inside & u32::MAX << (32 - length));
        let application = format!("app-{}", mixed >> 7 & (APPLICATIONS - 1));
        let then = if number.is_multiple_of(3) { "deny" } else { "permit" };
        policy(&format!("rule-{number}"), &source, &format!("{destination}/{length}"), &application, then)
    };
    let mut policies: Vec<Value> = (0..count.saturating_sub(1)).map(rule).collect();
    policies.push(permit_all());
    policies
}

/// The same policies as rules of nftables, one a line.
pub(crate) fn nft_rules(count: u32) -> String {
    let applications = applications();
    let rule = |policy: &Value| {
        let of = |field: &str| policy["match"][field][0].as_str().unwrap_or_default();
        let verdict = if policy["then"] == "permit" { "accept" } else { "drop" };
        match of("application") {
            "any" => verdict.to_owned(),
            name => {
                let term = &applications[name];
                let ports = &term["destination-port"];
                let ports = ports.as_str().map_or_else(|| ports.to_string(), str::to_owned);
                let protocol = term["protocol"].as_str().unwrap_or_default();
                let (source, destination) = (of("source-address"), of("destination-address"));
                format!("ip saddr {source} ip daddr {destination} {protocol} dport {ports} {verdict}")
            }
        }
    };
    family(count).iter().map(rule).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use flumen_config::{Application, ApplicationRef, Model, PortRange};

    use super::{Configuration, LONG_TIMEOUT_S, Rules};

    fn model(rules: Rules) -> Model {
        let configuration = Configuration { rules, sessions: 1024, timeout_s: LONG_TIMEOUT_S };
        Model::from_json(&configuration.text()).expect("accepted")
    }

    #[test]
    fn the_traffic_matches_the_last_policy_alone() {
        let model = model(Rules::Policies(10_000));
        assert_eq!(model.security.policies.len(), 10_000);
        let takes_in = |range: &PortRange| range.low() <= 5001 && range.high() >= 5001;
        for application in model.security.applications.0.values() {
            let Application::Term(term) = application else { panic!("a set") };
            assert!(!term.destination_port.iter().any(takes_in), "{term:?}");
        }
        let policies = model.security.policies.iter();
        let open = policies.filter(|policy| policy.r#match.application.contains(&ApplicationRef::Any));
        assert_eq!(open.map(|rule| rule.name.to_string()).collect::<Vec<_>>(), ["all"]);
    }
}
