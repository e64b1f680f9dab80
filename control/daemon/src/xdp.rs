use crate::engines::{EngineOptions, Engines};
use flumen_config::Mode;
use flumen_engine::xdp::{ModeChoice, XdpEngine, XdpOptions};
use flumen_engine::{Engine, EngineError};
use std::io::ErrorKind;
use std::path::Path;

/// Opens the XDP engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct XdpEngines;

impl Engines for XdpEngines {
    fn open(&self, options: &EngineOptions) -> Result<Box<dyn Engine>, EngineError> {
        let mode = match options.mode {
            Mode::Auto => ModeChoice::Auto,
            Mode::Driver => ModeChoice::Driver,
            Mode::Generic => ModeChoice::Generic,
        };
        let options = XdpOptions {
            pin_dir: options.bpf_dir.clone(),
            sessions: options.sessions,
            sessions6: options.sessions6,
            mode,
        };
        Ok(Box::new(XdpEngine::open(&options)?))
    }

    /// A program hangs on its device by a pinned link, and nothing else holds the link when no daemon runs:
    /// to remove the pin is to detach, whatever release made it.
    fn remove(&self, bpf_dir: &Path) -> Result<(), EngineError> {
        match std::fs::remove_dir_all(bpf_dir) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(EngineError::System { action: format!("remove {}", bpf_dir.display()), source: error })
            }
            _ => Ok(()),
        }
    }
}
