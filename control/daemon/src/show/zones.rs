use super::traffic;
use crate::active::Active;
use flumen_api::{Traffic, ZoneInfo, ZonesReport};
use flumen_engine::{Engine, EngineError};

/// Zones by name.
pub(crate) fn zones(active: &Active, engine: &dyn Engine) -> Result<ZonesReport, EngineError> {
    let counters = engine.counters()?;
    let received = |interface: &str| match active.names.interface_id(interface) {
        Some(id) => traffic(counters.received(id)),
        None => Traffic::default(),
    };
    let zones = active.model.security.zones.iter().map(|(name, zone)| {
        let sum = zone.interfaces.iter().fold(Traffic::default(), |sum, interface| {
            let more = received(interface.as_str());
            Traffic { packets: sum.packets + more.packets, bytes: sum.bytes + more.bytes }
        });
        let services = zone.host_inbound.services.iter().map(|service| service.word());
        let protocols = zone.host_inbound.protocols.iter().map(|protocol| protocol.word());
        ZoneInfo {
            name: name.to_string(),
            id: active.names.zone_id(name.as_str()).unwrap_or_default().0,
            interfaces: super::words(&zone.interfaces),
            host_inbound: services.chain(protocols).map(str::to_owned).collect(),
            received: sum,
        }
    });
    Ok(ZonesReport { zones: zones.collect() })
}
