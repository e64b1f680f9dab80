use crate::shell::when;
use crate::table::{Cell, Table};
use crate::words::{BAD, WARN, duration};
use flumen_api::{LogReport, SystemReport};

/// `show system uptime`.
pub(crate) fn uptime(report: &SystemReport) -> String {
    let load: Vec<String> = report.load_hundredths.iter().map(|load| hundredths(u64::from(*load))).collect();
    let since = |seconds: u64| format!("{} ago", duration(seconds.saturating_mul(1000)));
    let applied = report.unix_s.saturating_sub(report.applied_unix_s);
    lines(&[
        ("Host", format!("{}, kernel {}", report.host, report.kernel)),
        ("Time", when::show(report.unix_s)),
        ("Booted", since(report.host_uptime_s)),
        ("Daemon", format!("started {}", since(report.daemon_uptime_s))),
        ("Configured", format!("{} ({})", since(applied), when::show(report.applied_unix_s))),
        ("Load", format!("{} on {} processors", load.join(", "), report.processors)),
    ])
}

/// `show system memory`.
pub(crate) fn memory(report: &SystemReport) -> String {
    let percent = (report.available_bytes.saturating_mul(100)).checked_div(report.memory_bytes).unwrap_or(0);
    let available = format!("{} ({percent}%)", mebibytes(report.available_bytes));
    lines(&[
        ("Host", mebibytes(report.memory_bytes)),
        ("Available", available),
        (
            "Daemon",
            format!(
                "{} resident, tables that it shares with the kernel included",
                mebibytes(report.resident_bytes)
            ),
        ),
    ])
}

/// `show system processes`.
pub(crate) fn processes(report: &SystemReport) -> String {
    let mut table = Table::new([">PID", "COMMAND", ">THREADS", ">RESIDENT", ">CPU-TIME", ">UP"]);
    table.row([
        report.pid.to_string(),
        "flumen run".to_owned(),
        report.threads.to_string(),
        mebibytes(report.resident_bytes),
        format!("{}s", hundredths(report.processor_ms / 10)),
        duration(report.daemon_uptime_s.saturating_mul(1000)),
    ]);
    table.print()
}

/// `show system alarms`.
pub(crate) fn alarms(report: &SystemReport) -> String {
    if report.alarms.is_empty() {
        return "No alarms are active.\n".to_owned();
    }
    let mut table = Table::new(["CLASS", "ALARM"]);
    for alarm in &report.alarms {
        let class = if alarm.major { Cell::styled("major", BAD) } else { Cell::styled("minor", WARN) };
        table.row([class, alarm.text.as_str().into()]);
    }
    table.print()
}

/// `show log`: time, level unless it is the usual one, text.
pub(crate) fn log(report: &LogReport) -> String {
    let mut text = String::new();
    for line in &report.lines {
        let level = match line.level.as_str() {
            "error" => format!("{BAD}error{BAD:#}: "),
            "warn" => format!("{WARN}warning{WARN:#}: "),
            _ => String::new(),
        };
        text.push_str(&format!("{}  {level}{}\n", line.time, line.text));
    }
    text
}

fn lines(lines: &[(&str, String)]) -> String {
    lines.iter().map(|(name, value)| format!("{name:<11} {value}\n")).collect()
}

/// `1234` is `12.34`.
fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    use super::{alarms, log, memory, processes, uptime};
    use crate::show::plain;
    use flumen_api::{AlarmInfo, LogLine, LogReport, SystemReport};

    fn sample() -> SystemReport {
        let alarm = |major, text: &str| AlarmInfo { major, text: text.to_owned() };
        SystemReport {
            host: "gateway".into(),
            kernel: "6.12.0".into(),
            unix_s: 1_700_000_000,
            host_uptime_s: 100_000,
            daemon_uptime_s: 3_600,
            applied_unix_s: 1_699_999_000,
            processors: 4,
            load_hundredths: vec![5, 120, 99],
            memory_bytes: 8 << 30,
            available_bytes: 6 << 30,
            pid: 4711,
            resident_bytes: 40 << 20,
            threads: 7,
            processor_ms: 12_345,
            alarms: vec![
                alarm(true, "interface wan.0 is down"),
                alarm(false, "there is no rescue configuration"),
            ],
        }
    }

    #[test]
    fn the_host_and_the_daemon_are_shown_in_parts() {
        let report = sample();
        let all = [uptime(&report), memory(&report), processes(&report), alarms(&report)].join("\n");
        insta::assert_snapshot!(plain(&all));
        assert_eq!(alarms(&SystemReport { alarms: vec![], ..report }), "No alarms are active.\n");
    }

    #[test]
    fn a_line_of_a_log_names_its_level_when_it_is_not_the_usual_one() {
        let line = |level: &str| LogLine {
            time: "2026-01-31T22:30:00Z".into(),
            level: level.into(),
            text: "x".into(),
        };
        let report = LogReport { lines: vec![line("info"), line("warn"), line("error")] };
        assert_eq!(
            plain(&log(&report)),
            "2026-01-31T22:30:00Z  x\n2026-01-31T22:30:00Z  warning: x\n2026-01-31T22:30:00Z  error: x\n"
        );
    }
}
