use crate::Options;
use flumen_api::QueueInfo;
use flumen_compile::Ruleset;
use flumen_engine::{Engine, HostFacts};
use flumen_nfqueue::{Backend, Places, QueueError, Status, Target, Tool};
use std::time::{Duration, Instant};

/// How often XDP is tried again where it could not be attached.
const AGAIN: Duration = Duration::from_secs(2);

/// Clearing of DF by queues of the kernel, on devices that XDP cannot have.
pub(crate) struct Fallback {
    backend: Backend,
    /// What did not work; said once.
    failed: Option<String>,
    tried: Instant,
}

// === impl Fallback ===

impl Fallback {
    /// Nothing is queued yet; processes of an earlier daemon may still work.
    pub(crate) fn new(options: &Options) -> Fallback {
        // Asked for now: later another release may be installed under this name.
        let program = std::env::current_exe().unwrap_or_else(|_| "flumen".into());
        let places = Places::new(options.run_dir.join("nfqueue"));
        Fallback {
            backend: Backend::new(places, program, vec!["df-clear-queue".to_owned()]),
            failed: None,
            tried: Instant::now(),
        }
    }

    /// Queues what arrives on devices of `ruleset` that the engine is not attached to, and nothing else.
    /// With a `share`, devices that the engine is attached to are queued, too: the rest of their flows.
    pub(crate) fn settle(
        &mut self,
        engine: &dyn Engine,
        ruleset: &Ruleset,
        host: &HostFacts,
        share: Option<u16>,
    ) {
        let targets = targets(engine, ruleset, host, share);
        match self.backend.serve(&targets) {
            Ok(()) => self.failed = None,
            Err(error) => self.complain(&error),
        }
    }

    /// Tries to attach XDP again, where it is time; true when a device has it now.
    pub(crate) fn try_again(&mut self, engine: &mut dyn Engine, host: &HostFacts) -> bool {
        if self.tried.elapsed() < AGAIN || engine.unattached().is_empty() {
            return false;
        }
        self.tried = Instant::now();
        engine.attach_again(host).unwrap_or_else(|error| {
            tracing::error!("XDP was tried again: {error}");
            false
        })
    }

    /// Looks after the processes; true when there are any.
    pub(crate) fn tend(&mut self) -> bool {
        if self.backend.is_idle() {
            return false;
        }
        self.backend.tend();
        true
    }

    /// Ends all of it.
    pub(crate) fn end(&mut self) {
        if let Err(error) = self.backend.end() {
            self.complain(&error);
        }
    }

    pub(crate) fn status(&self) -> Status {
        self.backend.status()
    }

    /// What is not as it should be.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    fn complain(&mut self, error: &QueueError) {
        let said = error.to_string();
        if self.failed.as_ref() != Some(&said) {
            tracing::error!("DF is not cleared where XDP is not attached: {said}");
            self.failed = Some(said);
        }
    }
}

/// Devices without the engine on which DF is to be cleared.
fn targets(engine: &dyn Engine, ruleset: &Ruleset, host: &HostFacts, share: Option<u16>) -> Vec<Target> {
    let unattached = engine.unattached();
    let target = |(id, row): &(_, _)| {
        let binding = ruleset.interfaces.iter().find(|binding| binding.id == *id)?;
        let link = host.link(&binding.device)?;
        let target = Target::new(&binding.device, link.index.0, *id, row)?;
        if unattached.iter().any(|unattached| unattached.device == binding.device) {
            return Some(target);
        }
        let shared = ruleset.shareable().any(|open| open == *id);
        share.filter(|_| shared).map(|share| Target { share, ..target })
    };
    ruleset.services.iter().filter_map(target).collect()
}

/// What clients are told of the queues; none when there never were any.
pub(crate) fn queue_info(status: &Status) -> Option<QueueInfo> {
    let Status { tool, ref queues, ref statistics, restarts, .. } = *status;
    if tool.is_none() && statistics.received == 0 {
        return None;
    }
    let rules = tool.map(|tool| match tool {
        Tool::Nftables => "nftables".to_owned(),
        Tool::Iptables => "iptables".to_owned(),
    });
    Some(QueueInfo {
        rules,
        processes: queues.len() as u32,
        restarts,
        waiting: queues.iter().map(|queue| u64::from(queue.waiting)).sum(),
        packets: statistics.received,
        df_cleared: statistics.interfaces.iter().map(|counts| counts.df_cleared).sum(),
        overflowed: statistics.overflowed,
        abandoned: statistics.abandoned,
        unaccounted: statistics.unaccounted,
        refused: statistics.refused,
        strayed: statistics.strayed,
        missed: statistics.missed,
        samples: statistics.samples,
        bad_checksums: statistics.bad_checksums,
    })
}
