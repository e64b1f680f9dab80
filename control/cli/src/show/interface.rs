use crate::table::Table;
use crate::words::traffic;
use flumen_api::{InterfaceInfo, InterfaceReasons, LinkInfo};
use serde::Serialize;

/// Interfaces with everything that is known of them.
#[derive(Debug, Serialize)]
pub(crate) struct WholeInterfaces {
    pub(crate) interfaces: Vec<WholeInterface>,
}

/// One interface, as the configuration, the datapath and the kernel have it.
#[derive(Debug, Serialize)]
pub(crate) struct WholeInterface {
    pub(crate) interface: InterfaceInfo,
    pub(crate) frames: Option<InterfaceReasons>,
    pub(crate) link: Option<LinkInfo>,
}

/// A paragraph for each.
pub(crate) fn render(report: &WholeInterfaces) -> String {
    let paragraphs: Vec<String> = report.interfaces.iter().map(whole).collect();
    paragraphs.join("\n")
}

/// Only counters, a line for each side.
pub(crate) fn statistics(report: &WholeInterfaces) -> String {
    let mut table = Table::new([
        "INTERFACE",
        ">RX-PACKETS",
        ">RX-BYTES",
        ">TX-PACKETS",
        ">TX-BYTES",
        ">FORWARDED",
        ">DELIVERED",
        ">CONSUMED",
        ">DROPPED",
        ">LINK-ERRORS",
        ">LINK-DROPS",
    ]);
    for WholeInterface { interface, frames, link } in &report.interfaces {
        let [rx_packets, rx_bytes] = traffic(interface.received);
        let [tx_packets, tx_bytes] = traffic(interface.transmitted);
        let ended = |part: fn(&InterfaceReasons) -> u64| match frames {
            Some(frames) => part(frames).to_string(),
            None => "-".to_owned(),
        };
        let counted = |part: fn(&LinkInfo) -> u64| match link {
            Some(link) => part(link).to_string(),
            None => "-".to_owned(),
        };
        table.row([
            interface.name.clone(),
            rx_packets,
            rx_bytes,
            tx_packets,
            tx_bytes,
            ended(|frames| frames.forwarded.packets),
            ended(|frames| frames.delivered.packets),
            ended(|frames| frames.consumed.packets),
            ended(|frames| frames.dropped.packets),
            counted(|link| link.receive_errors + link.send_errors),
            counted(|link| link.receive_drops + link.send_drops),
        ]);
    }
    table.print()
}

fn whole(whole: &WholeInterface) -> String {
    let InterfaceInfo { name, device, link, zone, state, mtu, mode, note, received, transmitted, .. } =
        &whole.interface;
    let on = if device == link { device.clone() } else { format!("{link} on {device}") };
    let mode = mode.as_ref().map_or_else(|| "detached".to_owned(), |mode| format!("{mode} mode"));
    let mut text = format!("Interface {name}, zone {zone}, {}\n", state.name());
    let mut line = |what: &str, value: String| text.push_str(&format!("  {what:<12} {value}\n"));
    line("Device", format!("{on}, MTU {mtu}, {mode}"));
    if let Some(note) = note {
        line("Note", note.clone());
    }
    if let Some(link) = &whole.link {
        let kind = if link.kind.is_empty() { "hardware" } else { &link.kind };
        let up = if link.up { "up" } else { "set down" };
        let carrier = if link.carrier { "carrier" } else { "no carrier" };
        line("Link", format!("{kind}, {up}, {carrier}, changed {} times", link.carrier_changes));
        line("MAC", link.mac.clone().unwrap_or_else(|| "none".to_owned()));
        line("Queues", format!("{} receiving, {} sending", link.receive_queues, link.send_queues));
        let addresses: Vec<String> = link.addresses.iter().map(ToString::to_string).collect();
        line("Addresses", if addresses.is_empty() { "none".to_owned() } else { addresses.join(", ") });
    }
    line("Received", format!("{} packets, {} bytes", received.packets, received.bytes));
    line("Transmitted", format!("{} packets, {} bytes", transmitted.packets, transmitted.bytes));
    if let Some(link) = &whole.link {
        let LinkInfo { received, sent, receive_errors, send_errors, receive_drops, send_drops, .. } = link;
        line(
            "Kernel",
            format!(
                "received {} packets, {receive_errors} errors, {receive_drops} drops; sent {} packets, {send_errors} errors, {send_drops} drops",
                received.packets, sent.packets
            ),
        );
    }
    let counted =
        whole.frames.iter().flat_map(|frames| &frames.reasons).filter(|count| count.frames.packets > 0);
    for count in counted {
        let said = format!("{:>10}  {} ({})", count.frames.packets, count.reason, count.text);
        line(&count.outcome, said);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{WholeInterface, WholeInterfaces, render, statistics};
    use crate::show::plain;
    use flumen_api::{InterfaceInfo, InterfaceReasons, LinkInfo, LinkState, ReasonCount, Traffic};

    fn sample() -> WholeInterfaces {
        let traffic = |packets| Traffic { packets, bytes: packets * 100 };
        let interface = InterfaceInfo {
            name: "lan.0".into(),
            device: "lan".into(),
            link: "lan".into(),
            zone: "trust".into(),
            state: LinkState::Up,
            mtu: 1500,
            v4: Some("10.1.0.1".parse().unwrap()),
            v6: None,
            mode: Some("driver".into()),
            note: None,
            received: traffic(13),
            transmitted: traffic(9),
        };
        let count = |reason: &str, outcome: &str, packets| ReasonCount {
            reason: reason.into(),
            outcome: outcome.into(),
            text: format!("{reason}."),
            frames: traffic(packets),
        };
        let reasons =
            vec![count("forwarded", "forward", 10), count("not-ip", "drop", 0), count("no-route", "drop", 3)];
        let link = LinkInfo {
            name: "lan".into(),
            kind: "veth".into(),
            mac: Some("02:00:00:00:00:01".into()),
            mtu: 1500,
            up: true,
            carrier: true,
            carrier_changes: 2,
            receive_queues: 1,
            send_queues: 1,
            addresses: vec!["10.1.0.1/24".parse().unwrap(), "fe80::1/64".parse().unwrap()],
            received: traffic(13),
            sent: traffic(1),
            receive_errors: 0,
            receive_drops: 1,
            send_errors: 0,
            send_drops: 2,
        };
        let frames = InterfaceReasons::new("lan.0".into(), traffic(13), reasons);
        let absent =
            InterfaceInfo { name: "wan.0".into(), state: LinkState::Absent, mode: None, ..interface.clone() };
        let absent = WholeInterface { interface: absent, frames: None, link: None };
        WholeInterfaces {
            interfaces: vec![WholeInterface { interface, frames: Some(frames), link: Some(link) }, absent],
        }
    }

    #[test]
    fn an_interface_in_full_has_what_the_kernel_knows_and_how_its_frames_ended() {
        insta::assert_snapshot!(plain(&render(&sample())));
    }

    #[test]
    fn statistics_are_counters_alone() {
        insta::assert_snapshot!(plain(&statistics(&sample())));
    }
}
