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

#[test]
fn unknown_and_nested_groups_are_errors() {
    let text = "groups { management { system { apply-groups other; } } other; }\napply-groups managment;\n";
    let (tree, _) = parse::curly(text, None, Mode::Strict);
    let (_, findings) = inherit(&tree);
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        findings,
        [
            "1:45: a group cannot apply groups; apply \"other\" where this group is applied",
            "2:14: there is no group \"managment\"; did you mean \"management\"?",
        ]
    );
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
