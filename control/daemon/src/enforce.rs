use crate::active::present_part;
use crate::gateway::log_changes;
use crate::show::DRIVER_MTU;
use flumen_api::ApiError;
use flumen_engine::{AttachMode, Engine, EngineError, HostFacts, Ruleset};
use flumen_kernel::network::{
    Effort, Network, Settings, Step, Waiting, converge, make_links, remove_all, remove_links, settings,
};
use flumen_kernel::{Host, KernelError, Ledger, LinkProperty, Setting, close, open, prepare, restore};

/// What a configuration is put in force with.
pub(crate) struct Enforcer<'a> {
    pub(crate) engine: &'a mut dyn Engine,
    pub(crate) host: &'a dyn Host,
    pub(crate) ledger: &'a mut Ledger,
    /// As the host was last seen; what is changed here is seen again.
    pub(crate) facts: &'a mut HostFacts,
    /// What is wanted and not to be had now.
    pub(crate) waiting: &'a mut Vec<Waiting>,
}

/// What [`flumen_kernel::open`] sets.
type Openings = Vec<(Setting, String)>;

/// Why a configuration cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnforceError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Links, addresses or routes.
    #[error("the host's network: {0}")]
    Network(#[source] KernelError),
    /// What the kernel must allow so that it can help.
    #[error("the host cannot be prepared: {0}")]
    Host(#[source] KernelError),
    /// An MTU that the mode of attachment may not allow.
    #[error(
        "the host cannot be prepared: {source} (driver mode commonly takes an MTU of {DRIVER_MTU} at most: `flumen detach`, then start with this configuration, and {device} is attached in generic mode)"
    )]
    Jumbo {
        /// The device.
        device: String,
        /// What the kernel says.
        #[source]
        source: KernelError,
    },
    /// Devices that cannot do what is asked.
    #[error("{}", .0.iter().map(|(link, why)| format!("{link}: {why}")).collect::<Vec<_>>().join("; "))]
    Impossible(Vec<(String, String)>),
}

impl From<EnforceError> for ApiError {
    fn from(error: EnforceError) -> ApiError {
        let reason = error.to_string();
        match error {
            EnforceError::Engine(_) => ApiError::Engine { reason },
            _ => ApiError::State { reason },
        }
    }
}

// === impl Enforcer ===

impl Enforcer<'_> {
    /// Puts a ruleset and a network in force, in an order in which nothing is ever open: a link that is made is down; what
    /// a device must be like before the gateway is on it; the gateway, which drops what it has no rules for yet; links up,
    /// addresses, routes; then the switch to the new rules with one write, and what lets the kernel forward. Links that
    /// nobody wants any more go last.
    ///
    /// # Errors
    /// The ruleset of before is in force. What was changed of the network stays, for [`Enforcer::take_back`].
    pub(crate) fn enforce(
        &mut self,
        ruleset: &Ruleset,
        network: &Network,
        effort: Effort,
    ) -> Result<(), EnforceError> {
        let (mut waiting, openings) = self.settle(ruleset, network, effort)?;
        let part = present_part(ruleset, self.facts);
        self.engine.prepare(&part, self.facts)?;
        let switched = self.addresses(network, true, effort, &mut waiting).and_then(|()| {
            self.engine.switch(self.facts)?;
            Ok(())
        });
        if let Err(error) = switched {
            self.engine.abandon();
            return Err(error);
        }
        self.open(openings);
        match remove_links(self.host, self.ledger, network) {
            Ok(steps) if steps.is_empty() => {}
            Ok(steps) => {
                log_steps(&steps);
                self.look()?;
            }
            Err(error) => tracing::error!("a link could not be removed: {error}"),
        }
        self.wait_for(waiting);
        Ok(())
    }

    /// Brings the network back to what it was before [`Enforcer::enforce`] failed, as far as the kernel lets it.
    pub(crate) fn take_back(&mut self, ruleset: &Ruleset, network: &Network) {
        let effort = Effort::AsFarAsPossible;
        let back = self.settle(ruleset, network, effort).and_then(|(mut waiting, openings)| {
            self.open(openings);
            self.addresses(network, true, effort, &mut waiting)?;
            remove_links(self.host, self.ledger, network).map_err(EnforceError::Network)?;
            self.look()?;
            self.wait_for(waiting);
            Ok(())
        });
        if let Err(error) = back {
            tracing::error!("the host's network could not be put back as a whole: {error}");
        }
    }

    /// Follows changes that others made: what is ours and gone comes back, but no link is set up again. True when a
    /// sub-interface was made, which has neither rules nor settings yet.
    pub(crate) fn follow(&mut self, network: &Network) -> Result<bool, EnforceError> {
        let effort = Effort::AsFarAsPossible;
        self.ledger.follow(self.facts);
        let (made, mut waiting) =
            make_links(self.host, self.ledger, network, effort).map_err(EnforceError::Network)?;
        log_steps(&made);
        if made.is_empty() {
            self.addresses(network, false, effort, &mut waiting)?;
            self.wait_for(waiting);
        } else {
            self.look()?;
        }
        Ok(!made.is_empty())
    }

    /// Links are made, and settings are as the configuration and the gateway need them, but for those that [`Self::open`]
    /// sets.
    fn settle(
        &mut self,
        ruleset: &Ruleset,
        network: &Network,
        effort: Effort,
    ) -> Result<(Vec<Waiting>, Openings), EnforceError> {
        self.ledger.follow(self.facts);
        let (made, mut waiting) =
            make_links(self.host, self.ledger, network, effort).map_err(EnforceError::Network)?;
        if !made.is_empty() {
            log_steps(&made);
            self.look()?;
        }
        let configured = settings(self.host, self.ledger, network).map_err(EnforceError::Network)?;
        if effort == Effort::All && !configured.impossible.is_empty() {
            return Err(EnforceError::Impossible(configured.impossible));
        }
        waiting.extend(
            configured
                .impossible
                .iter()
                .map(|(link, why)| Waiting { what: format!("interface {link}"), why: why.clone() }),
        );
        let part = present_part(ruleset, self.facts);
        let openings = prepare_for(&part, self.host, self.ledger, (&configured, effort))
            .map_err(|source| self.not_prepared(source, network))?;
        Ok((waiting, openings))
    }

    /// Lets the kernel forward, now that the gateway is on every device. That it may be set was tried before.
    fn open(&mut self, openings: Openings) {
        match open(self.host, openings) {
            Ok(changes) => log_changes(&changes, "set; `flumen detach` restores it"),
            Err(error) => tracing::error!("the kernel does not forward everywhere: {error}"),
        }
    }

    /// Why the host could not be prepared, with a remedy where there is one.
    fn not_prepared(&self, source: KernelError, network: &Network) -> EnforceError {
        let said = source.to_string();
        let attachments = self.engine.attachments();
        let jumbo = network.links.iter().find(|(device, link)| {
            let driver = attachments
                .iter()
                .any(|attachment| attachment.device == **device && attachment.mode == AttachMode::Driver);
            let setting = Setting::link(device, LinkProperty::Mtu).to_string();
            driver && link.mtu.is_some_and(|mtu| mtu > DRIVER_MTU) && said.contains(&setting)
        });
        match jumbo {
            Some((device, _)) => EnforceError::Jumbo { device: device.clone(), source },
            None => EnforceError::Host(source),
        }
    }

    fn addresses(
        &mut self,
        network: &Network,
        set_up: bool,
        effort: Effort,
        waiting: &mut Vec<Waiting>,
    ) -> Result<(), EnforceError> {
        let (steps, more) = converge(self.host, network, set_up, effort).map_err(EnforceError::Network)?;
        log_steps(&steps);
        waiting.extend(more);
        self.look()
    }

    fn look(&mut self) -> Result<(), EnforceError> {
        *self.facts = self.host.facts().map_err(EnforceError::Network)?;
        Ok(())
    }

    /// Says what is waited for since the last look, and what no more.
    fn wait_for(&mut self, mut waiting: Vec<Waiting>) {
        waiting.sort_unstable();
        waiting.dedup();
        for new in waiting.iter().filter(|new| !self.waiting.contains(new)) {
            tracing::warn!("{new}");
        }
        *self.waiting = waiting;
    }
}

/// Leaves the host as it was without a gateway: first nothing of ours in its network, then what lets the kernel forward is
/// as it was, then no gateway, then the other settings, so that nothing is open meanwhile.
///
/// # Errors
/// What could not be done; the rest was. The inner error is that of `detach`.
pub(crate) fn leave<E>(
    host: &dyn Host,
    ledger: &mut Ledger,
    detach: impl FnOnce() -> Result<(), E>,
) -> Result<Result<(), E>, KernelError> {
    ledger.follow(&host.facts()?);
    let removed = remove_all(host, ledger).map(|steps| log_steps(&steps));
    match close(host, ledger) {
        Ok(changes) => log_changes(&changes, "restored"),
        Err(error) => tracing::warn!("the kernel may forward before the gateway is gone: {error}"),
    }
    let detached = detach();
    log_changes(&restore(host, ledger)?, "restored");
    removed.map(|()| detached)
}

/// Prepares the host for the devices and links of a ruleset and for what the configuration sets, and says what was
/// changed.
fn prepare_for(
    ruleset: &Ruleset,
    host: &dyn Host,
    ledger: &mut Ledger,
    configured: (&Settings, Effort),
) -> Result<Openings, KernelError> {
    let unique = |mut names: Vec<String>| {
        names.sort_unstable();
        names.dedup();
        names
    };
    let links = unique(ruleset.interfaces.iter().map(|binding| binding.link.clone()).collect());
    let devices = unique(ruleset.interfaces.iter().map(|binding| binding.device.clone()).collect());
    let prepared = prepare(host, ledger, &links, &devices, configured)?;
    log_changes(&prepared.changes, "set; `flumen detach` restores it");
    Ok(prepared.openings)
}

fn log_steps(steps: &[Step]) {
    for step in steps {
        tracing::info!("{step}");
    }
}
