//! Generated configurations.

use super::Random;
use crate::site::{destination_nat, flow, policies, site, source_nat};
use serde_json::{Value, json};

const ZONES: [&str; 6] = ["trust", "untrust", "dmz", "thin", "bare", "modem"];
const INTERFACES: [&str; 9] = ["lan", "wan", "dmz", "thin", "bare", "off", "modem", "lan100", "wan78"];
const ADDRESSES: [&str; 8] = [
    "10.0.0.0/8",
    "10.0.1.0/24",
    "10.0.1.10/32",
    "203.0.113.0/24",
    "203.0.113.10",
    "198.51.100.0/24",
    "0.0.0.0/0",
    "10.0.3.80-10.0.4.10",
];
const ADDRESSES6: [&str; 6] = [
    "2001:db8::/32",
    "2001:db8:1::/64",
    "2001:db8:2::10",
    "2001:db8:99::/48",
    "::/0",
    "2001:db8:1::10-2001:db8:1::11",
];
const APPLICATIONS: [&str; 10] = [
    "web",
    "low",
    "from-4000",
    "echo",
    "echo6",
    "gre",
    "both",
    "junos-ssh",
    "junos-dns-udp",
    "junos-icmp-all",
];
const TIMEOUTS: [&str; 7] = [
    "tcp-initial-timeout",
    "tcp-established-timeout",
    "tcp-closing-timeout",
    "tcp-closed-timeout",
    "udp-timeout",
    "icmp-timeout",
    "other-timeout",
];
const SERVICES: [&str; 8] = ["ping", "ssh", "dns", "dhcp", "traceroute", "ike", "all", "http"];
const PORT_RANGES: [&str; 6] = ["1024-65535", "5000-5000", "4000-4001", "4000-4003", "1-65535", "53-60"];

/// A configuration with the interfaces of the world. It may be refused: rules are drawn without looking.
pub fn generate(random: &mut Random) -> Value {
    let mut configuration = zones(random);
    configuration["security"]["applications"] = json!({
        "web": {"protocol": "tcp", "destination-port": [80, "8080-8090"]},
        "low": {"protocol": "udp", "destination-port": "1-1023"},
        "from-4000": {"protocol": "tcp", "source-port": "4000-4001"},
        "echo": {"protocol": "icmp", "icmp-type": 8},
        "echo6": {"protocol": "icmp6", "icmp-type": 128, "icmp-code": 0},
        "gre": {"protocol": 47},
        "both": ["web", "low"]
    });
    let count = random.below(8);
    let mut rules: Vec<Value> = (0..count).map(|number| policy(random, number)).collect();
    if random.percent(70) {
        rules.push(crate::site::policy("rest", "any", "any", "any", "permit"));
    }
    configuration = policies(configuration, rules);
    for _ in 0..random.below(4) {
        configuration = source(configuration, random);
    }
    for _ in 0..random.below(4) {
        configuration = destination(configuration, random);
    }
    for zone in ZONES {
        if random.percent(40) {
            let services: Vec<_> = distinct(random, &SERVICES);
            configuration["security"]["zones"][zone]["host-inbound"] = json!({"services": services, "protocols": if random.percent(30) { json!(["ospf", "bgp"]) } else { json!([]) }});
        }
    }
    if random.percent(40) {
        configuration = services(configuration, random);
    }
    configuration = flow(configuration, "answers-per-second", if random.percent(15) { 0 } else { 1_000_000 });
    configuration = flow(configuration, "no-syn-check", random.percent(20));
    for name in TIMEOUTS {
        if random.percent(30) {
            configuration = flow(configuration, name, *random.pick(&[1, 2, 5, 30, 86_400]));
        }
    }
    configuration
}

/// Mostly the zones of the site; sometimes each interface in a zone by lot, or in none.
fn zones(random: &mut Random) -> Value {
    let mut configuration = site();
    if random.percent(70) {
        return configuration;
    }
    let mut members: Vec<Vec<&str>> = vec![Vec::new(); ZONES.len()];
    for interface in INTERFACES {
        if interface == "lan100" && random.percent(20) {
            if let Some(interfaces) = configuration["interfaces"].as_object_mut() {
                interfaces.remove(interface);
            }
            continue;
        }
        members[random.below(ZONES.len() as u64) as usize].push(interface);
    }
    for (zone, members) in ZONES.iter().zip(members) {
        configuration["security"]["zones"][zone]["interfaces"] = json!(members);
    }
    configuration
}

fn zone(random: &mut Random) -> &'static str {
    if random.percent(40) { "any" } else { random.pick::<&str>(&ZONES) }
}

fn distinct(random: &mut Random, words: &[&'static str]) -> Vec<&'static str> {
    words.iter().copied().filter(|_| random.percent(30)).collect()
}

/// One or two, or `any`.
fn some(random: &mut Random, words: &[&'static str]) -> Value {
    if random.percent(50) {
        return json!(["any"]);
    }
    let first = *random.pick(words);
    let second = *random.pick(words);
    if first == second || random.percent(50) { json!([first]) } else { json!([first, second]) }
}

/// Addresses of one family.
fn addresses(random: &mut Random) -> &'static [&'static str] {
    if random.percent(40) { &ADDRESSES6 } else { &ADDRESSES }
}

fn policy(random: &mut Random, number: u64) -> Value {
    let addresses = addresses(random);
    json!({
        "name": format!("policy-{number}"),
        "from-zone": zone(random),
        "to-zone": zone(random),
        "match": {
            "source-address": some(random, addresses),
            "destination-address": some(random, addresses),
            "application": some(random, &APPLICATIONS)
        },
        "then": *random.pick(&["permit", "permit", "permit", "deny", "reject"])
    })
}

fn source(configuration: Value, random: &mut Random) -> Value {
    let then = match random.below(5) {
        0 => json!("off"),
        1 | 2 => json!("interface"),
        _ => json!({"interface": {"port-range": *random.pick(&PORT_RANGES)}}),
    };
    let mut configuration = source_nat(configuration, zone(random), zone(random), then);
    let conditions = random.percent(40).then(|| {
        let addresses = addresses(random);
        json!({"source-address": some(random, addresses), "application": some(random, &APPLICATIONS)})
    });
    let rules = configuration["security"]["nat"]["source"].as_array_mut();
    if let (Some(conditions), Some(rule)) = (conditions, rules.and_then(|rules| rules.last_mut())) {
        rule["match"] = conditions;
    }
    configuration
}

fn destination(configuration: Value, random: &mut Random) -> Value {
    const PUBLIC: [&str; 3] = ["203.0.113.1", "198.51.100.9", "10.0.1.0/24"];
    const PUBLIC6: [&str; 3] = ["2001:db8:2::1", "2001:db8:99::9", "2001:db8:1::/64"];
    let six = random.percent(40);
    let public = *random.pick(if six { &PUBLIC6 } else { &PUBLIC });
    let server = match (six, random.below(3)) {
        (false, 0) => "10.0.3.80",
        (false, 1) => "10.0.1.11",
        (false, _) => "10.0.4.10",
        (true, 0) => "2001:db8:3::80",
        (true, 1) => "2001:db8:1::11",
        (true, _) => "2001:db8:4::10",
    };
    let ports = random.percent(50);
    let mut then = json!({"address": server});
    let mut matched = json!({});
    if ports {
        matched["destination-port"] = json!([*random.pick(&[53, 80, 4000])]);
        if random.percent(50) {
            then["port"] = json!(*random.pick(&[53, 8080, 65_535]));
        }
    } else if random.percent(30) {
        matched["protocol"] = json!([*random.pick(&["udp", "tcp", "icmp", "gre"])]);
    }
    let then = if random.percent(15) { json!("off") } else { then };
    destination_nat(configuration, zone(random), public, matched, then)
}

/// Traffic mirrors on some interfaces, and DF cleared on some; `stray` is in no zone then.
fn services(mut configuration: Value, random: &mut Random) -> Value {
    configuration["interfaces"]["stray"] = json!({});
    let clear = |random: &mut Random| json!({"over": *random.pick(&[0, 60, 100, 1_400]), "udp-checksum": *random.pick(&["keep", "keep", "zero"])});
    let mut cleared = json!({"stray": clear(random)});
    cleared["stray"]["destination-port"] = json!(4_000);
    if random.percent(50) {
        cleared["lan"] = clear(random);
        cleared["lan"]["destination-port"] = json!(53);
    }
    let mut mirrors = json!({});
    for number in 0..1 + random.below(3) {
        let mut mirror = json!({
            "interface": *random.pick(&["lan", "lan", "wan", "wan78"]),
            "port": *random.pick(&[4_789, 53]),
            "vni": *random.pick(&[1, 2, 3])
        });
        if random.percent(50) {
            mirror["df-clear"] = clear(random);
        }
        if random.percent(50) {
            let keeps = random.percent(40);
            let interface = *random.pick(&["dmz", "wan", "thin", "modem", "bare", "off", "stray"]);
            mirror["output"] = json!({"interface": interface, "keep-link-addresses": keeps});
        }
        let rules: Vec<Value> = (0..random.below(4)).map(|number| mirror_rule(random, number)).collect();
        mirror["rules"] = json!(rules);
        mirrors[format!("mirror-{number}")] = mirror;
    }
    configuration["services"] = json!({"traffic-mirror": mirrors, "df-clear": cleared});
    configuration
}

fn mirror_rule(random: &mut Random, number: u64) -> Value {
    let six = random.percent(40);
    let mut matched = json!({});
    if random.percent(60) {
        matched["source-port"] = json!([*random.pick(&[53, 4_000, 5_000])]);
    }
    if random.percent(40) {
        let addresses: &[&str] = if six { &ADDRESSES6 } else { &ADDRESSES };
        matched["destination-address"] = some(random, addresses);
    }
    let then = match random.below(5) {
        0 => json!("accept"),
        1 => json!("discard"),
        _ => {
            let address = if six {
                *random.pick(&["2001:db8:3::80", "2001:db8:1::1", "2001:db8:4::77"])
            } else {
                *random.pick(&["10.0.3.80", "10.0.1.1", "10.0.4.77", "203.0.113.10"])
            };
            let mut then = json!({"address": address});
            if matched.get("source-port").is_some() && random.percent(60) {
                then["port"] = json!(*random.pick(&[53, 8_081]));
            }
            then
        }
    };
    json!({"name": format!("rule-{number}"), "match": matched, "then": then})
}

#[cfg(test)]
mod tests {
    use super::{Random, generate};
    use crate::site::compiled;

    #[test]
    fn nearly_all_generated_configurations_compile() {
        let refused =
            (0..200).filter(|seed| compiled(&generate(&mut Random::new(*seed)), 1).is_err()).count();
        assert!(refused < 20, "{refused} of 200 are refused");
    }
}
