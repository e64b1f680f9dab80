//! What a gateway costs that has nothing to do.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use flumen_scenarios::{Configuration, Lab};
use nix::time::ClockId;
use nix::unistd::Pid;

/// Resident memory of a process that is its own, bytes: without the tables that it maps, which are the kernel's, and
/// without the text of a program that is built for debugging here.
fn own_bytes(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

/// Time that a process has run on a CPU, with all its threads.
fn cpu_time(pid: u32) -> Result<Duration> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(i32::try_from(pid)?))?;
    Ok(clock.now()?.into())
}

#[test]
fn an_idle_daemon_takes_little_memory_and_hardly_any_time() {
    let defaults = Configuration::new().set("/system", serde_json::json!({}));
    let lab = Lab::new(&defaults).unwrap();
    let pid = lab.flumen().daemon().unwrap().pid();
    let (begin, before) = (Instant::now(), cpu_time(pid).unwrap());
    std::thread::sleep(Duration::from_secs(4)); // what is measured is time that passes
    let share = (cpu_time(pid).unwrap() - before).as_secs_f64() / begin.elapsed().as_secs_f64();
    let own = own_bytes(pid).unwrap();
    println!("idle: {:.2} % of a core, {:.1} MB of its own", share * 100.0, own as f64 / 1e6);
    assert!(share < 0.01, "{share}");
    assert!(own < 60_000_000, "{own}");
}
