//! What is wrong with a configuration, and where.
#![allow(clippy::unwrap_used)]

use flumen_config::{ConfigError, Model, Position, Problem};

fn errors(text: &str) -> Vec<ConfigError> {
    Model::from_json(text).expect_err("the text is wrong")
}

fn only(text: &str) -> (String, Position, Problem) {
    match &errors(text)[..] {
        [ConfigError { path, position: Some(position), problem, .. }] => {
            (path.to_string(), *position, problem.clone())
        }
        more => panic!("{more:#?}"),
    }
}

#[test]
fn everything_that_is_wrong_is_reported_at_once_in_the_order_of_the_text() {
    let text: Vec<String> = errors(include_str!("broken.json")).iter().map(ConfigError::to_string).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn an_error_that_follows_from_another_is_not_reported() {
    // The address cannot be read, but its name is known: the policy that uses it is not blamed.
    let text = r#"{"interfaces": {"eth0": {}}, "security": {"zones": {"a": {"interfaces": ["eth0"]}},
        "address-book": {"web": "192.0.2.300"},
        "policies": [{"name": "p", "from-zone": "a", "to-zone": "a", "then": "permit",
            "match": {"source-address": "web", "destination-address": "any", "application": "any"}}]}}"#;
    let (path, position, problem) = only(text);
    assert_eq!((path.as_str(), position), ("security.address-book.web", Position { line: 2, column: 33 }));
    assert!(matches!(problem, Problem::Address { .. }));
}

#[test]
fn what_is_no_json_is_reported_with_its_line_and_column() {
    for (text, line, column) in [
        ("", 1, 1),
        ("{\n  \"system\": {},\n}", 2, 15),
        ("{\n  // a comment\n}", 2, 3),
        ("{\"system\": {}} {}", 1, 16),
        ("{'system': {}}", 1, 2),
    ] {
        let (path, position, problem) = only(text);
        assert_eq!((path.as_str(), position), ("", Position { line, column }), "{text}");
        assert!(matches!(problem, Problem::Syntax { .. }));
    }
    assert!(matches!(only(&"[".repeat(100_000)).2, Problem::Syntax { .. }));
}

#[test]
fn columns_count_characters() {
    let (_, position, _) = only("{\"system\": {}, \"ä€𝄞\": 1}");
    assert_eq!(position, Position { line: 1, column: 16 });
}

#[test]
fn another_type_than_an_object_is_refused_at_the_top() {
    for text in ["[]", "null", "\"system\"", "1"] {
        assert!(matches!(only(text).2, Problem::Type { expected: "an object", .. }), "{text}");
    }
}

#[test]
fn an_empty_object_is_a_configuration() {
    assert_eq!(Model::from_json("{}").unwrap(), Model::default());
}

#[test]
fn three_thousand_errors_on_one_line_take_no_longer_than_reading_them() {
    let references: Vec<String> = (0..3_000).map(|number| format!("\"unknown-address-{number}\"")).collect();
    let entries: Vec<String> =
        (0..3_000).map(|number| format!("\"address-number-{number}\": \"any\"")).collect();
    let references = references.join(",");
    let text =
        format!(r#"{{"security": {{"address-book": {{"set": [{references}], {}}}}}}}"#, entries.join(","));
    let start = std::time::Instant::now();
    let errors = errors(&text);
    assert_eq!(errors.len(), 3_000);
    assert!(errors.iter().map(|error| error.position).is_sorted());
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "took {:?}", start.elapsed());
}

#[test]
fn there_is_no_more_room_for_ipv6_than_for_all_sessions() {
    let text = r#"{"system": {"dataplane": {"sessions": {"maximum": 2048, "ipv6-maximum": 4096}}}}"#;
    let errors = flumen_config::Model::from_json(text).unwrap_err();
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("ipv6-maximum: 4096 is not a whole number from 1024 to 2048"), "{errors:?}");
}
