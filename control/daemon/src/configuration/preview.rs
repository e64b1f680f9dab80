use crate::active::Active;
use flumen_api::Preview;
use flumen_compile::{FirstPacket, Judgement, RuleKey, RuleKind};
use flumen_config::Model;
use flumen_engine::{Engine, EngineError, SessionView};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Sessions that are judged at most: the engine waits meanwhile.
const JUDGED: u64 = 50_000;

/// IP protocols whose queries have a type instead of a port; sessions do not keep it, and nearly all are echo requests.
const ECHO: [(u8, u16); 2] = [(1, 8 << 8), (58, 128 << 8)];

/// What changes when `next` takes the place of `active`.
pub(super) fn preview(active: &Active, next: &Active, engine: &dyn Engine) -> Result<Preview, EngineError> {
    let mut preview = Preview::default();
    for kind in [RuleKind::Policy, RuleKind::DestinationNat, RuleKind::SourceNat] {
        rules(kind, active, next, &mut preview);
    }
    engine.sessions(&mut |session| {
        preview.sessions += 1;
        if preview.judged < JUDGED {
            preview.judged += 1;
            if let Judgement::Refused(_) = next.ruleset.judge(&first_packet(&session)) {
                let name = active.names.rule(session.policy).map(|rule| rule.key.name.clone());
                let name = name.unwrap_or_else(|| format!("#{}", session.policy.0));
                *preview.refused.entry(name).or_default() += 1;
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(preview)
}

fn first_packet(session: &SessionView) -> FirstPacket {
    let (key, row) = (&session.key, &session.row);
    let echo = ECHO.iter().find(|(proto, _)| *proto == key.proto).map(|(_, dport)| *dport);
    FirstPacket {
        zones: (key.zone, row.egress),
        addresses: (key.src, row.dst),
        ports: (key.sport.get(), echo.unwrap_or(row.dport.get())),
        proto: key.proto,
    }
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
    }
}
