use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;

/// A time for `commit at`, in seconds since 1970: `+30` minutes, `22:30` or `22:30:15` (the next one), `2026-01-31 22:30`,
/// or RFC 3339. Times are UTC.
///
/// # Errors
/// When it is none of these.
pub(crate) fn read(text: &str, now_unix_s: u64) -> Result<u64, String> {
    let refused = || format!("{text:?} is no time: use 22:30, \"2026-01-31 22:30\" (UTC) or +MINUTES");
    if let Some(minutes) = text.strip_prefix('+') {
        let minutes: u64 = minutes.parse().map_err(|_| refused())?;
        return minutes.checked_mul(60).and_then(|s| s.checked_add(now_unix_s)).ok_or_else(refused);
    }
    let whole =
        |text: &str| if text.matches(':').count() == 1 { format!("{text}:00") } else { text.to_owned() };
    let of_day = !text.contains('-');
    let day = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(now_unix_s)).to_string();
    let text = if of_day { format!("{} {}", &day[..10], whole(text)) } else { whole(text) };
    let time: SystemTime = humantime::parse_rfc3339_weak(&text).map_err(|_| refused())?;
    let at = time.duration_since(UNIX_EPOCH).map_err(|_| refused())?.as_secs();
    Ok(if of_day && at <= now_unix_s { at + DAY } else { at })
}

/// As people read it.
pub(crate) fn show(unix_s: u64) -> String {
    const YEAR_9999: u64 = 253_402_300_799;
    let time = UNIX_EPOCH + Duration::from_secs(unix_s.min(YEAR_9999));
    let text = humantime::format_rfc3339_seconds(time).to_string();
    text.replace('T', " ").replace('Z', " UTC")
}

#[cfg(test)]
mod tests {
    use super::{read, show};

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let now = 1_700_000_000; // 22:13:20
        assert_eq!(show(now), "2023-11-14 22:13:20 UTC");
        let told = |text| read(text, now).map(show);
        assert_eq!(told("22:30").unwrap(), "2023-11-14 22:30:00 UTC");
        assert_eq!(told("22:13:20").unwrap(), "2023-11-15 22:13:20 UTC");
        assert_eq!(told("2026-01-31 07:05").unwrap(), "2026-01-31 07:05:00 UTC");
        assert_eq!(told("2026-01-31T07:05:09Z").unwrap(), "2026-01-31 07:05:09 UTC");
        assert_eq!(told("+90").unwrap(), "2023-11-14 23:43:20 UTC");
        for wrong in ["", "soon", "25:00", "+x", "+99999999999999999999", "2026-13-01 10:00", "é:é"] {
            assert!(read(wrong, now).is_err(), "{wrong}");
        }
        assert_eq!(show(u64::MAX), "9999-12-31 23:59:59 UTC");
    }
}
