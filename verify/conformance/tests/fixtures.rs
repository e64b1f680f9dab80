//! Every fixture on every engine.

use flumen_abi::Reason;
use flumen_conformance::executor::{Executor, KernelExecutor, NativeExecutor, NextHops, WorldNamespace};
use flumen_conformance::fixtures;
use flumen_conformance::harness::{Harness, SESSIONS, uncovered};

fn run_all(executor: &mut dyn Executor) {
    let mut harness = Harness::new(executor).expect("the counters are read");
    let mut found: Vec<String> = fixtures::all().iter().flat_map(|fixture| harness.run(fixture)).collect();
    found.extend(harness.finish());
    assert!(found.is_empty(), "{} failures:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_native_engine_meets_every_fixture() {
    run_all(&mut NativeExecutor::new(SESSIONS, NextHops::Kept));
}

#[test]
fn the_native_engine_meets_every_fixture_when_each_packet_asks_for_its_route() {
    run_all(&mut NativeExecutor::new(SESSIONS, NextHops::Asked));
}

#[test]
fn the_xdp_program_meets_every_fixture() {
    let world = WorldNamespace::new("fixtures").expect("the world's namespace");
    world
        .run(|| run_all(&mut KernelExecutor::new(SESSIONS, "fixtures").expect("the engine opens")))
        .expect("a thread");
}

/// Reasons that no fixture can bring about.
const OUT_OF_REACH: [Reason; 3] = [
    Reason::EmitFailed, // needs a frame without headroom; both engines run fixtures with 256 bytes of it
    Reason::Internal,   // needs a table that breaks the compiler's promises
    Reason::MirrorUnresolved, // needs two routes to one destination; tests/mirror_routes.rs has them
];

#[test]
fn every_reason_is_met_by_a_fixture() {
    assert_eq!(uncovered(&fixtures::all()), OUT_OF_REACH);
}

#[test]
fn each_fixture_has_its_own_name() {
    let mut names: Vec<_> = fixtures::all().iter().map(|fixture| fixture.name).collect();
    names.sort_unstable();
    let before = names.len();
    names.dedup();
    assert_eq!(names.len(), before);
}
