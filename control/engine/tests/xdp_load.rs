//! The XDP engine on the running kernel. Needs root.

use flumen_engine::Engine;
use flumen_engine::xdp::{XdpEngine, XdpOptions};
use std::path::PathBuf;
use std::time::Duration;

fn options(name: &str) -> XdpOptions {
    let pin_dir = PathBuf::from(format!("/sys/fs/bpf/flumen-test-{name}-{}", std::process::id()));
    XdpOptions { pin_dir, sessions: 1_024, ..XdpOptions::default() }
}

#[test]
fn the_program_loads_within_the_promised_bounds() {
    let mut engine = XdpEngine::open(&options("load")).expect("the program loads");
    let facts = *engine.program_facts();
    engine.detach().expect("pins are removed");
    println!("{facts:?}");
    let verified = facts.verified_instructions.expect("Linux 5.16 tells");
    assert!(verified < 200_000, "{verified} verified instructions");
    assert!(facts.load_time < Duration::from_millis(500) * 20, "{:?}", facts.load_time);
}
