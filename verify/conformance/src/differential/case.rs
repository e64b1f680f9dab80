use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A sequence of steps that replays by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// What the generator made it from; 0 when a person did.
    pub seed: u64,
    /// The first one is in force at the start.
    pub configurations: Vec<Value>,
    /// In order.
    pub steps: Vec<CaseStep>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseStep {
    /// A frame arrives: device and bytes in hexadecimal.
    Frame(String, String),
    /// Milliseconds pass.
    Wait(u32),
    /// The configuration of this number comes into force.
    Commit(usize),
    /// The ageing pass.
    Sweep,
}

// === impl CaseStep ===

impl CaseStep {
    /// A frame.
    pub fn frame(device: &str, bytes: &[u8]) -> CaseStep {
        CaseStep::Frame(device.to_owned(), crate::harness::hex(bytes))
    }
}

/// The bytes of a string of hexadecimal digits; none when it is not one.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

// === impl Case ===

impl Case {
    /// As the corpus keeps it.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a case has string keys only")
    }

    /// Reads a file of the corpus.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_json(text: &str) -> Result<Case, serde_json::Error> {
        serde_json::from_str(text)
    }
}
