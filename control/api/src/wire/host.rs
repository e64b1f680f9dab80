use super::{mirror, mirror_words};

mirror! {
    RouteQuery = ListRoutesRequest { destination, table, protocol, limit }
    RoutesReport = ListRoutesResponse { routes, matching }
    RouteInfo = Route { table, destination, kind, protocol, ours, metric, used, source, hops }
    RouteHop = RouteHop { gateway, link, weight }
    NeighboursReport = ListNeighboursResponse { neighbours }
    NeighbourInfo = Neighbour { address, link, mac, state, router }
    LinksReport = ListLinksResponse { links }
    LinkInfo = Link {
        name, kind, mac, mtu, up, carrier, carrier_changes, receive_queues, send_queues, addresses, received, sent,
        receive_errors, receive_drops, send_errors, send_drops,
    }
    SystemReport = GetSystemResponse {
        host, kernel, unix_s, host_uptime_s, daemon_uptime_s, applied_unix_s, processors, load_hundredths,
        memory_bytes, available_bytes, pid, resident_bytes, threads, processor_ms, alarms,
    }
    AlarmInfo = Alarm { major, text }
    LogReport = ShowLogResponse { lines }
    LogLine = LogLine { time, level, text }
    PolicyQuery = MatchPolicyRequest {
        from_zone, to_zone, source, destination, protocol, source_port, destination_port, candidate,
    }
    PolicyMatch = PolicyMatch { policy }
}

mirror_words! {
    LogKind { Messages, Audit }
}
