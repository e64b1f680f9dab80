use crate::active::Active;
use crate::gateway::{Gateway, lock};
use crate::rematch::{OwnAddresses, page};
use crate::usage::Quiet;
use flumen_api::{ApiError, Preview, UnusedRule};
use flumen_compile::{Fate, Judge, RuleKey, RuleKind};
use flumen_config::{MirrorRule, Model};
use flumen_engine::{HostFacts, SessionSlot, SessionView};
use flumen_store::Time;
use std::collections::BTreeMap;

impl Gateway {
    /// What changes when `next` takes the place of the active configuration; `rematch` says whether sessions that it
    /// would not open alike end then. Others who wait for the engine get it in between.
    pub(super) fn preview(
        &self,
        next: &Active,
        facts: &HostFacts,
        rematch: bool,
        days: u32,
    ) -> Result<Preview, ApiError> {
        let active = lock(&self.state).active.clone();
        let mut preview = Preview { rematch, ..Preview::default() };
        for kind in [RuleKind::Policy, RuleKind::DestinationNat, RuleKind::SourceNat, RuleKind::Mirror] {
            rules(kind, &active, next, &mut preview);
        }
        preview.unused = self.unused(next, days);
        let judge = Judge::new(&next.ruleset);
        let own = OwnAddresses::of(next, facts);
        let mut from = Some(SessionSlot(0));
        while let Some(first) = from {
            let state = lock(&self.state);
            from = page(&*state.engine, first, |session| {
                preview.sessions += 1;
                let fates = match own.fate(&judge, session) {
                    Fate::Kept(_) => return,
                    Fate::Denied(_) => &mut preview.denied,
                    Fate::Retranslated => &mut preview.retranslated,
                };
                *fates.entry(policy(session, &active)).or_default() += 1;
            })?;
        }
        Ok(preview)
    }
}

impl Gateway {
    /// Rules of `next` that were not hit for `days`. NAT rules that translate nothing count no hits.
    fn unused(&self, next: &Active, days: u32) -> Vec<UnusedRule> {
        self.watch_rules();
        let usage = lock(&self.usage);
        let kinds = [RuleKind::Policy, RuleKind::SourceNat, RuleKind::DestinationNat];
        let rules = kinds.into_iter().flat_map(|kind| next.names.rules(kind));
        let counted = rules
            .filter(|(_, rule)| rule.key.kind == RuleKind::Policy || rule.then.as_deref() != Some("off"));
        let unused = counted.filter_map(|(_, rule)| {
            let Quiet { quiet, last_hit } = usage.quiet(&rule.key)?;
            let quiet_days = quiet.as_secs() / 86_400;
            (quiet_days >= u64::from(days)).then(|| UnusedRule {
                rule: rule.key.to_string(),
                days: quiet_days,
                last_hit_unix_s: last_hit.map(Time::unix_s),
            })
        });
        unused.collect()
    }
}

/// The policy that admitted a session.
fn policy(session: &SessionView, active: &Active) -> String {
    let name = active.names.rule(session.policy).map(|rule| rule.key.name.clone());
    name.unwrap_or_else(|| format!("#{}", session.policy.0))
}

/// Compares the rules of one kind by what makes them the same after a commit.
fn rules(kind: RuleKind, active: &Active, next: &Active, preview: &mut Preview) {
    let of = |side: &Active| -> Vec<(RuleKey, usize)> {
        let rules = side.names.rules(kind).into_iter();
        rules.filter_map(|(_, rule)| Some((rule.key.clone(), rule.place?))).collect()
    };
    let (old, new) = (of(active), of(next));
    let places = |rules: &[(RuleKey, usize)]| rules.iter().cloned().collect::<BTreeMap<_, _>>();
    let (before, after) = (places(&old), places(&new));
    let named = |rules: &[(RuleKey, usize)], other: &BTreeMap<RuleKey, usize>| {
        rules
            .iter()
            .filter(|(key, _)| !other.contains_key(key))
            .map(|(key, _)| key.to_string())
            .collect::<Vec<_>>()
    };
    preview.added.extend(named(&new, &before));
    preview.removed.extend(named(&old, &after));
    for (key, place) in &new {
        if let Some(was) = before.get(key)
            && !is_same(kind, (&active.model, *was), (&next.model, *place))
        {
            preview.changed.push(key.to_string());
        }
    }
    let common = |rules: &[(RuleKey, usize)], other: &BTreeMap<RuleKey, usize>| {
        rules.iter().map(|(key, _)| key).filter(|key| other.contains_key(key)).cloned().collect::<Vec<_>>()
    };
    preview.reordered |= common(&old, &after) != common(&new, &before);
}

/// Whether two rules of a kind say the same.
fn is_same(kind: RuleKind, (old, was): (&Model, usize), (new, is): (&Model, usize)) -> bool {
    match kind {
        RuleKind::Policy => old.security.policies.get(was) == new.security.policies.get(is),
        RuleKind::SourceNat => old.security.nat.source.get(was) == new.security.nat.source.get(is),
        RuleKind::DestinationNat => {
            old.security.nat.destination.get(was) == new.security.nat.destination.get(is)
        }
        RuleKind::Mirror => mirror_rule(old, was) == mirror_rule(new, is),
    }
}

/// The rule at a place among those of all traffic mirrors.
fn mirror_rule(model: &Model, place: usize) -> Option<&MirrorRule> {
    model.services.traffic_mirror.values().flat_map(|mirror| &mirror.rules).nth(place)
}
