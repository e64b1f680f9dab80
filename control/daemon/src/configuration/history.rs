use flumen_api::{CommitInfo, HistoryReport, PendingInfo, PlannedInfo};
use flumen_store::{Cause, Slot, Store};

/// Commits that can be returned to.
pub(super) fn history(store: &Store) -> HistoryReport {
    let commits = store.slots().into_iter().map(commit).collect();
    HistoryReport { commits, pending: pending(store), planned: planned(store) }
}

pub(super) fn pending(store: &Store) -> Option<PendingInfo> {
    store.pending().map(|pending| PendingInfo {
        commit: pending.number,
        left_s: pending.left.as_secs(),
        conditions: pending.deadline.conditions.iter().map(|own| own.watched.to_string()).collect(),
    })
}

pub(super) fn planned(store: &Store) -> Option<PlannedInfo> {
    let plan = store.scheduled()?;
    Some(PlannedInfo { at_unix_s: plan.at.unix_s(), user: plan.author.user.clone() })
}

fn commit(slot: Slot) -> CommitInfo {
    let (number, place) = (slot.number, slot.slot);
    match slot.record {
        Ok(record) => {
            let note = match &record.cause {
                Cause::Commit => None,
                Cause::CommitConfirmed { deadline } if slot.confirmed => {
                    Some(format!("confirmed within {} minutes", deadline.minutes))
                }
                Cause::CommitConfirmed { deadline } => {
                    Some(format!("to be confirmed within {} minutes", deadline.minutes))
                }
                Cause::CommitAt { at, .. } => Some(format!("planned for {at}")),
                Cause::Return { of, to, reason } => {
                    Some(format!("commit {to} again, because commit {of} was not confirmed: {reason}"))
                }
            };
            CommitInfo {
                slot: place,
                commit: number,
                unix_s: record.time.unix_s(),
                user: record.author.user,
                client: record.author.client,
                comment: record.comment,
                note,
                damage: None,
            }
        }
        Err(error) => CommitInfo {
            slot: place,
            commit: number,
            unix_s: 0,
            user: String::new(),
            client: String::new(),
            comment: None,
            note: None,
            damage: Some(error.to_string()),
        },
    }
}
