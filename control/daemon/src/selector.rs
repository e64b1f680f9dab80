use flumen_api::{ApiError, PortRange, Protocol, SessionFilter};
use flumen_compile::{Names, RuleKind};
use flumen_engine::SessionView;
use flumen_engine::{PolicyId, ZoneId};
use ipnet::IpNet;
use std::net::IpAddr;

/// A [`SessionFilter`] whose names have become numbers: it is asked of a million sessions.
#[derive(Clone, Debug)]
pub(crate) struct Selector {
    source: Option<IpNet>,
    destination: Option<IpNet>,
    host: Option<IpNet>,
    source_port: Option<PortRange>,
    destination_port: Option<PortRange>,
    protocol: Option<Protocol>,
    from_zone: Option<ZoneId>,
    to_zone: Option<ZoneId>,
    policies: Option<Vec<PolicyId>>,
    nat: bool,
}

impl Selector {
    /// Looks the names up.
    ///
    /// # Errors
    /// [`ApiError::Unknown`] for a zone or policy that the configuration does not have.
    pub(crate) fn new(filter: &SessionFilter, names: &Names) -> Result<Selector, ApiError> {
        let zone = |name: &Option<String>| name.as_deref().map(|name| zone_id(name, names)).transpose();
        Ok(Selector {
            source: filter.source,
            destination: filter.destination,
            host: filter.host,
            source_port: filter.source_port,
            destination_port: filter.destination_port,
            protocol: filter.protocol,
            from_zone: zone(&filter.from_zone)?,
            to_zone: zone(&filter.to_zone)?,
            policies: filter.policy.as_deref().map(|name| policy_ids(name, names)).transpose()?,
            nat: filter.nat,
        })
    }

    /// True when every given field matches.
    pub(crate) fn matches(&self, session: &SessionView) -> bool {
        let (key, row) = (&session.key, &session.row);
        let addresses = |net: Option<IpNet>, candidates: &[flumen_engine::Addr]| {
            net.is_none_or(|net| candidates.iter().any(|addr| net.contains(&IpAddr::from(*addr))))
        };
        let ports =
            |range: Option<PortRange>, arrives: flumen_engine::PortBe, departs: flumen_engine::PortBe| {
                range.is_none_or(|range| range.contains(arrives.get()) || range.contains(departs.get()))
            };
        self.protocol.is_none_or(|protocol| protocol.0 == key.proto)
            && self.from_zone.is_none_or(|zone| zone == key.zone)
            && self.to_zone.is_none_or(|zone| zone == row.egress)
            && self.policies.as_ref().is_none_or(|policies| policies.contains(&session.policy))
            && (!self.nat || row.flags.translates())
            && ports(self.source_port, key.sport, row.sport)
            && ports(self.destination_port, key.dport, row.dport)
            && addresses(self.source, &[key.src, row.src])
            && addresses(self.destination, &[key.dst, row.dst])
            && addresses(self.host, &[key.src, row.src, key.dst, row.dst])
    }
}

fn zone_id(name: &str, names: &Names) -> Result<ZoneId, ApiError> {
    names.zone_id(name).ok_or_else(|| ApiError::Unknown {
        kind: "zone".to_owned(),
        name: name.to_owned(),
        known: names.zones().map(|(_, name)| name.to_owned()).collect(),
    })
}

/// Sessions outlive their policies, so a name that is no longer configured is still one. A name is unique per pair of
/// zones only, so it may mean several policies. `#7` is a number.
fn policy_ids(name: &str, names: &Names) -> Result<Vec<PolicyId>, ApiError> {
    if let Some(number) = name.strip_prefix('#').and_then(|digits| digits.parse().ok()) {
        return Ok(vec![PolicyId(number)]);
    }
    let ids = names.rule_ids(RuleKind::Policy, name);
    if ids.is_empty() {
        let policies = names.rules(RuleKind::Policy).into_iter();
        let mut known: Vec<String> = policies.map(|(_, rule)| rule.key.name.clone()).collect();
        known.sort_unstable();
        known.dedup();
        return Err(ApiError::Unknown { kind: "policy".to_owned(), name: name.to_owned(), known });
    }
    Ok(ids)
}
