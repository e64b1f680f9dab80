use flumen_api::ServiceCounters;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a mirror has done since it was started: one line of JSON of `flumen mirror monitor --json`, and what
/// `flumen mirror report` reads. Counters only grow, but begin anew with the mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When, milliseconds since 1970.
    pub time_ms: u64,
    /// The counters.
    #[serde(flatten)]
    pub counters: ServiceCounters,
    /// Frames that ended in an error, by its reason; they add up to `errors`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors_by_reason: BTreeMap<String, u64>,
}

/// What happened between two records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rates {
    /// Seconds between them.
    pub seconds: f64,
    /// Frames a second.
    pub packets_per_second: f64,
    /// VXLAN frames a second.
    pub vxlan_per_second: f64,
    /// Inner packets a second.
    pub inner_per_second: f64,
    /// Inner packets a second that lost their DF.
    pub df_cleared_per_second: f64,
    /// Inner packets a second that left by redirect.
    pub redirected_per_second: f64,
    /// Inner packets a second that were sent on.
    pub forwarded_per_second: f64,
    /// Errors a second.
    pub errors_per_second: f64,
    /// Megabits a second, of all frames.
    pub megabits_per_second: f64,
    /// Share of the inner packets that were translated, in percent; none without inner packets.
    pub nat_hit_percent: Option<f64>,
    /// Share of the inner packets that were not sent on, in percent; none without inner packets.
    pub lost_percent: Option<f64>,
    /// VXLAN frames that were dropped before their inner frame was taken out.
    pub unwrap_lost: u64,
    /// Those that were dropped after.
    pub send_lost: u64,
    /// Inner packets that a rule discarded.
    pub discarded: u64,
}

/// How a rate fares beside what is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// At least the target.
    Reached,
    /// Below it, and at least the threshold.
    Below,
    /// Below both.
    Bad,
}

impl Record {
    /// What happened since an earlier record; none when the clock stood still or went back, or the counters began anew.
    pub fn since(&self, before: &Record) -> Option<Rates> {
        let milliseconds = self.time_ms.checked_sub(before.time_ms).filter(|time| *time > 0)?;
        let counters = self.counters.since(&before.counters)?;
        let seconds = milliseconds as f64 / 1000.0;
        let per_second = |count: u64| count as f64 / seconds;
        let percent = |part: u64| {
            (counters.inner_packets > 0).then(|| 100.0 * part as f64 / counters.inner_packets as f64)
        };
        let unwrap_lost = counters.vxlan_packets.saturating_sub(counters.inner_packets);
        let send_lost = counters.errors.saturating_sub(unwrap_lost);
        let not_sent = counters.inner_packets.saturating_sub(counters.forwarded);
        Some(Rates {
            seconds,
            packets_per_second: per_second(counters.total_packets),
            vxlan_per_second: per_second(counters.vxlan_packets),
            inner_per_second: per_second(counters.inner_packets),
            df_cleared_per_second: per_second(counters.df_cleared),
            redirected_per_second: per_second(counters.redirected),
            forwarded_per_second: per_second(counters.forwarded),
            errors_per_second: per_second(counters.errors),
            megabits_per_second: per_second(counters.bytes_processed) * 8.0 / 1e6,
            nat_hit_percent: percent(counters.nat_applied),
            lost_percent: percent(not_sent),
            unwrap_lost,
            send_lost,
            discarded: not_sent.saturating_sub(send_lost),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Record;
    use flumen_api::ServiceCounters;

    #[test]
    fn rates_are_of_the_time_between_two_records() {
        let counters = |number: u64| ServiceCounters {
            total_packets: number,
            inner_packets: number,
            nat_applied: number / 2,
            forwarded: number - number / 10,
            bytes_processed: number * 1400,
            ..ServiceCounters::default()
        };
        let record = |time_ms, number| Record { time_ms, counters: counters(number), ..Record::default() };
        let rates = record(7000, 425_000).since(&record(2000, 0)).unwrap();
        assert_eq!((rates.seconds, rates.packets_per_second), (5.0, 85_000.0));
        assert_eq!(rates.megabits_per_second, 952.0);
        assert_eq!((rates.nat_hit_percent, rates.lost_percent), (Some(50.0), Some(10.0)));
        assert_eq!(record(2000, 5).since(&record(2000, 0)), None, "no time");
        assert_eq!(record(3000, 5).since(&record(2000, 9)), None, "it began anew");
        let idle = record(3000, 5).since(&record(2000, 5)).unwrap();
        assert_eq!((idle.nat_hit_percent, idle.packets_per_second), (None, 0.0));
    }

    #[test]
    fn a_record_is_one_flat_object() {
        let line = r#"{"time_ms":1,"total_packets":2,"vxlan_packets":2,"inner_packets":2,"nat_applied":1,"df_cleared":1,"forwarded":1,"redirected":1,"errors":1,"bytes_processed":99,"errors_by_reason":{"truncated":1}}"#;
        let record: Record = serde_json::from_str(line).unwrap();
        assert_eq!(record.errors_by_reason["truncated"], 1);
        assert_eq!(serde_json::to_string(&record).unwrap(), line);
    }
}
