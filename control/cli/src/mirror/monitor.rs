//! `flumen mirror monitor`: what traffic mirrors do, line by line.

use super::status;
use crate::args::Connection;
use crate::failure::{Failure, Outcome};
use crate::output::complain;
use crate::shell::clock;
use crate::words::{BAD, GOOD, WARN};
use clap::Args;
use flumen_api::ServicesReport;
use flumen_mirror::{Health, Rates, Record, Watch};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How to look on.
#[derive(Args, Debug)]
pub(crate) struct MonitorArguments {
    /// Seconds between two lines
    #[arg(short = 'I', long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3600))]
    interval: u32,
    /// End after so many lines [default: go on]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Packets a second that are aimed at
    #[arg(long, value_name = "PPS", default_value_t = 85_000)]
    target: u64,
    /// Packets a second below which the mirror does badly [default: 70 % of the target]
    #[arg(long, value_name = "PPS")]
    threshold: Option<u64>,
    /// More with each: what was translated and sent on; every counter
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

/// Runs `flumen mirror monitor`.
pub(super) fn run(arguments: &MonitorArguments, connection: &Connection, json: bool) -> Outcome {
    let MonitorArguments { interval, count, target, threshold, verbose } = *arguments;
    let watch = Watch {
        interval_s: interval,
        target_pps: target,
        threshold_pps: threshold.unwrap_or(target * 7 / 10),
        verbosity: verbose,
        ..Watch::default()
    };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Screen::new(watch, json)?.look_on(connection, count, &stop)
}

/// Lines between two titles.
const PAGE: u64 = 20;

/// How long after a failure the end may come that is its reason.
const GRACE: Duration = Duration::from_secs(2);

/// How often the end is looked for.
const HEED: Duration = Duration::from_millis(50);

/// Where lines go.
pub(super) struct Screen {
    watch: Watch,
    json: bool,
    log: Option<File>,
    lines: u64,
}

impl Screen {
    /// A screen, and the file of `watch` beside it.
    ///
    /// # Errors
    /// When that file cannot be opened.
    pub(super) fn new(watch: Watch, json: bool) -> Result<Screen, Failure> {
        let open = |path: &String| {
            let file = File::options().create(true).append(true).open(path);
            file.map_err(|error| Failure::Failed(format!("cannot write {path}: {error}")))
        };
        let log = watch.log_file.as_ref().map(open).transpose()?;
        Ok(Screen { watch, json, log, lines: 0 })
    }

    /// Prints a line for each interval until `stop`, or `count` of them. With JSON a line is what was counted so far, the first
    /// one at once.
    ///
    /// # Errors
    /// The first failure to ask the daemon, unless `stop` was set meanwhile; later ones are told, and asked again. Those of standard output, but for a
    /// reader that went away.
    pub(super) fn look_on(
        &mut self,
        connection: &Connection,
        count: Option<u64>,
        stop: &AtomicBool,
    ) -> Outcome {
        let mut before = match record(connection) {
            Ok(first) => Some(first),
            // it may be about to end, and this with it
            Err(_) if !wait(Instant::now() + GRACE, stop) => return Ok(()),
            Err(failure) => return Err(failure),
        };
        if self.json {
            self.print_json(&before)?;
        }
        let mut next = Instant::now();
        let mut left = count.unwrap_or(u64::MAX);
        while left > 0 {
            next += Duration::from_secs(self.watch.interval_s.into());
            if !wait(next, stop) {
                break;
            }
            left -= 1;
            let now = match record(connection) {
                Ok(now) => now,
                Err(_) if !wait(Instant::now() + GRACE, stop) => break,
                Err(failure) => {
                    complain(&format!("{}\n", failure.text()));
                    before = None;
                    continue;
                }
            };
            let printed = if self.json {
                self.print_json(&Some(now.clone()))
            } else {
                before.as_ref().map_or(Ok(()), |before| self.print(before, &now))
            };
            match printed {
                Err(Failure::Printing(error)) if error.kind() == ErrorKind::BrokenPipe => break,
                other => other?,
            }
            before = Some(now);
        }
        Ok(())
    }

    fn print_json(&mut self, record: &Option<Record>) -> Outcome {
        let line = serde_json::to_string(record).map_err(std::io::Error::from)?;
        self.write(&format!("{line}\n"))
    }

    fn print(&mut self, before: &Record, now: &Record) -> Outcome {
        let Some(rates) = now.since(before) else {
            return Ok(()); // the counters began anew
        };
        let mut text = String::new();
        if self.lines.is_multiple_of(PAGE) {
            text.push_str(&title());
        }
        self.lines += 1;
        text.push_str(&line(now.time_ms, &rates, &self.watch));
        if let Some(lost) = lost(before, now) {
            writeln!(text, "         {BAD}lost{BAD:#} {lost}").expect("a string takes all");
        }
        if self.watch.verbosity > 0 {
            writeln!(
                text,
                "         {:.0} inner/s, {:.0} sent on/s, {:.0} without DF/s, {} discarded by rules",
                rates.inner_per_second,
                rates.forwarded_per_second,
                rates.df_cleared_per_second,
                rates.discarded
            )
            .expect("a string takes all");
        }
        if self.watch.verbosity > 1 {
            for (name, count) in now.counters.named() {
                writeln!(text, "         {name:<16} {count}").expect("a string takes all");
            }
        }
        self.write(&text)
    }

    /// Colours are left out where they do not belong, and of the file.
    fn write(&mut self, text: &str) -> Outcome {
        let plain = anstream::adapter::strip_str(text).to_string();
        if let Some(log) = &mut self.log {
            log.write_all(plain.as_bytes())?;
        }
        let mut out = anstream::stdout().lock();
        out.write_all(if self.watch.colours { text } else { &plain }.as_bytes())?;
        Ok(out.flush()?)
    }
}

/// Waits until `until`; false when `stop` was set meanwhile.
fn wait(until: Instant, stop: &AtomicBool) -> bool {
    loop {
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(HEED));
    }
}

/// What all mirrors have counted.
fn record(connection: &Connection) -> Result<Record, Failure> {
    let report = status::read(connection)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(record_of(&report, u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
}

fn record_of(report: &ServicesReport, time_ms: u64) -> Record {
    let mut record = Record { time_ms, ..Record::default() };
    for interface in &report.interfaces {
        record.counters = record.counters.plus(&interface.counters);
        for dropped in &interface.dropped {
            *record.errors_by_reason.entry(dropped.reason.clone()).or_default() += dropped.frames.packets;
        }
    }
    record
}

fn title() -> String {
    format!(
        "{:<8} {:>11} {:>11} {:>8} {:>11} {:>10} {:>9} {:>9}  STATUS\n",
        "TIME", "PACKETS/S", "VXLAN/S", "NAT HIT", "REDIRECT/S", "MBIT/S", "UNWRAP", "SEND"
    )
}

/// Rates of one interval, and the frames that were lost in it at each stage.
fn line(time_ms: u64, rates: &Rates, watch: &Watch) -> String {
    let (word, style) = match watch.health(rates.packets_per_second) {
        Health::Reached => ("ok", GOOD),
        Health::Below => ("below target", WARN),
        Health::Bad => ("low", BAD),
    };
    let hits = rates.nat_hit_percent.map_or_else(|| "-".to_owned(), |hits| format!("{hits:.1} %"));
    format!(
        "{:<8} {:>11.0} {:>11.0} {hits:>8} {:>11.0} {:>10.2} {:>9} {:>9}  {style}{word}{style:#}\n",
        clock(time_ms / 1000),
        rates.packets_per_second,
        rates.vxlan_per_second,
        rates.redirected_per_second,
        rates.megabits_per_second,
        rates.unwrap_lost,
        rates.send_lost,
    )
}

/// Reasons that have grown, with their growth.
fn lost(before: &Record, now: &Record) -> Option<String> {
    let grown = now.errors_by_reason.iter().filter_map(|(reason, count)| {
        let earlier = before.errors_by_reason.get(reason).copied().unwrap_or(0);
        let growth = count.checked_sub(earlier).filter(|growth| *growth > 0)?;
        Some(format!("{reason} {growth}"))
    });
    let grown: Vec<String> = grown.collect();
    (!grown.is_empty()).then(|| grown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{line, lost, record_of, title};
    use crate::show::plain;
    use flumen_api::{ReasonCount, ServiceCounters, ServiceInfo, ServicesReport, Traffic};
    use flumen_mirror::{Record, Watch};

    fn report(packets: u64, truncated: u64) -> ServicesReport {
        let counters = ServiceCounters {
            total_packets: packets,
            vxlan_packets: packets,
            inner_packets: packets - truncated,
            nat_applied: packets / 2,
            df_cleared: 0,
            forwarded: packets - truncated,
            redirected: packets - truncated,
            errors: truncated,
            bytes_processed: packets * 1400,
        };
        let dropped = vec![ReasonCount {
            reason: "vxlan-truncated".into(),
            outcome: "drop".into(),
            text: String::new(),
            frames: Traffic { packets: truncated, bytes: 0 },
        }];
        let interface = |name: &str| ServiceInfo {
            note: None,
            interface: name.into(),
            mode: None,
            counters,
            dropped: dropped.clone(),
        };
        ServicesReport { interfaces: vec![interface("a"), interface("b")], mirrors: Vec::new(), queues: None }
    }

    #[test]
    fn a_line_has_the_rates_of_all_interfaces_and_what_each_stage_has_lost() {
        let (before, now) = (record_of(&report(0, 0), 0), record_of(&report(212_500, 5), 5_000));
        let text = title() + &line(50_000_000, &now.since(&before).unwrap(), &Watch::default());
        insta::assert_snapshot!(plain(&text), @r"
        TIME       PACKETS/S     VXLAN/S  NAT HIT  REDIRECT/S     MBIT/S    UNWRAP      SEND  STATUS
        13:53:20       85000       85000   50.0 %       84998     952.00        10         0  ok
        ");
        assert_eq!(lost(&before, &now).as_deref(), Some("vxlan-truncated 10"));
        assert_eq!(lost(&now, &now), None);
    }

    #[test]
    fn the_status_is_coloured_by_the_target_and_seven_tenths_of_it() {
        let word = |pps: u64| {
            let record = |time_ms, pps| record_of(&report(pps, 0), time_ms);
            let now: Record = record(2_000, pps);
            let text = line(0, &now.since(&record(0, 0)).unwrap(), &Watch::default());
            text.trim_end().rsplit_once("  ").unwrap().1.to_owned()
        };
        assert!(word(85_000).starts_with("\u{1b}[32mok"), "{:?}", word(85_000));
        assert!(word(84_999).starts_with("\u{1b}[33mbelow target") && word(59_500).contains("below"));
        assert!(word(59_499).starts_with("\u{1b}[31mlow"));
    }
}
