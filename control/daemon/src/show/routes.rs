use super::kernel_failed;
use flumen_api::{ApiError, RouteHop, RouteInfo, RouteQuery, RoutesReport};
use flumen_kernel::network::OURS;
use flumen_kernel::{Host, RouteEntry, RouteKind};
use ipnet::IpNet;
use std::collections::BTreeMap;

/// Tables that have names (`rt_tables`).
const TABLES: &[(u32, &str)] = &[(253, "default"), (254, "main"), (255, "local")];

/// Who makes routes (`rtnetlink.h`, `rt_protos`).
const PROTOCOLS: &[(u8, &str)] = &[
    (1, "redirect"),
    (2, "kernel"),
    (3, "boot"),
    (4, "static"),
    (9, "ra"),
    (11, "zebra"),
    (12, "bird"),
    (16, "dhcp"),
    (18, "keepalived"),
    (42, "babel"),
    (OURS, "flumen"),
    (186, "bgp"),
    (187, "isis"),
    (188, "ospf"),
    (189, "rip"),
    (192, "eigrp"),
];

/// Routes of the kernel that match, in order.
pub(crate) fn routes(host: &dyn Host, query: &RouteQuery) -> Result<RoutesReport, ApiError> {
    let wanted = Wanted::new(query)?;
    let mut routes = host.routes(&|route| wanted.fits(route)).map_err(kernel_failed)?;
    if let Some(prefix) = wanted.destination {
        longest_above(&mut routes, prefix);
    }
    routes.sort_by_key(|route| (route.table, net(route), route.metric));
    let matching = routes.len() as u64;
    let limit = if query.limit == 0 { usize::MAX } else { query.limit as usize };
    let mut report = RoutesReport { routes: Vec::new(), matching };
    let mut best = None;
    for route in routes.into_iter().take(limit) {
        let place = (route.table, net(&route));
        let used = match best {
            Some((before, metric)) if before == place => route.metric == metric,
            _ => {
                best = Some((place, route.metric));
                true
            }
        };
        report.routes.push(info(route, used));
    }
    Ok(report)
}

/// A query whose words were understood.
struct Wanted {
    destination: Option<IpNet>,
    /// None for every one.
    table: Option<u32>,
    /// `inet.0` is of one family, and so is `inet6.0`.
    ipv4: Option<bool>,
    protocol: Option<u8>,
}

impl Wanted {
    fn new(query: &RouteQuery) -> Result<Wanted, ApiError> {
        let (ipv4, named) = match query.table.as_deref() {
            Some(word) => match (word.strip_prefix("inet."), word.strip_prefix("inet6.")) {
                (Some(table), _) => (Some(true), Some(table)),
                (_, Some(table)) => (Some(false), Some(table)),
                _ => (None, Some(word)),
            },
            None => (None, None),
        };
        let table = match named {
            Some("all") => None,
            None => Some(254),
            Some("0") if ipv4.is_some() => Some(254),
            Some(table) => Some(number(table, TABLES, "routing table")?),
        };
        let protocol = query.protocol.as_deref().map(|word| number(word, PROTOCOLS, "routing protocol"));
        Ok(Wanted { destination: query.destination, table, ipv4, protocol: protocol.transpose()? })
    }

    fn fits(&self, route: &RouteEntry) -> bool {
        self.table.is_none_or(|table| route.table == table)
            && self.ipv4.is_none_or(|ipv4| route.destination.0.is_ipv4() == ipv4)
            && self.protocol.is_none_or(|protocol| route.protocol == protocol)
            && self.destination.is_none_or(|wanted| {
                let net = net(route);
                wanted.contains(&net) || net.contains(&wanted)
            })
    }
}

/// The number of a word, or of digits.
fn number<N: Copy + std::str::FromStr>(word: &str, known: &[(N, &str)], kind: &str) -> Result<N, ApiError> {
    let named = known.iter().find(|(_, name)| *name == word).map(|(number, _)| *number);
    named.or_else(|| word.parse().ok()).ok_or_else(|| ApiError::Impossible {
        reason: format!(
            "{word:?} is no {kind}: use a number, or one of {}",
            known.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
        ),
    })
}

/// Of the routes that hold more than `prefix`, only the longest of each table stays: the others are not asked.
fn longest_above(routes: &mut Vec<RouteEntry>, prefix: IpNet) {
    let above = |route: &RouteEntry| net(route) != prefix && net(route).contains(&prefix);
    let mut longest = BTreeMap::<u32, u8>::new();
    for route in routes.iter().filter(|route| above(route)) {
        let longest = longest.entry(route.table).or_default();
        *longest = (*longest).max(route.destination.1);
    }
    routes.retain(|route| !above(route) || longest.get(&route.table) == Some(&route.destination.1));
}

fn net(route: &RouteEntry) -> IpNet {
    let (address, length) = route.destination;
    IpNet::new(address, length).unwrap_or_else(|_| IpNet::from(address))
}

fn name<N: Copy + PartialEq + ToString>(number: N, known: &[(N, &str)]) -> String {
    let named = known.iter().find(|(own, _)| *own == number);
    named.map_or_else(|| number.to_string(), |(_, name)| (*name).to_owned())
}

fn info(route: RouteEntry, used: bool) -> RouteInfo {
    let kind = match route.kind {
        RouteKind::Unicast => "unicast".to_owned(),
        RouteKind::Local => "local".to_owned(),
        RouteKind::Broadcast => "broadcast".to_owned(),
        RouteKind::Anycast => "anycast".to_owned(),
        RouteKind::Multicast => "multicast".to_owned(),
        RouteKind::Blackhole => "blackhole".to_owned(),
        RouteKind::Unreachable => "unreachable".to_owned(),
        RouteKind::Prohibit => "prohibit".to_owned(),
        RouteKind::Throw => "throw".to_owned(),
        RouteKind::Other(number) => number.to_string(),
    };
    let destination = net(&route);
    let hop =
        |hop: flumen_kernel::RouteHop| RouteHop { gateway: hop.gateway, link: hop.link, weight: hop.weight };
    RouteInfo {
        table: name(route.table, TABLES),
        destination,
        kind,
        protocol: name(route.protocol, PROTOCOLS),
        ours: route.protocol == OURS,
        metric: route.metric,
        used,
        source: route.source,
        hops: route.hops.into_iter().map(hop).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::routes;
    use flumen_api::RouteQuery;
    use flumen_kernel::network::OURS;
    use flumen_kernel::{FakeHost, RouteEntry, RouteHop, RouteKind};
    use ipnet::IpNet;

    fn host() -> FakeHost {
        let host = FakeHost::default();
        for (table, destination, metric, protocol) in [
            (254, "10.1.2.0/24", 0, 2),
            (254, "0.0.0.0/0", 20, 16),
            (254, "10.0.0.0/8", 0, OURS),
            (254, "0.0.0.0/0", 10, 4),
            (255, "10.1.2.1/32", 0, 2),
            (100, "0.0.0.0/0", 0, 186),
            (254, "::/0", 1024, 9),
        ] {
            let net: IpNet = destination.parse().unwrap();
            let hops = vec![RouteHop { gateway: None, link: "lan".into(), weight: 1 }];
            host.show_route(RouteEntry {
                table,
                destination: (net.addr(), net.prefix_len()),
                kind: RouteKind::Unicast,
                protocol,
                metric,
                source: None,
                hops,
            });
        }
        host
    }

    fn shown(query: RouteQuery) -> Vec<String> {
        let report = routes(&host(), &query).unwrap();
        let line = |route: &flumen_api::RouteInfo| {
            format!("{} {} {} {}", route.table, route.destination, route.protocol, route.used)
        };
        report.routes.iter().map(line).collect()
    }

    #[test]
    fn the_main_table_comes_in_order_with_the_route_that_is_used_first() {
        let expected = [
            "main 0.0.0.0/0 static true",
            "main 0.0.0.0/0 dhcp false",
            "main 10.0.0.0/8 flumen true",
            "main 10.1.2.0/24 kernel true",
            "main ::/0 ra true",
        ];
        assert_eq!(shown(RouteQuery::default()), expected);
        let limited = routes(&host(), &RouteQuery { limit: 2, ..RouteQuery::default() }).unwrap();
        assert_eq!((limited.routes.len(), limited.matching), (2, 5));
        assert!(routes(&host(), &RouteQuery::default()).unwrap().routes[2].ours);
    }

    #[test]
    fn a_destination_shows_what_is_within_it_and_the_longest_above() {
        let query = |destination: &str, table: &str| RouteQuery {
            destination: Some(destination.parse().unwrap()),
            table: Some(table.into()),
            ..RouteQuery::default()
        };
        assert_eq!(shown(query("10.1.2.1/32", "main")), ["main 10.1.2.0/24 kernel true"]);
        let within = shown(query("10.1.0.0/16", "main"));
        assert_eq!(within, ["main 10.0.0.0/8 flumen true", "main 10.1.2.0/24 kernel true"]);
        let all = shown(query("10.1.2.1/32", "all"));
        let expected =
            ["100 0.0.0.0/0 bgp true", "main 10.1.2.0/24 kernel true", "local 10.1.2.1/32 kernel true"];
        assert_eq!(all, expected);
    }

    #[test]
    fn a_protocol_is_a_word_or_a_number_and_other_words_are_refused() {
        let query = |protocol: &str| RouteQuery { protocol: Some(protocol.into()), ..RouteQuery::default() };
        assert_eq!(shown(query("dhcp")), shown(query("16")));
        let error = routes(&host(), &query("dhpc")).unwrap_err().to_string();
        assert!(error.starts_with("\"dhpc\" is no routing protocol: use a number, or one of "), "{error}");
    }
}
