use crate::service::Asker;
use crate::v1::event::What;
use crate::{Hub, PageLimits, v1};
use flumen_api::wire::Wire;
use flumen_api::{ReasonsReport, SessionFilter, SessionInfo, Traffic, Tuple};
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Counters and sessions are looked at so often.
const LOOK: Duration = Duration::from_secs(1);
/// Sessions that are compared.
const MAX_SESSIONS: usize = 65_536;
/// Sessions that are told in full, of each kind and look.
const MAX_TOLD: usize = 256;

/// Frames by interface and reason.
type DropTotals = BTreeMap<(usize, usize), (String, String, Traffic)>;

/// Looks at counters and sessions once a second while somebody wants to know. When nobody does, it looks at nothing.
pub(crate) async fn sample(hub: Hub, asker: Asker) {
    let mut drops: Option<(Instant, DropTotals)> = None;
    let mut sessions: Option<(Instant, Sessions)> = None;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        drops = match hub.is_wanted(|kinds| kinds.drops) {
            true => look_at_drops(&hub, &asker, drops).await,
            false => None,
        };
        sessions = match hub.is_wanted(|kinds| kinds.sessions) {
            true => look_at_sessions(&hub, &asker, sessions).await,
            false => None,
        };
    }
}

async fn look_at_drops(
    hub: &Hub,
    asker: &Asker,
    before: Option<(Instant, DropTotals)>,
) -> Option<(Instant, DropTotals)> {
    let report = match asker.ask(|backend| backend.reasons()).await {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => {
            tracing::debug!("drops cannot be told: {error}");
            return before;
        }
        Err(status) => {
            tracing::debug!("drops cannot be told: {status}");
            return before;
        }
    };
    let now = Instant::now();
    let totals = dropped(report);
    if let Some((since, before)) = before {
        let counts = increase(&before, &totals);
        if !counts.is_empty() {
            let interval_ms = millis(now.duration_since(since));
            hub.tell(What::Drops(v1::Drops { interval_ms, counts }));
        }
    }
    Some((now, totals))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn dropped(report: ReasonsReport) -> DropTotals {
    let mut totals = DropTotals::new();
    for (place, interface) in report.interfaces.into_iter().enumerate() {
        for (number, count) in interface.reasons.into_iter().enumerate() {
            if count.outcome == "drop" && count.frames.packets != 0 {
                totals.insert((place, number), (interface.interface.clone(), count.reason, count.frames));
            }
        }
    }
    totals
}

/// What was added. An interface that has taken another's place after a commit, or counters that began anew, are only
/// remembered.
fn increase(before: &DropTotals, now: &DropTotals) -> Vec<v1::DropCount> {
    let added = |(key, (interface, reason, total)): (&(usize, usize), &(String, String, Traffic))| {
        let past = match before.get(key) {
            Some((known, _, past)) if known == interface => *past,
            Some(_) => return None,
            None => Traffic::default(),
        };
        let packets = total.packets.checked_sub(past.packets).filter(|packets| *packets > 0)?;
        let frames = v1::Traffic { packets, bytes: total.bytes.saturating_sub(past.bytes) };
        Some(v1::DropCount { interface: interface.clone(), reason: reason.clone(), frames: Some(frames) })
    };
    now.iter().filter_map(added).collect()
}

/// The sessions of one look, by record.
#[derive(Debug, Default, Clone)]
struct Sessions {
    known: HashMap<u32, SessionInfo>,
    partial: bool,
}

async fn look_at_sessions(
    hub: &Hub,
    asker: &Asker,
    before: Option<(Instant, Sessions)>,
) -> Option<(Instant, Sessions)> {
    let mut now = Sessions::default();
    let mut first = Some(0);
    while let Some(place) = first {
        let limits = PageLimits { found: MAX_SESSIONS - now.known.len(), ..PageLimits::PAGE };
        let page = asker.ask(move |backend| backend.sessions(&SessionFilter::default(), place, limits)).await;
        match page {
            Ok(Ok(page)) => {
                first = page.next;
                now.known.extend(page.sessions.into_iter().map(|session| (session.id, session)));
            }
            Ok(Err(error)) => {
                tracing::debug!("sessions cannot be told: {error}");
                return before;
            }
            Err(status) => {
                tracing::debug!("sessions cannot be told: {status}");
                return before;
            }
        }
        if now.known.len() >= MAX_SESSIONS {
            now.partial = first.is_some();
            break;
        }
    }
    let at = Instant::now();
    if let Some((since, before)) = before {
        let changes = changes(&before, &now, millis(at.duration_since(since)));
        if changes.opened_count + changes.closed_count > 0 {
            hub.tell(What::SessionChanges(changes));
        }
    }
    Some((at, now))
}

/// The same session: its record is used again only for one that is younger.
fn same(before: &SessionInfo, now: &SessionInfo) -> bool {
    let flow = |session: &SessionInfo| -> (u8, Tuple) { (session.protocol.0, session.arrives) };
    flow(before) == flow(now) && now.age_s >= before.age_s
}

fn changes(before: &Sessions, now: &Sessions, interval_ms: u64) -> v1::SessionChanges {
    let without = |these: &Sessions, those: &Sessions, again: fn(&SessionInfo, &SessionInfo) -> bool| {
        // What lies beyond the last record that was compared on the other side may well be there.
        let end = those.known.keys().max().copied().filter(|_| those.partial).unwrap_or(u32::MAX);
        let mut missing: Vec<_> = these
            .known
            .values()
            .filter(|session| session.id <= end)
            .filter(|session| those.known.get(&session.id).is_none_or(|other| !again(session, other)))
            .cloned()
            .collect();
        missing.sort_unstable_by_key(|session| session.id);
        missing
    };
    let opened = without(now, before, |now, before| same(before, now));
    let closed = without(before, now, same);
    v1::SessionChanges {
        interval_ms,
        opened_count: opened.len() as u64,
        closed_count: closed.len() as u64,
        opened: opened.into_iter().take(MAX_TOLD).map(Wire::into_wire).collect(),
        closed: closed.into_iter().take(MAX_TOLD).map(Wire::into_wire).collect(),
        partial: before.partial || now.partial,
    }
}

#[cfg(test)]
mod tests {
    use super::{DropTotals, Sessions, changes, increase};
    use flumen_api::{Protocol, SessionInfo, Traffic, Tuple};

    fn session(id: u32, port: u16, age_s: u64) -> SessionInfo {
        let tuple = Tuple {
            source: [10, 0, 0, 1].into(),
            source_port: port,
            destination: [10, 0, 0, 2].into(),
            destination_port: 80,
        };
        SessionInfo {
            id,
            from_zone: "lan".into(),
            to_zone: "wan".into(),
            policy: "p".into(),
            generation: 1,
            protocol: Protocol::TCP,
            arrives: tuple,
            departs: tuple,
            source_nat: false,
            destination_nat: false,
            state: None,
            remaining_ms: 0,
            timeout_ms: 0,
            idle_ms: 0,
            age_s,
            forward: Traffic::default(),
            reverse: Traffic::default(),
        }
    }

    fn look(sessions: &[SessionInfo]) -> Sessions {
        let known = sessions.iter().map(|session| (session.id, session.clone())).collect();
        Sessions { known, partial: false }
    }

    #[test]
    fn a_record_that_is_used_again_is_one_session_closed_and_one_opened() {
        let before = look(&[session(1, 1000, 5), session(2, 1001, 5), session(3, 1002, 9)]);
        let now = look(&[session(1, 1000, 6), session(2, 2000, 0), session(3, 1002, 0), session(4, 1, 0)]);
        let changes = changes(&before, &now, 1000);
        let ids = |sessions: &[crate::v1::Session]| sessions.iter().map(|s| s.id).collect::<Vec<_>>();
        assert_eq!((ids(&changes.opened), ids(&changes.closed)), (vec![2, 3, 4], vec![2, 3]));
        assert_eq!((changes.opened_count, changes.closed_count, changes.partial), (3, 2, false));
    }

    #[test]
    fn sessions_beyond_those_compared_are_neither_opened_nor_closed() {
        let before = look(&[session(1, 1, 5), session(2, 2, 5), session(9, 9, 5)]);
        let now = Sessions { partial: true, ..look(&[session(1, 1, 6), session(3, 3, 0)]) };
        let changes = changes(&before, &now, 1000);
        assert_eq!((changes.opened_count, changes.closed_count, changes.partial), (1, 1, true));
    }

    #[test]
    fn only_256_are_told_in_full_and_all_are_counted() {
        let now: Vec<_> = (0..300).map(|id| session(id, 1, 0)).collect();
        let changes = changes(&look(&[]), &look(&now), 1000);
        assert_eq!((changes.opened.len(), changes.opened_count), (256, 300));
    }

    #[test]
    fn only_what_was_dropped_since_is_told() {
        let totals = |counts: &[(usize, &str, u64)]| -> DropTotals {
            let entry = |(place, name, packets): &(usize, &str, u64)| {
                let frames = Traffic { packets: *packets, bytes: packets * 60 };
                ((*place, 1), ((*name).to_owned(), "policy-default".to_owned(), frames))
            };
            counts.iter().map(entry).collect()
        };
        let before = totals(&[(0, "a", 5), (1, "b", 5), (2, "c", 9)]);
        let now = totals(&[(0, "a", 7), (1, "b", 5), (2, "other", 9), (3, "d", 1)]);
        let told = increase(&before, &now);
        let told: Vec<_> =
            told.iter().map(|count| (count.interface.as_str(), count.frames.unwrap())).collect();
        let frames = |packets| crate::v1::Traffic { packets, bytes: packets * 60 };
        assert_eq!(told, [("a", frames(2)), ("d", frames(1))]);
        assert_eq!(increase(&now, &totals(&[(0, "a", 1)])), [], "counters that began anew");
    }
}
