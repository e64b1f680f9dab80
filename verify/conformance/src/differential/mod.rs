//! Looks for frames on which the kernel's engine and the native one differ.
//!
//! Configurations, sequences of frames and times are generated from a seed. After each frame both engines must agree on
//! what the driver is told, the bytes, the counters and the session, and the bytes must be such as a gateway may make of
//! the frame; after each sequence they must agree on every table. What differs is made smaller by leaving steps out, and
//! written down as a [`Case`], which replays without the generator.

mod case;
mod configuration;
mod corpus;
mod invariant;
mod pair;
mod random;
mod shrink;
mod traffic;
mod twin;

pub use case::{Case, CaseStep, unhex};
pub use configuration::generate as configuration;
pub use corpus::CORPUS;
pub use pair::{Difference, Pair};
pub use random::Random;
pub use traffic::{Traffic, View};

use anyhow::Result;
use std::collections::BTreeMap;

/// Sessions that both engines have room for: few, so that the table fills up.
pub const SESSIONS: u32 = 12;
/// Frames of one case.
const FRAMES: u64 = 48;
/// Cases that share their configurations: to install one takes as long as many frames.
const CASES_PER_CONFIGURATION: u64 = 24;

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames compared.
    pub frames: u64,
    /// Of these, by the reason that they ended with.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Configurations installed.
    pub configurations: u64,
    /// Generated configurations that the checks refused.
    pub refused: u64,
}

/// Compares the engines of `pair` on at least `frames` frames made from `seed`.
///
/// # Errors
/// When an engine cannot be run; a difference is an answer, already made small.
pub fn run(pair: &mut Pair, seed: u64, frames: u64) -> Result<(Tally, Option<(Case, Difference)>)> {
    let mut tally = Tally::default();
    let mut seeds = Random::new(seed);
    while tally.frames < frames {
        let mut random = Random::new(seeds.next());
        let configurations = [accepted(&mut random, &mut tally), accepted(&mut random, &mut tally)];
        pair.prepare(configurations.iter())?;
        for _ in 0..CASES_PER_CONFIGURATION {
            if tally.frames >= frames {
                break;
            }
            if let Some(found) = generated(pair, seeds.next(), &configurations, &mut tally)? {
                return Ok((tally, Some(found)));
            }
        }
    }
    Ok((tally, None))
}

/// A generated configuration that compiles.
fn accepted(random: &mut Random, tally: &mut Tally) -> serde_json::Value {
    loop {
        let configuration = configuration(random);
        if crate::site::compiled(&configuration, 1).is_ok() {
            tally.configurations += 1;
            return configuration;
        }
        tally.refused += 1;
    }
}

/// Makes one case while it runs: frames refer to the sessions that those before them have opened.
fn generated(
    pair: &mut Pair,
    seed: u64,
    configurations: &[serde_json::Value; 2],
    tally: &mut Tally,
) -> Result<Option<(Case, Difference)>> {
    let mut random = Random::new(seed);
    let mut case = Case { seed, configurations: configurations.to_vec(), steps: Vec::new() };
    let mut traffic = Traffic::default();
    pair.begin()?;
    let mut difference = None;
    for _ in 0..FRAMES {
        let step = traffic.next(&mut random, &pair.view());
        case.steps.push(step);
        difference = pair.step(case.steps.last().expect("just pushed"))?;
        if difference.is_some() {
            break;
        }
    }
    if difference.is_none() {
        difference = pair.end()?;
    }
    for reason in pair.reasons() {
        tally.frames += 1;
        *tally.reasons.entry(reason.name()).or_default() += 1;
    }
    match difference {
        // what does not show again was a deadline between the two engines' looks at the clock
        Some(_) => shrink::smallest(pair, case),
        None => Ok(None),
    }
}

/// Runs a case.
///
/// # Errors
/// When an engine cannot be run, or the case's configuration does not compile.
pub fn replay(pair: &mut Pair, case: &Case) -> Result<Option<Difference>> {
    pair.prepare(case.configurations.iter())?;
    pair.begin()?;
    for step in &case.steps {
        if let Some(difference) = pair.step(step)? {
            return Ok(Some(difference));
        }
    }
    pair.end()
}
