//! Groups are inherited in the order of Junos.

use flumen_syntax::parse::{self, Mode};
use flumen_syntax::{effective, inherit, print};

const TEXT: &str = "
groups {
    low { security { flow { udp-timeout 1; icmp-timeout 1; other-timeout 1; } } }
    high { security { flow { udp-timeout 2; icmp-timeout 2; } zones { security-zone <t*> { description t; } security-zone new; } } }
    near { security { flow { udp-timeout 3; } policies { from-zone <*> to-zone <*> { policy <*> { then { log { session-init; } deny; } } policy last { match { application any; } } } } } }
    off { security { flow { tcp-session { no-syn-check; } } } }
}
apply-groups [ high low off ];
security {
    flow {
        apply-groups near;
        apply-groups-except off;
        other-timeout 9;
    }
    policies {
        apply-groups near;
        from-zone trust to-zone untrust {
            policy p { match { application x; } then { permit; } }
            inactive: policy q;
        }
    }
    zones { security-zone trust; security-zone untrust { description u; } }
}
";

#[test]
fn what_is_here_wins_then_the_nearest_then_the_first_named() {
    let (tree, findings) = parse::curly(TEXT, None, Mode::Strict);
    assert_eq!(findings, []);
    let (tree, findings) = effective(&tree);
    assert_eq!(findings, []);
    insta::assert_snapshot!(print::set(&tree));
}

#[test]
fn inheritance_is_shown_with_its_group() {
    let (tree, _) = parse::curly(TEXT, None, Mode::Strict);
    let (tree, _) = inherit(&tree);
    let security = print::curly(&tree);
    insta::assert_snapshot!(security.split_once("apply-groups").expect("groups come first").1);
}

fn findings(text: &str) -> Vec<String> {
    let (tree, findings) = parse::curly(text, None, Mode::Strict);
    assert_eq!(findings, []);
    inherit(&tree).1.iter().map(ToString::to_string).collect()
}

#[test]
fn unknown_groups_and_groups_that_apply_themselves_are_errors_with_their_place() {
    let text = "groups { management { system { apply-groups othr; } } other; }\napply-groups managment;\n";
    assert_eq!(
        findings(text),
        [
            "1:45: [system] there is no group \"othr\"; did you mean \"other\"?",
            "2:14: there is no group \"managment\"; did you mean \"management\"?",
        ]
    );
    let text = "groups {\n a { apply-groups b; }\n b { system { apply-groups [ c d ]; } }\n c { apply-groups a; }\n d;\n}\napply-groups a;\n";
    assert_eq!(
        findings(text),
        ["4:19: group \"c\" applies \"a\", which applies it: a group cannot inherit from itself"]
    );
    let itself = findings("groups { a { apply-groups a; } }");
    assert_eq!(itself.len(), 1, "{itself:?}");
    let inactive = findings("groups { a { inactive: apply-groups a; } }");
    assert_eq!(inactive, Vec::<String>::new());
    let chain: String =
        (0..100).map(|number| format!("g{number} {{ apply-groups g{}; }} ", number + 1)).collect();
    let long = findings(&format!("groups {{ {chain} g100; }}"));
    assert!(long[0].contains("more than 64"), "{long:?}");
}

#[test]
fn a_group_applies_groups_from_the_same_place_in_them() {
    let text = "groups {
        base { interfaces { <ge-*> { mtu 1514; vlan-tagging; unit 0 { description base; } } lo { description loop; } } system { host-name base; } }
        uplink { apply-groups base; interfaces { <ge-*> { mtu 9014; } } }
        unit { interfaces { <*> { unit <*> { family inet { mtu 1400; } } } } }
        access { interfaces { <ge-*> { apply-groups [ unit base ]; apply-groups-except none; } } }
        none;
    }
    interfaces {
        ge-0/0/0 { apply-groups uplink; }
        ge-0/0/1 { apply-groups access; unit 7; }
    }
    system { apply-groups uplink; }";
    let (tree, findings) = parse::curly(text, None, Mode::Strict);
    assert_eq!(findings, []);
    let (tree, findings) = effective(&tree);
    assert_eq!(findings, []);
    insta::assert_snapshot!(print::set(&tree));
}

#[test]
fn a_condition_of_a_group_is_refused() {
    let (tree, findings) =
        parse::curly("groups { a { when { chassis x; } system { host-name b; } } }", None, Mode::Lenient);
    assert_eq!(findings, []);
    let (_, findings) = inherit(&tree);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].to_string().contains("a group holds always"));
}

#[test]
fn a_gateway_alone_is_the_first_member_of_its_cluster() {
    let text = "groups { node0 { system { host-name one; } } node1 { system { host-name two; } } }\napply-groups \"${node}\";\n";
    let (tree, findings) = parse::curly(text, None, Mode::Strict);
    assert_eq!(findings, []);
    let (tree, findings) = effective(&tree);
    assert_eq!(findings, []);
    assert_eq!(print::set(&tree), "set system host-name one\n");
}
