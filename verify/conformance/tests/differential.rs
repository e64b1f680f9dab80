//! Both engines on generated frames. `FLUMEN_DIFFERENTIAL_CASES` says on how many, `FLUMEN_DIFFERENTIAL_SEED` on which.

use flumen_abi::Reason;
use flumen_conformance::differential::{Case, Difference, Pair, Tally, run};
use flumen_conformance::executor::WorldNamespace;
use std::path::PathBuf;

/// Frames that a plain `cargo test` compares.
const CASES: u64 = 10_000;
const SEED: u64 = 20_250_815;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")),
        Err(_) => default,
    }
}

fn compare(worker: u64, seed: u64, cases: u64) -> (Tally, Option<(Case, Difference)>) {
    let label = format!("differ{worker}");
    let world = WorldNamespace::new(&label).expect("the world's namespace");
    let inside = || {
        let mut pair = Pair::new(&label).expect("the engine opens");
        run(&mut pair, seed, cases).expect("the engines run")
    };
    world.run(inside).expect("a thread in the namespace")
}

/// Writes the case beside the others of the corpus, where there is one.
fn keep(case: &Case) -> String {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let path = corpus.join(format!("{:016x}.json", case.seed));
    match std::fs::write(&path, case.to_json()) {
        Ok(()) => path.display().to_string(),
        Err(error) => format!("{}: {error}", path.display()),
    }
}

#[test]
fn generated_frames_fare_alike_on_both_engines() {
    let cases = number("FLUMEN_DIFFERENTIAL_CASES", CASES);
    let seed = number("FLUMEN_DIFFERENTIAL_SEED", SEED);
    let workers =
        if cases <= CASES { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) as u64 };
    let results: Vec<_> = std::thread::scope(|scope| {
        let workers = (0..workers).map(|worker| {
            scope.spawn(move || compare(worker, seed.wrapping_add(worker), cases.div_ceil(workers)))
        });
        let workers: Vec<_> = workers.collect();
        workers.into_iter().map(|worker| worker.join().expect("the worker ends")).collect()
    });
    for (tally, found) in &results {
        println!("{} frames under {} configurations", tally.frames, tally.configurations);
        if let Some((case, Difference(text))) = found {
            panic!("the engines differ (kept as {}):\n{text}\n{}", keep(case), case.to_json());
        }
    }
    let total = |count: &dyn Fn(&Tally) -> u64| results.iter().map(|(tally, _)| count(tally)).sum::<u64>();
    let ended = |reason: Reason| total(&|tally| tally.reasons.get(reason.name()).copied().unwrap_or(0));
    let frames = total(&|tally| tally.frames);
    for reason in Reason::ALL {
        println!("{:>9} {}", ended(*reason), reason.name());
    }
    assert!(frames >= cases);
    // a generator that makes nothing but rubbish would prove nothing
    let forwarded = ended(Reason::Forwarded) + ended(Reason::Mirrored);
    assert!(forwarded * 5 > frames, "too few frames are forwarded");
    assert!(ended(Reason::Mirrored) * 500 > frames, "too few frames are copies");
    assert!(
        total(&|tally| tally.refused) < total(&|tally| tally.configurations),
        "most configurations are refused"
    );
}
