//! Every fixture on every engine.

use flumen_conformance::executor::{Executor, KernelExecutor, NativeExecutor, NextHops, WorldNamespace};
use flumen_conformance::harness::{SESSIONS, failures};
use flumen_conformance::fixtures;

fn run_all(executor: &mut dyn Executor) {
    let found: Vec<String> =
        fixtures::all().iter().flat_map(|fixture| failures(fixture, executor)).collect();
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
    world.run(|| run_all(&mut KernelExecutor::new(SESSIONS, "fixtures").expect("the engine opens"))).expect("a thread");
}
