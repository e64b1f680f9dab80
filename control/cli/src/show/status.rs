use crate::shell::when;
use crate::table::Table;
use crate::words::duration;
use flumen_api::{EndedSessions, StatusReport};

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
                when::show(report.applied_unix_s)
            ),
        ),
        ("Interfaces", format!("{} of {} attached{absent}", report.attached, report.interfaces)),
        ("Received", format!("{} packets, {} bytes", report.received.packets, report.received.bytes)),
        ("Sessions", report.sessions.to_string()),
        ("Ended", ended(&report.ended)),
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

/// Sessions that ended, by what ended them.
fn ended(ended: &EndedSessions) -> String {
    let EndedSessions { aged, cleared, denied, retranslated } = ended;
    format!("{aged} aged, {cleared} cleared, {denied} denied and {retranslated} retranslated by commits")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::show::plain;
    use flumen_api::{EndedSessions, StatusReport, TableUse, Traffic};

    #[test]
    fn the_status_says_what_runs_and_how_full_it_is() {
        let report = StatusReport {
            release: "0.1.0".into(),
            pid: 4_711,
            uptime_s: 3_700,
            engine: "xdp".into(),
            adopted: true,
            generation: 12,
            source: "/etc/flumen/flumen.conf".into(),
            applied_unix_s: 1_709_251_199,
            sessions: 1_024,
            ended: EndedSessions { aged: 7_000, cleared: 3, denied: 12, retranslated: 1 },
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
