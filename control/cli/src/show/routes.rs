use crate::words::plural;
use flumen_api::{RouteHop, RouteInfo, RoutesReport};

/// Routes by table and family, as a Junos router shows them: destination, who made it and its metric, then each way.
pub(crate) fn render(report: &RoutesReport) -> String {
    if report.routes.is_empty() {
        return "No route matches.\n".to_owned();
    }
    let width = report.routes.iter().map(|route| route.destination.to_string().len()).max().unwrap_or(0);
    let mut text = String::new();
    for group in report.routes.chunk_by(|one, other| table(one) == table(other)) {
        let count = plural(group.len() as u64, "route", "routes");
        text.push_str(&format!("{}: {count}  (* used, ! made by the configuration)\n", table(&group[0])));
        for route in group {
            text.push_str(&lines(route, width));
        }
        text.push('\n');
    }
    let shown = report.routes.len() as u64;
    if shown < report.matching {
        text.push_str(&format!("{shown} of {} are shown (limit shows more)\n", report.matching));
    }
    text
}

/// `inet.0` and `inet6.0` for the main table; others behind a dot.
fn table(route: &RouteInfo) -> String {
    let family = if route.destination.addr().is_ipv4() { "inet" } else { "inet6" };
    let table = if route.table == "main" { "0" } else { &route.table };
    format!("{family}.{table}")
}

fn lines(route: &RouteInfo, width: usize) -> String {
    let used = if route.used { '*' } else { ' ' };
    let ours = if route.ours { '!' } else { ' ' };
    let direct = route.protocol == "kernel" && route.kind == "unicast";
    let by = if direct { "direct" } else { &route.protocol };
    let source = route.source.map(|source| format!(", source {source}")).unwrap_or_default();
    let head =
        format!("{:<width$} {used}{ours}[{by}/{}]{source}", route.destination.to_string(), route.metric);
    let mut text = format!("{head}\n");
    let indent = " ".repeat(width + 3);
    if route.kind != "unicast" {
        let links: Vec<&str> = route.hops.iter().map(|hop| hop.link.as_str()).collect();
        let via = if links.is_empty() { String::new() } else { format!(" via {}", links.join(", ")) };
        text.push_str(&format!("{indent}{}{via}\n", route.kind));
        return text;
    }
    let several = route.hops.len() > 1;
    for RouteHop { gateway, link, weight } in &route.hops {
        let to = gateway.map(|gateway| format!("to {gateway} ")).unwrap_or_default();
        let share = if several { format!(", weight {weight}") } else { String::new() };
        text.push_str(&format!("{indent}> {to}via {link}{share}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::render;
    use flumen_api::{RouteHop, RouteInfo, RoutesReport};

    #[test]
    fn routes_show_their_table_who_made_them_and_each_way() {
        let route = |table: &str, destination: &str, kind: &str, protocol: &str, hops: &[(&str, &str)]| {
            let weight = |place: usize| place as u32 + 1;
            let hop = |(place, (gateway, link)): (usize, &(&str, &str))| RouteHop {
                gateway: gateway.parse().ok(),
                link: (*link).to_owned(),
                weight: weight(place),
            };
            RouteInfo {
                table: table.into(),
                destination: destination.parse().unwrap(),
                kind: kind.into(),
                protocol: protocol.into(),
                ours: protocol == "flumen",
                metric: u32::from(protocol == "dhcp") * 100,
                used: protocol != "dhcp",
                source: (protocol == "kernel").then(|| "10.1.0.1".parse().unwrap()),
                hops: hops.iter().enumerate().map(hop).collect(),
            }
        };
        let routes = vec![
            route(
                "main",
                "0.0.0.0/0",
                "unicast",
                "static",
                &[("203.0.113.2", "wan"), ("198.51.100.2", "lte")],
            ),
            route("main", "0.0.0.0/0", "unicast", "dhcp", &[("203.0.113.9", "wan")]),
            route("main", "10.1.0.0/24", "unicast", "kernel", &[("", "lan")]),
            route("main", "192.0.2.0/24", "blackhole", "flumen", &[]),
            route("100", "2001:db8::/32", "unicast", "bgp", &[("fe80::1", "wan")]),
        ];
        insta::assert_snapshot!(render(&RoutesReport { routes, matching: 7 }));
        assert_eq!(render(&RoutesReport { routes: vec![], matching: 0 }), "No route matches.\n");
    }
}
