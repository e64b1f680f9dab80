use flumen_compile::Names;
use flumen_config::{LoginClass, Model};
use flumen_engine::Generation;
use flumen_engine::{HostFacts, Ruleset};
use flumen_grpc::Role;
use std::collections::BTreeMap;

/// The configuration that is enforced.
#[derive(Clone, Debug)]
pub(crate) struct Active {
    pub(crate) model: Model,
    pub(crate) names: Names,
    /// All of it, also interfaces whose devices are gone.
    pub(crate) ruleset: Ruleset,
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
}

/// The part of a ruleset whose devices and links are on this host.
pub(crate) fn present_part(ruleset: &Ruleset, host: &HostFacts) -> Ruleset {
    let mut part = ruleset.clone();
    part.interfaces
        .retain(|binding| host.link(&binding.device).is_some() && host.link(&binding.link).is_some());
    part
}

/// Interfaces of a ruleset whose device or link is not on this host, by link name.
pub(crate) fn absent(ruleset: &Ruleset, host: &HostFacts) -> Vec<String> {
    let gone = |name: &String| host.link(name).is_none();
    let bindings = ruleset.interfaces.iter().filter(|binding| gone(&binding.device) || gone(&binding.link));
    bindings.map(|binding| binding.link.clone()).collect()
}
