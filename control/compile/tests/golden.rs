//! A small configuration as rows: a changed row shows in review.
#![allow(clippy::unwrap_used)]

use flumen_abi::Generation;
use flumen_compile::{Compiled, Identities, compile};
use flumen_config::Model;

const SMALL: &str = include_str!("small.json");

fn compiled(text: &str) -> Compiled {
    let model = Model::from_json(text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    compile(&model, &Identities::default(), Generation(1)).unwrap()
}

#[test]
fn the_rows_of_a_small_configuration() {
    insta::assert_snapshot!(compiled(SMALL).ruleset.dump());
}

#[test]
fn the_numbers_of_a_small_configuration_lead_back_to_its_names() {
    insta::assert_debug_snapshot!(compiled(SMALL).names);
}
