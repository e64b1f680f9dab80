//! One configuration into another.

use flumen_syntax::parse::{self, Mode};
use flumen_syntax::{Load, Step, Tree, compare, compare_at, load, load_set, patch, print};

const BASE: &str = "security {
    policies {
        from-zone a to-zone b {
            policy one { match { source-address x; } then { permit; } }
            policy two { then { deny; } }
            policy three { then { deny; } }
        }
    }
    zones {
        security-zone a { description first; }
        protect: security-zone b { description kept; }
    }
    flow { udp-timeout 5; }
}";

fn tree(text: &str) -> Tree {
    let (tree, findings) = parse::curly(text, None, Mode::Strict);
    assert_eq!(findings, []);
    tree
}

fn loaded(change: &str, how: Load) -> String {
    match load(&tree(BASE), &tree(change), how) {
        Ok(changed) => compare(&tree(BASE), &changed.tree),
        Err(findings) => findings.iter().map(|finding| format!("{finding}\n")).collect(),
    }
}

#[test]
fn merge_joins_and_replace_puts_in_the_place_of_what_is_there() {
    let change = "security {
        flow { udp-timeout 6; icmp-timeout 7; }
        policies { from-zone a to-zone b {
            replace: policy one { then { reject; } }
            inactive: policy two;
            policy four { then { permit; } }
            delete: policy three;
        } }
    }";
    insta::assert_snapshot!("merge", loaded(change, Load::Merge));
    insta::assert_snapshot!("replace", loaded(change, Load::Replace));
}

#[test]
fn a_whole_list_is_replaced_where_the_tag_stands_before_it() {
    let base = tree(
        "security { address-book { global { address a 192.0.2.1/32; } other { address b 192.0.2.2/32; } } }",
    );
    let change = tree("security { replace: address-book { global { address c 192.0.2.3/32; } } }");
    let replaced = load(&base, &change, Load::Replace).expect("nothing is protected").tree;
    assert_eq!(print::set(&replaced), "set security address-book global address c 192.0.2.3/32\n");
    let merged = load(&base, &change, Load::Merge).expect("nothing is protected").tree;
    assert_eq!(print::set(&merged).lines().count(), 3);
}

#[test]
fn what_is_protected_is_changed_by_no_load_unless_it_is_unprotected_by_it() {
    for (change, how) in [
        ("security { zones { security-zone b { description changed; } } }", Load::Merge),
        ("security { zones { delete: security-zone b; } }", Load::Merge),
        ("security { zones { delete: security-zone; } }", Load::Replace),
        ("security { zones { security-zone a; } }", Load::Override),
        ("inactive: security { flow { udp-timeout 5; } }", Load::Merge),
        ("security { inactive: zones { security-zone b { description kept; } } }", Load::Replace),
        ("replace: security { flow { udp-timeout 5; } }", Load::Replace),
        ("security { zones { replace: security-zone a; replace: security-zone b; } }", Load::Replace),
        ("security { inactive: zones { protect: security-zone b { description kept; } } }", Load::Override),
    ] {
        assert!(loaded(change, how).contains("is protected"), "{change}");
    }
    assert_eq!(loaded("security { zones { security-zone b { description kept; } } }", Load::Merge), "");
    let change = "security { replace: zones { protect: security-zone b { description kept; } } }";
    assert!(!loaded(change, Load::Replace).contains("is protected"), "it is there as it was");
    let change = "security { zones { unprotect: security-zone b { description changed; } } }";
    assert_eq!(
        loaded(change, Load::Merge),
        "[edit security zones]\n!  unprotect: security-zone b { ... }\n[edit security zones security-zone b]\n\
         -  description kept;\n+  description changed;\n"
    );
}

#[test]
fn a_difference_shows_what_is_added_taken_away_moved_and_deactivated_and_applies() {
    let old = tree(BASE);
    let new = tree(
        "security {
    policies {
        from-zone a to-zone b {
            policy zero { then { permit; } }
            policy three { then { deny; } }
            /* looked at */
            inactive: policy one { match { source-address [ x y ]; } then { permit; } }
            policy new { then { deny; } }
        }
    }
    zones { security-zone a; protect: security-zone b { description kept; } }
    flow { udp-timeout 5; tcp-session { no-syn-check; } }
}",
    );
    let difference = compare(&old, &new);
    insta::assert_snapshot!(difference);
    let patched =
        patch(&old, &difference, None, Mode::Strict).unwrap_or_else(|findings| panic!("{findings:?}"));
    assert_eq!(print::curly(&patched), print::curly(&new));
    // Applied twice, it does not fit.
    let findings = patch(&new, &difference, Some("change.diff"), Mode::Strict).expect_err("it was applied");
    assert!(findings.iter().all(|finding| finding.to_string().starts_with("change.diff:")), "{findings:?}");
}

#[test]
fn what_is_to_be_deleted_and_is_not_there_is_a_warning() {
    let commands = "delete interfaces\nset security flow udp-timeout 9\ndeactivate system\n";
    let changed =
        load_set(&tree(BASE), commands, Some("site.set"), Mode::Strict).expect("these are warnings");
    assert_eq!(
        compare(&tree(BASE), &changed.tree),
        "[edit security flow]\n-  udp-timeout 5;\n+  udp-timeout 9;\n"
    );
    let warnings: Vec<String> = changed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["site.set:1:1: there is no \"interfaces\"", "site.set:3:1: there is no \"system\""]
    );
    let changed = load(&tree(BASE), &tree("delete: system;"), Load::Merge).expect("it is a warning");
    assert_eq!(changed.warnings.len(), 1);
}

#[test]
fn a_text_that_stands_in_a_place_is_loaded_there_and_compared_there() {
    let at = [Step::word("security"), Step::word("zones"), Step::entry("security-zone", &["a"])];
    let (change, findings) = parse::curly_at("description second; tcp-rst;", None, &at, Mode::Strict);
    assert_eq!(findings, []);
    let new = load(&tree(BASE), &change, Load::Merge).expect("nothing is protected").tree;
    let difference =
        "[edit security zones security-zone a]\n-  description first;\n+  description second;\n+  tcp-rst;\n";
    assert_eq!(compare(&tree(BASE), &new), difference);
    assert_eq!(compare_at(&tree(BASE), &new, &at[..2]), difference);
    assert_eq!(compare_at(&tree(BASE), &new, &[Step::word("security"), Step::word("flow")]), "");
    let (_, findings) = parse::curly_at("policy p;", Some("part"), &at, Mode::Strict);
    let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(
        findings[0].starts_with("part:1:1: [security zones security-zone a] unknown statement \"policy\"")
    );
}

#[test]
fn an_entry_further_down_is_named_with_or_without_the_word_of_its_list() {
    let policies = "security policies from-zone a to-zone b";
    for (line, names) in [
        ("insert {} policy three before policy one", ["three", "one", "two"]),
        ("insert {} policy three before one", ["three", "one", "two"]),
        ("rename {} policy two to policy last", ["one", "last", "three"]),
        ("rename {} policy two to last", ["one", "last", "three"]),
    ] {
        let line = line.replace("{}", policies);
        let changed = load_set(&tree(BASE), &line, None, Mode::Strict).expect(&line).tree;
        let path = [Step::word("security"), Step::word("policies"), Step::entry("from-zone", &["a", "b"])];
        let policies = changed.at(&path).expect("it was there before").entries("policy");
        assert_eq!(policies.map(|(keys, _)| keys[0].as_str()).collect::<Vec<_>>(), names, "{line}");
    }
}

#[test]
fn a_comparison_of_a_place_that_one_side_lacks_shows_nothing_else() {
    let old = tree("system { host-name a; } security { flow { udp-timeout 5; } }");
    let new = tree("system { host-name b; } security { zones { security-zone z; } }");
    let flow = [Step::word("security"), Step::word("flow")];
    assert_eq!(compare_at(&old, &new, &flow), "[edit security]\n-  flow {\n-      udp-timeout 5;\n-  }\n");
    let name = [Step::word("system"), Step::word("host-name")];
    assert_eq!(compare_at(&old, &new, &name), "[edit system]\n-  host-name a;\n+  host-name b;\n");
    assert_eq!(compare_at(&old, &new, &[Step::word("applications")]), "");
}
