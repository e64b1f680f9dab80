//! The way from NFQUEUE to XDP, a share of the flows at a time.

use crate::DaemonError;
use crate::fallback::Fallback;
use crate::gateway::{Gateway, State, lock};
use flumen_api::{ApiError, CanaryPath, CanaryReport};
use flumen_engine::{EngineError, Tally};
use flumen_kernel::network::Effort;
use flumen_kernel::replace_file;
use flumen_nfqueue::{Sample, Target};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// After a change of the share, packets that were on their way count for neither side.
const SETTLE: Duration = Duration::from_millis(1500);

/// How long packets are looked at behind XDP, once in each [`LOOK`].
const SAMPLE: Duration = Duration::from_millis(20);

/// Between two looks.
pub(crate) const LOOK: Duration = Duration::from_millis(500);

/// A share of the flows for XDP, and what came of it.
pub(crate) struct Canary {
    path: PathBuf,
    kept: Option<Kept>,
    since: Instant,
    /// What was counted when the share had settled.
    base: Option<Counts>,
    last: Option<(Instant, Counts)>,
    now: Counts,
    per_second: (u64, u64),
    sample: Sample,
    breaches: Vec<String>,
    complained: bool,
}

/// What outlives the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    percent: u16,
    hold: bool,
    rolled_back: Option<String>,
}

/// Counters of both ways, since ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    by_xdp: u64,
    by_queue: u64,
    missed: u64,
    abandoned: u64,
    refused: u64,
    samples: u64,
    bad_checksums: u64,
}

// === impl Canary ===

impl Canary {
    /// The share that an earlier daemon has set.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub(crate) fn open(state_dir: &Path) -> Result<Canary, DaemonError> {
        let path = state_dir.join("canary.json");
        let kept = match fs::read(&path) {
            Ok(text) => {
                let read = serde_json::from_slice(&text);
                Some(read.map_err(|source| DaemonError::State { path: path.clone(), source })?)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(DaemonError::file(format!("read {}", path.display()), error)),
        };
        Ok(Canary {
            path,
            kept,
            since: Instant::now(),
            base: None,
            last: None,
            now: Counts::default(),
            per_second: (0, 0),
            sample: Sample::default(),
            breaches: Vec::new(),
            complained: false,
        })
    }

    /// Percent of the flows that XDP has; none when it has all.
    pub(crate) fn share(&self) -> Option<u16> {
        self.kept.as_ref().map(|kept| kept.percent)
    }

    /// Remembers a share on disk; counting begins anew.
    fn keep(&mut self, kept: Option<Kept>) -> Result<(), ApiError> {
        let failed = |reason: String| ApiError::State { reason };
        match &kept {
            Some(kept) => {
                let text = serde_json::to_vec_pretty(kept).expect("numbers and texts are JSON");
                replace_file(&self.path, &text).map_err(|error| failed(error.to_string()))?;
            }
            None => match fs::remove_file(&self.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(failed(format!("cannot remove {}: {error}", self.path.display())));
                }
                _ => {}
            },
        }
        self.kept = kept;
        self.since = Instant::now();
        (self.base, self.last, self.per_second) = (None, None, (0, 0));
        self.sample = Sample::default();
        self.breaches.clear();
        Ok(())
    }

    /// There is none any more.
    ///
    /// # Errors
    /// When its file cannot be removed.
    pub(crate) fn forget(&mut self) -> Result<(), ApiError> {
        self.keep(None)
    }

    /// Takes over what was counted and seen, and says what is wrong for the first time.
    fn look(&mut self, counts: Counts, sample: Sample, unattached: Option<String>) -> Option<String> {
        let kept = self.kept.as_ref()?;
        self.now = counts;
        let base = match self.base {
            Some(base) => base,
            None if self.since.elapsed() < SETTLE => return None,
            None => *self.base.insert(counts),
        };
        self.sample.add(sample);
        let (time, before) = *self.last.get_or_insert((Instant::now(), counts));
        if time.elapsed() >= Duration::from_secs(1) {
            let rate = |now: u64, before: u64| {
                ((now.saturating_sub(before)) as f64 / time.elapsed().as_secs_f64()).round() as u64
            };
            self.per_second = (rate(counts.by_xdp, before.by_xdp), rate(counts.by_queue, before.by_queue));
            self.last = Some((Instant::now(), counts));
        }
        let missed = counts.missed.saturating_sub(base.missed);
        let found = if let Some(why) = unattached.filter(|_| kept.percent > 0) {
            format!("XDP is not attached: {why}")
        } else if missed > 0 {
            format!("XDP left DF on {missed} packets of its share")
        } else if self.sample.kept_df > 0 {
            format!("of {} packets of XDP's share {} had DF", self.sample.packets, self.sample.kept_df)
        } else if self.sample.bad_checksums > 0 {
            let Sample { packets, bad_checksums, .. } = self.sample;
            format!("of {packets} packets of XDP's share {bad_checksums} had a wrong header checksum")
        } else {
            return None;
        };
        let first = self.breaches.is_empty();
        if first {
            self.breaches.push(found.clone());
        }
        first.then_some(found).filter(|_| kept.percent > 0)
    }

    fn report(&self) -> CanaryReport {
        let Some(kept) = &self.kept else { return CanaryReport::default() };
        let base = self.base.unwrap_or(self.now);
        let since = |of: fn(&Counts) -> u64| of(&self.now).saturating_sub(of(&base));
        CanaryReport {
            percent: Some(kept.percent.into()),
            hold: kept.hold,
            seconds: self.since.elapsed().as_secs(),
            rolled_back: kept.rolled_back.clone(),
            breaches: self.breaches.clone(),
            xdp: CanaryPath {
                df_cleared: since(|counts| counts.by_xdp),
                per_second: self.per_second.0,
                missed: since(|counts| counts.missed) + self.sample.kept_df,
                errors: 0,
                samples: self.sample.packets,
                bad_checksums: self.sample.bad_checksums,
            },
            queues: CanaryPath {
                df_cleared: since(|counts| counts.by_queue),
                per_second: self.per_second.1,
                missed: since(|counts| counts.abandoned),
                errors: since(|counts| counts.refused),
                samples: since(|counts| counts.samples),
                bad_checksums: since(|counts| counts.bad_checksums),
            },
        }
    }
}

// === impl Gateway ===

impl Gateway {
    /// How both ways compare.
    pub(crate) fn canary(&self) -> CanaryReport {
        lock(&self.canary).report()
    }

    /// Gives XDP a share of the flows, or all of them. The queues are fed before XDP lets anything pass, and until it
    /// lets nothing pass any more: no packet is out of both hands.
    ///
    /// # Errors
    /// When there is nothing to share, or packets cannot be queued; all is as it was.
    pub(crate) fn set_canary(&self, percent: Option<u32>, hold: bool) -> Result<CanaryReport, ApiError> {
        let percent = match percent {
            Some(percent @ 0..=100) => Some(percent as u16),
            Some(percent) => {
                let reason = format!("{percent} is no share: use 0 to 100 percent");
                return Err(ApiError::Malformed { reason });
            }
            None => None,
        };
        let kept = percent.map(|percent| Kept { percent, hold, rolled_back: None });
        let mut canary = lock(&self.canary);
        self.share(&mut canary, kept)?;
        Ok(canary.report())
    }

    fn share(&self, canary: &mut Canary, kept: Option<Kept>) -> Result<(), ApiError> {
        let share = kept.as_ref().map(|kept| kept.percent);
        let mut fallback = lock(&self.fallback);
        let mut state = lock(&self.state);
        if kept.is_some() && sharing(&state).is_empty() {
            let reason = "there is no interface outside all zones with df-clear".to_owned();
            return Err(ApiError::Impossible { reason });
        }
        let before = state.share;
        if share.is_some() {
            state.share = share;
            settle(&mut fallback, &state);
            if let Some(failure) = fallback.failure() {
                let reason = failure.to_owned();
                state.share = before;
                settle(&mut fallback, &state);
                return Err(ApiError::Impossible { reason });
            }
        }
        state.share = share;
        let active = state.active.clone();
        if let Err(error) = state.install(&active, &*self.host, Effort::AsFarAsPossible) {
            state.share = before;
            settle(&mut fallback, &state);
            return Err(error);
        }
        settle(&mut fallback, &state);
        match share {
            Some(percent) => tracing::info!("XDP clears DF of {percent} % of the flows, queues of the rest"),
            None => tracing::info!("XDP clears DF of all flows"),
        }
        canary.keep(kept)
    }

    /// Compares both ways, and goes back to queues alone when XDP does not do what it shall.
    pub(crate) fn watch_canary(&self) {
        if lock(&self.canary).share().is_none() {
            return;
        }
        let looked = self.count_both();
        let (counts, targets, unattached) = match looked {
            Ok(looked) => looked,
            Err(error) => return tracing::error!("both ways of df-clear cannot be compared: {error}"),
        };
        let mut sample = Sample::default();
        let mut blind = None;
        for target in targets.iter().filter(|target| target.share > 0) {
            match Sample::take(target, SAMPLE) {
                Ok(seen) => sample.add(seen),
                Err(error) => blind = Some(error),
            }
        }
        let mut canary = lock(&self.canary);
        if let Some(error) = blind
            && !std::mem::replace(&mut canary.complained, true)
        {
            tracing::warn!("{error}; packets behind XDP are not sampled");
        }
        let Some(found) = canary.look(counts, sample, unattached) else { return };
        let hold = canary.kept.as_ref().is_some_and(|kept| kept.hold);
        if hold {
            return tracing::warn!("{found}; the share is held");
        }
        tracing::error!("{found}; queues take all flows again");
        let breaches = canary.breaches.clone();
        let kept = Kept { percent: 0, hold: false, rolled_back: Some(found) };
        match self.share(&mut canary, Some(kept)) {
            Ok(()) => canary.breaches = breaches,
            Err(error) => {
                canary.breaches.clear(); // tried again at the next look
                tracing::error!("the share of XDP could not be taken back: {error}");
            }
        }
    }

    fn count_both(&self) -> Result<(Counts, Vec<Target>, Option<String>), EngineError> {
        let fallback = lock(&self.fallback);
        let state = lock(&self.state);
        let status = fallback.status();
        let mut counts = Counts {
            missed: status.statistics.missed,
            abandoned: status.statistics.abandoned,
            refused: status.statistics.refused,
            samples: status.statistics.samples,
            bad_checksums: status.statistics.bad_checksums,
            ..Counts::default()
        };
        for interface in sharing(&state) {
            counts.by_xdp += state.engine.tallies(interface)?.get(Tally::DfCleared).packets;
            counts.by_queue += status.statistics.interface(interface.0).df_cleared;
        }
        let unattached = state.engine.unattached().into_iter().next().map(|unattached| unattached.reason);
        Ok((counts, status.targets, unattached))
    }
}

/// Interfaces of no zone on which DF is cleared.
fn sharing(state: &State) -> Vec<flumen_engine::InterfaceId> {
    state.active.ruleset.shareable().collect()
}

fn settle(fallback: &mut Fallback, state: &State) {
    fallback.settle(&*state.engine, &state.active.ruleset, &state.facts, state.share);
}
