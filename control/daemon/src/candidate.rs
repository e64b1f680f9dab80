use crate::check::{compile_complaint, complaint};
use crate::network;
use flumen_api::ConfigMessage;
use flumen_compile::{Compiled, Identities, compile};
use flumen_config::{LoadMode, Model, Warning};
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

    /// Devices that this host does not have; they are waited for.
    pub(crate) fn missing_devices(&self, host: &HostFacts) -> Vec<ConfigMessage> {
        let message = |device: String| ConfigMessage {
            path: format!("interfaces {device}"),
            ..whole(format!(
                "there is no device {device} on this host; it is configured when it appears (`ip link` lists those there are)"
            ))
        };
        network::absent(&self.model, host).into_iter().map(message).collect()
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
