use crate::gateway::{Gateway, lock};
use flumen_engine::{CounterView, InterfaceId, Outcome, Reason};
use flumen_kernel::{ConnectionState, Host, Target};
use flumen_store::{Finding, Probes, Watched};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A target is asked this often, or when its last answer came, if that was later.
const INTERVAL: Duration = Duration::from_secs(1);
/// A target that nobody has wanted to know of for so long is left alone.
const UNWANTED: Duration = Duration::from_secs(5);

/// Looks at the conditions of a commit that waits to be confirmed, without waiting: whoever is to answer is asked by a
/// thread of its own, which ends when nobody wants to know any more.
pub(crate) struct Prober {
    host: Arc<dyn Host>,
    targets: BTreeMap<Target, Arc<Mutex<Asked>>>,
    /// Frames dropped in all, and when that was.
    drops: Option<(Instant, u64)>,
}

/// What a thread has found out.
struct Asked {
    /// The last answer that was not told yet.
    finding: Option<Finding>,
    /// Somebody wanted to know.
    wanted: Instant,
    /// The thread has ended.
    ended: bool,
}

/// A [`Prober`] of a gateway, for one tick of the store.
pub(crate) struct Looker<'a> {
    pub(crate) prober: &'a mut Prober,
    pub(crate) gateway: &'a Gateway,
}

// === impl Prober ===

impl Prober {
    pub(crate) fn new(host: Arc<dyn Host>) -> Prober {
        Prober { host, targets: BTreeMap::new(), drops: None }
    }

    /// What was found since the last call.
    fn ask(&mut self, target: Target) -> Finding {
        if let Some(asked) = self.targets.get(&target) {
            let mut asked = lock(asked);
            if !asked.ended {
                asked.wanted = Instant::now();
                return asked.finding.take().unwrap_or(Finding::Unknown);
            }
        }
        let asked = Asked { finding: None, wanted: Instant::now(), ended: false };
        let asked = Arc::new(Mutex::new(asked));
        let (host, told) = (Arc::clone(&self.host), Arc::clone(&asked));
        let thread = std::thread::Builder::new().name("probe".to_owned());
        match thread.spawn(move || watch(&*host, &target, &told)) {
            Ok(_) => {
                self.targets.insert(target, asked);
            }
            Err(error) => tracing::warn!("{target} is not watched yet: {error}"),
        }
        Finding::Unknown
    }

    /// Frames dropped in a second, since the last look.
    fn dropped(&mut self, total: u64, max_pps: u64) -> Finding {
        let now = Instant::now();
        let Some((since, before)) = self.drops.replace((now, total)) else { return Finding::Unknown };
        let seconds = now.duration_since(since).as_secs_f64();
        if seconds <= 0.0 || now.duration_since(since) > UNWANTED {
            return Finding::Unknown;
        }
        let pps = (total.saturating_sub(before) as f64 / seconds).round() as u64;
        if pps > max_pps { Finding::Fails(format!("{pps} in a second")) } else { Finding::Holds }
    }
}

/// Asks again and again.
fn watch(host: &dyn Host, target: &Target, asked: &Mutex<Asked>) {
    loop {
        let begin = Instant::now();
        let finding = match host.reach(target) {
            Ok(None) => Finding::Holds,
            Ok(Some(why)) => Finding::Fails(why),
            Err(error) => {
                tracing::warn!("{error}");
                Finding::Unknown
            }
        };
        {
            let mut asked = lock(asked);
            asked.finding = Some(finding);
            if asked.wanted.elapsed() > UNWANTED {
                asked.ended = true;
                return;
            }
        }
        std::thread::sleep(INTERVAL.saturating_sub(begin.elapsed()));
    }
}

impl Probes for Looker<'_> {
    fn look(&mut self, watched: &Watched) -> Finding {
        match watched {
            Watched::Answers { address } => self.prober.ask(Target::Ping(*address)),
            Watched::Connects { to } => self.prober.ask(Target::Tcp(*to)),
            Watched::ManagementConnection { from, to } => match self.prober.host.connection(*from, *to) {
                Ok(ConnectionState::Alive) => Finding::Holds,
                Ok(ConnectionState::Gone) => Finding::Fails("it is closed".to_owned()),
                Ok(ConnectionState::Unanswered { retransmits }) => {
                    Finding::Fails(format!("what is sent is not answered, {retransmits} times again"))
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    Finding::Unknown
                }
            },
            Watched::DropRate { max_pps } => {
                let counters = lock(&self.gateway.state).engine.counters();
                match counters {
                    Ok(counters) => self.prober.dropped(dropped(&counters), *max_pps),
                    Err(error) => {
                        tracing::warn!("{error}");
                        Finding::Unknown
                    }
                }
            }
        }
    }
}

/// Frames that were dropped on all interfaces, also those of none.
fn dropped(counters: &CounterView) -> u64 {
    let reasons = || Reason::ALL.iter().filter(|reason| reason.outcome() == Outcome::Drop);
    let of = |interface| reasons().map(move |reason| counters.reason(interface, *reason).packets);
    (0..InterfaceId::COUNT).flat_map(|id| of(InterfaceId(id))).sum()
}

#[cfg(test)]
mod tests {
    use super::Prober;
    use flumen_kernel::{FakeHost, Target};
    use flumen_store::Finding;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    /// The next answer.
    fn next(prober: &mut Prober, target: Target) -> Finding {
        let begin = Instant::now();
        loop {
            let finding = prober.ask(target);
            if finding != Finding::Unknown || begin.elapsed() > Duration::from_secs(10) {
                return finding;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn each_answer_is_told_once_and_asking_does_not_wait() {
        let host = FakeHost::default();
        let mut prober = Prober::new(Arc::new(host.clone()));
        let target = Target::Ping("192.0.2.1".parse().unwrap());
        assert_eq!(prober.ask(target), Finding::Unknown);
        assert_eq!(next(&mut prober, target), Finding::Holds);
        assert_eq!(prober.ask(target), Finding::Unknown, "nothing new");
        host.set_answers(target, false);
        assert!(matches!(next(&mut prober, target), Finding::Fails(_)));
    }

    #[test]
    fn a_rate_of_drops_is_that_since_the_last_look() {
        let mut prober = Prober::new(Arc::new(FakeHost::default()));
        assert_eq!(prober.dropped(5_000_000, 10), Finding::Unknown, "of the time before nothing is known");
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(prober.dropped(5_000_000, 10), Finding::Holds);
        std::thread::sleep(Duration::from_millis(20));
        assert!(
            matches!(prober.dropped(5_000_900, 10), Finding::Fails(told) if told.ends_with("in a second"))
        );
        assert_eq!(prober.dropped(0, 10), Finding::Holds, "counters that begin anew");
    }
}
