use flumen_compile::Names;
use flumen_config::{LoginClass, Model};
use flumen_engine::{Generation, HostFacts, InterfaceBinding, Ruleset, ZoneId};
use flumen_grpc::Role;
use flumen_kernel::network::Network;
use std::collections::{BTreeMap, BTreeSet};

/// The configuration that is enforced.
#[derive(Clone, Debug)]
pub(crate) struct Active {
    pub(crate) model: Model,
    pub(crate) names: Names,
    /// All of it, also interfaces whose devices are gone.
    pub(crate) ruleset: Ruleset,
    /// What it wants of the host's network.
    pub(crate) network: Network,
    /// A file name, or `flumen apply`.
    pub(crate) source: String,
    pub(crate) applied_unix_s: u64,
}

impl Active {
    /// What users of the host may do.
    pub(crate) fn logins(&self) -> BTreeMap<String, Role> {
        let role = |class| match class {
            LoginClass::ReadOnly => Role::ReadOnly,
            LoginClass::Operator => Role::Operator,
            LoginClass::SuperUser => Role::SuperUser,
        };
        self.model.system.login.iter().map(|(user, class)| (user.to_string(), role(*class))).collect()
    }

    pub(crate) fn generation(&self) -> Generation {
        self.ruleset.settings.generation
    }

    /// Every link and device that it names, each once.
    pub(crate) fn devices(&self) -> BTreeSet<&str> {
        let bindings = self.ruleset.interfaces.iter().flat_map(|binding| [&binding.device, &binding.link]);
        bindings.chain(self.network.links.keys()).map(String::as_str).collect()
    }
}

/// The part of a ruleset whose devices and links are on this host.
pub(crate) fn present_part(ruleset: &Ruleset, host: &HostFacts) -> Ruleset {
    let mut part = ruleset.clone();
    let here = |binding: &InterfaceBinding| {
        host.link(&binding.device).is_some() && host.link(&binding.link).is_some()
    };
    let absent = part.interfaces.iter().filter(|binding| !here(binding) && binding.zone != ZoneId::NONE);
    part.absent = absent.map(|binding| binding.device.clone()).collect();
    part.interfaces.retain(here);
    part
}

/// Interfaces of a ruleset whose device or link is not on this host, by link name.
pub(crate) fn absent(ruleset: &Ruleset, host: &HostFacts) -> Vec<String> {
    let gone = |name: &String| host.link(name).is_none();
    let bindings = ruleset.interfaces.iter().filter(|binding| gone(&binding.device) || gone(&binding.link));
    bindings.map(|binding| binding.link.clone()).collect()
}
