//! What texts in the language of Junos mean.
#![allow(clippy::unwrap_used)]

use flumen_config::{ConfigError, Form, Loaded, LoginClass, Model, Warning};
use flumen_syntax::parse::Mode;
use flumen_syntax::print;

const BRANCH: &str = include_str!("texts/branch.conf");

fn read(text: &str) -> Loaded {
    match Model::from_text(text, None, Mode::Strict) {
        Ok(loaded) => loaded,
        Err(errors) => panic!("{}", listed(&errors)),
    }
}

fn refused(text: &str, mode: Mode) -> String {
    listed(&Model::from_text(text, None, mode).expect_err("the text is wrong"))
}

fn listed(errors: &[ConfigError]) -> String {
    errors.iter().map(|error| format!("{error}\n")).collect()
}

fn warnings(loaded: &Loaded) -> String {
    loaded.warnings.iter().map(|warning: &Warning| format!("{warning}\n")).collect()
}

#[test]
fn a_branch_office_becomes_the_model_that_it_means() {
    let loaded = read(BRANCH);
    assert_eq!(loaded.form, Form::Curly);
    insta::assert_snapshot!(loaded.model.to_json());
    insta::assert_snapshot!("a_branch_office_has_warnings", warnings(&loaded));
}

#[test]
fn every_form_of_a_configuration_is_recognised_and_means_the_same() {
    let curly = read(BRANCH);
    let tree = curly.tree.unwrap();
    for (text, form) in [
        (print::set(&tree), Form::Commands),
        (print::json(&tree), Form::JsonTree),
        (print::curly(&tree), Form::Curly),
        (format!("# by hand\n/* two */\n{}", print::set(&tree)), Form::Commands),
    ] {
        let loaded = read(&text);
        assert_eq!(loaded.form, form);
        assert_eq!(loaded.model, curly.model);
    }
    assert_eq!(read("{}").form, Form::JsonModel);
    for empty in ["", " \n", "# nothing\n", "/* nothing */", "/* never ends"] {
        assert_eq!(Form::of(empty), Form::JsonModel, "{empty:?}");
        assert!(Model::from_text(empty, None, Mode::Strict).is_err());
    }
}

#[test]
fn what_is_wrong_is_reported_with_its_statement_and_its_place() {
    insta::assert_snapshot!(refused(include_str!("texts/wrong.conf"), Mode::Strict));
}

#[test]
fn what_is_not_supported_never_lets_more_pass_in_a_lenient_load() {
    let text = include_str!("texts/lenient.conf");
    let strict = refused(text, Mode::Strict);
    insta::assert_snapshot!("lenient_text_refused", strict);
    let loaded =
        Model::from_text(text, None, Mode::Lenient).unwrap_or_else(|errors| panic!("{}", listed(&errors)));
    insta::assert_snapshot!("lenient_text_warnings", warnings(&loaded));
    insta::assert_snapshot!("lenient_text_model", loaded.model.to_json());
    // It is kept word for word, and loads again.
    let tree = loaded.tree.unwrap();
    let again = Model::from_text(&print::set(&tree), None, Mode::Lenient).unwrap();
    assert_eq!(print::set(&again.tree.unwrap()), print::set(&tree));
    assert_eq!(again.model, loaded.model);
}

#[test]
fn global_policies_come_after_those_of_two_zones_and_keep_their_own_order() {
    let any = "match { source-address any; destination-address any; application any; }";
    let policy = |name: &str, extra: &str, then: &str| {
        let any = any.replace("; }", &format!("; {extra} }}"));
        format!("policy {name} {{ {any} then {then}; }}\n")
    };
    let text = format!(
        "security {{ zones {{ security-zone a; security-zone b; }} policies {{
            global {{ {} {} {} {} }}
            from-zone a to-zone b {{ {} }}
            default-policy permit-all; }} }}",
        policy("one", "", "deny"),
        policy("two", "from-zone a; to-zone [ a b ];", "permit"),
        policy("three", "from-zone b;", "reject"),
        policy("four", "from-zone a; to-zone b;", "permit"),
        policy("first", "", "permit"),
    );
    let order: Vec<String> = read(&text)
        .model
        .security
        .policies
        .iter()
        .map(|policy| format!("{} {} {}", policy.from_zone, policy.to_zone, policy.name))
        .collect();
    assert_eq!(
        order,
        [
            "a b first",
            "any any one",
            "a a one (global)",
            "a a two (global)",
            "a b one (global)",
            "a b two (global)",
            "b any three",
            "a b four (global)",
            "any any default policy",
        ]
    );
}

#[test]
fn names_of_a_zone_come_before_those_of_all_zones() {
    let text = "security {
        address-book {
            global { address web 192.0.2.1/32; address mail 192.0.2.2/32; }
            dmz { address web 192.0.2.3/32; attach { zone b; } }
        }
        zones { security-zone a { address-book { address web 192.0.2.4/32; address-set all { address web; } } } security-zone b; }
        policies {
            from-zone a to-zone b {
                policy p {
                    match { source-address [ web all mail 198.51.100.0/24 ]; destination-address [ web mail any-ipv6 ]; application any; }
                    then permit;
                }
            }
        }
    }";
    let model = read(text).model;
    let r#match = &model.security.policies[0].r#match;
    let resolved = |refs| format!("{:?}", model.security.address_book.resolve(refs));
    assert_eq!(
        resolved(&r#match.source_address),
        "[V4(192.0.2.2, 192.0.2.2), V4(192.0.2.4, 192.0.2.4), V4(198.51.100.0, 198.51.100.255)]"
    );
    assert_eq!(
        resolved(&r#match.destination_address),
        "[V4(192.0.2.2, 192.0.2.3), V6(::, ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff)]"
    );
}

#[test]
fn nat_rules_match_ports_and_applications_and_are_made_for_each_pair_of_zones() {
    let text = "applications { application voice { term sip protocol udp destination-port 5060; term rtp protocol udp destination-port 10000-20000; } }
    security {
        zones { security-zone a; security-zone b; security-zone c; }
        nat {
            source { rule-set out { from zone [ a b ]; to zone c;
                rule mail { match { source-address 10.0.0.0/8; destination-port { 25; 587 to 588; } protocol tcp; } then { source-nat off; } }
                rule rest { then { source-nat interface; } } } }
            destination { pool pbx { address 10.0.0.5/32; }
                rule-set in { from zone c;
                    rule voice { match { destination-address 192.0.2.1/32; application voice; } then { destination-nat pool pbx; } } } }
        }
    }";
    insta::assert_snapshot!(read(text).model.to_json());
}

/// What the generator `aerleon` 1.18 makes of `office.pol`, `office.net` and `office.svc` for its target `srx`.
const GENERATED: &str = include_str!("texts/office.srx");

#[test]
fn the_output_of_a_policy_generator_is_loaded_into_a_configuration_and_means_what_its_input_says() {
    use flumen_syntax::{Load, load, parse};
    let (own, findings) = parse::curly(include_str!("texts/office.conf"), None, Mode::Strict);
    assert_eq!(findings, []);
    let (generated, findings) = parse::curly(GENERATED, Some("office.srx"), Mode::Strict);
    assert_eq!(findings, []);
    let tree = load(&own, &generated, Load::Replace).expect("nothing is protected").tree;
    let (model, warnings) =
        Model::from_tree(&tree, Mode::Strict).unwrap_or_else(|errors| panic!("{}", listed(&errors)));
    insta::assert_snapshot!("generated_model", model.to_json());
    let warnings: String = warnings.iter().map(|warning| format!("{warning}\n")).collect();
    insta::assert_snapshot!("generated_warnings", warnings);
    // What the office wrote itself is replaced where the generator says so, and kept elsewhere.
    let commands = print::set(&tree);
    assert!(!commands.contains("by-hand") && commands.contains("nat source rule-set out"));
}

#[test]
fn the_output_of_a_policy_generator_is_a_text_of_its_own() {
    let zones = "security { zones { security-zone trust; security-zone untrust; security-zone dmz; } }";
    let loaded = read(&format!("{GENERATED}\n{zones}"));
    assert_eq!(loaded.model.security.policies.len(), 11);
    // The tags are not part of the configuration.
    assert!(!print::curly(&loaded.tree.unwrap()).contains("replace:"));
}

#[test]
fn the_configuration_that_a_branch_device_is_delivered_with_loads_leniently() {
    let text = include_str!("texts/delivered.conf");
    insta::assert_snapshot!("delivered_refused", refused(text, Mode::Strict));
    let loaded =
        Model::from_text(text, None, Mode::Lenient).unwrap_or_else(|errors| panic!("{}", listed(&errors)));
    insta::assert_snapshot!("delivered_warnings", warnings(&loaded));
    let untrust = &loaded.model.security.zones["untrust"];
    // Nobody knows what passes dl0, so it is out of use, and the other interface of its zone is as it says.
    use flumen_config::SystemService::{Dhcp, Https, Tftp};
    assert_eq!(untrust.host_inbound.services, [Dhcp, Tftp, Https]);
    assert!(loaded.model.network.links.values().any(|link| link.disable));
    let tree = loaded.tree.unwrap();
    let again = Model::from_text(&print::curly(&tree), None, Mode::Lenient).unwrap();
    assert_eq!(again.model, loaded.model);
}

#[test]
fn the_examples_of_the_manual_are_what_the_manual_says() {
    let manual = include_str!("../../../docs/manual/language.md");
    let examples: Vec<&str> = manual.split("```\n").skip(1).step_by(2).collect();
    let [curly, commands, json, groups] = examples[..] else { panic!("{} examples", examples.len()) };
    let wanted = read(commands);
    assert_eq!(wanted.form, Form::Commands);
    for text in [curly, json] {
        let loaded = read(text);
        assert_eq!(loaded.model, wanted.model);
        assert_eq!(print::set(&loaded.tree.unwrap()), print::set(wanted.tree.as_ref().unwrap()));
    }
    let grouped = read(&format!("{groups}{curly}")).model;
    let trust = &grouped.security.zones["trust"];
    assert_eq!(trust.host_inbound.services, [flumen_config::SystemService::Ping]);
}

/// Zones a and b, and these policies from a to b and globally.
fn with_policies(of_pair: &str, global: &str) -> String {
    format!(
        "security {{ zones {{ security-zone a; security-zone b; }}
            address-book {{ global {{ address x 10.0.0.1/32; }} }}
            policies {{ from-zone a to-zone b {{ {of_pair} }} global {{ {global} }} }} }}"
    )
}

#[test]
fn a_pair_of_zones_names_both() {
    let any = "match { source-address any; destination-address any; application any; } then { deny; }";
    let text = with_policies("", "")
        .replace("from-zone a", "from-zone any")
        .replace("to-zone b { ", &format!("to-zone b {{ policy p {{ {any} }} "));
    let errors = refused(&text, Mode::Strict);
    assert!(errors.contains("name both zones; a global policy holds for all"), "{errors}");
}

#[test]
fn a_denial_with_an_exclusion_denies_everything_in_a_lenient_load() {
    let text = with_policies(
        "policy p { match { source-address x; source-address-excluded; destination-address any; application any; }
            then { deny; } }",
        "",
    );
    let loaded =
        Model::from_text(&text, None, Mode::Lenient).unwrap_or_else(|errors| panic!("{}", listed(&errors)));
    let policy = &loaded.model.security.policies[0];
    assert_eq!(policy.r#match.source_address, [flumen_config::AddressRef::Any]);
}

#[test]
fn a_text_without_a_statement_is_not_a_configuration_in_any_form() {
    for text in
        ["", " \n", ";", "# nothing\n;", "{\"configuration\": {}}", "delete system", "delete: system;"]
    {
        for mode in [Mode::Strict, Mode::Lenient] {
            let errors = Model::from_text(text, None, mode).map(|_| ()).unwrap_err();
            assert!(errors.iter().any(|error| error.to_string().contains("line")), "{text:?}: {errors:?}");
        }
    }
}

#[test]
fn a_user_has_a_predefined_class_or_may_do_nothing() {
    let text = "set system login class night permissions view\n\
                set system login user alice class operator\n\
                set system login user bob class night\n\
                set system login user carol class unauthorized\n\
                set system login user dave full-name Dave\n";
    let loaded = read(text);
    let login: Vec<_> =
        loaded.model.system.login.iter().map(|(user, class)| (user.as_str(), *class)).collect();
    assert_eq!(login, [("alice", LoginClass::Operator)]);
    let said = warnings(&loaded);
    for user in ["bob", "carol"] {
        assert!(said.contains(&format!("system login user {user} class: it is left out")), "{said}");
    }
    let said = refused("set system login user alice class oprator\n", Mode::Strict);
    assert!(said.contains("system login user alice class") && said.contains("operator"), "{said}");
    let said = refused(r#"{"system": {"login": {"alice": "root"}}}"#, Mode::Strict);
    assert!(said.contains("system.login.alice") && said.contains("super-user"), "{said}");
}

#[test]
fn what_is_not_understood_of_interfaces_and_routes_closes_them_in_a_lenient_load() {
    let text = "set interfaces eth0 unit 0 family inet address 192.0.2.1/24 vrrp-group 1 priority 200
        set interfaces eth0 unit 0 family inet6 address 2001:db8::/64 eui-64
        set interfaces eth1 unit 0 vlan-id-range 5-9
        set interfaces eth1 unit 0 family inet address 10.0.0.1/8
        set interfaces eth2 unit 0 family inet filter input f
        set interfaces eth3 unit 0 family ethernet-switching interface-mode access
        set interfaces eth4 unit 0
        set interfaces eth5 unit 0
        set routing-options static route 198.51.100.0/24 next-table other.inet.0
        set routing-options static route 203.0.113.0/24 next-hop 192.0.2.2
        set routing-instances other interface eth4.0
        set security zones functional-zone management interfaces eth5.0
        set security zones security-zone a interfaces [ eth0.0 eth1.0 eth2.0 eth4.0 ]
        set services traffic-mirror mirror m interface eth0.0
        set services traffic-mirror mirror m frobnicate
    ";
    let loaded =
        Model::from_text(text, None, Mode::Lenient).unwrap_or_else(|errors| panic!("{}", listed(&errors)));
    let network = &loaded.model.network;
    let down: Vec<&str> =
        network.links.iter().filter(|(_, link)| link.disable).map(|(name, _)| name.as_str()).collect();
    assert_eq!(down, ["eth1", "eth2", "eth4", "eth5"]);
    let addresses = |link: &str| {
        let found = network.links.iter().find(|(name, _)| name.as_str() == link);
        found.map_or(0, |(_, link)| link.addresses.len())
    };
    assert_eq!((addresses("eth0"), addresses("eth1")), (1, 0), "an address without VRRP is one");
    let routes: Vec<String> =
        network.routes.iter().map(|route| format!("{} {:?}", route.destination, route.then)).collect();
    assert_eq!(routes[0], "2001:db8::/64 Discard", "its hosts are not looked for elsewhere");
    assert_eq!(routes[1], "198.51.100.0/24 Discard");
    assert!(routes[2].starts_with("203.0.113.0/24 NextHop"));
    assert!(loaded.model.services.traffic_mirror.is_empty());
    let said = warnings(&loaded);
    for statement in
        ["interfaces eth1 unit 0", "interfaces eth2 unit 0", "routing-options static route 198.51.100.0/24"]
    {
        let wanted = format!("{statement}: a part of it is not supported, so its packets are dropped");
        assert!(said.contains(&wanted), "{said}");
    }
}

#[test]
fn a_book_holds_for_several_zones_and_a_zone_has_one_beside_the_global_one() {
    let text = |second: &str| {
        format!(
            "security {{
                address-book {{
                    global {{ address far 192.0.2.9/32; }}
                    inner {{ address web 192.0.2.1/32; attach {{ zone a; zone b; }} }}
                    {second}
                }}
                zones {{ security-zone a; security-zone b; security-zone c; }}
                policies {{
                    from-zone a to-zone b {{ policy p {{ match {{ source-address web; destination-address [ web far ]; application junos-mail; }} then permit; }} }}
                    from-zone c to-zone b {{ policy q {{ match {{ source-address far; destination-address web; application [ junos-ping junos-h323 ]; }} then permit; }} }}
                }}
            }}"
        )
    };
    let model = read(&text("outer { address web 192.0.2.2/32; attach { zone c; } }")).model;
    for policy in &model.security.policies {
        let shown = format!("{:?}", model.security.address_book.resolve(&policy.r#match.destination_address));
        assert!(shown.contains("192.0.2.1") && !shown.contains("192.0.2.2"), "{shown}");
    }
    let twice = "outer { address web 192.0.2.2/32; attach { zone b; } }";
    for mode in [Mode::Strict, Mode::Lenient] {
        let errors = refused(&text(twice), mode);
        assert!(errors.contains("zone b has the names of security address-book inner already"), "{errors}");
        assert!(errors.contains("line 5"), "{errors}");
    }
    let own = text("")
        .replace("security-zone b;", "security-zone b { address-book { address web 192.0.2.3/32; } }");
    assert!(refused(&own, Mode::Strict).contains("a zone has one address book"));
    let learnt = refused(&text("").replace("junos-mail", "junos-sun-rpc-nfs"), Mode::Strict);
    assert!(learnt.contains("junos-sun-rpc-nfs") && learnt.contains("application layer gateway"), "{learnt}");
}
