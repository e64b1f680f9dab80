//! `flumen mirror status`: what traffic mirrors and the clearing of DF do.

use crate::args::Connection;
use crate::ask::ask;
use crate::failure::Outcome;
use crate::output::Output;
use crate::table::{Cell, Table};
use crate::words::{BAD, GOOD, WARN, plural};
use clap::Args;
use flumen_api::{MirrorInfo, QueueInfo, Request, Response, ServiceCounters, ServiceInfo, ServicesReport};
use flumen_client::ClientError;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What `flumen mirror status` prints.
#[derive(Serialize)]
struct Status {
    #[serde(flatten)]
    report: ServicesReport,
    /// What was counted in one second, by interface in the same order; empty without an interval.
    rates: Vec<Rate>,
}

/// What one interface did in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Rate {
    packets_per_second: u64,
    vxlan_packets_per_second: u64,
    bits_per_second: u64,
}

/// What to measure.
#[derive(Args, Debug)]
pub(crate) struct StatusArguments {
    /// Seconds to measure rates over; 0 for none
    #[arg(short = 'I', long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=3600))]
    interval: u64,
}

/// Runs `flumen mirror status`.
pub(super) fn run(arguments: &StatusArguments, connection: &Connection, output: Output) -> Outcome {
    let StatusArguments { interval } = arguments;
    let began = Instant::now();
    let mut report = read(connection)?;
    let mut rates = Vec::new();
    if *interval > 0 && !report.interfaces.is_empty() {
        std::thread::sleep(Duration::from_secs(*interval));
        let later = read(connection)?;
        rates = rates_between(&report, &later, began.elapsed());
        report = later;
    }
    Ok(output.report(&Status { report, rates }, render)?)
}

/// What services have done so far.
pub(super) fn read(connection: &Connection) -> Result<ServicesReport, ClientError> {
    match ask(connection, &Request::ShowServices)? {
        Response::Services(report) => Ok(report),
        _ => Err(ClientError::Mismatch),
    }
}

/// The same without rates, for the shell.
pub(crate) fn services(report: &ServicesReport) -> String {
    render(&Status { report: report.clone(), rates: Vec::new() })
}

fn rates_between(before: &ServicesReport, after: &ServicesReport, time: Duration) -> Vec<Rate> {
    let of = |interface: &ServiceInfo| {
        let earlier = before.interfaces.iter().find(|earlier| earlier.interface == interface.interface);
        earlier.map_or_else(Rate::default, |earlier| rate(&earlier.counters, &interface.counters, time))
    };
    after.interfaces.iter().map(of).collect()
}

fn rate(before: &ServiceCounters, after: &ServiceCounters, time: Duration) -> Rate {
    let per_second = |before: u64, after: u64| {
        let counted = u128::from(after.saturating_sub(before));
        (counted * 1_000_000 / time.as_micros().max(1)) as u64
    };
    Rate {
        packets_per_second: per_second(before.total_packets, after.total_packets),
        vxlan_packets_per_second: per_second(before.vxlan_packets, after.vxlan_packets),
        bits_per_second: 8 * per_second(before.bytes_processed, after.bytes_processed),
    }
}

fn render(status: &Status) -> String {
    let Status { report, rates } = status;
    if report.interfaces.is_empty() {
        return "no interface has a traffic mirror or df-clear\n".to_owned();
    }
    let mut text = String::new();
    for (place, interface) in report.interfaces.iter().enumerate() {
        let mode = interface.mode.as_deref().unwrap_or("not attached");
        writeln!(text, "{} ({mode})", interface.interface).expect("a string takes all");
        if let Some(note) = &interface.note {
            writeln!(text, "  {WARN}{note}{WARN:#}").expect("a string takes all");
        }
        if let Some(rate) = rates.get(place) {
            writeln!(
                text,
                "  {} packets/s, {} of them VXLAN, {} Mbit/s",
                rate.packets_per_second,
                rate.vxlan_packets_per_second,
                rate.bits_per_second / 1_000_000
            )
            .expect("a string takes all");
        }
        text.push_str(&counters(&interface.counters));
        text.push_str(&dropped(interface));
        text.push('\n');
    }
    if let Some(queues) = &report.queues {
        text.push_str(&of_queues(queues));
    }
    for mirror in &report.mirrors {
        text.push_str(&of_mirror(mirror));
    }
    text
}

/// The queues, and everything in them that was not as it should be.
fn of_queues(queues: &QueueInfo) -> String {
    let rules = queues.rules.as_deref().unwrap_or("no rules any more");
    let mut text =
        format!("NFQUEUE: {} by {rules}\n", plural(queues.processes.into(), "process", "processes"));
    let mut table = Table::new(["COUNTER", ">COUNT"]);
    let rows = [
        ("packets", queues.packets, true),
        ("DF cleared", queues.df_cleared, true),
        ("waiting", queues.waiting, true),
        ("restarts", queues.restarts, queues.restarts == 0),
        ("queue-overflow", queues.overflowed, queues.overflowed == 0),
        ("queue-abandoned", queues.abandoned, queues.abandoned == 0),
        ("queue-unaccounted", queues.unaccounted, queues.unaccounted == 0),
        ("queue-refused", queues.refused, queues.refused == 0),
        ("queue-strayed", queues.strayed, queues.strayed == 0),
        ("checksums looked at", queues.samples, true),
        ("checksums wrong", queues.bad_checksums, queues.bad_checksums == 0),
    ];
    for (name, count, good) in rows {
        let style = if good { GOOD } else { BAD };
        table.row([Cell::from(name), Cell::styled(count.to_string(), style)]);
    }
    text.push_str(&table.print());
    text
}

/// The nine counters, and the share of inner packets that rules translated.
fn counters(counters: &ServiceCounters) -> String {
    let mut table = Table::new(["COUNTER", ">COUNT", "SHARE"]);
    let hit_rate = percent(counters.nat_applied, counters.inner_packets);
    let lost = percent(counters.errors, counters.vxlan_packets);
    let rows = [
        ("total packets", counters.total_packets, String::new()),
        ("VXLAN packets", counters.vxlan_packets, String::new()),
        ("inner packets", counters.inner_packets, String::new()),
        ("NAT applied", counters.nat_applied, format!("{hit_rate} of inner packets")),
        ("DF cleared", counters.df_cleared, String::new()),
        ("forwarded", counters.forwarded, String::new()),
        ("redirected", counters.redirected, String::new()),
    ];
    for (name, count, share) in rows {
        table.row([Cell::from(name), count.to_string().into(), share.into()]);
    }
    let style = if counters.errors == 0 { GOOD } else { BAD };
    table.row([
        Cell::from("errors"),
        Cell::styled(counters.errors.to_string(), style),
        format!("{lost} of VXLAN packets").into(),
    ]);
    table.row([Cell::from("bytes processed"), counters.bytes_processed.to_string().into(), "".into()]);
    table.print()
}

fn percent(part: u64, whole: u64) -> String {
    let tenths = (u128::from(part) * 1_000).checked_div(u128::from(whole)).unwrap_or(0);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn dropped(interface: &ServiceInfo) -> String {
    if interface.dropped.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["DROPPED", ">PACKETS", "MEANING"]);
    for count in &interface.dropped {
        let packets = Cell::styled(count.frames.packets.to_string(), BAD);
        table.row([Cell::from(count.reason.as_str()), packets, count.text.as_str().into()]);
    }
    table.print()
}

fn of_mirror(mirror: &MirrorInfo) -> String {
    let output = mirror.output.as_deref().unwrap_or("the kernel's route");
    let df = mirror.df_clear_over.map_or_else(String::new, |over| format!(", DF cleared over {over} bytes"));
    let mut text = format!(
        "mirror {}: {} port {} VNI {} to {output}{df}\n",
        mirror.name, mirror.interface, mirror.port, mirror.vni
    );
    if !mirror.rules.is_empty() {
        let mut table = Table::new(["RULE", "THEN", ">PACKETS", ">BYTES"]);
        for rule in &mirror.rules {
            table.row([
                Cell::from(rule.name.as_str()),
                rule.then.as_str().into(),
                rule.hits.packets.to_string().into(),
                rule.hits.bytes.to_string().into(),
            ]);
        }
        text.push_str(&table.print());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Rate, Status, percent, rate, render};
    use crate::show::plain;
    use flumen_api::{
        MirrorInfo, MirrorRuleInfo, QueueInfo, ReasonCount, ServiceCounters, ServiceInfo, ServicesReport,
        Traffic,
    };
    use std::time::Duration;

    #[test]
    fn a_share_of_nothing_is_none() {
        assert_eq!(percent(0, 0), "0.0 %");
        assert_eq!(percent(982, 1_000), "98.2 %");
        assert_eq!(percent(u64::MAX, u64::MAX), "100.0 %");
    }

    #[test]
    fn a_rate_is_what_was_counted_by_the_time_that_it_took() {
        let before = ServiceCounters { total_packets: 1_000, ..ServiceCounters::default() };
        let after = ServiceCounters {
            total_packets: 3_000,
            vxlan_packets: 1_000,
            bytes_processed: 500_000,
            ..ServiceCounters::default()
        };
        let rate = rate(&before, &after, Duration::from_millis(500));
        let wanted =
            Rate { packets_per_second: 4_000, vxlan_packets_per_second: 2_000, bits_per_second: 8_000_000 };
        assert_eq!(rate, wanted);
    }

    #[test]
    fn the_status_shows_counters_drops_and_rules() {
        let counters = ServiceCounters {
            total_packets: 1_050,
            vxlan_packets: 1_000,
            inner_packets: 998,
            nat_applied: 900,
            df_cleared: 12,
            forwarded: 990,
            redirected: 989,
            errors: 10,
            bytes_processed: 1_500_000,
        };
        let dropped = vec![ReasonCount {
            reason: "vxlan-vni".into(),
            outcome: "drop".into(),
            text: "VXLAN of another network.".into(),
            frames: Traffic { packets: 10, bytes: 1_000 },
        }];
        let rules = vec![MirrorRuleInfo {
            name: "app".into(),
            then: "10.2.41.17 port 8081".into(),
            hits: Traffic { packets: 900, bytes: 90_000 },
        }];
        let mirror = MirrorInfo {
            name: "aws".into(),
            interface: "ens5.0".into(),
            port: 4789,
            vni: 1,
            output: None,
            df_clear_over: Some(1400),
            rules,
        };
        let interface = ServiceInfo {
            interface: "ens5.0".into(),
            mode: Some("driver".into()),
            note: None,
            counters,
            dropped,
        };
        let queued = ServiceInfo {
            interface: "br0".into(),
            mode: Some("nfqueue".into()),
            note: Some("another program is attached to br0".into()),
            counters: ServiceCounters { total_packets: 7, df_cleared: 7, ..ServiceCounters::default() },
            dropped: Vec::new(),
        };
        let queues = QueueInfo {
            rules: Some("nftables".into()),
            processes: 2,
            packets: 7,
            df_cleared: 7,
            overflowed: 3,
            ..QueueInfo::default()
        };
        let report = ServicesReport {
            interfaces: vec![interface, queued],
            mirrors: vec![mirror],
            queues: Some(queues),
        };
        let rates = vec![Rate {
            packets_per_second: 87_245,
            vxlan_packets_per_second: 85_000,
            bits_per_second: 2_000_000_000,
        }];
        insta::assert_snapshot!(plain(&render(&Status { report, rates })));
    }
}
