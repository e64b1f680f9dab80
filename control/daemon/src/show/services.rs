use super::hits;
use super::reasons::of_interface;
use crate::active::Active;
use crate::fallback::{Fallback, queue_info};
use flumen_api::{MirrorInfo, MirrorRuleInfo, ServiceCounters, ServiceInfo, ServicesReport};
use flumen_compile::RuleKind;
use flumen_engine::{Engine, EngineError, InterfaceId, Tally, TallyView};

/// What services have done, by interface, and the traffic mirrors with the hits of their rules.
pub(crate) fn services(
    active: &Active,
    engine: &dyn Engine,
    fallback: &Fallback,
) -> Result<ServicesReport, EngineError> {
    let (status, unattached) = (fallback.status(), engine.unattached());
    let counters = engine.counters()?;
    let attachments = engine.attachments();
    let interface = |id: &InterfaceId| -> Result<Option<ServiceInfo>, EngineError> {
        let Some(name) = active.names.interface(*id) else { return Ok(None) };
        let mut dropped = of_interface(&counters, *id, &name.name).reasons;
        dropped.retain(|count| count.outcome == "drop" && count.frames.packets > 0);
        let attachment = attachments.iter().find(|attachment| attachment.device == name.device);
        let queued = status.targets.iter().any(|target| target.interface == id.0);
        let mode = match attachment {
            Some(attachment) => Some(attachment.mode.name()),
            None => queued.then_some("nfqueue"),
        };
        let why = unattached.iter().find(|unattached| unattached.device == name.device);
        let note = why.map(|unattached| match fallback.failure() {
            Some(failure) => format!("{}; {failure}", unattached.reason),
            None => unattached.reason.clone(),
        });
        let mut counters = named(&engine.tallies(*id)?);
        let by_queue = status.statistics.interface(id.0);
        counters.df_cleared += by_queue.df_cleared;
        if attachment.is_none() {
            counters.total_packets += by_queue.packets;
            counters.bytes_processed += by_queue.bytes;
        }
        let mode = mode.map(str::to_owned);
        Ok(Some(ServiceInfo { interface: name.name.clone(), mode, note, counters, dropped }))
    };
    let ids = active.ruleset.services.iter().map(|(id, _)| id);
    let interfaces: Result<Vec<Option<ServiceInfo>>, EngineError> = ids.map(interface).collect();
    Ok(ServicesReport {
        interfaces: interfaces?.into_iter().flatten().collect(),
        mirrors: mirrors(active, engine)?,
        queues: queue_info(&status),
    })
}

fn named(tallies: &TallyView) -> ServiceCounters {
    let packets = |tally| tallies.get(tally).packets;
    ServiceCounters {
        total_packets: packets(Tally::Total),
        vxlan_packets: packets(Tally::Vxlan),
        inner_packets: packets(Tally::Inner),
        nat_applied: packets(Tally::NatApplied),
        df_cleared: packets(Tally::DfCleared),
        forwarded: packets(Tally::Forwarded),
        redirected: packets(Tally::Redirected),
        errors: packets(Tally::Errors),
        bytes_processed: tallies.get(Tally::Total).bytes,
    }
}

fn mirrors(active: &Active, engine: &dyn Engine) -> Result<Vec<MirrorInfo>, EngineError> {
    let rules = active.names.rules(RuleKind::Mirror);
    let of_mirror = |mirror: &str| -> Result<Vec<MirrorRuleInfo>, EngineError> {
        let own = rules.iter().filter(|(_, rule)| rule.key.from == mirror);
        let info = own.map(|(id, rule)| {
            let then = rule.then.clone().unwrap_or_default();
            Ok(MirrorRuleInfo { name: rule.key.name.clone(), then, hits: hits(engine, *id)? })
        });
        info.collect()
    };
    let mirrors = active.model.services.traffic_mirror.iter().map(|(name, mirror)| {
        Ok(MirrorInfo {
            name: name.to_string(),
            interface: mirror.interface.to_string(),
            port: mirror.port,
            vni: mirror.vni,
            output: mirror.output.as_ref().map(|output| output.interface.to_string()),
            df_clear_over: mirror.df_clear.map(|limit| limit.over),
            rules: of_mirror(name.as_str())?,
        })
    });
    mirrors.collect()
}
