use flumen_engine::{Family, IfIndex};
use flumen_engine::{HostFacts, Route, RouteKind, RouteQuery};
use flumen_kernel::{Host, KernelError, Neighbour, RouteOutcome, Setting};

/// The kernel's routes as `bpf_fib_lookup` gives them to the datapath.
pub(super) fn route(host: &dyn Host, facts: &HostFacts, query: &RouteQuery) -> Result<Route, KernelError> {
    if !forwards(host, facts, query)? {
        return Ok(Route::without_hop(RouteKind::Disabled, IfIndex(0)));
    }
    let found = host.route(&flumen_kernel::RouteQuery {
        ingress: query.ingress,
        source: query.src,
        destination: query.dst,
        protocol: query.proto,
        source_port: query.sport.get(),
        destination_port: query.dport.get(),
    })?;
    let none = |kind| Route::without_hop(kind, IfIndex(0));
    let (RouteOutcome::Forward, Some(link)) = (found.outcome, found.egress) else {
        return Ok(none(match found.outcome {
            RouteOutcome::Blackhole | RouteOutcome::Unreachable | RouteOutcome::Prohibit => {
                RouteKind::Blackhole
            }
            RouteOutcome::Encapsulate => RouteKind::Unsupported,
            _ => RouteKind::None,
        }));
    };
    let dst_mac = match found.neighbour {
        Some(Neighbour::Known(mac)) => mac,
        Some(Neighbour::NotNeeded) => [0; 6],
        Some(Neighbour::Unknown) | None => return Ok(Route::without_hop(RouteKind::Resolve, link)),
    };
    Ok(Route { link, src_mac: found.egress_mac, dst_mac, kind: RouteKind::Forward })
}

/// Whether the ingress link forwards; a host without the setting is taken to.
fn forwards(host: &dyn Host, facts: &HostFacts, query: &RouteQuery) -> Result<bool, KernelError> {
    let Some(link) = facts.links.iter().find(|link| link.index == query.ingress) else { return Ok(true) };
    let family = match query.family {
        Family::V4 => "ipv4",
        Family::V6 => "ipv6",
    };
    let value = host.read_setting(&Setting::conf(family, &link.name, "forwarding"))?;
    Ok(value.as_deref() != Some("0"))
}
