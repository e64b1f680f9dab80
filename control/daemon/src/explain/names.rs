use flumen_compile::{Names, RuleKind};
use flumen_engine::HostFacts;
use flumen_engine::{IfIndex, PolicyId, ZoneId};

/// Numbers in a trace, in the words of the configuration and of the host.
pub(super) struct TraceNames<'a> {
    pub(super) names: &'a Names,
    pub(super) facts: &'a HostFacts,
}

impl flumen_engine::Names for TraceNames<'_> {
    fn zone(&self, zone: ZoneId) -> String {
        match (self.names.zone(zone), self.names.mirror(zone)) {
            (Some(name), _) => name.to_owned(),
            (None, Some(mirror)) => format!("traffic mirror {mirror}"),
            (None, None) => format!("#{zone}"),
        }
    }

    fn policy(&self, policy: PolicyId) -> String {
        let Some(rule) = self.names.rule(policy) else { return format!("rule #{policy}") };
        let key = &rule.key;
        match key.kind {
            RuleKind::Policy => format!("policy {}, {} to {}", key.name, key.from, key.to),
            RuleKind::SourceNat => format!("source NAT rule {}, {} to {}", key.name, key.from, key.to),
            RuleKind::DestinationNat => format!("destination NAT rule {}, from {}", key.name, key.from),
            RuleKind::Mirror => format!("rule {} of traffic mirror {}", key.name, key.from),
        }
    }

    fn device(&self, device: IfIndex) -> String {
        let link = self.facts.links.iter().find(|link| link.index == device);
        link.map_or_else(|| format!("#{device}"), |link| link.name.clone())
    }
}
