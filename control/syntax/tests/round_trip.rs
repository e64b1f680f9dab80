//! Whatever is accepted is printed so that it is read as the same.

use flumen_syntax::parse::{self, Mode};
use flumen_syntax::{
    Edit, Kind, Statement, Step, Tree, Type, Value, Where, compare, load_set, patch, print, statements,
};
use proptest::prelude::*;

/// A source of choices: numbers of a test case, one after the other.
struct Choices<'a>(std::slice::Iter<'a, u16>);

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % count.max(1)
    }
}

/// A line of `display set` that the table allows.
fn line(choices: &mut Choices<'_>) -> String {
    let mut words = vec!["set".to_owned()];
    let mut rows = statements();
    for _ in 0..12 {
        if rows.is_empty() {
            break;
        }
        let statement = &rows[choices.below(rows.len())];
        if !statement.name.is_empty() {
            words.push(statement.name.to_owned());
        }
        match statement.kind {
            Kind::Container | Kind::Flag => {}
            Kind::List(keys) => {
                for key in keys {
                    if !key.marker.is_empty() {
                        words.push(key.marker.to_owned());
                    }
                    words.push(print::quote(&value(key.value, choices)).into_owned());
                }
            }
            Kind::Leaf(form) | Kind::LeafList(form) => {
                words.push(print::quote(&value(form, choices)).into_owned());
            }
        }
        rows = statement.rows();
        if choices.below(6) == 5 {
            break;
        }
    }
    words.join(" ")
}

fn value(value: Value, choices: &mut Choices<'_>) -> String {
    let pick = |words: &[&str], choices: &mut Choices<'_>| words[choices.below(words.len())].to_owned();
    match value.form {
        Type::Text | Type::Secret => pick(
            &[
                "a",
                "",
                "a b",
                "\"",
                "\\",
                "a\\nb",
                "line\nline",
                "/* no */",
                "{",
                "inactive:",
                "é",
                "\\\n",
                "#x",
                "]",
            ],
            choices,
        ),
        Type::Name => {
            pick(&["a", "b", "web-1", "10.0.0.0/8", "policy", "set", "a{b}", "x;y", "delete:", "*"], choices)
        }
        Type::Number(least, greatest) => [least, greatest][choices.below(2)].to_string(),
        Type::Amount(least, greatest) => [least, greatest][choices.below(2)].to_string(),
        Type::Words(words) | Type::WordsOrNumber(words, ..) => {
            words[choices.below(words.len())].word.to_owned()
        }
        Type::Address => pick(&["192.0.2.1", "2001:db8::1"], choices),
        Type::Address4 => "192.0.2.1".to_owned(),
        Type::Address6 => "2001:db8::1".to_owned(),
        Type::Prefix => pick(&["192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "::"], choices),
        Type::Prefix4 => pick(&["192.0.2.1/24", "192.0.2.0/24"], choices),
        Type::Prefix6 => "2001:db8::1/64".to_owned(),
        Type::Ports => pick(&["80", "ssh", "8000-8010"], choices),
        Type::Device => pick(&["eth1", "ge-0/0/0"], choices),
        Type::Interface => pick(&["eth1.0", "ge-0/0/0.0"], choices),
        Type::Time => "2026-01-31.14:00".to_owned(),
    }
}

/// A configuration of lines, some of whose statements have marks and annotations.
fn tree(numbers: &[u16], lines: usize) -> Tree {
    let mut choices = Choices(numbers.iter());
    let text: String = (0..lines).map(|_| line(&mut choices) + "\n").collect();
    let (mut tree, _) = parse::set(&text, None, Mode::Strict);
    for _ in 0..3 {
        let mut path: Vec<Step> = Vec::new();
        for _ in 0..1 + choices.below(6) {
            let node = tree.at(&path).expect("the path follows children");
            let Some((step, _)) = node.children().nth(choices.below(node.children().len())) else { break };
            path.push(step.clone());
        }
        if path.is_empty() {
            continue;
        }
        let edit = match choices.below(3) {
            0 => Edit::Deactivate(path),
            1 => Edit::Protect(path),
            _ => Edit::Annotate(path, Some("two\nlines \"and\" more".to_owned())),
        };
        // It may be protected by now.
        drop(tree.apply(&edit));
    }
    tree
}

/// The tree after some edits.
fn edited(old: &Tree, seeds: &[u16]) -> Tree {
    let mut tree = old.clone();
    let mut choices = Choices(seeds.iter());
    for _ in 0..6 {
        let text = line(&mut choices);
        if let Ok(set) = load_set(&tree, &text, None, Mode::Strict) {
            tree = set.tree;
        }
        let mut path: Vec<Step> = Vec::new();
        for _ in 0..1 + choices.below(6) {
            let node = tree.at(&path).expect("the path follows children");
            let Some((step, _)) = node.children().nth(choices.below(node.children().len())) else { break };
            path.push(step.clone());
        }
        let Some(last) = path.last().cloned() else { continue };
        let above = tree.at(&path[..path.len() - 1]).expect("it has a child");
        let sibling = above.children().nth(choices.below(above.children().len()));
        let sibling = sibling.map(|(step, _)| step.clone()).expect("it has a child");
        let edit = match choices.below(8) {
            0 => Edit::Delete(path, Vec::new()),
            1 => Edit::Deactivate(path),
            2 => Edit::Activate(path),
            3 => Edit::Annotate(path, None),
            4 => Edit::Annotate(path, Some("other".to_owned())),
            5 => Edit::Insert(path, Where::After, sibling),
            6 => Edit::Insert(path, Where::Before, sibling),
            _ => Edit::Rename(
                path,
                Step { keys: last.keys.iter().map(|_| "renamed".to_owned()).collect(), ..last },
            ),
        };
        // It may be protected, without an order, or without a name.
        drop(tree.apply(&edit));
    }
    tree
}

fn same(found: &Tree, wanted: &Tree) -> Result<(), TestCaseError> {
    prop_assert_eq!(print::set(found), print::set(wanted));
    prop_assert!(found == wanted);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_tree_is_read_from_each_of_its_forms_as_it_was(
        numbers in prop::collection::vec(any::<u16>(), 400),
        lines in 1_usize..30,
    ) {
        let tree = tree(&numbers, lines);
        let curly = print::curly(&tree);
        let (again, findings) = parse::curly(&curly, None, Mode::Strict);
        prop_assert_eq!(findings, vec![], "{}", curly);
        same(&again, &tree)?;
        let commands = print::set(&tree);
        let (again, findings) = parse::set(&commands, None, Mode::Strict);
        prop_assert_eq!(findings, vec![], "{}", commands);
        same(&again, &tree)?;
        let json = print::json(&tree);
        let (again, findings) = parse::json(&json, None, Mode::Strict);
        prop_assert_eq!(findings, vec![], "{}", json);
        same(&again, &tree)?;
    }

    #[test]
    fn a_difference_applied_to_one_tree_makes_the_other(
        numbers in prop::collection::vec(any::<u16>(), 500),
        seeds in prop::collection::vec(any::<u16>(), 60),
        lines in 1_usize..40,
    ) {
        let old = tree(&numbers, lines);
        let new = edited(&old, &seeds);
        let difference = compare(&old, &new);
        let patched = patch(&old, &difference, None, Mode::Strict);
        prop_assert!(patched.is_ok(), "{:?}\n{}", patched.err(), difference);
        let patched = patched.expect("checked above");
        prop_assert!(patched == new, "{}", difference);
        prop_assert_eq!(difference.is_empty(), old == new);
        let back = patch(&new, &compare(&new, &old), None, Mode::Strict);
        prop_assert!(back.is_ok_and(|back| back == old), "{}", compare(&new, &old));
    }

    #[test]
    fn any_text_is_read_without_a_panic_and_what_is_accepted_survives_all_forms(
        text in text(),
        lenient in any::<bool>(),
    ) {
        let mode = if lenient { Mode::Lenient } else { Mode::Strict };
        let (tree, findings) = parse::curly(&text, None, mode);
        let curly = print::curly(&tree);
        let commands = print::set(&tree);
        let (_, of_commands) = parse::set(&text, None, mode);
        drop(of_commands);
        if findings.is_empty() {
            // What was kept without support is marked, and needs no leniency any more.
            let mode = Mode::Strict;
            let (again, findings) = parse::set(&commands, None, mode);
            prop_assert_eq!(findings, vec![], "{}", commands);
            prop_assert_eq!(print::set(&again), commands.clone());
            let (again, findings) = parse::curly(&curly, None, mode);
            prop_assert_eq!(findings, vec![], "{}", curly);
            prop_assert_eq!(print::set(&again), commands.clone());
            let json = print::json(&tree);
            let (again, findings) = parse::json(&json, None, mode);
            prop_assert_eq!(findings, vec![], "{}", json);
            prop_assert_eq!(print::set(&again), commands);
        }
    }
}

/// Words of the language and signs, in any order.
fn text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "security",
        "zones",
        "security-zone",
        "a",
        "interfaces",
        "eth0",
        "unit",
        "0",
        "family",
        "inet",
        "address",
        "10.0.0.1/8",
        "policies",
        "from-zone",
        "to-zone",
        "policy",
        "match",
        "then",
        "permit",
        "deny",
        "{",
        "{",
        "}",
        "}",
        ";",
        ";",
        ";",
        "[",
        "]",
        "\"",
        "/*",
        "*/",
        "# x\n",
        "\n",
        "inactive:",
        "delete:",
        "replace:",
        "protect:",
        "groups",
        "apply-groups",
        "<*>",
        "set",
        "edit",
        "up",
        "top",
        "é",
        "\\",
        "system",
        "host-name",
        "services",
        "term",
        "applications",
        "application",
        "protocol",
        "tcp",
        "frob",
        "destination-port",
        "80",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.join(" "))
}

#[test]
fn deep_nesting_is_refused_before_the_stack_ends() {
    for text in
        ["a { ".repeat(100_000), "a ".repeat(100_000) + ";", "groups { ".repeat(100_000), "[".repeat(100_000)]
    {
        let (_, findings) = parse::curly(&text, None, Mode::Lenient);
        assert!(!findings.is_empty());
        drop(parse::set(&format!("set {text}"), None, Mode::Lenient));
    }
}

#[test]
fn every_statement_has_a_help_without_a_full_stop_and_a_name_that_needs_no_quotes() {
    fn walk(rows: &'static [Statement], depth: usize) {
        for row in rows {
            assert!(!row.help.is_empty() && !row.help.ends_with('.'), "{}", row.name);
            assert_eq!(print::quote(row.name).starts_with('"'), row.name.is_empty(), "{}", row.name);
            let same = rows.iter().filter(|other| other.name == row.name).count();
            assert!(same == 1 || row.name.is_empty(), "{} stands twice", row.name);
            if depth < 12 {
                walk(row.rows(), depth + 1);
            }
        }
    }
    walk(statements(), 0);
}
