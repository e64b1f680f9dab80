use super::{Chains, Source, StageRule};
use crate::CompileError;
use flumen_abi::Stage;
use flumen_config::{HostInbound, Name, Term, ZoneRef};

/// What each zone may send to the host. All rules of a zone do the same, so they are one.
pub(crate) fn host_inbound(source: &Source<'_>, chains: &mut Chains) -> Result<(), CompileError> {
    let zones: Vec<(ZoneRef, &Name, &HostInbound)> = source
        .model
        .security
        .zones
        .iter()
        .filter(|(_, zone)| !zone.host_inbound.is_empty())
        .map(|(name, zone)| (ZoneRef::Named(name.clone()), name, &zone.host_inbound))
        .collect();
    let mut rules = Vec::new();
    for (from, name, host_inbound) in &zones {
        let products = source.products(&[], &[], terms(host_inbound).as_deref());
        let regions = source.regions(products, || format!("host-inbound of zone {name}"))?;
        rules.push(StageRule { from, to: None, action: 0, regions, key: None });
    }
    chains.add(Stage::HostInbound, rules, source);
    Ok(())
}

/// Everything that is let in; none: all protocols.
fn terms(host_inbound: &HostInbound) -> Option<Vec<Term>> {
    let mut terms: Vec<Term> = host_inbound.protocols.iter().flat_map(|protocol| protocol.terms()).collect();
    for service in &host_inbound.services {
        terms.extend(service.terms()?);
    }
    Some(terms)
}
