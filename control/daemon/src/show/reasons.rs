use super::traffic;
use crate::active::Active;
use flumen_api::{InterfaceReasons, ReasonCount, ReasonsReport};
use flumen_engine::{CounterView, Engine, EngineError};
use flumen_engine::{InterfaceId, Reason};

/// Name of the counters that belong to no interface.
const UNCONFIGURED: &str = "unconfigured";

/// How every frame ended, by interface.
pub(crate) fn reasons(active: &Active, engine: &dyn Engine) -> Result<ReasonsReport, EngineError> {
    let counters = engine.counters()?;
    let configured = active.names.interfaces().map(|(id, interface)| (id, interface.name.as_str()));
    let all = configured.chain([(InterfaceId::NONE, UNCONFIGURED)]);
    Ok(ReasonsReport { interfaces: all.map(|(id, name)| of_interface(&counters, id, name)).collect() })
}

/// How every frame ended that arrived on one interface.
pub(super) fn of_interface(counters: &CounterView, id: InterfaceId, name: &str) -> InterfaceReasons {
    let reasons = Reason::ALL.iter().map(|reason| ReasonCount {
        reason: reason.name().to_owned(),
        outcome: reason.outcome().name().to_owned(),
        text: reason.text().to_owned(),
        frames: traffic(counters.reason(id, *reason)),
    });
    InterfaceReasons::new(name.to_owned(), traffic(counters.received(id)), reasons.collect())
}
