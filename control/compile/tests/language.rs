//! A configuration in the language becomes the rows that its model becomes.
#![allow(clippy::unwrap_used)]

use flumen_abi::Generation;
use flumen_compile::{Compiled, Identities, compile};
use flumen_config::{LoadMode, Model};

fn compiled(text: &str) -> Compiled {
    let loaded =
        Model::from_text(text, None, LoadMode::Strict).unwrap_or_else(|errors| panic!("{errors:#?}"));
    compile(&loaded.model, &Identities::default(), Generation(1)).unwrap()
}

#[test]
fn the_language_and_the_model_of_one_gateway_become_the_same_rows() {
    let (language, model) =
        (compiled(include_str!("small.conf")), compiled(include_str!("small_as_model.json")));
    assert_eq!(language.ruleset.dump(), model.ruleset.dump());
    assert_eq!(format!("{:?}", language.names), format!("{:?}", model.names));
}
