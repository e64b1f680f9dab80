//! From one commit to the next: numbers, differences, notes, limits.
#![allow(clippy::unwrap_used)]

use flumen_abi::{Generation, PolicyId, Stage};
use flumen_compile::{
    CompileError, Compiled, Identities, Limits, Note, RuleKind, Table, compile, compile_within,
};
use flumen_config::{Model, Name, Policy, Zone};
use std::time::Instant;

const SMALL: &str = include_str!("small.json");

fn small() -> Model {
    Model::from_json(SMALL).unwrap()
}

fn commit(model: &Model, previous: &Identities) -> Compiled {
    compile(model, previous, Generation(1)).unwrap()
}

fn rule_id(compiled: &Compiled, kind: RuleKind, name: &str) -> PolicyId {
    let rules = compiled.names.rules(kind);
    rules.into_iter().find(|(_, rule)| rule.key.name == name).unwrap().0
}

#[test]
fn numbers_stay_when_rules_come_go_and_move() {
    let first = commit(&small(), &Identities::default());
    let mut model = small();
    model.security.policies.reverse();
    let gone = model.security.policies.pop().unwrap();
    let second = commit(&model, &first.identities);
    for name in ["admin", "web", "rest"] {
        let [before, after] = [&first, &second].map(|compiled| rule_id(compiled, RuleKind::Policy, name));
        assert_eq!(before, after, "{name}");
    }
    let id = rule_id(&first, RuleKind::Policy, gone.name.as_str());
    let retired = second.names.rule(id).unwrap();
    assert_eq!((retired.key.name.as_str(), &retired.then), ("out", &None));
    assert!(second.names.rules(RuleKind::Policy).iter().all(|(live, _)| *live != id));

    let mut renamed = Policy { name: Name::new("new").unwrap(), ..gone.clone() };
    model.security.policies.push(renamed.clone());
    let third = commit(&model, &second.identities);
    assert_ne!(rule_id(&third, RuleKind::Policy, "new"), id, "a session may still carry it");
    renamed.name = gone.name;
    model.security.policies.push(renamed);
    let fourth = commit(&model, &third.identities);
    assert_eq!(rule_id(&fourth, RuleKind::Policy, "out"), id, "it is the same rule again");
}

#[test]
fn an_interface_keeps_its_number_with_its_device_and_tags() {
    let first = commit(&small(), &Identities::default());
    let mut model = small();
    let interface = model.interfaces.remove("lan").unwrap();
    let name = Name::new("office").unwrap();
    model.interfaces.insert(name.clone(), interface);
    model.security.zones.get_mut("trust").unwrap().interfaces = vec![name];
    let second = commit(&model, &first.identities);
    assert_eq!(first.names.interface_id("lan"), second.names.interface_id("office"));
    assert!(first.names.interface_id("lan").is_some());
}

#[test]
fn a_text_of_identities_gives_the_same_numbers_as_the_identities() {
    let first = commit(&small(), &Identities::default());
    let text = serde_json::to_string(&first.identities).unwrap();
    let read: Identities = serde_json::from_str(&text).unwrap();
    assert_eq!(commit(&small(), &read), commit(&small(), &first.identities));
}

#[test]
fn the_same_model_gives_the_same_rows_and_a_difference_names_its_tables() {
    let first = commit(&small(), &Identities::default());
    let mut again = compile(&small(), &first.identities, Generation(2)).unwrap();
    assert!(first.ruleset.diff(&again.ruleset).is_empty(), "the generation does not count");
    again.ruleset.settings.generation = Generation(1);
    assert_eq!(again.ruleset, first.ruleset);

    let mut model = small();
    model.security.flow.udp_timeout = 31;
    model.security.policies.pop();
    let second = commit(&model, &first.identities);
    insta::assert_snapshot!(first.ruleset.diff(&second.ruleset));
}

#[test]
fn a_rule_that_is_never_reached_and_one_that_cannot_match_are_noted() {
    let mut model = small();
    let all = model.security.policies[0].clone();
    let shadowed = Policy { name: Name::new("late").unwrap(), ..all };
    model.security.policies.push(shadowed);
    let mut empty = model.security.policies[1].clone();
    empty.name = Name::new("ping6").unwrap();
    empty.r#match.application = vec![flumen_config::ApplicationRef::parse("junos-icmp6-ping").unwrap()];
    model.security.policies.push(empty);
    let notes: Vec<String> =
        commit(&model, &Identities::default()).notes.iter().map(Note::to_string).collect();
    assert_eq!(
        notes,
        [
            "policy late from zone trust to zone untrust: never reached; earlier rules match all of it (out)",
            "policy ping6 from zone trust to zone dmz: matches no packet; its addresses and applications exclude each other",
        ]
    );
    assert!(commit(&small(), &Identities::default()).notes.is_empty());
}

#[test]
fn each_table_that_is_too_small_is_refused_by_name() {
    let default = Limits::DEFAULT;
    let refused = |limits: &Limits| {
        let errors = compile_within(&small(), &Identities::default(), Generation(1), limits).unwrap_err();
        errors.iter().map(CompileError::to_string).collect::<Vec<_>>().join("\n")
    };
    let texts = [
        refused(&Limits { roots: 9, ..default }),
        refused(&Limits { leaves: 19, ..default }),
        refused(&Limits { rules: 7, ..default }),
        refused(&Limits { rules: 3, ..default }),
        refused(&Limits { policies: 3, nat: 2, interfaces: 2, ..default }),
        refused(&Limits { zones: 2, ..default }),
        refused(&Limits { hits: 6, ..default }),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn a_product_that_no_memory_holds_is_refused_before_it_is_made() {
    let addresses: Vec<String> =
        (0..3000_u32).map(|host| format!("\"10.{}.{}.1\"", host >> 8, host & 255)).collect();
    let addresses = addresses.join(",");
    let text = format!(
        r#"{{"interfaces": {{"eth0": {{}}}}, "security": {{"zones": {{"a": {{"interfaces": ["eth0"]}}}},
            "address-book": {{"many": [{addresses}]}},
            "policies": [{{"name": "p", "from-zone": "a", "to-zone": "a", "then": "permit", "match":
                {{"source-address": "many", "destination-address": "many", "application": "any"}}}}]}}}}"#
    );
    let model = Model::from_json(&text).unwrap();
    let errors = compile(&model, &Identities::default(), Generation(1)).unwrap_err();
    assert_eq!(
        errors,
        [CompileError::TooManyRows {
            table: Table::Rules,
            needed: 9_000_000,
            size: 65_536,
            most: "policy p from zone a to zone a".to_owned(),
            share: 9_000_000,
        }]
    );
}

#[test]
fn a_model_that_is_wrong_has_no_ruleset() {
    let mut model = small();
    model.security.zones.insert(
        Name::new("twin").unwrap(),
        Zone { interfaces: vec![Name::new("lan").unwrap()], ..Zone::default() },
    );
    let errors = compile(&model, &Identities::default(), Generation(1)).unwrap_err();
    assert!(matches!(errors[..], [CompileError::Invalid(_)]), "{errors:?}");
}

#[test]
fn rules_for_every_zone_are_stored_once_for_all_pairs_of_zones() {
    let mut interfaces = Vec::new();
    let mut zones = Vec::new();
    for place in 0..40 {
        interfaces.push(format!("\"eth{place}\": {{}}"));
        zones.push(format!("\"z{place}\": {{\"interfaces\": [\"eth{place}\"]}}"));
    }
    let policy = |name: String, zones: [&str; 2], destination: String| {
        format!(
            r#"{{"name": "{name}", "from-zone": "{}", "to-zone": "{}", "then": "permit", "match":
                {{"source-address": "any", "destination-address": "{destination}", "application": "any"}}}}"#,
            zones[0], zones[1]
        )
    };
    let mut policies: Vec<String> = (0..500)
        .map(|place| {
            policy(format!("all{place}"), ["any", "any"], format!("10.0.{}.{}", place >> 8, place & 255))
        })
        .collect();
    policies.extend(
        (0..40)
            .map(|place| policy("own".to_owned(), [&format!("z{place}"), "z0"], format!("10.1.0.{place}"))),
    );
    let text = format!(
        r#"{{"interfaces": {{{}}}, "security": {{"zones": {{{}}}, "policies": [{}]}}}}"#,
        interfaces.join(","),
        zones.join(","),
        policies.join(",")
    );
    let model = Model::from_json(&text).unwrap();
    let compiled = commit(&model, &Identities::default());
    assert_eq!(compiled.ruleset.roots.len(), 40 * 40);
    assert_eq!(compiled.ruleset.rules.len(), 540);
    assert!(compiled.ruleset.leaves.len() < 1000, "{}", compiled.ruleset.leaves.len());
}

#[test]
fn a_rule_that_names_both_zones_goes_before_one_for_every_zone() {
    let compiled = commit(&small(), &Identities::default());
    let policies = |from, to| {
        let wanted = |key: &flumen_abi::RootKey| {
            key.stage == Stage::Policy as u8 && key.family == 4 && key.from == from && key.to == to
        };
        let (_, root) = compiled.ruleset.roots.iter().find(|(key, _)| wanted(key)).unwrap();
        let leaf = flumen_abi::LeafRef(root.trees[0]);
        let entries = &compiled.ruleset.leaves[leaf.first() as usize..][..leaf.count() as usize];
        let mut names: Vec<String> = entries
            .iter()
            .map(|rule| {
                let row = compiled.ruleset.rules[*rule as usize];
                let id = compiled.ruleset.policies[row.action as usize].id;
                compiled.names.rule(id).unwrap().key.name.clone()
            })
            .collect();
        names.dedup();
        names
    };
    let zone = |name| compiled.names.zone_id(name).unwrap();
    assert_eq!(policies(zone("trust"), zone("dmz")), ["admin", "rest"]);
    assert_eq!(policies(zone("untrust"), zone("dmz")), ["web"]);
}

#[test]
fn ten_thousand_policies_are_read_and_compiled_within_the_time_of_a_commit() {
    let policies: Vec<String> = (0..10_000_u32)
        .map(|place| {
            format!(
                r#"{{"name": "p{place}", "from-zone": "a", "to-zone": "b", "then": "permit", "match":
                    {{"source-address": "10.{}.{}.0/24", "destination-address": "any-ipv4", "application": "junos-https"}}}}"#,
                place >> 8,
                place & 255
            )
        })
        .collect();
    let text = format!(
        r#"{{"interfaces": {{"eth0": {{}}, "eth1": {{}}}}, "security": {{"zones": {{"a": {{"interfaces": ["eth0"]}},
            "b": {{"interfaces": ["eth1"]}}}}, "policies": [{}]}}}}"#,
        policies.join(",")
    );
    let start = Instant::now();
    let model = Model::from_json(&text).unwrap();
    let read = start.elapsed();
    let compiled = commit(&model, &Identities::default());
    let all = start.elapsed();
    assert_eq!(compiled.ruleset.rules.len(), 10_000);
    // Without optimisation it takes ten times as long; the figure is measured in release.
    let budget = if cfg!(debug_assertions) { 30.0 } else { 0.5 };
    println!("read in {read:?}, compiled in {:?}", all - read);
    assert!(all.as_secs_f64() < budget, "{all:?}");
}
