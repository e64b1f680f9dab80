//! Any text as a configuration: a model or errors with their places, never a panic; and every model compiles or says why.

use bolero::check;
use flumen_abi::Generation;
use flumen_compile::{Identities, Limits, compile, compile_within};
use flumen_config::Model;
use flumen_conformance::differential::{Random, configuration};
use flumen_syntax::parse::Mode;
use flumen_syntax::{complete, expand, patch, print};

/// Reads `text`; what is read comes back from its own JSON form, and compiles.
fn read(text: &str) {
    match Model::from_json(text) {
        Ok(model) => {
            let again = Model::from_json(&model.to_json()).expect("the form that we write is read");
            assert_eq!(again, model);
            for warning in model.warnings() {
                assert!(!warning.to_string().is_empty());
            }
            compiles(&model);
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

fn compiles(model: &Model) {
    match compile(model, &Identities::default(), Generation(1)) {
        Ok(first) => {
            let again =
                compile(model, &first.identities, Generation(2)).expect("what compiles compiles again");
            assert_eq!(again.ruleset.roots, first.ruleset.roots, "numbers stay from commit to commit");
            assert_eq!(again.identities, first.identities);
        }
        Err(errors) => assert!(errors.iter().all(|error| !error.to_string().is_empty())),
    }
    // tables that are far too small
    let limits = Limits { roots: 3, nodes: 4, leaves: 8, rules: 4, ..Limits::DEFAULT };
    if let Err(errors) = compile_within(model, &Identities::default(), Generation(1), &limits) {
        assert!(!errors.is_empty());
    }
}

#[test]
fn any_text_is_a_configuration_or_refused_with_reasons() {
    check!().for_each(|bytes: &[u8]| read(&String::from_utf8_lossy(bytes)));
}

/// A generated configuration, with characters of its text changed.
#[test]
fn a_damaged_configuration_is_refused_with_reasons_or_means_something() {
    check!().with_type::<(u64, Vec<(u16, u8)>)>().for_each(|(seed, changes)| {
        let mut text = configuration(&mut Random::new(*seed)).to_string().into_bytes();
        for (at, byte) in changes.iter().take(6) {
            let at = usize::from(*at) % text.len();
            match byte % 3 {
                0 => text[at] = *byte,
                1 => text[at] = *b"{}[],:\"0123456789-./ax".get(usize::from(*byte) / 12).unwrap_or(&b' '),
                _ => drop(text.remove(at)),
            }
        }
        read(&String::from_utf8_lossy(&text));
    });
}

#[test]
fn a_generated_model_compiles_or_says_why() {
    check!().with_type::<u64>().for_each(|seed| {
        if let Ok(model) = Model::from_json(&configuration(&mut Random::new(*seed)).to_string()) {
            compiles(&model);
        }
    });
}

/// Reads `text` in any form of the language; what is accepted comes back from its own forms, and compiles.
fn read_language(text: &str, mode: Mode) {
    match Model::from_text(text, Some("fuzz"), mode) {
        Ok(loaded) => {
            compiles(&loaded.model);
            let Some(tree) = loaded.tree else { return };
            for text in [print::curly(&tree), print::set(&tree), print::json(&tree)] {
                let again = Model::from_text(&text, None, mode).map(|loaded| loaded.model);
                assert_eq!(again.as_ref(), Ok(&loaded.model), "{text}");
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            assert!(errors.iter().all(|error| !error.to_string().is_empty()));
        }
    }
}

#[test]
fn any_text_is_a_configuration_of_the_language_or_refused_with_reasons() {
    check!().with_type::<(Vec<u8>, bool)>().for_each(|(bytes, lenient)| {
        let mode = if *lenient { Mode::Lenient } else { Mode::Strict };
        let text = String::from_utf8_lossy(bytes);
        read_language(&text, mode);
        read_language(&format!("set {text}"), mode);
        let tree = flumen_syntax::Tree::default();
        drop(patch(&tree, &text, None, mode));
        drop(complete(&tree, &[], &text, &()));
        drop(expand(&tree, &[], &format!("set {text}")));
    });
}

/// A configuration in the language, with words of its text changed.
#[test]
fn a_damaged_text_of_the_language_is_refused_with_reasons_or_means_something() {
    const TEXT: &str = include_str!("../../../control/compile/tests/small.conf");
    let words: Vec<&str> = TEXT.split_inclusive(char::is_whitespace).collect();
    check!().with_type::<(Vec<(u16, u16)>, bool)>().for_each(|(changes, lenient)| {
        let mode = if *lenient { Mode::Lenient } else { Mode::Strict };
        let mut damaged = words.clone();
        for (at, from) in changes.iter().take(6) {
            let (at, from) = (usize::from(*at) % damaged.len(), usize::from(*from) % (words.len() + 2));
            match words.get(from) {
                Some(word) => damaged[at] = word,
                None => drop(damaged.remove(at)),
            }
        }
        read_language(&damaged.concat(), mode);
    });
}
