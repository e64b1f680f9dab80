//! Configurations of the lab's gateway, in their JSON form.

use serde_json::{Value, json};

/// A configuration that is changed piece by piece.
///
/// ```
/// # use flumen_scenarios::Configuration;
/// let text = Configuration::new().set("/security/flow/udp-timeout", 2).text();
/// assert!(text.contains("\"udp-timeout\": 2"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Configuration(Value);

// === impl Configuration ===

impl Configuration {
    /// `lan` is in zone `trust`, `wan` in zone `untrust`. Everything may pass from trust to untrust; IPv4 sources become
    /// the gateway's WAN address. Both zones may ping the gateway.
    pub fn new() -> Self {
        Self(json!({
            "system": {"dataplane": {"sessions": {"maximum": 16384}}},
            "interfaces": {"lan": {}, "wan": {}},
            "security": {
                "zones": {
                    "trust": {"interfaces": ["lan"], "host-inbound": {"services": ["ping", "traceroute"]}},
                    "untrust": {"interfaces": ["wan"], "host-inbound": {"services": ["ping"]}}
                },
                "policies": [policy("out", "trust", "untrust", "any", "permit")],
                "nat": {"source": [{
                    "name": "hide", "from-zone": "trust", "to-zone": "untrust",
                    "match": {"source-address": ["any-ipv4"]}, "then": "interface"
                }]}
            }
        }))
    }

    /// A configuration from its text.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text).map(Self)
    }

    /// The same without source NAT.
    pub fn without_nat() -> Self {
        Self::new().set("/security/nat", json!({}))
    }

    /// Sets the value at a JSON pointer; objects on the way are made, lists must be there.
    ///
    /// # Panics
    /// When the pointer leads through something that is no object and no list.
    pub fn set(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let mut place = &mut self.0;
        for step in pointer.split('/').skip(1) {
            place = match (place, step.parse::<usize>()) {
                (Value::Array(list), Ok(index)) => &mut list[index],
                (Value::Object(map), _) => map.entry(step).or_insert_with(|| json!({})),
                (other, _) => panic!("{pointer}: {other} has no {step}"),
            };
        }
        *place = value.into();
        self
    }

    /// Puts a policy before all others. `application` is a name; `then` is permit, deny or reject.
    ///
    /// # Panics
    /// When `policies` is no list.
    pub fn policy_first(mut self, name: &str, zones: (&str, &str), application: &str, then: &str) -> Self {
        let policies = self.0["security"]["policies"].as_array_mut().expect("policies are a list");
        policies.insert(0, policy(name, zones.0, zones.1, application, then));
        self
    }

    /// Names one port of a protocol.
    pub fn application(self, name: &str, protocol: &str, port: u16) -> Self {
        self.set(
            &format!("/security/applications/{name}"),
            json!({"protocol": protocol, "destination-port": port}),
        )
    }

    /// The text as it is written into a file.
    pub fn text(&self) -> String {
        format!("{:#}\n", self.0)
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self::new()
    }
}

fn policy(name: &str, from_zone: &str, to_zone: &str, application: &str, then: &str) -> Value {
    json!({
        "name": name, "from-zone": from_zone, "to-zone": to_zone,
        "match": {"source-address": ["any"], "destination-address": ["any"], "application": [application]},
        "then": then
    })
}
