//! Texts as Junos writes them are read, and printed as they were.

use flumen_syntax::parse::{self, Mode};
use flumen_syntax::print;

const BRANCH: &str = include_str!("texts/branch.conf");

fn lines(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("##")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_text_in_the_layout_of_junos_is_printed_as_it_was() {
    let (tree, findings) = parse::curly(BRANCH, Some("branch.conf"), Mode::Strict);
    assert_eq!(findings, []);
    similar_text(&print::curly(&tree), &lines(BRANCH));
}

#[test]
fn the_commands_of_a_text_make_the_same_commands_and_the_same_text() {
    let (tree, _) = parse::curly(BRANCH, None, Mode::Strict);
    let commands = print::set(&tree);
    insta::assert_snapshot!(commands);
    let (again, findings) = parse::set(&commands, None, Mode::Strict);
    assert_eq!(findings, []);
    similar_text(&print::set(&again), &commands);
    similar_text(&print::curly(&again), &print::curly(&tree));
    assert!(again == tree);
}

/// Compares line by line, so that a failure shows the first line that differs.
fn similar_text(found: &str, wanted: &str) {
    for (number, (found, wanted)) in found.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(found, wanted, "line {}", number + 1);
    }
    assert_eq!(found.lines().count(), wanted.lines().count());
}

/// A text without statements of the top, in the middle of which `text` stands.
fn read(text: &str, mode: Mode) -> (String, String) {
    let (tree, findings) = parse::curly(text, None, mode);
    let findings: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    (print::curly(&tree), findings)
}

#[test]
fn everything_that_is_wrong_is_reported_at_once_with_its_place_and_what_was_expected() {
    let (tree, findings) = read(include_str!("texts/broken.conf"), Mode::Strict);
    insta::assert_snapshot!(format!("{findings}\n{tree}"));
}

#[test]
fn what_the_language_does_not_have_is_kept_and_marked_on_demand() {
    let text = "security { zones { security-zone a { frob [ x y ]; } } }\nvlans { v10 { vlan-id 10; l3-interface irb.10; } }\ninactive: class-of-service a b;\n";
    let (tree, findings) = read(text, Mode::Lenient);
    insta::assert_snapshot!(format!("{findings}\n{tree}"));
    let (tree, _) = parse::curly(text, None, Mode::Lenient);
    let commands = print::set(&tree);
    let (again, findings) = parse::set(&commands, None, Mode::Lenient);
    assert_eq!(findings, []);
    similar_text(&print::set(&again), &commands);
    similar_text(&read(&print::curly(&tree), Mode::Lenient).0, &print::curly(&tree));
}

#[test]
fn the_forms_of_one_statement_are_read_alike() {
    let block = "security { policies { from-zone a to-zone b { policy p { match { source-address [ x y ]; } then { permit; } } } } }";
    for other in [
        "security policies from-zone a to-zone b policy p { match source-address [ x y ]; then permit; }",
        "security { policies from-zone a to-zone b { policy p { match { source-address x; source-address y; } then permit; } } }",
        "security { /* note */ policies { from-zone a to-zone b { policy p { match { source-address [ x\n  y # two\n ]; }\n ## three\n then { permit; } } } } }",
    ] {
        let (mut found, findings) = parse::curly(other, None, Mode::Strict);
        assert_eq!(findings, [], "{other}");
        let (wanted, _) = parse::curly(block, None, Mode::Strict);
        found
            .apply(&flumen_syntax::Edit::Annotate(vec!["security".into(), "policies".into()], None))
            .unwrap();
        assert!(found == wanted, "{other}");
    }
    let lines = "edit security policies from-zone a to-zone b\nset policy p match source-address [ x y ]\nset policy p then deny\ntop set security policies from-zone a to-zone b policy p then permit";
    let (found, findings) = parse::set(lines, None, Mode::Strict);
    assert_eq!(findings, []);
    assert!(found == parse::curly(block, None, Mode::Strict).0);
}

#[test]
fn what_is_refused_as_a_whole_is_refused_once_and_kept_word_for_word() {
    let text = "chassis {
    cluster reth-count 2;
}
system {
    authentication-order {
        password;
        radius;
    }
}
class-of-service {
    interfaces {
        ge-0/0/0 unit 0 {
            scheduler-map x;
            shaping-rate 10m;
        }
    }
}
";
    let (tree, findings) = parse::curly(text, None, Mode::Strict);
    assert_eq!(findings, []);
    let refused = flumen_syntax::unsupported(&tree);
    let errors: Vec<String> = refused.errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].starts_with("1:1: chassis is not supported"), "{errors:?}");
    assert_eq!(refused.warnings.len(), 1);
    let brackets = "system { authentication-order [ password radius ]; }";
    let system = print::set(&parse::curly(brackets, None, Mode::Strict).0);
    assert_eq!(system, "set system authentication-order password\nset system authentication-order radius\n");
    for again in [
        parse::set(&print::set(&tree), None, Mode::Strict),
        parse::json(&print::json(&tree), None, Mode::Strict),
        parse::curly(&print::curly(&tree), None, Mode::Strict),
    ] {
        assert_eq!(again.1, []);
        similar_text(&print::set(&again.0), &print::set(&tree));
    }
}

#[test]
fn json_has_the_shape_of_junos() {
    insta::assert_snapshot!(print::json(&parse::curly(BRANCH, None, Mode::Strict).0));
}
