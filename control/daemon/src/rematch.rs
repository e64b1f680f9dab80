use crate::DaemonError;
use crate::active::Active;
use crate::gateway::{Gateway, engine_failed, lock};
use flumen_api::{ApiError, Rematched, SessionsAtCommit};
use flumen_compile::{Fate, Judge};
use flumen_engine::{Addr, Engine, HostFacts, SessionKey, SessionSlot, SessionView, ZoneId};
use flumen_kernel::replace_file;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Sessions that are judged before the lock is given to others, who age sessions or ask for something.
const AT_ONCE: usize = 16_384;

/// The file that says that the sessions are to be judged by a configuration: written before its ruleset is installed,
/// removed when they were. A daemon that died in between leaves it to the next one.
#[derive(Clone, Debug)]
pub(crate) struct RematchMark {
    path: PathBuf,
}

/// Tells a configuration from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Fingerprint {
    crc32: u32,
    bytes: usize,
}

/// Addresses that source NAT uses, by zone.
pub(crate) struct OwnAddresses(HashSet<(ZoneId, Addr)>);

// === impl Fingerprint ===

impl Fingerprint {
    pub(crate) fn of(text: &str) -> Fingerprint {
        Fingerprint { crc32: crc32fast::hash(text.as_bytes()), bytes: text.len() }
    }
}

// === impl RematchMark ===

impl RematchMark {
    pub(crate) fn new(state_dir: &Path) -> RematchMark {
        RematchMark { path: state_dir.join("rematch.json") }
    }

    pub(crate) fn set(&self, text: Fingerprint) -> Result<(), DaemonError> {
        let json = serde_json::to_vec(&text).expect("numbers are always JSON");
        Ok(replace_file(&self.path, &json)?)
    }

    /// Whether the sessions are still to be judged by this text. A damaged file says nothing.
    pub(crate) fn is_set(&self, text: &str) -> bool {
        let read = std::fs::read(&self.path).ok();
        let marked = read.and_then(|json| serde_json::from_slice::<Fingerprint>(&json).ok());
        marked == Some(Fingerprint::of(text))
    }

    pub(crate) fn clear(&self) {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!("cannot remove {}: {error}", self.path.display());
            }
            _ => {}
        }
    }
}

// === impl OwnAddresses ===

impl OwnAddresses {
    pub(crate) fn of(active: &Active, facts: &HostFacts) -> OwnAddresses {
        let interfaces = active.ruleset.interfaces.iter();
        let addresses = interfaces.flat_map(|binding| {
            let link = facts.link(&binding.link);
            link.into_iter().flat_map(|link| [link.v4, link.v6]).flatten().map(|addr| (binding.zone, addr))
        });
        OwnAddresses(addresses.collect())
    }

    /// What the rules behind `judge` make of a session.
    pub(crate) fn fate(&self, judge: &Judge<'_>, session: &SessionView) -> Fate {
        judge.fate(&session.key, &session.row, |zone, addr| self.0.contains(&(zone, addr)))
    }
}

// === impl Gateway ===

impl Gateway {
    /// Asks the active rules about every session that lives, and ends those that they deny or would translate
    /// otherwise. A session that opens meanwhile was opened by them.
    ///
    /// # Errors
    /// When a table cannot be read or written; sessions that were judged until then have met their fate.
    pub(crate) fn rematch(&self) -> Result<Rematched, ApiError> {
        let (active, facts) = {
            let state = lock(&self.state);
            (state.active.clone(), state.facts.clone())
        };
        let judge = Judge::new(&active.ruleset);
        let own = OwnAddresses::of(&active, &facts);
        let mut rematched = Rematched::default();
        let mut next = Some(SessionSlot(0));
        while let Some(first) = next {
            let mut state = lock(&self.state);
            if state.detached {
                break;
            }
            let mut denied: Vec<SessionKey> = Vec::new();
            let mut retranslated: Vec<SessionKey> = Vec::new();
            next = page(&*state.engine, first, |session| {
                rematched.judged += 1;
                match own.fate(&judge, session) {
                    Fate::Kept(_) => {}
                    Fate::Denied(_) => denied.push(session.key),
                    Fate::Retranslated => retranslated.push(session.key),
                }
            })?;
            let ended = state.engine.remove_sessions(&denied).map_err(engine_failed)?;
            state.ended.denied += ended;
            rematched.denied += ended;
            let ended = state.engine.remove_sessions(&retranslated).map_err(engine_failed)?;
            state.ended.retranslated += ended;
            rematched.retranslated += ended;
        }
        Ok(rematched)
    }

    /// Judges the sessions that were taken over if a daemon died before it had, or if a new configuration asks for it.
    pub(crate) fn rematch_at_start(&self, is_new: bool) {
        let committer = lock(&self.committer);
        let text = committer.configurations.active().map(|(_, text)| text).unwrap_or_default();
        let asked = is_new && lock(&self.state).active.model.security.policy_rematch;
        if asked || committer.mark.is_set(&text) {
            self.rematch_after_commit(&committer.mark);
        } else {
            committer.mark.clear();
        }
    }

    /// [`Gateway::rematch`] after a commit that asks for it; a failure is logged, and made good when a daemon starts again.
    pub(crate) fn rematch_after_commit(&self, mark: &RematchMark) -> Option<Rematched> {
        match self.rematch() {
            Ok(rematched) => {
                mark.clear();
                tracing::info!("sessions were judged by the new rules: {rematched}");
                Some(rematched)
            }
            Err(error) => {
                tracing::error!("sessions could not be judged by the new rules: {error}");
                None
            }
        }
    }
}

/// Visits the sessions from the record `first` on, up to [`AT_ONCE`]; the record where to go on.
pub(crate) fn page(
    engine: &dyn Engine,
    first: SessionSlot,
    mut visit: impl FnMut(&SessionView),
) -> Result<Option<SessionSlot>, ApiError> {
    let (mut left, mut next) = (AT_ONCE, None);
    let mut visit_some = |session: SessionView| {
        if left == 0 {
            next = Some(session.row.slot);
            return ControlFlow::Break(());
        }
        left -= 1;
        visit(&session);
        ControlFlow::Continue(())
    };
    engine.sessions_from(first, &mut visit_some).map_err(engine_failed)?;
    Ok(next)
}

/// Whether a commit judges the sessions: what was said with it, else what its configuration says.
pub(crate) fn is_wanted(said: Option<SessionsAtCommit>, policy_rematch: bool) -> bool {
    match said {
        Some(SessionsAtCommit::Rematch) => true,
        Some(SessionsAtCommit::Keep) => false,
        None => policy_rematch,
    }
}

#[cfg(test)]
mod tests {
    use super::{Fingerprint, RematchMark};

    #[test]
    fn a_mark_is_of_one_text_and_a_damaged_one_of_none() {
        let dir = tempfile::tempdir().unwrap();
        let mark = RematchMark::new(dir.path());
        assert!(!mark.is_set("a"));
        mark.set(Fingerprint::of("a")).unwrap();
        assert!(mark.is_set("a") && !mark.is_set("b"));
        std::fs::write(dir.path().join("rematch.json"), "{\"crc32\":").unwrap();
        assert!(!mark.is_set("a"));
        mark.clear();
        mark.clear();
        assert!(!dir.path().join("rematch.json").exists());
    }
}
