use crate::table::Table;
use crate::words::traffic;
use flumen_api::ZonesReport;

/// One line for each zone.
pub(crate) fn render(report: &ZonesReport) -> String {
    let mut table = Table::new(["ZONE", ">ID", ">PACKETS", ">BYTES", "INTERFACES", "HOST-INBOUND"]);
    for zone in &report.zones {
        let [packets, bytes] = traffic(zone.received);
        let interfaces = if zone.interfaces.is_empty() { "-".to_owned() } else { zone.interfaces.join(",") };
        let inbound =
            if zone.host_inbound.is_empty() { "none".to_owned() } else { zone.host_inbound.join(",") };
        table.row([zone.name.clone(), zone.id.to_string(), packets, bytes, interfaces, inbound]);
    }
    table.print()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::show::plain;
    use flumen_api::{Traffic, ZoneInfo, ZonesReport};

    #[test]
    fn zones_show_their_interfaces_and_what_may_reach_the_host() {
        let zone = |name: &str, id, interfaces: &[&str], inbound: &[&str]| ZoneInfo {
            name: name.into(),
            id,
            interfaces: interfaces.iter().map(|name| (*name).to_owned()).collect(),
            host_inbound: inbound.iter().map(|name| (*name).to_owned()).collect(),
            received: Traffic { packets: 100 * u64::from(id), bytes: 64_000 },
        };
        let zones =
            vec![zone("lan", 1, &["eth0", "eth0.20"], &["ping", "ssh"]), zone("wan", 2, &["eth1"], &[])];
        insta::assert_snapshot!(plain(&render(&ZonesReport { zones })));
    }
}
