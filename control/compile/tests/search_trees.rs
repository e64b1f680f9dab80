//! Every kind of rule set: the search trees find what reading from top to bottom finds, within their depth.
#![allow(clippy::unwrap_used)]

mod kinds;

use flumen_abi::{Addr, Family, Generation, MAX_DEPTH, Stage};
use flumen_compile::{Identities, classify, compile, fields};
use kinds::{KINDS, Random};

#[test]
fn every_kind_of_rule_set_compiles_and_means_what_it_says() {
    for (name, make) in KINDS {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let parts = kinds::parts(*make, 1200, &mut random);
        let compiled = compile(&kinds::model(&parts), &Identities::default(), Generation(1));
        let ruleset = compiled.unwrap_or_else(|errors| panic!("{name}: {errors:?}")).ruleset;
        for shape in ruleset.shapes() {
            assert!(
                shape.depths.iter().all(|depth| *depth <= MAX_DEPTH as usize) && shape.fullest_leaf <= 31,
                "{name}: {shape:?}"
            );
        }
        let (from, to) = (ruleset.interfaces[0].zone, ruleset.interfaces[1].zone);
        for _ in 0..300 {
            let packet = kinds::packet(&parts, &mut random);
            let (source, destination, port, protocol) = packet;
            let fields =
                fields(Addr::v4(source.octets()), Addr::v4(destination.octets()), 40_000, port, protocol);
            let found = classify(&ruleset, Stage::Policy, from, to, Family::V4, &fields);
            let expected = kinds::first_match(&parts, packet);
            assert_eq!(found.map(|found| found.action as usize), expected, "{name}: {packet:?}");
        }
    }
}
