//! What may come next on a line.

use flumen_syntax::parse::{self, Mode};
use flumen_syntax::{CandidateKind, Completion, Live, Source, Step, Tree, complete, expand};

const BRANCH: &str = include_str!("texts/branch.conf");

/// A gateway with two devices.
struct Gateway;

impl Live for Gateway {
    fn names(&self, source: Source) -> Vec<(String, String)> {
        let names: &[(&str, &str)] = match source {
            Source::Devices => &[("eth0", "up"), ("eth7", "down")],
            Source::Applications => &[("junos-http", "tcp 80"), ("junos-https", "tcp 443")],
            _ => &[],
        };
        names.iter().map(|(name, help)| ((*name).to_owned(), (*help).to_owned())).collect()
    }
}

fn tree() -> Tree {
    parse::curly(BRANCH, None, Mode::Strict).0
}

fn at(completion: &Completion) -> String {
    match &completion.problem {
        Some(problem) => format!("  ! {problem}\n"),
        None => completion
            .candidates
            .iter()
            .map(|candidate| {
                let sign = match candidate.kind {
                    CandidateKind::Enter => "⏎",
                    CandidateKind::Word => " ",
                    CandidateKind::Name => "=",
                    CandidateKind::Placeholder => "?",
                };
                format!("  {sign} {:<24}{}\n", candidate.word, candidate.help)
            })
            .collect(),
    }
}

#[test]
fn each_line_is_answered_with_what_may_come_next() {
    let tree = tree();
    let mut text = String::new();
    for line in [
        "",
        "de",
        "set sys",
        "set system dataplane ",
        "set system dataplane mode ",
        "set system dataplane sessions maximum ",
        "set security zones security-zone ",
        "set security zones security-zone trust interfaces ",
        "set sec zon sec tru host-i sys s",
        "set security policies from-zone ",
        "set security policies from-zone trust ",
        "set security policies from-zone trust to-zone untrust policy out match application ",
        "set security policies from-zone trust to-zone untrust policy out match application [ junos-http c",
        "set security policies from-zone trust to-zone untrust policy out match source-address any ",
        "set security policies from-zone trust to-zone untrust policy out then ",
        "set interfaces eth",
        "set interfaces ge-0/0/0 unit 0 family ",
        "delete security policies from-zone untrust to-zone dmz policy ",
        "delete security policies from-zone untrust to-zone dmz policy web match application ",
        "deactivate interfaces ge-0/0/1 ",
        "insert security policies from-zone untrust to-zone dmz policy test ",
        "insert security policies from-zone untrust to-zone dmz policy test before policy ",
        "rename applications application console ",
        "rename applications application console to ",
        "set se",
        "set s foo",
        "set security polcies ",
        "set applications application console protocol tcp d",
        "top set interf",
        "up ",
    ] {
        let completion = complete(&tree, &[], line, &Gateway);
        text.push_str(&format!("{line}|\n{}", at(&completion)));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_line_is_completed_where_it_is_edited() {
    let at = [Step::word("security"), Step::word("zones"), Step::entry("security-zone", &["trust"])];
    let completion = complete(&tree(), &at, "set in", &());
    assert_eq!(completion.from, 4);
    assert_eq!(
        completion.candidates.iter().map(|candidate| &*candidate.word).collect::<Vec<_>>(),
        ["interfaces"]
    );
}

#[test]
fn abbreviations_are_written_out_or_refused() {
    let tree = tree();
    for (line, whole) in [
        (
            "set sec pol from a to b policy p m source-address any destination-address any appli any",
            "set security policies from-zone a to-zone b policy p match source-address any destination-address any application any",
        ),
        ("del applica application-s admin", "delete applications application-set admin"),
        ("top set sys host x", "top set system host-name x"),
        ("set system login message \"a b\"", "set system login message \"a b\""),
        ("ann sys host-name \"our gateway\"", "annotate system host-name \"our gateway\""),
        ("act sec pol global pol rest", "activate security policies global policy rest"),
    ] {
        assert_eq!(expand(&tree, &[], line).as_deref(), Ok(whole));
    }
    assert_eq!(
        expand(&tree, &[], "set s").unwrap_err().to_string(),
        "\"s\" is ambiguous: system, security, snmp, services, schedulers"
    );
    assert!(expand(&tree, &[], "frobnicate").is_err());
}

#[test]
fn no_line_makes_the_completion_panic() {
    let tree = tree();
    let whole = "set security policies from-zone \"trust\" to-zone untrust policy out match source-address [ \"a b\" any ] then é permit";
    for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        drop(complete(&tree, &[], &whole[..end], &Gateway));
        drop(expand(&tree, &[], &whole[..end]));
    }
    for line in [
        "[",
        "]",
        "\"",
        "set [",
        "set ] x",
        "set \"\" ",
        "top",
        "top top top",
        "up 1 2",
        "set system name-server [ ",
        "insert before",
        "rename to",
    ] {
        drop(complete(&tree, &[], line, &Gateway));
        drop(expand(&tree, &[], line));
    }
}
