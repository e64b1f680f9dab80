//! Commands that change many statements at once.
#![allow(clippy::unwrap_used)]

use flumen_syntax::parse::{self, Command, Mode, command_in};
use flumen_syntax::{Edit, Step, Tree, complete, print};

const TEXT: &str = "set system host-name trust-gw
set interfaces ge-0/0/0 unit 0
set interfaces ge-0/0/1 unit 0
set interfaces xe-0/0/0 unit 0
set security address-book global address web-1 192.0.2.1/32
set security address-book global address web-2 192.0.2.2/32
set security address-book global address mail 192.0.2.3/32
set security zones security-zone trust interfaces ge-0/0/0.0
set security zones security-zone untrust interfaces xe-0/0/0.0
set security policies from-zone trust to-zone untrust policy out match source-address [ web-1 web-2 mail ]
set security policies from-zone untrust to-zone trust policy in match source-address any
";

fn tree() -> Tree {
    let (tree, findings) = parse::set(TEXT, None, Mode::Strict);
    assert_eq!(findings, []);
    tree
}

fn path(words: &str) -> Vec<Step> {
    match parse::command(&format!("edit {words}"), &[], Mode::Strict) {
        Ok(Some(Command::Go(path))) => path,
        other => panic!("{other:?}"),
    }
}

/// The tree after a command typed at `at`, and what it matched.
fn run(tree: &Tree, at: &str, line: &str) -> Result<(Tree, Vec<String>), String> {
    let at = if at.is_empty() { Vec::new() } else { path(at) };
    let command = command_in(tree, line, &at);
    let command =
        command.map_err(|findings| findings.iter().map(|f| f.problem.to_string()).collect::<String>())?;
    let Some(Command::Edit(edit)) = command else { panic!("{line}: {command:?}") };
    let matched = edit.matched(tree).map_err(|problem| problem.to_string())?;
    let mut new = tree.clone();
    new.apply(&edit).map_err(|problem| problem.to_string())?;
    Ok((new, matched))
}

/// Lines that a command takes away and adds.
fn changes(at: &str, line: &str) -> String {
    let old = tree();
    let (new, _) = run(&old, at, line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let (old, new) = (print::set(&old), print::set(&new));
    let gone =
        old.lines().filter(|line| !new.lines().any(|own| own == *line)).map(|line| format!("- {line}\n"));
    let come =
        new.lines().filter(|line| !old.lines().any(|own| own == *line)).map(|line| format!("+ {line}\n"));
    gone.chain(come).collect()
}

#[test]
fn names_and_values_are_replaced_everywhere_below_where_one_stands() {
    let table = [
        ("", "replace pattern ^trust$ with inside"),
        ("security zones", "replace pattern ^trust$ with inside"),
        ("", "replace pat trust with inside upto 2"),
        ("", r"replace pattern (ge)-0/0/(\d) with \1-1/0/\2"),
        ("", "replace pattern mail with &-&"),
        ("", r#"replace pattern "web-[12]" with "web""#),
    ];
    let mut told = String::new();
    for (at, line) in table {
        let shown = match run(&tree(), at, line) {
            Ok((_, matched)) => format!("{}{}\n", changes(at, line), matched.join(", ")),
            Err(error) => format!("{error}\n"),
        };
        told.push_str(&format!("[{at}] {line}\n{shown}\n"));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn what_a_pattern_matches_is_deleted() {
    let table = [
        ("", "wildcard delete interfaces ge-.*"),
        ("interfaces", "wildcard delete ge-0/0/[1-9]"),
        ("", "wildcard delete sec add global addr ^web"),
        ("security zones", "top wildcard delete interfaces xe"),
        (
            "",
            "wildcard delete security policies from-zone trust to-zone untrust policy out match source-address web",
        ),
        ("", "wildcard delete security policies from-zone \"untrust to-zone\""),
        ("", "wildcard delete security zones"),
        ("", "wildcard delete interfaces nothing"),
        ("", "wildcard delete interfaces \"(\""),
        ("", "wildcard delete intrefaces ge"),
        ("", "wildcard frob"),
    ];
    let mut told = String::new();
    for (at, line) in table {
        let shown = match run(&tree(), at, line) {
            Ok((_, matched)) => format!("{}matched {}\n", changes(at, line), matched.join(", ")),
            Err(error) => format!("{error}\n"),
        };
        told.push_str(&format!("[{at}] {line}\n{shown}\n"));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_range_of_numbers_is_a_statement_for_each() {
    assert_eq!(
        changes("", "wildcard range set interfaces ge-0/0/[0-3,!1] unit [5,7] family inet mtu 1400"),
        "+ set interfaces ge-0/0/0 unit 5 family inet mtu 1400\n\
               + set interfaces ge-0/0/0 unit 7 family inet mtu 1400\n\
               + set interfaces ge-0/0/2 unit 5 family inet mtu 1400\n\
               + set interfaces ge-0/0/2 unit 7 family inet mtu 1400\n\
               + set interfaces ge-0/0/3 unit 5 family inet mtu 1400\n\
               + set interfaces ge-0/0/3 unit 7 family inet mtu 1400\n"
    );
    assert_eq!(changes("", "wildcard range deactivate interf ge-0/0/[0-1]").lines().count(), 2);
    let error = run(&tree(), "", "wildcard range delete interfaces ge-0/0/[0-2]").unwrap_err();
    assert!(error.contains("ge-0/0/2"), "one that is not there: nothing is deleted: {error}");
    let error = run(&tree(), "", "wildcard range set interfaces ge-0/0/[0-1] frob").unwrap_err();
    assert!(error.contains("frob"), "{error}");
}

#[test]
fn what_is_protected_keeps_its_names() {
    let mut tree = tree();
    tree.apply(&Edit::Protect(path("security zones security-zone trust"))).unwrap();
    let error = run(&tree, "", "replace pattern trust with inside").unwrap_err();
    assert!(error.contains("protect"), "{error}");
    assert!(
        run(&tree, "", "wildcard delete security zones security-zone .").unwrap_err().contains("protect")
    );
    assert!(run(&tree, "", "replace pattern untrust with outside").is_ok());
    let zone = path("security zones security-zone trust");
    let inside = tree.at(&zone).unwrap().children().next().unwrap().0.clone();
    tree.apply(&Edit::Unprotect(zone.clone())).unwrap();
    tree.apply(&Edit::Protect([zone, vec![inside]].concat())).unwrap();
    let error = run(&tree, "", "replace pattern trust with inside").unwrap_err();
    assert!(error.contains("protect"), "something in the zone is protected: {error}");
}

#[test]
fn what_is_protected_is_passed_by_no_edit_of_what_is_around_it() {
    let mut tree = tree();
    let zone = path("security zones security-zone trust");
    tree.apply(&Edit::Protect(zone.clone())).unwrap();
    let inside = tree.at(&zone).unwrap().children().next().unwrap().0.clone();
    for around in ["security", "security zones"] {
        let error = tree.apply(&Edit::Deactivate(path(around))).unwrap_err().to_string();
        assert!(error.contains("security zones security-zone trust\" is protected"), "{error}");
        assert!(tree.apply(&Edit::Delete(path(around), vec![])).is_err());
    }
    tree.apply(&Edit::Unprotect(zone.clone())).unwrap();
    tree.apply(&Edit::Protect([zone.clone(), vec![inside]].concat())).unwrap();
    let to = path("security zones security-zone inside").pop().unwrap();
    assert!(tree.apply(&Edit::Rename(zone.clone(), to)).is_err(), "its name is part of what is in it");
    assert!(tree.apply(&Edit::Deactivate(zone.clone())).is_err());
    tree.apply(&Edit::Deactivate(path("security zones security-zone untrust"))).unwrap();
}

#[test]
fn each_word_is_offered() {
    let words = |line: &str| -> Vec<String> {
        complete(&tree(), &[], line, &()).candidates.into_iter().map(|candidate| candidate.word).collect()
    };
    assert_eq!(words("wild"), ["wildcard"]);
    assert_eq!(words("wildcard "), ["delete", "range"]);
    assert_eq!(words("wildcard range s"), ["set"]);
    assert!(words("wildcard delete interfaces ge").contains(&"ge-0/0/0".to_owned()));
    assert!(words("wildcard range set sec").contains(&"security".to_owned()));
    assert_eq!(words("replace "), ["pattern"]);
    assert_eq!(words("replace pattern a "), ["with"]);
    assert_eq!(words("replace pattern a with b "), ["upto"]);
}

#[test]
fn a_text_has_no_such_lines() {
    let (_, findings) = parse::set("replace pattern a with b\nwildcard delete x y", None, Mode::Strict);
    assert_eq!(findings.len(), 2, "{findings:?}");
}
