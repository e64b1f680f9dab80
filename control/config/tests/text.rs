//! Any text is read or refused, never worse; what is written is what is read.
#![allow(clippy::unwrap_used)]

use flumen_config::Model;
use proptest::prelude::*;

const SMALL: &str = include_str!("small.json");
const BROKEN: &str = include_str!("broken.json");

#[test]
fn a_model_is_written_as_it_is_read() {
    let model = Model::from_json(SMALL).unwrap();
    assert_eq!(Model::from_json(&model.to_json()).unwrap(), model);
    insta::assert_snapshot!(model.to_json());
}

/// Pieces of JSON and of configurations, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "null",
        "true",
        "-1",
        "1e999",
        "0",
        "65536",
        "18446744073709551616",
        "\"system\"",
        "\"security\"",
        "\"zones\"",
        "\"policies\"",
        "\"match\"",
        "\"then\"",
        "\"any\"",
        "\"::/0\"",
        "\"10.0.0.0/8\"",
        "\"1-2\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\n",
        " ",
        "\u{feff}",
        "ä",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A configuration with bytes taken out, doubled, or replaced.
fn damaged() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![SMALL, BROKEN]);
    let damage = (
        any::<prop::sample::Index>(),
        0_usize..12,
        prop::sample::select(vec!["", "{", "}", "\"", "0", "[", "-", ",", "null"]),
    );
    (text, prop::collection::vec(damage, 1..6)).prop_map(|(text, damages)| {
        let mut characters: Vec<char> = text.chars().collect();
        for (place, length, insertion) in damages {
            if characters.is_empty() {
                break;
            }
            let start = place.index(characters.len());
            let end = (start + length).min(characters.len());
            characters.splice(start..end, insertion.chars());
        }
        characters.into_iter().collect()
    })
}

/// Replaces one string or number of a configuration by another value.
fn replaced() -> impl Strategy<Value = String> {
    let values = vec![
        "\"\"",
        "\"any\"",
        "\"-\"",
        "\"/\"",
        "\"1/2/3\"",
        "\"::-\"",
        "\"0.0.0.0/0\"",
        "\"10.0.0.9-10.0.0.1\"",
        "0",
        "-1",
        "1.5",
        "4294967296",
        "[]",
        "{}",
        "null",
        "true",
        "[[]]",
        "\"junos-http\"",
        "\"a\"",
        "\"trust\"",
        "\"web\"",
    ];
    (any::<prop::sample::Index>(), prop::sample::select(values)).prop_map(|(place, value)| {
        let mut tree: serde_json::Value = serde_json::from_str(SMALL).expect("it is JSON");
        let leaves = count(&tree);
        let mut countdown = place.index(leaves);
        replace(&mut tree, &mut countdown, &serde_json::from_str(value).expect("it is JSON"));
        tree.to_string()
    })
}

fn count(tree: &serde_json::Value) -> usize {
    match tree {
        serde_json::Value::Array(elements) => 1 + elements.iter().map(count).sum::<usize>(),
        serde_json::Value::Object(fields) => 1 + fields.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

fn replace(tree: &mut serde_json::Value, countdown: &mut usize, value: &serde_json::Value) {
    if *countdown == 0 {
        *tree = value.clone();
    }
    *countdown = countdown.wrapping_sub(1);
    match tree {
        serde_json::Value::Array(elements) => {
            elements.iter_mut().for_each(|element| replace(element, countdown, value))
        }
        serde_json::Value::Object(fields) => {
            fields.values_mut().for_each(|field| replace(field, countdown, value))
        }
        _ => {}
    }
}

fn read(text: &str) -> Result<(), TestCaseError> {
    match Model::from_json(text) {
        Ok(model) => {
            prop_assert!(model.check().is_ok());
            prop_assert_eq!(Model::from_json(&model.to_json()), Ok(model));
            prop_assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "only JSON is read");
        }
        Err(errors) => {
            prop_assert!(!errors.is_empty());
            let positions: Vec<_> = errors.iter().map(|error| error.position).collect();
            prop_assert!(positions.is_sorted() && positions.iter().all(Option::is_some));
            for error in errors {
                prop_assert!(error.to_string().len() < 3000);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        read(&text)?;
    }

    #[test]
    fn any_pieces_of_json_are_read_or_refused(text in pieces()) {
        read(&text)?;
    }

    #[test]
    fn a_damaged_configuration_is_read_or_refused(text in damaged()) {
        read(&text)?;
    }

    #[test]
    fn a_configuration_with_another_value_somewhere_is_read_or_refused(text in replaced()) {
        read(&text)?;
    }
}
