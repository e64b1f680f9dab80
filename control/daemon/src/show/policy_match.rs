use super::policies;
use crate::active::Active;
use flumen_api::{ApiError, PolicyMatch, PolicyQuery};
use flumen_compile::{FirstPacket, Judgement};
use flumen_engine::{Engine, ZoneId};

/// The policy that decides, found as the datapath finds it.
pub(crate) fn policy_match(
    query: &PolicyQuery,
    asked: &Active,
    engine: &dyn Engine,
) -> Result<PolicyMatch, ApiError> {
    if query.source.is_ipv4() != query.destination.is_ipv4() {
        let reason = format!("{} and {} are of different families", query.source, query.destination);
        return Err(ApiError::Impossible { reason });
    }
    let packet = FirstPacket {
        zones: (zone(&query.from_zone, asked)?, zone(&query.to_zone, asked)?),
        addresses: (query.source.into(), query.destination.into()),
        ports: (query.source_port, query.destination_port),
        proto: query.protocol.0,
    };
    let found = match asked.ruleset.judge(&packet) {
        Judgement::Permitted(id) => Some(id),
        Judgement::Refused(id) => id,
    };
    let Some(id) = found else { return Ok(PolicyMatch { policy: None }) };
    let all = policies(asked, engine, None).map_err(crate::gateway::engine_failed)?.policies;
    Ok(PolicyMatch { policy: all.into_iter().find(|policy| policy.id == id.0) })
}

fn zone(name: &str, asked: &Active) -> Result<ZoneId, ApiError> {
    let zones = &asked.model.security.zones;
    let configured = zones.keys().any(|zone| zone.as_str() == name);
    let id = asked.names.zone_id(name).filter(|_| configured);
    id.ok_or_else(|| ApiError::Unknown {
        kind: "zone".to_owned(),
        name: name.to_owned(),
        known: zones.keys().map(ToString::to_string).collect(),
    })
}
