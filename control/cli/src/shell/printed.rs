use crate::failure::Failure;
use serde::Serialize;

/// What a command has to say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Printed {
    /// For people.
    pub(crate) text: String,
    /// For programs, when there is more to it than its text.
    pub(crate) json: Option<serde_json::Value>,
}

impl Printed {
    /// A report, as `render` has it.
    pub(crate) fn report<R: Serialize>(
        report: &R,
        render: impl FnOnce(&R) -> String,
    ) -> Result<Printed, Failure> {
        let json = serde_json::to_value(report).map_err(|error| Failure::Failed(error.to_string()))?;
        Ok(Printed { text: render(report), json: Some(json) })
    }

    /// As JSON; a text that is nothing more is a JSON text.
    pub(crate) fn into_json(self) -> Printed {
        let json = self.json.unwrap_or(serde_json::Value::String(self.text));
        Printed { text: format!("{json:#}\n"), json: None }
    }
}

impl From<String> for Printed {
    fn from(text: String) -> Printed {
        Printed { text, json: None }
    }
}
