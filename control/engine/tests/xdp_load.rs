//! The XDP engine on the running kernel. Needs root.

use flumen_engine::Engine;
use flumen_engine::xdp::{XdpEngine, XdpOptions};
use std::io::Write;
use std::path::PathBuf;

/// Instructions that the verifier may walk in each program; it gives up at a million.
const VERIFIED: u32 = 200_000;

/// What each program shall take to load, in milliseconds. It is reported beside the time and not asserted: that would
/// fail on a busy machine.
const LOAD_MS: u32 = 500;

fn options(name: &str) -> XdpOptions {
    let pin_dir = PathBuf::from(format!("/sys/fs/bpf/flumen-test-{}-{name}", std::process::id()));
    XdpOptions { pin_dir, sessions: 1_024, ..XdpOptions::default() }
}

#[test]
fn each_program_loads_within_the_promised_bounds() {
    let mut engine = XdpEngine::open(&options("load")).expect("the programs load");
    let programs = engine.programs();
    engine.detach().expect("pins are removed");
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("the kernel says its release");
    for (name, facts) in programs {
        let verified = facts.verified_instructions.expect("Linux 5.16 tells");
        // past the harness, which shows only what failed tests print: a run on any kernel leaves its figures in the log
        writeln!(
            std::io::stdout(),
            "Linux {}: program {name}: {verified} verified instructions of {VERIFIED}, {} bytes of machine code, \
             loaded in {:.0} ms of {LOAD_MS}",
            kernel.trim(),
            facts.machine_code_bytes,
            facts.load_time.as_secs_f64() * 1e3,
        )
        .expect("standard output");
        assert!(verified < VERIFIED, "{name}: {verified} verified instructions");
        assert!(verified > 0 && facts.machine_code_bytes > 0, "{name}: {facts:?}");
    }
}
