use crate::table::{TITLE, Table};
use crate::words::{WARN, outcome_style};
use flumen_api::{ExplainReport, ExplainedPacket};
use std::fmt::Write;

/// Each packet: its stages with the rows that matched, what becomes of it, and its bytes before and after.
pub(crate) fn render(report: &ExplainReport) -> String {
    let mut text = String::new();
    for (number, packet) in report.packets.iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        let head = if report.packets.len() > 1 { format!("Packet {}: ", number + 1) } else { String::new() };
        text.push_str(&format!("{TITLE}{head}{}{TITLE:#}\n", packet.summary));
        text.push_str(&explain(packet));
    }
    if report.packets.is_empty() {
        text.push_str("There is no packet in the input.\n");
    }
    text
}

fn explain(packet: &ExplainedPacket) -> String {
    let mut stages = Table::new(["STAGE", "FOUND", "ROW"]);
    for step in &packet.steps {
        stages.row([step.stage.as_str(), &step.text, step.row.as_deref().unwrap_or_default()]);
    }
    let style = outcome_style(&packet.outcome);
    let egress = packet.egress_interface.as_deref().map(|name| format!(" by {name}")).unwrap_or_default();
    let mut text = stages.print();
    writeln!(
        text,
        "=> {style}{}{style:#}{egress} ({}): {}",
        packet.outcome, packet.reason, packet.reason_text
    )
    .expect("writing to a string cannot fail");
    let (before, after) = (bytes(&packet.frame_before), bytes(&packet.frame_after));
    text.push_str("Frame as it arrives:\n");
    dump(&before, &before, &mut text);
    if after.is_empty() {
        return text;
    }
    if after == before {
        text.push_str("It leaves unchanged.\n");
    } else {
        text.push_str("Frame as it leaves (changed bytes are marked):\n");
        dump(&after, &before, &mut text);
    }
    text
}

fn bytes(hex: &str) -> Vec<u8> {
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    pairs.iter().filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Sixteen bytes a line. A byte that differs from `before` at the same place is marked with `*`.
fn dump(frame: &[u8], before: &[u8], text: &mut String) {
    for (line, chunk) in frame.chunks(16).enumerate() {
        let at = line * 16;
        write!(text, "  {at:04x} ").expect("writing to a string cannot fail");
        for (place, byte) in chunk.iter().enumerate() {
            let gap = if place == 8 { " " } else { "" };
            let cell = if before.get(at + place) == Some(byte) {
                format!("{gap} {byte:02x}")
            } else {
                format!("{gap}{WARN}*{byte:02x}{WARN:#}")
            };
            text.push_str(&cell);
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::show::plain;
    use flumen_api::{ExplainReport, ExplainedPacket, TraceStep};

    fn step(stage: &str, text: &str, row: Option<&str>) -> TraceStep {
        TraceStep { stage: stage.into(), text: text.into(), row: row.map(str::to_owned) }
    }

    #[test]
    fn an_explained_packet_shows_stages_outcome_and_changed_bytes() {
        let packet = ExplainedPacket {
            summary: "tcp 192.168.1.10:49152 > 198.51.100.80:443 [S] on eth0".into(),
            steps: vec![
                step("decode", "IPv4, TCP, 40 bytes", None),
                step("zone", "lan", Some("interface eth0")),
                step("session", "none: first packet", None),
                step("policy", "permit", Some("policy lan-out, lan to wan")),
                step("source-nat", "203.0.113.5:1040", Some("rule masquerade")),
            ],
            outcome: "forward".into(),
            reason: "forwarded".into(),
            reason_text: "Permitted, translated where a rule says so, and sent out.".into(),
            frame_before: "0200000000010200000000020800450000280001".into(),
            frame_after: "0200000000030200000000040800450000280001".into(),
            egress_interface: Some("eth1".into()),
        };
        let dropped = ExplainedPacket {
            outcome: "drop".into(),
            reason: "policy-default".into(),
            reason_text: "No policy matches.".into(),
            frame_after: String::new(),
            egress_interface: None,
            steps: vec![],
            ..packet.clone()
        };
        insta::assert_snapshot!(plain(&render(&ExplainReport { packets: vec![packet, dropped] })));
        assert_eq!(render(&ExplainReport { packets: vec![] }), "There is no packet in the input.\n");
    }
}
