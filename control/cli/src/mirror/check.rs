use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::table::{Cell, Table};
use crate::words::{BAD, GOOD, WARN};
use clap::Args;
use flumen_kernel::LinuxHost;
use flumen_tune::{Level, Ports, Readiness, readiness};

/// Of `flumen mirror check`.
#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    /// Device where the mirrored frames arrive
    #[arg(short, long, value_name = "DEVICE", default_value = "ens5")]
    interface: String,
    /// Device where the inner packets leave [default: as the kernel routes them]
    #[arg(short, long, value_name = "DEVICE")]
    target: Option<String>,
    /// Largest mirrored packet, bytes of IP
    #[arg(long, value_name = "BYTES", default_value_t = 1500, value_parser = clap::value_parser!(u32).range(68..=65_535))]
    inner_mtu: u32,
}

/// Looks, and says what is found.
pub(super) fn run(arguments: &CheckArguments, output: Output) -> Outcome {
    let CheckArguments { interface, target, inner_mtu } = arguments;
    let ports = Ports { input: interface.clone(), output: target.clone(), inner_mtu: *inner_mtu };
    let found = readiness(&LinuxHost, &ports)?;
    output.report(&found, render)?;
    if found.ready { Ok(()) } else { Err(Failure::Reported) }
}

fn render(found: &Readiness) -> String {
    let mut table = Table::new(["SUBJECT", "TOPIC", "", "FOUND"]);
    for finding in &found.findings {
        let (word, style) = match finding.level {
            Level::Good => ("ok", GOOD),
            Level::Warning => ("slow", WARN),
            Level::Bad => ("bad", BAD),
        };
        let (subject, topic) = (finding.subject.as_str(), finding.topic);
        table.row([subject.into(), topic.into(), Cell::styled(word, style), finding.found.as_str().into()]);
        if !finding.remedy.is_empty() {
            table.row(["", "", "", &format!("  > {}", finding.remedy)]);
        }
    }
    let count = |level| found.findings.iter().filter(|finding| finding.level == level).count();
    let (bad, slow) = (count(Level::Bad), count(Level::Warning));
    let verdict = match (bad, slow) {
        (0, 0) => "ready\n".to_owned(),
        (0, slow) => format!("ready, with {slow} to improve\n"),
        (bad, slow) => format!("not ready: {bad} to change, {slow} to improve\n"),
    };
    table.print() + &verdict
}

#[cfg(test)]
mod tests {
    use super::render;
    use flumen_tune::{Finding, Level, Readiness};

    #[test]
    fn a_complaint_comes_with_its_remedy_and_the_verdict_counts() {
        let finding = |topic, level, remedy: &str| Finding {
            subject: "ens5".into(),
            topic,
            level,
            found: format!("{topic} found"),
            remedy: remedy.into(),
        };
        let findings = vec![
            finding("mtu", Level::Good, ""),
            finding("offload", Level::Bad, "ethtool -K ens5 rx-lro off"),
        ];
        let text = render(&Readiness { ready: false, findings });
        let text = anstream::adapter::strip_str(&text).to_string();
        insta::assert_snapshot!(text, @r"
        SUBJECT  TOPIC         FOUND
        ens5     mtu      ok   mtu found
        ens5     offload  bad  offload found
                                 > ethtool -K ens5 rx-lro off
        not ready: 1 to change, 0 to improve
        ");
    }
}
