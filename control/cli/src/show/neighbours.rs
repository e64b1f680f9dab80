use crate::table::{Cell, Table};
use crate::words::{BAD, GOOD, plural};
use flumen_api::NeighboursReport;

/// One line for each neighbour.
pub(crate) fn render(report: &NeighboursReport) -> String {
    let mut table = Table::new(["ADDRESS", "MAC", "INTERFACE", "STATE", ""]);
    for neighbour in &report.neighbours {
        let state = match neighbour.state.as_str() {
            state @ ("reachable" | "permanent") => Cell::styled(state, GOOD),
            state @ ("failed" | "incomplete") => Cell::styled(state, BAD),
            state => state.into(),
        };
        table.row([
            neighbour.address.to_string().into(),
            neighbour.mac.as_deref().unwrap_or("-").into(),
            neighbour.link.as_str().into(),
            state,
            if neighbour.router { "router" } else { "" }.into(),
        ]);
    }
    let count = plural(report.neighbours.len() as u64, "neighbour", "neighbours");
    let rows = if report.neighbours.is_empty() { String::new() } else { table.print() };
    format!("{rows}{count}\n")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::show::plain;
    use flumen_api::{NeighbourInfo, NeighboursReport};

    #[test]
    fn neighbours_show_how_sure_the_kernel_is() {
        let neighbour = |address: &str, mac: Option<&str>, state: &str| NeighbourInfo {
            address: address.parse().unwrap(),
            link: "lan".into(),
            mac: mac.map(str::to_owned),
            state: state.into(),
            router: address.contains(':'),
        };
        let neighbours = vec![
            neighbour("10.1.0.2", Some("02:00:00:00:00:02"), "reachable"),
            neighbour("10.1.0.200", None, "failed"),
            neighbour("fe80::1", Some("02:00:00:00:00:01"), "stale"),
        ];
        insta::assert_snapshot!(plain(&render(&NeighboursReport { neighbours })));
        assert_eq!(render(&NeighboursReport { neighbours: vec![] }), "0 neighbours\n");
    }
}
