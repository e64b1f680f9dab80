use crate::check::{compile_complaint, complaint};
use flumen_api::ConfigMessage;
use flumen_compile::{Compiled, Identities, compile};
use flumen_config::{LoadMode, Model, Path, Warning};
use flumen_engine::Generation;
use flumen_engine::HostFacts;

/// A configuration that was read and found valid.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) model: Model,
    pub(crate) warnings: Vec<ConfigMessage>,
}

impl Candidate {
    /// Reads and checks a text in any form.
    ///
    /// # Errors
    /// Every complaint, in order of place.
    pub(crate) fn read(text: &str, mode: LoadMode) -> Result<Candidate, Vec<ConfigMessage>> {
        let loaded = Model::from_text(text, None, mode)
            .map_err(|errors| errors.iter().map(complaint).collect::<Vec<_>>())?;
        let warning = |warning: &Warning| match warning {
            Warning::Language { finding } => complaint(finding),
            other => whole(other.to_string()),
        };
        let warnings = loaded.warnings.iter().map(warning).collect();
        Ok(Candidate { model: loaded.model, warnings })
    }

    /// Complaints about devices that this host does not have.
    pub(crate) fn missing_devices(&self, host: &HostFacts) -> Vec<ConfigMessage> {
        let mut messages = Vec::new();
        for (name, interface) in &self.model.interfaces {
            let (device, link) = (interface.device(name).to_owned(), interface.link(name));
            let mut missing = vec![&device, &link];
            missing.dedup();
            missing.retain(|name| host.link(name).is_none());
            for device in missing {
                let path = Path::root().field("interfaces").field(name.as_str());
                let text =
                    format!("there is no device {device} on this host; `ip link` lists those there are");
                messages.push(ConfigMessage { path: path.to_string(), ..whole(text) });
            }
        }
        messages
    }

    /// Compiles it to rows.
    ///
    /// # Errors
    /// When it does not fit the tables.
    pub(crate) fn compile(
        &self,
        identities: &Identities,
        generation: Generation,
    ) -> Result<Compiled, Vec<ConfigMessage>> {
        compile(&self.model, identities, generation)
            .map_err(|errors| errors.iter().map(compile_complaint).collect())
    }
}

/// A message about the configuration as a whole.
pub(crate) fn whole(text: String) -> ConfigMessage {
    ConfigMessage { line: 0, column: 0, path: String::new(), text }
}
