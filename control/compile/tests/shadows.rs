//! Rules that no packet reaches, against a plain reading of every packet that tells rules apart.
#![allow(clippy::unwrap_used)]

use flumen_abi::Generation;
use flumen_compile::{Identities, compile};
use flumen_config::{LoadMode, Model};
use proptest::prelude::*;
use std::fmt::Write;
use std::time::Instant;

const BASE: &str = "
set interfaces lan unit 0
set interfaces wan unit 0
set security zones security-zone a interfaces lan.0
set security zones security-zone b interfaces wan.0
";

/// Source, destination, application.
type Match<'t> = (&'t str, &'t str, &'t str);

fn text(policies: &[Match<'_>]) -> String {
    let mut text = BASE.to_owned();
    for (number, (source, destination, application)) in policies.iter().enumerate() {
        let policy = format!("set security policies from-zone a to-zone b policy p{number}");
        writeln!(text, "{policy} match source-address [ {source} ] destination-address [ {destination} ] application [ {application} ]").unwrap();
        writeln!(text, "{policy} then permit").unwrap();
    }
    text
}

fn notes(text: &str) -> Vec<String> {
    let loaded = Model::from_text(text, None, LoadMode::Strict);
    let loaded = loaded.unwrap_or_else(|errors| panic!("{errors:?}"));
    let compiled = compile(&loaded.model, &Identities::default(), Generation(1)).unwrap();
    compiled.notes.iter().map(ToString::to_string).collect()
}

/// Numbers of the policies that are noted.
fn shadowed(policies: &[Match<'_>]) -> Vec<usize> {
    let number = |note: &String| -> usize {
        let (_, rest) = note.split_once("policy p").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    notes(&text(policies)).iter().map(number).collect()
}

#[test]
fn a_rule_that_several_earlier_ones_cover_together_is_noted_with_their_names() {
    let halves = [
        ("10.0.0.0/9", "any", "junos-http"),
        ("10.128.0.0/9", "any", "any"),
        ("10.0.0.0/8", "any", "junos-http"),
    ];
    assert_eq!(
        notes(&text(&halves)),
        ["policy p2 from zone a to zone b: never reached; earlier rules match all of it (p0, p1)"]
    );
    assert!(notes(&text(&[halves[0], ("10.128.0.0/10", "any", "any"), halves[2]])).is_empty());
}

#[test]
fn a_rule_is_noted_when_each_of_its_sources_is_covered_and_not_when_one_is_free() {
    let (first, second) = (("10.1.0.0/16", "any", "any"), ("10.2.0.0/16", "any", "junos-ssh"));
    assert_eq!(shadowed(&[first, second, ("10.1.2.0/24 10.2.3.4/32", "192.0.2.1/32", "junos-ssh")]), [2]);
    assert!(shadowed(&[first, second, ("10.1.2.0/24 10.2.3.4/32", "192.0.2.1/32", "junos-http")]).is_empty());
    assert!(shadowed(&[first, second, ("10.1.2.0/24 10.3.0.0/16", "any", "junos-ssh")]).is_empty());
}

#[test]
fn ports_and_destinations_are_put_together_too() {
    let text = text(&[
        ("any", "192.0.2.0/25", "low"),
        ("any", "192.0.2.128/25", "any"),
        ("any", "192.0.2.0/24", "high"),
        ("any", "192.0.2.0/24", "all"),
    ]) + "set applications application low protocol tcp destination-port 1-999
          set applications application high protocol tcp destination-port 1000-65535
          set applications application all protocol tcp destination-port 1-65535";
    assert_eq!(notes(&text).len(), 1);
    assert!(notes(&text)[0].contains("policy p3") && notes(&text)[0].ends_with("(p0, p1, p2)"));
}

#[test]
fn a_global_policy_is_noted_when_every_pair_of_zones_covers_it() {
    let own = "set security policies from-zone FROM to-zone TO policy x match source-address any destination-address any application any
               set security policies from-zone FROM to-zone TO policy x then deny\n";
    let of = |from: &str, to: &str| own.replace("FROM", from).replace("TO", to);
    let global = "set security policies global policy g match source-address 10.0.0.0/8 destination-address any application any
                  set security policies global policy g then permit\n";
    let most = of("a", "a") + &of("a", "b") + &of("b", "a");
    assert!(notes(&format!("{BASE}{most}{global}")).is_empty());
    let all = most + &of("b", "b");
    assert_eq!(notes(&format!("{BASE}{all}{global}")).len(), 1);
}

#[test]
fn nat_rules_are_noted_alike() {
    let text = format!(
        "{BASE}
        set security nat source rule-set s from zone a
        set security nat source rule-set s to zone b
        set security nat source rule-set s rule one match source-address 10.0.0.0/9
        set security nat source rule-set s rule one then source-nat interface
        set security nat source rule-set s rule two match source-address 10.128.0.0/9
        set security nat source rule-set s rule two then source-nat off
        set security nat source rule-set s rule three match source-address 10.0.0.0/8
        set security nat source rule-set s rule three then source-nat interface"
    );
    assert_eq!(
        notes(&text),
        [
            "source NAT rule three from zone a to zone b: never reached; earlier rules match all of it (one, two)"
        ]
    );
}

#[test]
fn ten_thousand_policies_of_which_all_are_covered_do_not_hold_up_a_commit() {
    let sources: Vec<String> = (0..5_000_u32).map(|n| format!("10.{}.{}.0/24", n >> 8, n & 255)).collect();
    let halves: Vec<(String, String)> = sources
        .iter()
        .map(|source| (source.replace(".0/24", ".0/25"), source.replace(".0/24", ".128/25")))
        .collect();
    let mut policies: Vec<Match<'_>> = Vec::new();
    for (low, high) in &halves {
        policies.push((low, "any", "any"));
        policies.push((high, "any", "any"));
    }
    policies.extend(sources.iter().map(|source| (source.as_str(), "any", "junos-http")));
    let text = text(&policies);
    let model = Model::from_text(&text, None, LoadMode::Strict).unwrap().model;
    let begin = Instant::now();
    let compiled = compile(&model, &Identities::default(), Generation(1)).unwrap();
    println!("compiled in {:?}, {} notes", begin.elapsed(), compiled.notes.len());
    assert!(!compiled.notes.is_empty());
    assert!(begin.elapsed().as_secs_f64() < if cfg!(debug_assertions) { 30.0 } else { 1.0 });
}

// === against a plain reading ===

const SOURCES: [&str; 6] =
    ["10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.1/32", "10.0.0.2/32", "any-ipv4"];
const DESTINATIONS: [&str; 4] = ["192.0.2.0/31", "192.0.2.0/32", "192.0.2.1/32", "any-ipv4"];
const APPLICATIONS: [(&str, u8, [u16; 2]); 4] =
    [("low", 6, [1, 99]), ("high", 6, [100, 65_535]), ("all", 6, [1, 65_535]), ("udp", 17, [1, 65_535])];

/// First and last address of a prefix above.
fn range(prefix: &str) -> [u32; 2] {
    let Some((address, length)) = prefix.split_once('/') else { return [0, u32::MAX] };
    let first = address.parse::<std::net::Ipv4Addr>().unwrap().to_bits();
    let host = (1_u64 << (32 - length.parse::<u32>().unwrap())) - 1;
    [first, first + host as u32]
}

proptest! {
    #[test]
    fn exactly_the_rules_that_win_no_packet_are_noted(
        rules in prop::collection::vec((0_usize..6, 0_usize..4, 0_usize..4), 1..9)
    ) {
        let within = |[low, high]: [u32; 2], value: u32| (low..=high).contains(&value);
        let mut wins = vec![false; rules.len()];
        for source in [0, 0x0a00_0000, 0x0a00_0001, 0x0a00_0002, 0x0a00_0003, 0x0a00_0004] {
            for destination in [0, 0xc000_0200, 0xc000_0201, 0xc000_0202] {
                for (protocol, port) in [(6, 1), (6, 99), (6, 100), (6, 65_535), (17, 5)] {
                    let first = rules.iter().position(|(s, d, a)| {
                        let (_, of, [low, high]) = APPLICATIONS[*a];
                        within(range(SOURCES[*s]), source)
                            && within(range(DESTINATIONS[*d]), destination)
                            && of == protocol
                            && (low..=high).contains(&port)
                    });
                    if let Some(first) = first {
                        wins[first] = true;
                    }
                }
            }
        }
        let policies: Vec<Match<'_>> =
            rules.iter().map(|(s, d, a)| (SOURCES[*s], DESTINATIONS[*d], APPLICATIONS[*a].0)).collect();
        let mut text = text(&policies);
        for (name, protocol, [low, high]) in APPLICATIONS {
            let protocol = if protocol == 6 { "tcp" } else { "udp" };
            writeln!(text, "set applications application {name} protocol {protocol} destination-port {low}-{high}").unwrap();
        }
        let noted = notes(&text);
        for (number, wins) in wins.iter().enumerate() {
            let is_noted = noted.iter().any(|note| note.contains(&format!("policy p{number} ")));
            prop_assert_eq!(is_noted, !wins, "p{} of {:?}: {:?}", number, policies, noted);
        }
    }
}
