use crate::table::{Cell, Table};
use crate::words::{BAD, GOOD, WARN, traffic};
use flumen_api::{InterfaceInfo, InterfacesReport, LinkState};

/// One line for each interface, and one for each remark.
pub(crate) fn render(report: &InterfacesReport) -> String {
    let mut table = Table::new([
        "INTERFACE",
        "ZONE",
        "STATE",
        "MODE",
        ">MTU",
        ">RX-PACKETS",
        ">RX-BYTES",
        ">TX-PACKETS",
        ">TX-BYTES",
        "ADDRESSES",
    ]);
    for interface in &report.interfaces {
        let [rx_packets, rx_bytes] = traffic(interface.received);
        let [tx_packets, tx_bytes] = traffic(interface.transmitted);
        let style = match interface.state {
            LinkState::Up => GOOD,
            LinkState::Down => WARN,
            LinkState::Absent => BAD,
        };
        table.row([
            Cell::from(interface.name.as_str()),
            interface.zone.as_str().into(),
            Cell::styled(interface.state.name(), style),
            mode(interface),
            if interface.mtu == 0 { "-".into() } else { interface.mtu.to_string().into() },
            rx_packets.into(),
            rx_bytes.into(),
            tx_packets.into(),
            tx_bytes.into(),
            addresses(interface).into(),
        ]);
    }
    let mut text = table.print();
    for interface in &report.interfaces {
        if let Some(note) = &interface.note {
            text.push_str(&format!("{}: {note}\n", interface.name));
        }
    }
    for waiting in &report.waiting {
        text.push_str(&format!("{waiting}\n"));
    }
    text
}

fn mode(interface: &InterfaceInfo) -> Cell {
    match interface.mode.as_deref() {
        Some("driver") => "driver".into(),
        Some(other) => Cell::styled(other, WARN),
        None => Cell::styled("detached", BAD),
    }
}

fn addresses(interface: &InterfaceInfo) -> String {
    let addresses: Vec<String> = interface.v4.iter().chain(&interface.v6).map(ToString::to_string).collect();
    if addresses.is_empty() { "-".to_owned() } else { addresses.join(",") }
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::show::plain;
    use flumen_api::{InterfaceInfo, InterfacesReport, LinkState, Traffic};

    #[test]
    fn interfaces_show_state_mode_and_why_not_the_driver() {
        let up = InterfaceInfo {
            name: "eth0".into(),
            device: "eth0".into(),
            link: "eth0".into(),
            zone: "lan".into(),
            state: LinkState::Up,
            mtu: 1500,
            v4: Some("192.168.1.1".parse().unwrap()),
            v6: Some("2001:db8:1::1".parse().unwrap()),
            mode: Some("driver".into()),
            note: None,
            received: Traffic { packets: 1_000, bytes: 64_000 },
            transmitted: Traffic { packets: 900, bytes: 57_600 },
        };
        let generic = InterfaceInfo {
            name: "eth1".into(),
            zone: "wan".into(),
            state: LinkState::Down,
            v6: None,
            mode: Some("generic".into()),
            note: Some("the driver has no XDP support".into()),
            ..up.clone()
        };
        let kernel_sends = InterfaceInfo {
            name: "veth0".into(),
            note: Some("the kernel sends: the device takes no frames from XDP".into()),
            ..up.clone()
        };
        let absent = InterfaceInfo {
            name: "eth2".into(),
            zone: "dmz".into(),
            state: LinkState::Absent,
            mtu: 0,
            v4: None,
            v6: None,
            mode: None,
            ..up.clone()
        };
        let interfaces = vec![up, generic, kernel_sends, absent];
        let waiting = vec!["interface eth2 waits: there is no such device".to_owned()];
        insta::assert_snapshot!(plain(&render(&InterfacesReport { interfaces, waiting })));
    }
}
