//! Every case on which the engines once differed, or were wrong alike.

use flumen_conformance::differential::{CORPUS, Case, Pair, replay};
use flumen_conformance::executor::WorldNamespace;
use std::path::Path;

#[test]
fn cases_of_the_corpus_fare_alike_on_both_engines() {
    let world = WorldNamespace::new("corpus").expect("the world's namespace");
    let inside = || {
        let mut pair = Pair::new("corpus").expect("the engine opens");
        for (name, text) in CORPUS {
            let case = Case::from_json(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let difference = replay(&mut pair, &case).expect("the engines run");
            assert_eq!(difference, None, "{name}");
        }
    };
    world.run(inside).expect("a thread in the namespace");
}

#[test]
fn each_file_of_the_corpus_is_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let Ok(entries) = std::fs::read_dir(&folder) else { return }; // not on the machine that built this
    let mut files: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    files.sort();
    let listed: Vec<_> = CORPUS.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, listed, "add the file to src/differential/corpus.rs");
}
