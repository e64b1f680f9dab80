use super::{mirror, mirror_words};

mirror! {
    StatusReport = GetStatusResponse {
        release, pid, uptime_s, engine, adopted, generation, source, applied_unix_s, sessions, ended, interfaces, attached,
        absent, received, tables, doors,
    }
    EndedSessions = EndedSessions { aged, cleared, denied, retranslated }
    TableUse = TableUse { name, used, size }
    DoorUse = DoorUse {
        connections, connections_refused, calls_refused, listeners, listeners_lagging, connections_hung_up,
    }
    ZonesReport = ListZonesResponse { zones }
    ZoneInfo = Zone { name, id, interfaces, host_inbound, received }
    PoliciesReport = ListPoliciesResponse { policies }
    PolicyInfo = Policy {
        name, id, from_zones, to_zones, sources, destinations, services, action, hits,
        last_hit_unix_s,
    }
    NatReport = ListNatResponse { rules }
    NatInfo = NatRule {
        name, id, translation, from_zones, to_zones, sources, destinations, services, becomes, hits,
    }
    InterfacesReport = ListInterfacesResponse { interfaces, waiting }
    InterfaceInfo = Interface {
        name, device, link, zone, state, mtu, v4, v6, mode, note, received, transmitted,
    }
    ReasonsReport = ListReasonsResponse { interfaces }
    InterfaceReasons = InterfaceReasons {
        interface, received, forwarded, delivered, consumed, dropped, difference, reasons,
    }
    ReasonCount = ReasonCount { reason, outcome, text, frames }
    ServicesReport = ListServicesResponse { interfaces, mirrors, queues }
    QueueInfo = Queues {
        rules, processes, restarts, waiting, packets, df_cleared, overflowed, abandoned, unaccounted, refused,
        strayed, missed, samples, bad_checksums,
    }
    CanaryReport = CanaryResponse { percent, hold, seconds, rolled_back, breaches, xdp, queues }
    CanaryPath = CanaryPath { df_cleared, per_second, missed, errors, samples, bad_checksums }
    ServiceInfo = ServiceInterface { interface, mode, note, counters, dropped }
    ServiceCounters = ServiceCounters {
        total_packets, vxlan_packets, inner_packets, nat_applied, df_cleared, forwarded, redirected, errors,
        bytes_processed,
    }
    MirrorInfo = TrafficMirror { name, interface, port, vni, output, df_clear_over, rules }
    MirrorRuleInfo = TrafficMirrorRule { name, then, hits }
    Traffic = Traffic { packets, bytes }
}

mirror_words! {
    PolicyAction { Permit, Deny, Reject }
    Translation { Source, Destination }
    LinkState { Up, Down, Absent }
    NameKind { Zones, Interfaces, Policies, Devices, NatRules, Reasons }
}
