use crate::table::{Cell, TITLE, Table};
use crate::words::{BAD, GOOD, outcome_style};
use flumen_api::{InterfaceReasons, ReasonsReport};

/// Interfaces side by side in one table.
const SIDE_BY_SIDE: usize = 6;

/// Keeps one interface, or only the reasons that have counted something somewhere.
///
/// # Errors
/// When there is no such interface: which there are.
pub(crate) fn select(report: &mut ReasonsReport, interface: Option<&str>, seen: bool) -> Result<(), String> {
    let known: Vec<String> = report.interfaces.iter().map(|interface| interface.interface.clone()).collect();
    if let Some(wanted) = interface {
        report.interfaces.retain(|interface| interface.interface == wanted);
        if report.interfaces.is_empty() {
            return Err(format!("there is no interface {wanted}; there is {}", known.join(", ")));
        }
    }
    if seen {
        let counted =
            |number: usize| report.interfaces.iter().any(|interface| packets(interface, number) > 0);
        let reasons = report.interfaces.iter().map(|interface| interface.reasons.len()).max().unwrap_or(0);
        let keep: Vec<bool> = (0..reasons).map(counted).collect();
        for interface in &mut report.interfaces {
            let mut number = 0..;
            interface.reasons.retain(|_| number.next().is_some_and(|number: usize| keep[number]));
        }
    }
    Ok(())
}

/// Every reason with its packets on each interface; then the sums, which must agree with what was received.
pub(crate) fn render(report: &ReasonsReport) -> String {
    let mut text = String::new();
    for group in report.interfaces.chunks(SIDE_BY_SIDE) {
        text.push_str(&counts(group));
        text.push('\n');
    }
    text.push_str(&conservation(&report.interfaces));
    text
}

fn packets(interface: &InterfaceReasons, number: usize) -> u64 {
    interface.reasons.get(number).map_or(0, |count| count.frames.packets)
}

fn counts(interfaces: &[InterfaceReasons]) -> String {
    let names = interfaces.iter().map(|interface| format!(">{}", interface.interface));
    let titles = ["OUTCOME".to_owned(), "REASON".to_owned()].into_iter().chain(names);
    let mut table = Table::new(titles.chain(["MEANING".to_owned()]));
    for (number, reason) in interfaces[0].reasons.iter().enumerate() {
        let head =
            [Cell::styled(&*reason.outcome, outcome_style(&reason.outcome)), reason.reason.as_str().into()];
        let cells = interfaces.iter().map(|interface| match packets(interface, number) {
            0 => Cell::from("0"),
            packets => Cell::styled(packets.to_string(), TITLE),
        });
        table.row(head.into_iter().chain(cells).chain([reason.text.as_str().into()]));
    }
    table.print()
}

/// `received = forwarded + delivered + consumed + dropped`, for each interface.
fn conservation(interfaces: &[InterfaceReasons]) -> String {
    let mut table = Table::new([
        "INTERFACE",
        ">RECEIVED",
        "=",
        ">FORWARDED",
        "+",
        ">DELIVERED",
        "+",
        ">CONSUMED",
        "+",
        ">DROPPED",
        ">DIFFERENCE",
    ]);
    for interface in interfaces {
        let difference = interface.difference;
        let style = if difference == 0 { GOOD } else { BAD };
        table.row([
            Cell::from(interface.interface.as_str()),
            interface.received.packets.to_string().into(),
            "=".into(),
            interface.forwarded.packets.to_string().into(),
            "+".into(),
            interface.delivered.packets.to_string().into(),
            "+".into(),
            interface.consumed.packets.to_string().into(),
            "+".into(),
            interface.dropped.packets.to_string().into(),
            Cell::styled(difference.to_string(), style),
        ]);
    }
    table.print()
}

#[cfg(test)]
mod tests {
    use super::{render, select};
    use crate::show::plain;
    use flumen_api::{InterfaceReasons, ReasonCount, ReasonsReport, Traffic};

    fn sample() -> ReasonsReport {
        let interface = |name: &str, received: u64, counts: [u64; 4]| {
            let reasons = [
                ("forwarded", "forward", "Permitted, and sent out."),
                ("host-inbound", "deliver", "For the host itself."),
                ("not-ip", "drop", "Neither IPv4, IPv6 nor ARP."),
                ("policy-denied", "drop", "A policy denies it."),
            ];
            let count = |((reason, outcome, text), packets): ((&str, &str, &str), u64)| ReasonCount {
                reason: reason.into(),
                outcome: outcome.into(),
                text: text.into(),
                frames: Traffic { packets, bytes: packets * 100 },
            };
            let reasons = reasons.into_iter().zip(counts).map(count).collect();
            InterfaceReasons::new(name.into(), Traffic { packets: received, bytes: received * 100 }, reasons)
        };
        let interfaces = vec![
            interface("eth0", 1_234, [1_200, 4, 0, 30]),
            interface("eth1", 901, [900, 0, 0, 0]),
            interface("unconfigured", 0, [0; 4]),
        ];
        ReasonsReport { interfaces }
    }

    #[test]
    fn every_reason_is_listed_and_the_sums_agree_or_say_by_how_much_they_do_not() {
        insta::assert_snapshot!(plain(&render(&sample())));
    }

    #[test]
    fn one_interface_and_only_what_was_seen() {
        let mut report = sample();
        select(&mut report, Some("eth0"), true).unwrap();
        insta::assert_snapshot!(plain(&render(&report)));
        let missing = select(&mut sample(), Some("eth9"), false).unwrap_err();
        assert_eq!(missing, "there is no interface eth9; there is eth0, eth1, unconfigured");
    }

    #[test]
    fn more_interfaces_than_fit_side_by_side_come_in_several_tables() {
        let mut report = sample();
        for copy in 0..9 {
            let mut another = report.interfaces[0].clone();
            another.interface = format!("vlan{copy}");
            report.interfaces.push(another);
        }
        let text = plain(&render(&report));
        assert_eq!(text.matches("MEANING").count(), 2);
        assert_eq!(text.matches("vlan8").count(), 2, "in its table and among the sums");
    }
}
