use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time of the wall clock, in whole seconds since 1970; written as RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(u64);

/// The last second of the year 9999: there is no later one in RFC 3339.
const LAST: u64 = 253_402_300_799;

// === impl Time ===

impl Time {
    /// That many seconds after 1970; at most the end of the year 9999.
    pub fn from_unix_s(seconds: u64) -> Time {
        Time(seconds.min(LAST))
    }

    /// Seconds since 1970.
    pub fn unix_s(self) -> u64 {
        self.0
    }

    /// This much later.
    pub fn after(self, span: Duration) -> Time {
        Time::from_unix_s(self.0.saturating_add(span.as_secs()))
    }

    /// How long ago `self` was at `now`; zero when it is still to come.
    pub fn until(self, now: Time) -> Duration {
        Duration::from_secs(now.0.saturating_sub(self.0))
    }
}

impl From<SystemTime> for Time {
    /// A clock that is set before 1970 reads as 1970.
    fn from(time: SystemTime) -> Time {
        Time::from_unix_s(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(self.0)).fmt(f)
    }
}

impl FromStr for Time {
    type Err = humantime::TimestampError;

    fn from_str(text: &str) -> Result<Time, Self::Err> {
        humantime::parse_rfc3339(text).map(Time::from)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST, Time};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    #[test]
    fn a_time_reads_as_rfc_3339_and_back() {
        let time = Time::from_unix_s(1_700_000_000);
        assert_eq!(time.to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"2023-11-14T22:13:20Z\"");
    }

    #[test]
    fn clocks_before_1970_and_after_9999_are_cut_to_what_can_be_written() {
        let before: SystemTime = UNIX_EPOCH - Duration::from_secs(5);
        assert_eq!(Time::from(before).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Time::from_unix_s(u64::MAX).unix_s(), LAST);
        assert_eq!(Time::from_unix_s(u64::MAX).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Time::from_unix_s(LAST).after(Duration::MAX).unix_s(), LAST);
    }
}
