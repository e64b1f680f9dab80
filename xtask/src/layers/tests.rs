use std::path::PathBuf;

use super::*;

const FORBID: &str = "//! A crate.\n#![forbid(unsafe_code)]\n";

/// A crate where the table wants it, with these dependencies.
fn krate(name: &str, dependencies: &[(&str, bool)]) -> Crate {
    let folder = LAYERS.iter().find(|layer| layer.name == name).map_or("elsewhere", |layer| layer.folder);
    let declared = dependencies.iter();
    Crate {
        name: name.to_owned(),
        folder: PathBuf::from(folder),
        dependencies: declared
            .map(|(name, dev)| Dependency { name: (*name).to_owned(), dev: *dev })
            .collect(),
        roots: vec![(PathBuf::from(folder).join("src/lib.rs"), FORBID.to_owned())],
    }
}

/// The violations among these crates, judged by the real table.
fn judge(crates: &[Crate]) -> Vec<String> {
    violations(crates, LAYERS, CONFINED)
}

/// `name` with one more dependency, beside every crate of the table.
fn judge_arrow(name: &str, dependency: &str, dev: bool) -> Vec<String> {
    let others = LAYERS.iter().filter(|layer| layer.name != name).map(|layer| krate(layer.name, &[]));
    let mut crates: Vec<Crate> = others.collect();
    crates.push(krate(name, &[(dependency, dev)]));
    judge(&crates)
}

#[test]
fn an_arrow_down_is_accepted() {
    assert_eq!(judge_arrow("flumen-pipeline", "flumen-abi", false), Vec::<String>::new());
    assert_eq!(judge_arrow("flumen-daemon", "flumen-engine", false), Vec::<String>::new());
}

#[test]
fn an_arrow_up_is_refused() {
    for (name, dependency) in [
        ("flumen-abi", "flumen-pipeline"),
        ("flumen-pipeline", "flumen-ebpf"),
        ("flumen-config", "flumen-compile"),
        ("flumen-compile", "flumen-engine"),
        ("flumen-engine", "flumen-daemon"),
        ("flumen-daemon", "flumen-cli"),
    ] {
        let found = judge_arrow(name, dependency, false);
        assert_eq!(found, [format!("{name} depends on {dependency}: it is not below")]);
    }
}

#[test]
fn an_arrow_up_in_a_test_is_refused_too() {
    assert_eq!(judge_arrow("flumen-abi", "flumen-pipeline", true).len(), 1);
}

#[test]
fn engine_may_not_see_configuration_words() {
    assert_eq!(judge_arrow("flumen-engine", "flumen-config", false).len(), 1);
}

#[test]
fn nobody_but_compile_sees_configuration_words_and_table_bytes_even_if_the_table_allowed_both() {
    let loose = [Layer {
        name: "flumen-daemon",
        folder: "control/daemon",
        below: &["flumen-config", "flumen-abi"],
        outside: Outside::Any,
        unsafe_code: Unsafe::Forbidden,
    }];
    let crates = [krate("flumen-daemon", &[("flumen-config", false), ("flumen-abi", false)])];
    let found = violations(&crates, &loose, &[]);
    assert_eq!(
        found,
        ["flumen-daemon sees both configuration words and table bytes: only flumen-compile may"]
    );
    let compile = krate("flumen-compile", &[("flumen-config", false), ("flumen-abi", false)]);
    assert_eq!(judge(&[compile]), Vec::<String>::new());
}

#[test]
fn the_testkit_is_for_tests_only() {
    assert_eq!(judge_arrow("flumen-pipeline", "flumen-testkit", true), Vec::<String>::new());
    let found = judge_arrow("flumen-engine", "flumen-testkit", false);
    assert_eq!(
        found,
        ["flumen-engine depends on flumen-testkit: a verify crate may only be a dev-dependency"]
    );
}

#[test]
fn pipeline_has_nothing_from_outside_but_zerocopy() {
    assert_eq!(judge_arrow("flumen-pipeline", "zerocopy", false), Vec::<String>::new());
    assert_eq!(judge_arrow("flumen-pipeline", "bolero", true), Vec::<String>::new());
    let found = judge_arrow("flumen-pipeline", "log", false);
    assert_eq!(found, ["flumen-pipeline depends on log: from outside it may have only zerocopy"]);
}

#[test]
fn aya_stays_in_engine_and_in_the_tests() {
    assert_eq!(judge_arrow("flumen-engine", "aya", false), Vec::<String>::new());
    assert_eq!(judge_arrow("flumen-conformance", "aya", false), Vec::<String>::new());
    assert_eq!(judge_arrow("flumen-daemon", "aya", false).len(), 1);
    assert_eq!(judge_arrow("flumen-pipeline", "aya", true).len(), 1);
    assert_eq!(judge_arrow("flumen-engine", "aya-ebpf", false).len(), 1);
}

#[test]
fn a_crate_without_a_row_is_refused() {
    let found = judge(&[krate("flumen-shortcut", &[])]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("flumen-shortcut has no row"), "{found:?}");
}

#[test]
fn a_crate_in_the_wrong_folder_is_refused() {
    let mut moved = krate("flumen-wire", &[]);
    moved.folder = PathBuf::from("control/wire");
    assert_eq!(judge(&[moved]), ["flumen-wire is in control/wire, not in dataplane/wire"]);
}

#[test]
fn unsafe_code_must_be_forbidden_outside_its_islands() {
    let mut open = krate("flumen-wire", &[]);
    open.roots[0].1 = "//! #![forbid(unsafe_code)]\n// #![forbid(unsafe_code)]\n".to_owned();
    assert_eq!(judge(&[open]), ["dataplane/wire/src/lib.rs lacks #![forbid(unsafe_code)]"]);
    let mut island = krate("flumen-frame", &[]);
    island.roots[0].1.clear();
    assert_eq!(judge(&[island]), Vec::<String>::new());
}

#[test]
fn every_row_stands_above_what_it_may_use() {
    for (place, layer) in LAYERS.iter().enumerate() {
        for name in layer.below {
            let below = LAYERS.iter().position(|other| other.name == *name);
            let below = below.unwrap_or_else(|| panic!("{} names {name}, which has no row", layer.name));
            let same = is_verify(layer) && is_verify(&LAYERS[below]);
            assert!(below < place || same, "{} may use {name}, which is not below it", layer.name);
        }
    }
}
