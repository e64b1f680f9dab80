use crate::{
    AddressBook, Applications, ConfigError, Flow, Interface, Loaded, Name, Nat, Network, Policy, Services,
    System, Warning, Zone, check, lower, read, text, warning,
};
use flumen_syntax::{Tree, parse::Mode};
use serde::Serialize;
use std::collections::BTreeMap;

/// A whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Model {
    /// The host's own software.
    pub system: System,
    /// Interfaces by name.
    pub interfaces: BTreeMap<Name, Interface>,
    /// Zones and rules.
    pub security: Security,
    /// Services to the network.
    #[serde(skip_serializing_if = "Services::is_empty")]
    pub services: Services,
    /// Links, addresses and routes of the host.
    #[serde(skip_serializing_if = "Network::is_empty")]
    pub network: Network,
}

/// Zones and rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Security {
    /// Zones by name.
    pub zones: BTreeMap<Name, Zone>,
    /// Names for addresses.
    pub address_book: AddressBook,
    /// Names for applications.
    pub applications: Applications,
    /// Policies in order.
    pub policies: Vec<Policy>,
    /// A commit asks the policies and NAT rules again for the sessions that live, and ends those that they would not
    /// open alike.
    pub policy_rematch: bool,
    /// Translation rules.
    pub nat: Nat,
    /// Session times and limits.
    pub flow: Flow,
}

impl Model {
    /// Reads and checks the JSON form.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text; never an empty list.
    pub fn from_json(text: &str) -> Result<Model, Vec<ConfigError>> {
        read::model(text)
    }

    /// Reads and checks a text in any form: braces, commands, or JSON of either shape. `file` is how messages call it.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text; never an empty list.
    pub fn from_text(text: &str, file: Option<&str>, mode: Mode) -> Result<Loaded, Vec<ConfigError>> {
        text::read(text, file, mode)
    }

    /// Makes the model of a configuration that was read already, and says what was hardly meant. Groups are inherited
    /// and inactive statements left out here.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text; never an empty list.
    pub fn from_tree(tree: &Tree, mode: Mode) -> Result<(Model, Vec<Warning>), Vec<ConfigError>> {
        lower::model(tree, mode)
    }

    /// The JSON form, indented, with every default written out; [`Model::from_json`] reads the same model from it.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("the model has string keys only")
    }

    /// Checks a model that was not read from a text. One that was has been checked.
    ///
    /// # Errors
    /// Everything that is wrong with it, without positions.
    pub fn check(&self) -> Result<(), Vec<ConfigError>> {
        let errors = check::model(self);
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// What is allowed but was hardly meant: names that nothing uses, zones without interfaces.
    pub fn warnings(&self) -> Vec<Warning> {
        warning::of(self)
    }
}
