//! Measures what Flumen costs per packet and per new session, beside the floor and beside the kernel's own firewall.
#![forbid(unsafe_code)]

mod bed;
mod configuration;
mod conntrack;
mod gateway;
mod interrupt;
mod measure;
mod result;
mod row;
mod table;

use std::time::Duration;

use anyhow::Result;

fn main() -> Result<()> {
    let interrupt = interrupt::Interrupt::new()?;
    gateway::remove_leftovers()?;
    flumen_testkit::netns::remove_leftovers()?;
    let pattern = std::env::args().nth(1).unwrap_or_default();
    let patterns: Vec<&str> = pattern.split(',').collect();
    let all = row::rows();
    let mut wanted: Vec<&str> = Vec::new();
    for row in &all {
        if patterns.iter().any(|p| row.name.contains(p)) {
            wanted.push(row.name);
            wanted.extend(row.needs());
        }
    }
    let needs: Vec<&str> = all.iter().filter(|r| wanted.contains(&r.name)).flat_map(|r| r.needs()).collect();
    wanted.extend(needs);
    let mut rows: Vec<_> = all.into_iter().filter(|row| wanted.contains(&row.name)).collect();
    if std::env::var_os("ALONE").is_some() { rows.retain(|row| row.name == pattern); }
    let plan = measure::Plan { rounds: 5, run: Duration::from_millis(300), fresh: 100_000 };
    let series = measure::measure(&rows, &plan, &interrupt)?;
    print!("{}", table::rows(&result::results(&series)));
    Ok(())
}
