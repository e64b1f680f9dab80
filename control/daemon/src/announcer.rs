use crate::gateway::{Gateway, lock};
use flumen_engine::HostFacts;
use flumen_grpc::{Hub, v1, v1::event::What};
use flumen_store::{LogEntry, LogResult, Store};
use std::collections::BTreeMap;
use std::sync::{Mutex, TryLockError};

/// Tells those who listen what happened, by looking at what is there: no door and no command has to remember to tell.
pub(crate) struct Announcer {
    hub: Hub,
    /// The last entry of the commit log that was told.
    told: Mutex<Option<LogEntry>>,
    /// Links, and whether they run; none before the first look.
    links: Mutex<Option<BTreeMap<String, bool>>>,
}

impl Announcer {
    /// What is there now is not told.
    pub(crate) fn new(gateway: &Gateway, hub: Hub) -> Announcer {
        let told = lock(&gateway.committer).configurations.log().rfind(|entry| is_told(entry)).cloned();
        Announcer { hub, told: Mutex::new(told), links: Mutex::new(None) }
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Tells every commit since the last look, in order. While one is being made it waits for the next look.
    pub(crate) fn commits(&self, gateway: &Gateway) {
        let mut told = lock(&self.told);
        let news: Vec<LogEntry> = {
            let committer = match gateway.committer.try_lock() {
                Ok(committer) => committer,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            let log = committer.configurations.log().rev().filter(|entry| is_told(entry));
            log.take_while(|entry| told.as_ref() != Some(*entry)).cloned().collect()
        };
        for entry in news.into_iter().rev() {
            if let LogResult::Returned { of, to, reason } = &entry.result {
                gateway.audit.happened("return", format!("from commit {of} to {to}: {reason}"));
            }
            if let Some(what) = what(&entry) {
                self.hub.tell(what);
            }
            *told = Some(entry);
        }
    }

    /// Tells every link whose state is another one than at the last look.
    pub(crate) fn links(&self, facts: &HostFacts) {
        let now: BTreeMap<String, bool> =
            facts.links.iter().map(|link| (link.name.clone(), link.running)).collect();
        let mut links = lock(&self.links);
        let Some(before) = links.replace(now.clone()) else { return };
        let mut changes = Vec::new();
        let mut changed = |link: &String, state: v1::LinkState| {
            changes.push(v1::LinkChange { link: link.clone(), state: state.into() });
        };
        for (link, running) in &now {
            if before.get(link) != Some(running) {
                changed(link, if *running { v1::LinkState::Up } else { v1::LinkState::Down });
            }
        }
        for link in before.keys().filter(|link| !now.contains_key(*link)) {
            changed(link, v1::LinkState::Absent);
        }
        if !changes.is_empty() {
            changes.sort_unstable_by(|a, b| a.link.cmp(&b.link));
            self.hub.tell(What::LinkChanges(v1::LinkChanges { links: changes }));
        }
    }
}

/// Whether an entry of the commit log is about a configuration that became active, or stays so.
fn is_told(entry: &LogEntry) -> bool {
    what(entry).is_some()
}

fn what(entry: &LogEntry) -> Option<What> {
    let commit = |minutes: Option<u32>, undid: u64| v1::Commit {
        number: entry.number.unwrap_or_default(),
        time_unix_s: entry.time.unix_s(),
        user: entry.author.user.clone(),
        client: entry.author.client.clone(),
        comment: entry.comment.clone().unwrap_or_default(),
        confirm_until_unix_s: minutes.map_or(0, |minutes| entry.time.unix_s() + u64::from(minutes) * 60),
        undid,
    };
    match &entry.result {
        LogResult::Committed => Some(What::CommitMade(v1::CommitMade { commit: Some(commit(None, 0)) })),
        LogResult::CommittedUnconfirmed { minutes } => {
            Some(What::CommitMade(v1::CommitMade { commit: Some(commit(Some(*minutes), 0)) }))
        }
        LogResult::Confirmed => {
            Some(What::CommitConfirmed(v1::CommitConfirmed { number: entry.number.unwrap_or_default() }))
        }
        LogResult::Returned { of, reason, .. } => {
            let (commit, reason) = (Some(commit(None, *of)), reason.clone());
            Some(What::CommitReverted(v1::CommitReverted { commit, reason }))
        }
        _ => None,
    }
}

/// The active configuration and its commit; none when the store has none.
pub(crate) fn active(store: &Store) -> Option<v1::ShowActiveResponse> {
    let (record, text) = store.active()?;
    let undid = match &record.cause {
        flumen_store::Cause::Return { of, .. } => *of,
        _ => 0,
    };
    let pending = store.pending().filter(|pending| pending.number == record.number);
    let commit = v1::Commit {
        number: record.number,
        time_unix_s: record.time.unix_s(),
        user: record.author.user.clone(),
        client: record.author.client.clone(),
        comment: record.comment.clone().unwrap_or_default(),
        confirm_until_unix_s: pending.map_or(0, |pending| pending.deadline.wall.unix_s()),
        undid,
    };
    Some(v1::ShowActiveResponse { text: text.to_string(), commit: Some(commit) })
}
