use crate::table::Table;
use crate::words::duration;
use flumen_api::StatusReport;

/// The state of the daemon in lines of name and value, then its tables.
pub(crate) fn render(report: &StatusReport) -> String {
    let adopted = if report.adopted { ", took over a running ruleset" } else { "" };
    let absent = match report.absent.as_slice() {
        [] => String::new(),
        names => format!(", absent: {}", names.join(", ")),
    };
    let mut text = String::new();
    for (name, value) in [
        (
            "Daemon",
            format!(
                "flumen {}, process {}, up {}{adopted}",
                report.release,
                report.pid,
                duration(report.uptime_s * 1000)
            ),
        ),
        ("Engine", report.engine.clone()),
        (
            "Ruleset",
            format!(
                "generation {} from {}, applied at {}",
                report.generation,
                report.source,
                timestamp(report.applied_unix_s)
            ),
        ),
        ("Interfaces", format!("{} of {} attached{absent}", report.attached, report.interfaces)),
        ("Received", format!("{} packets, {} bytes", report.received.packets, report.received.bytes)),
        ("Sessions", report.sessions.to_string()),
    ] {
        text.push_str(&format!("{name:<11} {value}\n"));
    }
    if !report.tables.is_empty() {
        let mut table = Table::new(["TABLE", ">USED", ">SIZE", ">FULL"]);
        for row in &report.tables {
            let percent = (row.used * 100).checked_div(row.size).unwrap_or(0);
            table.row([row.name.clone(), row.used.to_string(), row.size.to_string(), format!("{percent}%")]);
        }
        text.push('\n');
        text.push_str(&table.print());
    }
    text
}

/// Seconds since 1970 as `YYYY-MM-DD HH:MM:SS UTC`.
fn timestamp(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    // Days since 0000-03-01, so that the leap day is the last of its year; 400 years have 146,097 days.
    let since = days + 719_468;
    let (era, day_of_era) = (since / 146_097, since % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02} UTC", second % 60)
}

#[cfg(test)]
mod tests {
    use super::{render, timestamp};
    use crate::show::plain;
    use flumen_api::{StatusReport, TableUse, Traffic};

    #[test]
    fn timestamps_know_leap_days() {
        assert_eq!(timestamp(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(timestamp(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(timestamp(1_709_251_199), "2024-02-29 23:59:59 UTC");
        assert_eq!(timestamp(4_107_542_399), "2100-02-28 23:59:59 UTC");
        assert_eq!(timestamp(4_107_542_400), "2100-03-01 00:00:00 UTC");
    }

    #[test]
    fn the_status_says_what_runs_and_how_full_it_is() {
        let report = StatusReport {
            release: "0.1.0".into(),
            pid: 4_711,
            uptime_s: 3_700,
            engine: "xdp".into(),
            adopted: true,
            generation: 12,
            source: "/etc/flumen/flumen.json".into(),
            applied_unix_s: 1_709_251_199,
            sessions: 1_024,
            interfaces: 3,
            attached: 2,
            absent: vec!["eth2".into()],
            received: Traffic { packets: 55, bytes: 5_500 },
            tables: vec![
                TableUse { name: "sessions".into(), used: 2_048, size: 262_144 },
                TableUse { name: "classifier_rules".into(), used: 10, size: 65_536 },
            ],
            doors: None,
        };
        insta::assert_snapshot!(plain(&render(&report)));
    }
}
