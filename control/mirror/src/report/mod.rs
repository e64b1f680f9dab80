//! A run of a mirror as one page of HTML that needs nothing else: no script, no style sheet, no network.

mod number;
mod plot;

use crate::{Rates, Record};
use flumen_api::ServiceCounters;
use number::{grouped, short};
use plot::{Line, Plot};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is said about a run besides its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Title of the page.
    pub title: String,
    /// Packets a second that were aimed at.
    pub target_pps: u64,
    /// Packets a second below which the mirror did badly.
    pub threshold_pps: u64,
}

/// A run that cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A line is no record.
    #[error("line {line}: {source}")]
    Line {
        /// From 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Rates are differences.
    #[error("at least two records with time between them are needed, and there are {0}")]
    TooFew(usize),
}

/// Reads the lines of a run; empty ones are skipped.
///
/// # Errors
/// [`ReportError::Line`].
pub fn records(text: &str) -> Result<Vec<Record>, ReportError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|source| ReportError::Line { line: at + 1, source })
        })
        .collect()
}

/// The page.
///
/// # Errors
/// [`ReportError::TooFew`].
pub fn report(heading: &Heading, records: &[Record]) -> Result<String, ReportError> {
    let run = Run::of(records).ok_or(ReportError::TooFew(records.len()))?;
    let mut page = String::new();
    let title = escaped(&heading.title);
    write!(page, "{HEAD}<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n")
        .expect(INFALLIBLE);
    page += &run.summary(heading);
    for plot in run.plots(heading) {
        page += &plot.svg();
    }
    page += &run.counters();
    page += &run.reasons();
    page += "</body>\n</html>\n";
    Ok(page)
}

const INFALLIBLE: &str = "writing to a string cannot fail";

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2430; --dim: #667085; --paper: #fff; --rule: #d9dee6; --a: #0b6bcb; --good: #14804a; --bad: #c4320a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --dim: #98a2b3; --paper: #12161c; --rule: #2c3440; --a: #5aa9ff; --good: #4cc38a; --bad: #ff8a65; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 860px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2rem 1.5rem .2rem 0; border-bottom: 1px solid var(--rule); }
td.n { text-align: right; font-variant-numeric: tabular-nums; padding-right: 0; }
svg { width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; fill: var(--dim); }
.line { fill: none; stroke: var(--a); stroke-width: 1.5; } .grid { stroke: var(--rule); } .mark { stroke: var(--good); stroke-dasharray: 6 4; } .low { stroke: var(--bad); stroke-dasharray: 6 4; }
.good { color: var(--good); } .bad { color: var(--bad); }
";

/// Records that can be compared.
struct Run<'a> {
    /// Seconds since the first record, and what happened until then.
    rates: Vec<(f64, Rates)>,
    /// What happened in all, restarts of the mirror left out.
    total: ServiceCounters,
    reasons: BTreeMap<&'a str, u64>,
    seconds: f64,
}

impl Run<'_> {
    fn of(records: &[Record]) -> Option<Run<'_>> {
        let begin = records.first()?.time_ms;
        let mut run = Run {
            rates: Vec::new(),
            total: ServiceCounters::default(),
            reasons: BTreeMap::new(),
            seconds: 0.0,
        };
        for pair in records.windows(2) {
            let [before, now] = pair else { continue };
            let (Some(rates), Some(growth)) = (now.since(before), now.counters.since(&before.counters))
            else {
                continue;
            };
            run.seconds += rates.seconds;
            run.rates.push((now.time_ms.saturating_sub(begin) as f64 / 1000.0, rates));
            run.total = run.total.plus(&growth);
            for (reason, count) in &now.errors_by_reason {
                let earlier = before.errors_by_reason.get(reason).copied().unwrap_or(0);
                *run.reasons.entry(reason).or_default() += count.saturating_sub(earlier);
            }
        }
        (!run.rates.is_empty()).then_some(run)
    }

    fn summary(&self, heading: &Heading) -> String {
        let rates = || self.rates.iter().map(|(_, rates)| rates.packets_per_second);
        let mean = self.total.total_packets as f64 / self.seconds;
        let (least, most) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
        let above =
            self.rates.iter().filter(|(_, rates)| rates.packets_per_second >= heading.target_pps as f64);
        let reached = 100.0 * above.count() as f64 / self.rates.len() as f64;
        let share = |part: u64, of: u64| match of {
            0 => "–".to_owned(),
            of => format!("{:.2} %", 100.0 * part as f64 / of as f64),
        };
        let lost = self.total.inner_packets.saturating_sub(self.total.forwarded);
        let verdict = |good: bool, text: String| {
            format!("<span class=\"{}\">{text}</span>", if good { "good" } else { "bad" })
        };
        let rows = [
            ("Duration", format!("{:.0} s in {} intervals", self.seconds, self.rates.len())),
            ("Packets a second", format!("{} on average, {} to {}", short(mean), short(least), short(most))),
            (
                "Target",
                verdict(
                    mean >= heading.threshold_pps as f64,
                    format!(
                        "{} a second, reached in {reached:.0} % of the intervals",
                        grouped(heading.target_pps)
                    ),
                ),
            ),
            (
                "Throughput",
                format!(
                    "{} Mbit/s on average",
                    short(self.total.bytes_processed as f64 * 8.0 / 1e6 / self.seconds)
                ),
            ),
            ("Translated", share(self.total.nat_applied, self.total.inner_packets)),
            (
                "Inner packets not sent on",
                verdict(lost == 0, format!("{} ({})", grouped(lost), share(lost, self.total.inner_packets))),
            ),
            ("Errors", verdict(self.total.errors == 0, grouped(self.total.errors))),
        ];
        let rows: String =
            rows.iter().map(|(name, value)| format!("<tr><th>{name}</th><td>{value}</td></tr>\n")).collect();
        format!("<table>\n{rows}</table>\n")
    }

    fn plots(&self, heading: &Heading) -> Vec<Plot> {
        let line = |value: &dyn Fn(&Rates) -> Option<f64>| -> Vec<(f64, f64)> {
            self.rates.iter().filter_map(|(time, rates)| Some((*time, value(rates)?))).collect()
        };
        let plot = |title: &str, points: Vec<(f64, f64)>, lines: Vec<Line>| Plot {
            title: title.to_owned(),
            points,
            lines,
        };
        let aims = vec![
            Line { at: heading.target_pps as f64, class: "mark", label: "target" },
            Line { at: heading.threshold_pps as f64, class: "low", label: "threshold" },
        ];
        vec![
            plot("Packets a second", line(&|rates| Some(rates.packets_per_second)), aims),
            plot("Throughput, Mbit/s", line(&|rates| Some(rates.megabits_per_second)), Vec::new()),
            plot("Translated, % of inner packets", line(&|rates| rates.nat_hit_percent), Vec::new()),
            plot("Errors a second", line(&|rates| Some(rates.errors_per_second)), Vec::new()),
        ]
    }

    fn counters(&self) -> String {
        let row = |(name, count): (&str, u64)| {
            let rate = short(count as f64 / self.seconds);
            format!(
                "<tr><th>{name}</th><td class=\"n\">{}</td><td class=\"n\">{rate}</td></tr>\n",
                grouped(count)
            )
        };
        let rows: String = self.total.named().into_iter().map(row).collect();
        format!(
            "<h2>Counters</h2>\n<table>\n<tr><th></th><th>In this run</th><th>A second</th></tr>\n{rows}</table>\n"
        )
    }

    fn reasons(&self) -> String {
        let mut counted: Vec<_> = self.reasons.iter().filter(|(_, count)| **count > 0).collect();
        if counted.is_empty() {
            return String::new();
        }
        counted.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), **name));
        let row = |(name, count): (&&str, &u64)| {
            format!("<tr><th>{}</th><td class=\"n\">{}</td></tr>\n", escaped(name), grouped(*count))
        };
        let rows: String = counted.into_iter().map(row).collect();
        format!("<h2>Errors by reason</h2>\n<table>\n{rows}</table>\n")
    }
}

/// Text that stands in HTML as it is.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
