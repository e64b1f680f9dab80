//! `flumen mirror canary` and `flumen mirror rollback`: the way from NFQUEUE to XDP.

use crate::args::Connection;
use crate::ask::ask;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, complain};
use crate::table::{Cell, Table};
use crate::words::{BAD, GOOD};
use clap::Args;
use flumen_api::{CanaryPath, CanaryReport, Request, Response};
use flumen_client::ClientError;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Of `flumen mirror canary`.
#[derive(Args, Debug)]
pub(crate) struct CanaryArguments {
    /// Share of the flows for XDP; the rest goes by NFQUEUE. Without it the canary is shown
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=100), conflicts_with_all = ["steps", "end"])]
    percent: Option<u32>,
    /// Keep the share whatever is found [default: back to NFQUEUE alone]
    #[arg(long)]
    hold: bool,
    /// Shares one after the other, up to the first that is rolled back
    #[arg(long, value_name = "PERCENT,…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(0..=100), conflicts_with = "end")]
    steps: Vec<u32>,
    /// How long each step lasts, and how long a share is watched
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: u64,
    /// Watch the share for a while, and fail when it is rolled back
    #[arg(long)]
    watch: bool,
    /// End it: XDP has all flows, and no packet is queued any more
    #[arg(long)]
    end: bool,
}

/// Runs `flumen mirror canary`.
pub(super) fn canary(arguments: &CanaryArguments, connection: &Connection, output: Output) -> Outcome {
    let CanaryArguments { percent, hold, steps, every, watch, end } = arguments;
    let every = Duration::from_secs(*every);
    let set = |percent| ask_canary(connection, &Request::SetCanary { percent, hold: *hold });
    let report = match percent {
        _ if *end => set(None)?,
        Some(percent) => {
            let report = set(Some(*percent))?;
            if *watch { watched(connection, every)? } else { report }
        }
        None if steps.is_empty() && *watch => watched(connection, every)?,
        None if steps.is_empty() => ask_canary(connection, &Request::ShowCanary)?,
        None => raise(steps, every, connection, output, &set)?,
    };
    let rolled_back = report.rolled_back.clone();
    output.report(&report, render)?;
    match rolled_back {
        Some(_) if *watch || !steps.is_empty() => Err(Failure::Reported),
        _ => Ok(()),
    }
}

/// Runs `flumen mirror rollback`.
pub(super) fn rollback(connection: &Connection, output: Output) -> Outcome {
    let report = ask_canary(connection, &Request::SetCanary { percent: Some(0), hold: false })?;
    Ok(output.report(&report, render)?)
}

fn raise(
    steps: &[u32],
    every: Duration,
    connection: &Connection,
    output: Output,
    set: &dyn Fn(Option<u32>) -> Result<CanaryReport, ClientError>,
) -> Result<CanaryReport, ClientError> {
    let mut last = CanaryReport::default();
    for step in steps {
        set(Some(*step))?;
        last = watched(connection, every)?;
        if last.rolled_back.is_some() || last.percent != Some(*step) {
            break;
        }
        if !output.json {
            complain(&render(&last));
        }
    }
    Ok(last)
}

/// The canary after some time, or when it is rolled back.
fn watched(connection: &Connection, time: Duration) -> Result<CanaryReport, ClientError> {
    let begin = Instant::now();
    loop {
        let report = ask_canary(connection, &Request::ShowCanary)?;
        let left = time.saturating_sub(begin.elapsed());
        if report.rolled_back.is_some() || left.is_zero() {
            return Ok(report);
        }
        std::thread::sleep(left.min(Duration::from_millis(500)));
    }
}

fn ask_canary(connection: &Connection, request: &Request) -> Result<CanaryReport, ClientError> {
    match ask(connection, request)? {
        Response::Canary(report) => Ok(report),
        _ => Err(ClientError::Mismatch),
    }
}

fn render(report: &CanaryReport) -> String {
    let Some(percent) = report.percent else {
        return "no canary: XDP has all flows, or none where it cannot be attached\n".to_owned();
    };
    let mut text = format!("XDP has {percent} % of the flows since {} s", report.seconds);
    text.push_str(if report.hold { ", held\n" } else { "\n" });
    if let Some(why) = &report.rolled_back {
        writeln!(text, "{BAD}rolled back:{BAD:#} {why}").expect("a string takes all");
    }
    for breach in report.breaches.iter().filter(|breach| report.rolled_back.as_ref() != Some(breach)) {
        writeln!(text, "{BAD}found:{BAD:#} {breach}").expect("a string takes all");
    }
    let mut table =
        Table::new(["WAY", ">DF CLEARED", ">A SECOND", ">MISSED", ">ERRORS", ">SAMPLES", ">WRONG CHECKSUMS"]);
    for (way, path) in [("xdp", &report.xdp), ("nfqueue", &report.queues)] {
        let CanaryPath { df_cleared, per_second, missed, errors, samples, bad_checksums } = path;
        let bad = |count: &u64| Cell::styled(count.to_string(), if *count == 0 { GOOD } else { BAD });
        table.row([
            Cell::from(way),
            df_cleared.to_string().into(),
            per_second.to_string().into(),
            bad(missed),
            bad(errors),
            samples.to_string().into(),
            bad(bad_checksums),
        ]);
    }
    text + &table.print()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::show::plain;
    use flumen_api::{CanaryPath, CanaryReport};

    #[test]
    fn both_ways_stand_side_by_side_and_a_rollback_says_why() {
        let path =
            |df_cleared| CanaryPath { df_cleared, per_second: df_cleared / 10, ..CanaryPath::default() };
        let report = CanaryReport {
            percent: Some(0),
            seconds: 12,
            rolled_back: Some("XDP left DF on 3 packets of its share".into()),
            breaches: vec!["XDP left DF on 3 packets of its share".into()],
            xdp: CanaryPath { missed: 3, ..path(100) },
            queues: path(900),
            ..CanaryReport::default()
        };
        insta::assert_snapshot!(plain(&render(&report)), @r"
        XDP has 0 % of the flows since 12 s
        rolled back: XDP left DF on 3 packets of its share
        WAY      DF CLEARED  A SECOND  MISSED  ERRORS  SAMPLES  WRONG CHECKSUMS
        xdp             100        10       3       0        0                0
        nfqueue         900        90       0       0        0                0
        ");
        assert!(render(&CanaryReport::default()).starts_with("no canary"));
    }
}
