//! Waiting for a condition with a deadline: what tests do instead of sleeping.

use std::time::{Duration, Instant};

use crate::Error;

/// Asks every few milliseconds until `done` says true. `what` completes "waited in vain until …".
///
/// # Errors
/// [`Error::Timeout`].
pub fn wait_until(what: &str, timeout: Duration, mut done: impl FnMut() -> bool) -> Result<(), Error> {
    let start = Instant::now();
    while !done() {
        if start.elapsed() >= timeout {
            return Err(Error::Timeout { what: what.to_owned(), waited: timeout });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
