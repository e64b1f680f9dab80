use crate::selector::Selector;
use flumen_api::{Protocol, SessionInfo, SessionOrder, SessionsReport, TcpState, Traffic, Tuple};
use flumen_compile::Names;
use flumen_engine::SessionKey;
use flumen_engine::{Engine, EngineError, SessionView};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

/// Those that match, up to `limit`; all are counted.
pub(crate) fn list(
    engine: &dyn Engine,
    names: &Names,
    selector: &Selector,
    limit: usize,
    order: Option<SessionOrder>,
) -> Result<SessionsReport, EngineError> {
    if let Some(order) = order {
        return greatest(engine, names, selector, limit, order);
    }
    let mut report = SessionsReport { sessions: Vec::new(), matching: 0, live: 0 };
    engine.sessions(&mut |session| {
        report.live += 1;
        if selector.matches(&session) {
            report.matching += 1;
            if report.sessions.len() < limit {
                report.sessions.push(info(&session, names));
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(report)
}

/// The greatest of those that match, no more than `limit` kept at any time.
fn greatest(
    engine: &dyn Engine,
    names: &Names,
    selector: &Selector,
    limit: usize,
    order: SessionOrder,
) -> Result<SessionsReport, EngineError> {
    let mut report = SessionsReport { sessions: Vec::new(), matching: 0, live: 0 };
    // The least stands first, so that it can give way.
    let mut kept = BinaryHeap::new();
    engine.sessions(&mut |session| {
        report.live += 1;
        if selector.matches(&session) {
            report.matching += 1;
            kept.push(Ranked { rank: rank(&session, order), session });
            if kept.len() > limit {
                kept.pop();
            }
        }
        ControlFlow::Continue(())
    })?;
    report.sessions = kept.into_sorted_vec().iter().map(|ranked| info(&ranked.session, names)).collect();
    Ok(report)
}

fn rank(session: &SessionView, order: SessionOrder) -> u128 {
    let (forward, reverse) = (session.forward, session.reverse);
    match order {
        SessionOrder::Age => session.age.as_nanos(),
        SessionOrder::Idle => session.idle.as_nanos(),
        SessionOrder::Bytes => u128::from(forward.bytes) + u128::from(reverse.bytes),
        SessionOrder::Packets => u128::from(forward.packets) + u128::from(reverse.packets),
    }
}

/// A session by its rank; one of a higher rank is less, and so comes first when sorted.
struct Ranked {
    rank: u128,
    session: SessionView,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        let place = |ranked: &Ranked| (Reverse(ranked.rank), ranked.session.row.slot.0);
        place(self).cmp(&place(other))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Ranked) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// Keys of those that match, and how many there are in all.
pub(crate) fn keys(engine: &dyn Engine, selector: &Selector) -> Result<(Vec<SessionKey>, u64), EngineError> {
    let mut keys = Vec::new();
    let mut live = 0_u64;
    engine.sessions(&mut |session| {
        live += 1;
        if selector.matches(&session) {
            keys.push(session.key);
        }
        ControlFlow::Continue(())
    })?;
    Ok((keys, live))
}

/// A session in words.
pub(crate) fn info(session: &SessionView, names: &Names) -> SessionInfo {
    let (key, row) = (&session.key, &session.row);
    let zone = |id| names.zone(id).map_or_else(|| format!("#{id}"), str::to_owned);
    let protocol = Protocol(key.proto);
    let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    SessionInfo {
        id: row.slot.0,
        from_zone: zone(key.zone),
        to_zone: zone(row.egress),
        policy: names
            .rule(session.policy)
            .map_or_else(|| format!("#{}", session.policy), |rule| rule.key.name.clone()),
        generation: session.generation.0,
        protocol,
        arrives: Tuple {
            source: key.src.into(),
            source_port: key.sport.get(),
            destination: key.dst.into(),
            destination_port: key.dport.get(),
        },
        departs: Tuple {
            source: row.src.into(),
            source_port: row.sport.get(),
            destination: row.dst.into(),
            destination_port: row.dport.get(),
        },
        source_nat: row.flags.rewrites_source(),
        destination_nat: row.flags.rewrites_destination(),
        state: (protocol == Protocol::TCP)
            .then(|| TcpState::from_flags(session.tcp_seen[0], session.tcp_seen[1])),
        remaining_ms: ms(session.timeout.saturating_sub(session.idle)),
        timeout_ms: ms(session.timeout),
        idle_ms: ms(session.idle),
        age_s: session.age.as_secs(),
        forward: Traffic { packets: session.forward.packets, bytes: session.forward.bytes },
        reverse: Traffic { packets: session.reverse.packets, bytes: session.reverse.bytes },
    }
}
