//! What the control plane takes for a large configuration, beside a full table of sessions.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use flumen_abi::limits::SESSIONS_DEFAULT;
use flumen_api::{ConfigurationAction, ConfigurationRequest, LoadHow, Request, Response};
use flumen_client::Client;
use flumen_config::{LoadMode, Model};
use flumen_testkit::Error;
use flumen_testkit::generator::{Order, Spec};
use flumen_testkit::rig::{Device, Rig, Traffic};

use super::Figure;
use super::daemon::DaemonProcess;
use super::memory::{Memory, megabytes};
use super::program::milliseconds;
use crate::report::median;

/// Policies of the large configuration: with their applications more than 100,000 lines.
const POLICIES: u32 = 10_000;

/// Packets that are sent at a time while a configuration is committed.
const PART: u64 = 50_000;

/// Answers that are awaited.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads a configuration; then loads, completes and commits it, by the API of a daemon whose table of sessions is full, under load.
///
/// # Errors
/// When the daemon refuses something.
pub(super) fn measure(short: bool) -> Result<Vec<Figure>> {
    let times = if short { 1 } else { 9 };
    let large = text(POLICIES);
    let mut reads = Vec::new();
    for _ in 0..times {
        let start = Instant::now();
        let loaded = Model::from_text(&large, None, LoadMode::Strict);
        reads.push(milliseconds(start.elapsed()));
        if let Err(errors) = loaded {
            bail!("the configuration is refused: {:?}", errors.first());
        }
    }
    let mut rig = Rig::new(Device::External)?;
    let daemon = DaemonProcess::start_with(rig.dut(), &text(10))?;
    let resting = Memory::of(daemon.pid())?;
    let flows = Spec::udp4().flows(SESSIONS_DEFAULT);
    rig.warm_up(&flows)?;
    let traffic = Traffic::forward(flows.order(Order::Random));
    let before = daemon.cpu_time()?;
    let commits = Commits::under_load(&mut rig, traffic, &daemon, &large, times)?;
    let used = milliseconds(daemon.cpu_time()? - before) / times as f64;
    let median = |values: &[f64]| median(values).context("it was measured at least once");
    Ok(vec![
        Figure::new("control/read", median(&reads)?, "ms"),
        Figure::new("control/read-lines", large.lines().count() as f64, "lines"),
        Figure::new("control/load", median(&commits.loads)?, "ms"),
        Figure::new("control/commit", median(&commits.commits)?, "ms"),
        Figure::new("control/load-and-commit", median(&commits.both())?, "ms"),
        Figure::new("control/cpu", used, "ms"),
        Figure::new("control/completion", median(&commits.completions)?, "ms"),
        Figure::new("control/lost-packets", commits.lost as f64, "packets"),
        Figure::new("control/packets", commits.packets as f64, "packets"),
        Figure::new("control/sessions", commits.sessions as f64, "sessions"),
        Figure::new("control/memory-resting", megabytes(resting.resident), "MB"),
    ])
}

/// A configuration in the language; the traffic of the benchmark matches the last policy alone.
fn text(policies: u32) -> String {
    let (mut applications, mut rules) = (String::new(), String::new());
    for number in 0..policies.saturating_sub(1) {
        let (high, low) = (number / 256, number % 256);
        writeln!(
            rules,
            "policy deny-{number} {{\nmatch {{\nsource-address any;\ndestination-address 10.{high}.{low}.0/24;\n\
             application web-{};\n}}\nthen {{\ndeny;\ncount;\n}}\n}}",
            number % 512
        )
        .expect("a string takes all text");
    }
    for number in 0..512 {
        let port = 20_000 + number;
        writeln!(applications, "application web-{number} {{\nprotocol tcp;\ndestination-port {port};\n}}")
            .expect("a string takes all text");
    }
    format!(
        "system {{ dataplane {{ mode driver; sessions {{ maximum {SESSIONS_DEFAULT}; }} }} }}\n\
         interfaces {{ lan {{ unit 0; }} wan {{ unit 0; }} }}\n\
         applications {{\n{applications}}}\n\
         security {{\n\
         flow {{ udp-timeout 3600; }}\n\
         zones {{ security-zone trust {{ interfaces lan.0; }} security-zone untrust {{ interfaces wan.0; }} }}\n\
         policies {{\nfrom-zone trust to-zone untrust {{\n{rules}\
         policy last {{ match {{ source-address any; destination-address any; application any; }} then {{ permit; }} }}\n\
         }}\n}}\n}}\n"
    )
}

/// What was measured while packets came.
#[derive(Debug, Default)]
struct Commits {
    loads: Vec<f64>,
    commits: Vec<f64>,
    completions: Vec<f64>,
    sessions: u64,
    lost: u64,
    packets: u64,
}

impl Commits {
    /// From the text in a client's hands to its rules in force.
    fn both(&self) -> Vec<f64> {
        self.loads.iter().zip(&self.commits).map(|(load, commit)| load + commit).collect()
    }

    fn under_load(
        rig: &mut Rig,
        mut traffic: Traffic,
        daemon: &DaemonProcess,
        large: &str,
        times: usize,
    ) -> Result<Commits> {
        let working = AtomicBool::new(true);
        let mut asking = Asking(Client::connect(&daemon.socket(), PATIENCE)?);
        std::thread::scope(|scope| {
            let working = &working;
            let asked = scope.spawn(move || {
                let commits = asking.measure(large, times);
                working.store(false, Ordering::Relaxed);
                commits
            });
            let (mut lost, mut packets) = (0, 0);
            while working.load(Ordering::Relaxed) {
                match rig.run(&mut traffic, PART) {
                    Ok(_) => {}
                    Err(Error::Loss { sent, arrived, .. }) => lost += sent.abs_diff(arrived),
                    Err(error) => return Err(error.into()),
                }
                packets += PART;
            }
            let commits = asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(Commits { lost, packets, ..commits })
        })
    }
}

/// A client that edits the shared candidate.
struct Asking(Client);

impl Asking {
    fn measure(&mut self, large: &str, times: usize) -> Result<Commits> {
        let mut found = Commits::default();
        let small = text(10);
        for _ in 0..times {
            for (text, is_large) in [(large, true), (&*small, false)] {
                let load = ConfigurationAction::Load {
                    how: LoadHow::Override,
                    text: text.to_owned(),
                    relative: false,
                    lenient: false,
                };
                let loaded = self.timed(load)?;
                let line = "set security policies from-zone trust to-zone untrust policy deny-99".to_owned();
                let completed = self.timed(ConfigurationAction::Complete { line })?;
                let committed = self.timed(ConfigurationAction::Commit {
                    comment: None,
                    confirm_minutes: None,
                    conditions: Vec::new(),
                    sessions: None,
                    at_unix_s: None,
                })?;
                if is_large {
                    found.loads.push(loaded);
                    found.completions.push(completed);
                    found.commits.push(committed);
                }
            }
        }
        if let Response::Status(status) = self.0.ask(&Request::Status)? {
            found.sessions = status.sessions;
        }
        Ok(found)
    }

    /// How long an answer takes, milliseconds.
    fn timed(&mut self, action: ConfigurationAction) -> Result<f64> {
        let request = ConfigurationRequest { candidate: Default::default(), at: String::new(), action };
        let start = Instant::now();
        match self.0.ask(&Request::Configuration(request))? {
            Response::Configuration(_) => Ok(milliseconds(start.elapsed())),
            other => bail!("an answer to something else: {other:?}"),
        }
    }
}
