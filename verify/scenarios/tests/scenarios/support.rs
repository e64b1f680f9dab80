//! What several scenarios need.

use std::time::Duration;

use flumen_testkit::Error;
use flumen_testkit::netns::Netns;

/// How long a server may take to listen, on a loaded machine.
pub const READY: Duration = Duration::from_secs(20);

/// Fetches a page; options are parted by spaces.
pub fn curl(namespace: &Netns, arguments: &str) -> Result<String, Error> {
    namespace.exec(&format!("curl --silent --show-error --max-time 30 {arguments}"))
}
