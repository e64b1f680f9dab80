use crate::DaemonError;
use flumen_compile::RuleKey;
use flumen_engine::{Engine, EngineError, PolicyId};
use flumen_kernel::replace_file;
use flumen_store::{Clock, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Counters of rules are read this often.
const LOOK: Duration = Duration::from_secs(60);
/// And written this often, if anything was hit. What a daemon that dies forgets is found in the counters by the next.
const SAVE: Duration = Duration::from_secs(3600);
/// Rules that are no longer configured are remembered for so long.
const KEEP_S: u64 = 30 * 86_400;

/// When each rule was hit last, for as long as the gateway has been watched; it outlives the daemon.
///
/// Time is counted in seconds of being watched: the boot clock, added up over boots. So neither a wall clock that jumps nor
/// a host that was switched off makes a rule look unused; a rule is never called unused that was hit.
pub(crate) struct Usage {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    record: Record,
    rules: BTreeMap<RuleKey, RuleUse>,
    /// Boot time of the last look, and of the last try to write.
    looked: Option<Duration>,
    saved: Duration,
    changed: bool,
}

/// The file, but for its rules.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Record {
    /// So long the gateway has been watched.
    watched_s: u64,
    /// The last look, by boot time.
    boottime_s: u64,
    boot_id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Stored {
    record: Record,
    rules: Vec<(RuleKey, RuleUse)>,
}

/// What is known of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RuleUse {
    /// Packets that it had decided at the last look.
    hits: u64,
    /// Watched time at which it was configured, or hit last.
    quiet_s: u64,
    /// When it was hit last, by the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_hit: Option<Time>,
    /// Watched time at which it was seen to be configured no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone_s: Option<u64>,
}

/// How a rule was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quiet {
    /// It has been watched for so long without a hit.
    pub(crate) quiet: Duration,
    /// When it was hit last, by the wall clock; none when it never was.
    pub(crate) last_hit: Option<Time>,
}

impl Usage {
    /// Reads the file. One that is damaged is begun anew: rules look used, not unused.
    pub(crate) fn open(path: PathBuf, clock: Arc<dyn Clock>) -> Usage {
        let stored = match std::fs::read(&path) {
            Ok(json) => serde_json::from_slice::<Stored>(&json).map_err(|error| error.to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Stored { record: Record::default(), rules: Vec::new() })
            }
            Err(error) => Err(error.to_string()),
        };
        let Stored { record, rules } = stored.unwrap_or_else(|error| {
            tracing::warn!("{}: {error}; when rules were hit last is counted anew", path.display());
            Stored { record: Record::default(), rules: Vec::new() }
        });
        let saved = clock.boottime();
        let rules = rules.into_iter().collect();
        Usage { path, clock, record, rules, looked: None, saved, changed: false }
    }

    /// Whether it is time to look at the counters again.
    pub(crate) fn is_due(&self) -> bool {
        let now = self.clock.boottime();
        self.looked.is_none_or(|looked| now.saturating_sub(looked) >= LOOK)
    }

    /// Takes over what `rules` have counted: numbers, keys and packets of those that are configured now.
    pub(crate) fn look(&mut self, rules: impl IntoIterator<Item = (RuleKey, u64)>) {
        let (now, boot_id) = (self.clock.boottime(), self.clock.boot_id());
        // Of the time before this boot nothing is known but what was written.
        if self.record.boot_id == boot_id {
            self.record.watched_s += now.as_secs().saturating_sub(self.record.boottime_s);
        }
        self.record.boottime_s = now.as_secs();
        self.record.boot_id = boot_id;
        self.looked = Some(now);
        let watched_s = self.record.watched_s;
        let mut gone: BTreeMap<RuleKey, RuleUse> = std::mem::take(&mut self.rules);
        for (key, hits) in rules {
            let known = gone.remove(&key).filter(|known| known.gone_s.is_none());
            let last_hit = known.and_then(|known| known.last_hit);
            let mut own = known.unwrap_or(RuleUse { hits: 0, quiet_s: watched_s, last_hit, gone_s: None });
            if own.hits != hits {
                // Fewer than before: the tables were made anew.
                if hits > 0 {
                    (own.quiet_s, own.last_hit) = (watched_s, Some(self.clock.wall()));
                }
                own.hits = hits;
                self.changed = true;
            }
            self.changed |= known.is_none();
            self.rules.insert(key, own);
        }
        for (key, mut own) in gone {
            let since = *own.gone_s.get_or_insert(watched_s);
            if watched_s - since.min(watched_s) < KEEP_S {
                self.rules.entry(key).or_insert(own);
            }
        }
    }

    /// How long a rule has not been hit; none when it is not known yet.
    pub(crate) fn quiet(&self, key: &RuleKey) -> Option<Quiet> {
        let own = self.rules.get(key).filter(|own| own.gone_s.is_none())?;
        let quiet = Duration::from_secs(self.record.watched_s.saturating_sub(own.quiet_s));
        Some(Quiet { quiet, last_hit: own.last_hit })
    }

    /// Writes the file when it is time to; a failure is logged, and it is tried again an hour later.
    pub(crate) fn save_in_time(&mut self) {
        let now = self.clock.boottime();
        if self.changed && now.saturating_sub(self.saved) >= SAVE {
            self.save();
        }
    }

    /// Writes the file.
    pub(crate) fn save(&mut self) {
        self.saved = self.clock.boottime();
        let rules = self.rules.iter().map(|(key, own)| (key.clone(), *own)).collect();
        let stored = Stored { record: self.record.clone(), rules };
        let json = serde_json::to_vec(&stored).expect("names and numbers are always JSON");
        match replace_file(&self.path, &json).map_err(DaemonError::from) {
            Ok(()) => self.changed = false,
            Err(error) => tracing::warn!("when rules were hit last is not written down: {error}"),
        }
    }
}

/// The packets of rules by number.
pub(crate) fn hits(engine: &dyn Engine, rules: &[(PolicyId, RuleKey)]) -> Result<Vec<u64>, EngineError> {
    rules.iter().map(|(id, _)| engine.policy_hits(*id).map(|counter| counter.packets)).collect()
}

#[cfg(test)]
mod tests {
    use super::{KEEP_S, Quiet, Usage};
    use flumen_compile::{RuleKey, RuleKind};
    use flumen_store::{Clock, FakeClock, Time};
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    const DAY: Duration = Duration::from_secs(86_400);

    fn key(name: &str) -> RuleKey {
        RuleKey { kind: RuleKind::Policy, from: "a".to_owned(), to: "b".to_owned(), name: name.to_owned() }
    }

    fn open(dir: &Path, clock: &FakeClock) -> Usage {
        Usage::open(dir.join("usage.json"), Arc::new(clock.clone()))
    }

    fn days(usage: &Usage, name: &str) -> Option<u64> {
        usage.quiet(&key(name)).map(|Quiet { quiet, .. }| quiet.as_secs() / DAY.as_secs())
    }

    #[test]
    fn a_rule_is_quiet_since_it_was_hit_or_configured_and_a_jump_of_the_wall_clock_means_nothing() {
        let (dir, clock) = (tempfile::tempdir().unwrap(), FakeClock::default());
        let mut usage = open(dir.path(), &clock);
        usage.look([(key("used"), 7), (key("never"), 0)]);
        clock.advance(10 * DAY);
        usage.look([(key("used"), 7), (key("never"), 0), (key("new"), 0)]);
        assert_eq!(["used", "never", "new"].map(|name| days(&usage, name)), [Some(10), Some(10), Some(0)]);
        clock.set_wall(Time::from_unix_s(4_000_000_000));
        usage.look([(key("used"), 8), (key("never"), 0), (key("new"), 0)]);
        clock.set_wall(Time::from_unix_s(0));
        clock.advance(DAY);
        usage.look([(key("used"), 8), (key("never"), 0), (key("new"), 0)]);
        assert_eq!(["used", "never", "new"].map(|name| days(&usage, name)), [Some(1), Some(11), Some(1)]);
        assert_eq!(usage.quiet(&key("used")).unwrap().last_hit, Some(Time::from_unix_s(4_000_000_000)));
        assert_eq!(usage.quiet(&key("never")).unwrap().last_hit, None);
        assert_eq!(days(&usage, "unknown"), None);
    }

    #[test]
    fn a_daemon_that_was_killed_forgets_no_hit_and_no_time_of_the_same_boot() {
        let (dir, clock) = (tempfile::tempdir().unwrap(), FakeClock::default());
        let mut usage = open(dir.path(), &clock);
        usage.look([(key("hit"), 1), (key("quiet"), 5)]);
        usage.save();
        clock.advance(3 * DAY);
        let mut usage = open(dir.path(), &clock);
        usage.look([(key("hit"), 2), (key("quiet"), 5)]);
        assert_eq!((days(&usage, "hit"), days(&usage, "quiet")), (Some(0), Some(3)));
    }

    #[test]
    fn the_time_that_a_host_was_off_does_not_count_and_counters_that_begin_anew_are_no_hits() {
        let (dir, clock) = (tempfile::tempdir().unwrap(), FakeClock::default());
        let mut usage = open(dir.path(), &clock);
        usage.look([(key("rule"), 5)]);
        clock.advance(2 * DAY);
        usage.look([(key("rule"), 5)]);
        usage.save();
        clock.reboot();
        clock.set_wall(clock.wall().after(400 * DAY));
        let mut usage = open(dir.path(), &clock);
        usage.look([(key("rule"), 0)]);
        assert_eq!(days(&usage, "rule"), Some(2));
        clock.advance(DAY);
        usage.look([(key("rule"), 0)]);
        assert_eq!(days(&usage, "rule"), Some(3));
        usage.look([(key("rule"), 1)]);
        assert_eq!(days(&usage, "rule"), Some(0));
    }

    #[test]
    fn a_rule_that_comes_back_is_watched_anew_and_one_that_does_not_is_forgotten() {
        let (dir, clock) = (tempfile::tempdir().unwrap(), FakeClock::default());
        let mut usage = open(dir.path(), &clock);
        usage.look([(key("a"), 0), (key("b"), 0)]);
        clock.advance(5 * DAY);
        usage.look([(key("b"), 0)]);
        assert_eq!(days(&usage, "a"), None);
        clock.advance(5 * DAY);
        usage.look([(key("a"), 0), (key("b"), 0)]);
        assert_eq!((days(&usage, "a"), days(&usage, "b")), (Some(0), Some(10)));
        usage.look([(key("b"), 0)]);
        clock.advance(Duration::from_secs(KEEP_S));
        usage.look([(key("b"), 0)]);
        assert_eq!(usage.rules.len(), 1);
    }

    #[test]
    fn a_damaged_file_is_begun_anew() {
        let (dir, clock) = (tempfile::tempdir().unwrap(), FakeClock::default());
        std::fs::write(dir.path().join("usage.json"), "{").unwrap();
        let mut usage = open(dir.path(), &clock);
        usage.look([(key("a"), 3)]);
        assert_eq!(days(&usage, "a"), Some(0));
        usage.save();
        let mut usage = open(dir.path(), &clock);
        usage.look([(key("a"), 3)]);
        assert!(usage.quiet(&key("a")).unwrap().last_hit.is_some());
    }

    #[test]
    fn counters_are_due_each_minute_and_the_file_each_hour_if_something_changed() {
        let (dir, clock) = (tempfile::tempdir().unwrap(), FakeClock::default());
        let path = dir.path().join("usage.json");
        let mut usage = open(dir.path(), &clock);
        assert!(usage.is_due());
        usage.look([(key("a"), 1)]);
        assert!(!usage.is_due());
        clock.advance(Duration::from_secs(60));
        assert!(usage.is_due());
        usage.save_in_time();
        assert!(!path.exists());
        clock.advance(Duration::from_secs(3600));
        usage.save_in_time();
        assert!(path.exists());
        std::fs::remove_file(&path).unwrap();
        clock.advance(Duration::from_secs(3600));
        usage.look([(key("a"), 1)]);
        usage.save_in_time();
        assert!(!path.exists(), "nothing was hit");
    }
}
