use super::traffic;
use crate::v1;
use flumen_api::{
    InterfaceInfo, InterfaceReasons, InterfacesReport, LinkState, NatInfo, NatReport, PoliciesReport,
    PolicyAction, PolicyInfo, ReasonCount, ReasonsReport, StatusReport, TableUse, Translation, ZoneInfo,
    ZonesReport,
};
use std::net::IpAddr;

pub(crate) fn status(report: StatusReport, doors: v1::DoorUse) -> v1::GetStatusResponse {
    let table = |table: TableUse| v1::TableUse { name: table.name, used: table.used, size: table.size };
    v1::GetStatusResponse {
        release: report.release,
        pid: report.pid,
        uptime_s: report.uptime_s,
        engine: report.engine,
        adopted: report.adopted,
        generation: report.generation,
        source: report.source,
        applied_unix_s: report.applied_unix_s,
        sessions: report.sessions,
        interfaces: report.interfaces,
        attached: report.attached,
        absent: report.absent,
        received: traffic(report.received),
        tables: report.tables.into_iter().map(table).collect(),
        doors: Some(doors),
    }
}

pub(crate) fn zones(report: ZonesReport) -> v1::ListZonesResponse {
    let zone = |zone: ZoneInfo| v1::Zone {
        name: zone.name,
        id: u32::from(zone.id),
        interfaces: zone.interfaces,
        host_inbound: zone.host_inbound,
        received: traffic(zone.received),
    };
    v1::ListZonesResponse { zones: report.zones.into_iter().map(zone).collect() }
}

pub(crate) fn policies(report: PoliciesReport) -> v1::ListPoliciesResponse {
    let action = |action| match action {
        PolicyAction::Permit => v1::PolicyAction::Permit,
        PolicyAction::Deny => v1::PolicyAction::Deny,
        PolicyAction::Reject => v1::PolicyAction::Reject,
    };
    let policy = |policy: PolicyInfo| v1::Policy {
        name: policy.name,
        id: policy.id,
        from_zones: policy.from_zones,
        to_zones: policy.to_zones,
        sources: policy.sources,
        destinations: policy.destinations,
        services: policy.services,
        action: action(policy.action).into(),
        hits: traffic(policy.hits),
    };
    v1::ListPoliciesResponse { policies: report.policies.into_iter().map(policy).collect() }
}

pub(crate) fn nat(report: NatReport) -> v1::ListNatResponse {
    let translation = |translation| match translation {
        Translation::Source => v1::Translation::Source,
        Translation::Destination => v1::Translation::Destination,
    };
    let rule = |rule: NatInfo| v1::NatRule {
        name: rule.name,
        id: rule.id,
        translation: translation(rule.translation).into(),
        from_zones: rule.from_zones,
        to_zones: rule.to_zones,
        sources: rule.sources,
        destinations: rule.destinations,
        services: rule.services,
        becomes: rule.becomes,
        hits: traffic(rule.hits),
    };
    v1::ListNatResponse { rules: report.rules.into_iter().map(rule).collect() }
}

pub(crate) fn interfaces(report: InterfacesReport) -> v1::ListInterfacesResponse {
    let address = |address: Option<IpAddr>| address.map(|address| address.to_string()).unwrap_or_default();
    let interface = |interface: InterfaceInfo| v1::Interface {
        name: interface.name,
        device: interface.device,
        link: interface.link,
        zone: interface.zone,
        state: link_state(interface.state).into(),
        mtu: interface.mtu,
        v4: address(interface.v4),
        v6: address(interface.v6),
        mode: interface.mode.unwrap_or_default(),
        note: interface.note.unwrap_or_default(),
        received: traffic(interface.received),
        transmitted: traffic(interface.transmitted),
    };
    v1::ListInterfacesResponse { interfaces: report.interfaces.into_iter().map(interface).collect() }
}

fn link_state(state: LinkState) -> v1::LinkState {
    match state {
        LinkState::Up => v1::LinkState::Up,
        LinkState::Down => v1::LinkState::Down,
        LinkState::Absent => v1::LinkState::Absent,
    }
}

/// Reasons by interface; those that count nothing only with `zeroes`.
pub(crate) fn reasons(report: ReasonsReport, zeroes: bool) -> v1::ListReasonsResponse {
    let counts = |count: &ReasonCount| zeroes || count.frames.packets != 0;
    let reason = |count: ReasonCount| v1::ReasonCount {
        reason: count.reason,
        outcome: count.outcome,
        text: count.text,
        frames: traffic(count.frames),
    };
    let interface = |interface: InterfaceReasons| v1::InterfaceReasons {
        interface: interface.interface,
        received: traffic(interface.received),
        forwarded: traffic(interface.forwarded),
        delivered: traffic(interface.delivered),
        consumed: traffic(interface.consumed),
        dropped: traffic(interface.dropped),
        difference: interface.difference,
        reasons: interface.reasons.into_iter().filter(counts).map(reason).collect(),
    };
    v1::ListReasonsResponse { interfaces: report.interfaces.into_iter().map(interface).collect() }
}
