//! What the gateway has counted, for those who watch it: Prometheus ([`Server`]), node-exporter ([`write_textfile`]),
//! CloudWatch ([`Publisher`]). It is given what the daemon reports, and asks nobody.
#![forbid(unsafe_code)]

mod cloudwatch;
mod exposition;
mod families;
mod server;
mod textfile;

pub use cloudwatch::{CloudWatchError, Datum, Place, Publisher, data};
pub use families::{Snapshot, exposition};
pub use server::Server;
pub use textfile::write_textfile;
