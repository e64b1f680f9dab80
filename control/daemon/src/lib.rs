//! The daemon as a library: [`run`] is `flumen run`, [`detach`] what `flumen detach` does when no daemon runs.
//!
//! Plain threads: one waits for signals and ages sessions, one listens for changes of the host,
//! and gRPC, the door of every client, has one with a runtime to itself. Everything that changes goes through one lock
//! (`Gateway`); a configuration is compiled outside of it.
#![forbid(unsafe_code)]

mod active;
mod announcer;
mod assembly;
mod audit;
mod canary;
mod candidate;
mod check;
mod commit;
mod configuration;
mod daemon;
mod enforce;
mod engines;
mod error;
mod explain;
mod fallback;
mod gateway;
mod grpc;
mod host;
mod instance;
mod journal;
mod log;
mod network;
mod notify;
mod numbers;
mod options;
mod prober;
mod queues;
mod rematch;
mod ruleset;
mod selector;
mod sessions;
mod show;
mod signals;
mod stop;
mod terms;
mod usage;
mod xdp;

pub use assembly::{active_source, detach, run, run_beside};
pub use check::{check, host_facts, missing_devices};
pub use daemon::Daemon;
pub use engines::{EngineOptions, Engines};
pub use error::DaemonError;
pub use explain::captured_frames;
pub use log::{init as init_log, init_from as init_log_from};
pub use options::Options;
pub use signals::Signals;
pub use xdp::XdpEngines;

pub use flumen_config::LoadMode;
