//! Configurations for the host of [`crate::world`].

use flumen_abi::Generation;
use flumen_compile::{Identities, compile};
use flumen_config::Model;
use flumen_engine::Ruleset;
use serde_json::{Value, json};

/// Every interface in its zone, no rules, nothing allowed to the host.
///
/// Zones: `trust` has `lan`, `off` and VLAN 100 of `lan`; `untrust` has `wan` and VLAN 7.8 of it; `dmz`, `thin`, `bare`
/// and `modem` have the link of their name. `stray` is in none.
pub fn site() -> Value {
    json!({
        "interfaces": {
            "lan": {}, "wan": {}, "dmz": {}, "thin": {}, "bare": {}, "off": {}, "modem": {},
            "lan100": {"device": "lan", "vlan": 100, "link": "lan100"},
            "wan78": {"device": "wan", "vlan": 7, "inner-vlan": 8, "link": "wan7.8"}
        },
        "security": {
            "zones": {
                "trust": {"interfaces": ["lan", "off", "lan100"]},
                "untrust": {"interfaces": ["wan", "wan78"]},
                "dmz": {"interfaces": ["dmz"]},
                "thin": {"interfaces": ["thin"]},
                "bare": {"interfaces": ["bare"]},
                "modem": {"interfaces": ["modem"]}
            },
            "policies": [],
            "nat": {"source": [], "destination": []},
            "flow": {}
        }
    })
}

/// [`site`] with one policy that permits everything between all zones.
pub fn open_site() -> Value {
    policies(site(), [policy("all", "any", "any", "any", "permit")])
}

/// [`open_site`] with source NAT towards untrust, to the interface's address.
pub fn hiding_site() -> Value {
    source_nat(open_site(), "trust", "untrust", json!("interface"))
}

/// Replaces the policies.
pub fn policies(mut site: Value, policies: impl IntoIterator<Item = Value>) -> Value {
    site["security"]["policies"] = policies.into_iter().collect();
    site
}

/// A policy from one zone to another for one application; zones and application may be `any`.
pub fn policy(name: &str, from: &str, to: &str, application: &str, then: &str) -> Value {
    json!({
        "name": name, "from-zone": from, "to-zone": to,
        "match": {"source-address": ["any"], "destination-address": ["any"], "application": [application]},
        "then": then
    })
}

/// Adds a source NAT rule without conditions.
pub fn source_nat(mut site: Value, from: &str, to: &str, then: Value) -> Value {
    let rules = &mut site["security"]["nat"]["source"];
    let name = format!("source-{}", rules.as_array().map_or(0, Vec::len));
    let rule = json!({"name": name, "from-zone": from, "to-zone": to, "then": then});
    push(rules, rule);
    site
}

/// Adds a destination NAT rule for what `from` sends to `address`.
pub fn destination_nat(mut site: Value, from: &str, address: &str, matched: Value, then: Value) -> Value {
    let rules = &mut site["security"]["nat"]["destination"];
    let name = format!("destination-{}", rules.as_array().map_or(0, Vec::len));
    let mut conditions = json!({"destination-address": [address]});
    if let (Some(conditions), Value::Object(matched)) = (conditions.as_object_mut(), matched) {
        conditions.extend(matched);
    }
    push(rules, json!({"name": name, "from-zone": from, "match": conditions, "then": then}));
    site
}

/// Lets a zone send services to the host.
pub fn host_services(mut site: Value, zone: &str, services: &[&str]) -> Value {
    site["security"]["zones"][zone]["host-inbound"] = json!({"services": services});
    site
}

/// Lets a zone speak routing protocols with the host.
pub fn host_protocols(mut site: Value, zone: &str, protocols: &[&str]) -> Value {
    site["security"]["zones"][zone]["host-inbound"] = json!({"protocols": protocols});
    site
}

/// Sets one value of `flow`.
pub fn flow(mut site: Value, name: &str, value: impl Into<Value>) -> Value {
    site["security"]["flow"][name] = value.into();
    site
}

fn push(list: &mut Value, item: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}

/// Reads, checks and compiles a configuration. Every one of this crate has the same zones and interfaces, so their
/// numbers are the same too.
///
/// # Errors
/// In words, with the configuration.
pub fn compiled(configuration: &Value, generation: u32) -> Result<Ruleset, String> {
    let text = configuration.to_string();
    let model = Model::from_json(&text).map_err(|errors| format!("{errors:?} in {text}"))?;
    let compiled = compile(&model, &Identities::default(), Generation(generation));
    compiled.map(|compiled| compiled.ruleset).map_err(|errors| format!("{errors:?} of {text}"))
}
