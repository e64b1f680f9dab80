use crate::ask::ask;
use crate::failure::Failure;
use crate::shell::commands::Action;
use crate::shell::grammar::Matched;
use crate::shell::live::Live;
use crate::shell::pipe::Pipe;
use crate::shell::printed::Printed;
use crate::shell::session::Session;
use crate::shell::when;
use crate::show;
use crate::words::bits;
use flumen_api::{InterfacesReport, ReasonsReport, Request, Response, Traffic};
use flumen_client::ClientError;
use flumen_syntax::nearest;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

type Told = Result<Printed, Failure>;

/// Lines between two titles.
const PAGE: usize = 20;

/// Counters of interfaces at one time.
struct Sample {
    at: Instant,
    interfaces: BTreeMap<String, [Traffic; 3]>,
}

/// What passed in one interval.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Rates {
    unix_s: u64,
    interval_ms: u64,
    interfaces: Vec<Rate>,
}

/// Packets and bytes per second.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Rate {
    interface: String,
    received_per_s: Traffic,
    transmitted_per_s: Traffic,
    dropped_per_s: Traffic,
}

/// What was dropped in one interval.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Drops {
    unix_s: u64,
    interval_ms: u64,
    drops: Vec<Drop>,
}

/// Frames of one interface that were dropped for one reason.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Drop {
    interface: String,
    reason: String,
    text: String,
    frames: Traffic,
}

impl Action {
    /// Whether it goes on until Ctrl-C.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Action::MonitorDrops | Action::MonitorInterface | Action::MonitorTraffic)
    }
}

impl Session {
    /// `monitor …`: prints as it looks.
    pub(super) fn monitor(&mut self, matched: &Matched<'_>, pipes: &[Pipe]) -> Told {
        if matched.action == Action::MonitorTraffic {
            return self.traffic(matched, pipes);
        }
        let seconds = number(matched, "interval", 1..=3600)?.unwrap_or(1);
        let looks = number(matched, "count", 1..=u64::MAX)?;
        let live = Live::new(self, pipes, Duration::from_secs(seconds), looks)?;
        match matched.action {
            Action::MonitorInterface => self.rates(matched.value(""), &live)?,
            _ => self.drops(matched.value("interface"), matched.value("reason"), &live)?,
        }
        Ok(Printed::default())
    }

    fn rates(&self, wanted: Option<&str>, live: &Live<'_>) -> Result<(), Failure> {
        let mut before = self.sample(wanted)?;
        let mut lines = 0;
        live.run(|| {
            let now = self.sample(wanted)?;
            let rates = Rates::between(&before, &now);
            before = now;
            Printed::report(&rates, |rates| rates.render(&mut lines))
        })
    }

    fn drops(&self, interface: Option<&str>, reason: Option<&str>, live: &Live<'_>) -> Result<(), Failure> {
        let look = || -> Result<(Instant, ReasonsReport), Failure> {
            let mut report = self.reasons()?;
            let interface = interface.map(|name| named(name, &report)).transpose()?;
            show::select(&mut report, interface.as_deref(), false).map_err(Failure::Failed)?;
            Ok((Instant::now(), report))
        };
        let mut before = look()?;
        if let Some(wanted) = reason {
            let reasons = before.1.interfaces.iter().flat_map(|interface| &interface.reasons);
            let names: Vec<&str> = reasons.map(|count| count.reason.as_str()).collect();
            if !names.contains(&wanted) {
                let meant = nearest(wanted, names).map(|name| format!("; did you mean {name:?}?"));
                let meant = meant.unwrap_or_default();
                return Err(Failure::Usage(format!("there is no reason {wanted:?}{meant}")));
            }
        }
        let mut lines = 0;
        live.run(|| {
            let now = look()?;
            let interval = now.0.duration_since(before.0);
            let mut drops = Drops::between(interval, &before.1, &now.1);
            drops.drops.retain(|drop| reason.is_none_or(|wanted| drop.reason == wanted));
            before = now;
            Printed::report(&drops, |drops| drops.render(&mut lines))
        })
    }

    pub(super) fn interfaces(&self) -> Result<InterfacesReport, Failure> {
        match ask(&self.connection, &Request::ShowInterfaces)? {
            Response::Interfaces(report) => Ok(report),
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    pub(super) fn reasons(&self) -> Result<ReasonsReport, Failure> {
        match ask(&self.connection, &Request::ShowReasons { zeroes: true })? {
            Response::Reasons(report) => Ok(report),
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    fn sample(&self, wanted: Option<&str>) -> Result<Sample, Failure> {
        let mut dropped = self.reasons()?;
        let sent = self.interfaces()?.interfaces;
        let wanted = wanted.map(|name| named(name, &dropped)).transpose()?;
        show::select(&mut dropped, wanted.as_deref(), false).map_err(Failure::Failed)?;
        let counters = dropped.interfaces.into_iter().map(|own| {
            let sent = sent.iter().find(|other| other.name == own.interface);
            let sent = sent.map(|other| other.transmitted).unwrap_or_default();
            (own.interface, [own.received, sent, own.dropped])
        });
        Ok(Sample { at: Instant::now(), interfaces: counters.collect() })
    }
}

/// The interface of a name, also of its device when that has one unit: `eth0` is `eth0.0` then.
fn named(name: &str, report: &ReasonsReport) -> Result<String, Failure> {
    let known: Vec<&str> = report.interfaces.iter().map(|own| own.interface.as_str()).collect();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    let units: Vec<&&str> =
        known.iter().filter(|own| own.strip_prefix(name).is_some_and(|unit| unit.starts_with('.'))).collect();
    match units[..] {
        [one] => Ok((*one).to_owned()),
        _ => Err(Failure::Failed(format!("there is no interface {name}; there is {}", known.join(", ")))),
    }
}

/// The number that was given for an option.
fn number(
    matched: &Matched<'_>,
    option: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, Failure> {
    let Some(text) = matched.value(option) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| {
        let most = if *range.end() == u64::MAX { String::new() } else { format!(" to {}", range.end()) };
        Failure::Usage(format!("{option}: {text:?} is no number from {}{most}", range.start()))
    })
}

fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// `17:04:59`, UTC.
pub(crate) fn clock(unix_s: u64) -> String {
    when::show(unix_s).get(11..19).unwrap_or_default().to_owned()
}

fn less(now: Traffic, before: Traffic) -> Traffic {
    Traffic {
        packets: now.packets.saturating_sub(before.packets),
        bytes: now.bytes.saturating_sub(before.bytes),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

// === impl Rates ===

impl Rates {
    fn between(before: &Sample, now: &Sample) -> Rates {
        let interval_ms = millis(now.at.duration_since(before.at)).max(1);
        let per_s = |count: u64| {
            let per_s = u128::from(count) * 1000 / u128::from(interval_ms);
            u64::try_from(per_s).unwrap_or(u64::MAX)
        };
        let rate = |now: Traffic, before: Traffic| {
            let Traffic { packets, bytes } = less(now, before);
            Traffic { packets: per_s(packets), bytes: per_s(bytes) }
        };
        // An interface that is new has no past: what it counted may be of long ago.
        let interfaces = now.interfaces.iter().filter_map(|(name, now)| {
            let before = before.interfaces.get(name)?;
            Some(Rate {
                interface: name.clone(),
                received_per_s: rate(now[0], before[0]),
                transmitted_per_s: rate(now[1], before[1]),
                dropped_per_s: rate(now[2], before[2]),
            })
        });
        Rates { unix_s: unix_s(), interval_ms, interfaces: interfaces.collect() }
    }

    /// A line for each interface; titles at the top of each page.
    fn render(&self, lines: &mut usize) -> String {
        let width =
            self.interfaces.iter().map(|rate| rate.interface.chars().count()).max().unwrap_or(0).max(9);
        let mut text = String::new();
        for rate in &self.interfaces {
            if lines.is_multiple_of(PAGE) {
                text.push_str(&format!(
                    "{:8}  {:width$}  {:>10}  {:>9}  {:>10}  {:>9}  {:>10}\n",
                    "TIME", "INTERFACE", "RX-PKT/S", "RX-BIT/S", "TX-PKT/S", "TX-BIT/S", "DROP-PKT/S"
                ));
            }
            *lines += 1;
            text.push_str(&format!(
                "{:8}  {:width$}  {:>10}  {:>9}  {:>10}  {:>9}  {:>10}\n",
                clock(self.unix_s),
                rate.interface,
                rate.received_per_s.packets,
                bits(rate.received_per_s.bytes),
                rate.transmitted_per_s.packets,
                bits(rate.transmitted_per_s.bytes),
                rate.dropped_per_s.packets
            ));
        }
        text
    }
}

// === impl Drops ===

impl Drops {
    fn between(interval: Duration, before: &ReasonsReport, now: &ReasonsReport) -> Drops {
        let mut drops = Vec::new();
        for interface in &now.interfaces {
            let past = before.interfaces.iter().find(|past| past.interface == interface.interface);
            let Some(past) = past else { continue };
            for count in interface.reasons.iter().filter(|count| count.outcome == "drop") {
                let past = past.reasons.iter().find(|past| past.reason == count.reason);
                let frames = less(count.frames, past.map(|past| past.frames).unwrap_or_default());
                if frames.packets > 0 {
                    drops.push(Drop {
                        interface: interface.interface.clone(),
                        reason: count.reason.clone(),
                        text: count.text.clone(),
                        frames,
                    });
                }
            }
        }
        Drops { unix_s: unix_s(), interval_ms: millis(interval), drops }
    }

    fn render(&self, lines: &mut usize) -> String {
        let mut text = String::new();
        for drop in &self.drops {
            if lines.is_multiple_of(PAGE) {
                text.push_str(&format!(
                    "{:8}  {:12}  {:>9}  {:22}  MEANING\n",
                    "TIME", "INTERFACE", "PACKETS", "REASON"
                ));
            }
            *lines += 1;
            text.push_str(&format!(
                "{:8}  {:12}  {:>9}  {:22}  {}\n",
                clock(self.unix_s),
                drop.interface,
                drop.frames.packets,
                drop.reason,
                drop.text
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Drops, PAGE, Rates, Sample};
    use flumen_api::{InterfaceReasons, ReasonCount, ReasonsReport, Traffic};
    use std::time::{Duration, Instant};

    fn traffic(packets: u64) -> Traffic {
        Traffic { packets, bytes: packets * 125 }
    }

    #[test]
    fn rates_are_per_second_whatever_the_interval_and_an_interface_that_is_new_has_none() {
        let at = Instant::now();
        let sample = |at, names: &[&str], count| Sample {
            at,
            interfaces: names.iter().map(|name| ((*name).to_owned(), [traffic(count); 3])).collect(),
        };
        let before = sample(at, &["lan.0"], 1_000);
        let now = sample(at + Duration::from_secs(2), &["lan.0", "wan.0"], 5_000);
        let rates = Rates::between(&before, &now);
        assert_eq!(rates.interfaces.len(), 1);
        assert_eq!(rates.interfaces[0].received_per_s, traffic(2_000));
        let mut lines = 0;
        let text = rates.render(&mut lines);
        assert!(text.contains("RX-PKT/S") && text.contains("2000") && text.contains("2.00M"), "{text}");
        assert!(!rates.render(&mut lines).contains("RX-PKT/S"));
        lines = PAGE;
        assert!(rates.render(&mut lines).contains("RX-PKT/S"), "titles come again");
        let back = Rates::between(&now, &sample(at + Duration::from_secs(3), &["lan.0"], 0));
        assert_eq!(back.interfaces[0].dropped_per_s, Traffic::default(), "counters that began anew");
    }

    #[test]
    fn only_drops_that_were_added_are_told() {
        let report = |forwarded, denied| {
            let count = |reason: &str, outcome: &str, packets| ReasonCount {
                reason: reason.into(),
                outcome: outcome.into(),
                text: format!("{reason}."),
                frames: traffic(packets),
            };
            let reasons =
                vec![count("forwarded", "forward", forwarded), count("policy-denied", "drop", denied)];
            let interface = InterfaceReasons::new("lan.0".into(), traffic(forwarded + denied), reasons);
            ReasonsReport { interfaces: vec![interface] }
        };
        let second = Duration::from_secs(1);
        let drops = Drops::between(second, &report(1, 5), &report(9, 8));
        assert_eq!(drops.drops.len(), 1);
        assert_eq!((drops.drops[0].reason.as_str(), drops.drops[0].frames.packets), ("policy-denied", 3));
        assert!(Drops::between(second, &report(1, 5), &report(9, 5)).drops.is_empty());
    }
}
