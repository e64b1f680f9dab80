//! Compiles generated rule sets of several kinds and prints what the search trees look like and what a
//! look-up of a random packet reads: trees, nodes and rules, on average and at most.
//!
//! `cargo run --release -p flumen-compile --example classifier_shapes [POLICIES]`

#[path = "../tests/kinds/mod.rs"]
mod kinds;

use flumen_abi::{Addr, Family, Generation, Stage};
use flumen_compile::{Identities, Ruleset, classify_counted, compile, fields};
use kinds::{KINDS, Part, Random};
use std::time::{Duration, Instant};

fn main() {
    let count = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10_000);
    println!(
        "{:<22} {:>6} {:>7} {:>7} {:>7} {:>7}  {:<16} {:>4}  {:>5} {:>5} {:>5}  {:>5} {:>5}",
        "rules",
        "boxes",
        "ms",
        "nodes",
        "leaves",
        "stored",
        "depths",
        "leaf",
        "trees",
        "nodes",
        "rules",
        "max-n",
        "max-r"
    );
    for (name, make) in KINDS {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let parts = kinds::parts(*make, count, &mut random);
        report(name, &parts, &mut random);
    }
}

/// The quickest of so many runs counts: the others were disturbed.
const RUNS: usize = 3;

fn report(name: &str, parts: &[Part], random: &mut Random) {
    let model = kinds::model(parts);
    let mut compiled = compile(&model, &Identities::default(), Generation(1));
    let mut elapsed = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        compiled = compile(&model, &Identities::default(), Generation(1));
        elapsed = elapsed.min(start.elapsed());
    }
    let ruleset = match compiled {
        Ok(compiled) => compiled.ruleset,
        Err(errors) => {
            println!("{name:<22} {:>6} {:>7.1}  {}", parts.len(), elapsed.as_secs_f64() * 1e3, errors[0]);
            return;
        }
    };
    let shapes = ruleset.shapes();
    let shape =
        shapes.iter().max_by_key(|shape| shape.depths.iter().sum::<usize>()).expect("there is a root");
    let cost = sample(&ruleset, parts, random);
    println!(
        "{name:<22} {:>6} {:>7.1} {:>7} {:>7} {:>7}  {:<16} {:>4}  {:>5.1} {:>5.1} {:>5.1}  {:>5} {:>5}",
        parts.len(),
        elapsed.as_secs_f64() * 1e3,
        ruleset.nodes.len(),
        ruleset.leaves.len(),
        ruleset.rules.len(),
        format!("{:?}", shape.depths),
        shape.fullest_leaf,
        cost.mean[0],
        cost.mean[1],
        cost.mean[2],
        cost.worst[1],
        cost.worst[2],
    );
}

struct Cost {
    mean: [f64; 3],
    worst: [usize; 3],
}

/// Packets that lie in a random rule each.
fn sample(ruleset: &Ruleset, parts: &[Part], random: &mut Random) -> Cost {
    const PACKETS: usize = 20_000;
    /// So many are looked up in the policies from top to bottom too, which takes longer.
    const COMPARED: usize = 500;
    let mut sums = [0_usize; 3];
    let mut worst = [0_usize; 3];
    let (from, to) = (ruleset.interfaces[0].zone, ruleset.interfaces[1].zone);
    for place in 0..PACKETS {
        let packet = kinds::packet(parts, random);
        let (source, destination, port, protocol) = packet;
        let fields =
            fields(Addr::v4(source.octets()), Addr::v4(destination.octets()), 40_000, port, protocol);
        let (found, steps) = classify_counted(ruleset, Stage::Policy, from, to, Family::V4, &fields);
        if place < COMPARED {
            let expected = kinds::first_match(parts, packet);
            assert_eq!(found.map(|found| found.action as usize), expected, "{packet:?}");
        }
        for (place, count) in [steps.trees, steps.nodes, steps.rules].into_iter().enumerate() {
            sums[place] += count;
            worst[place] = worst[place].max(count);
        }
    }
    Cost { mean: sums.map(|sum| sum as f64 / PACKETS as f64), worst }
}
