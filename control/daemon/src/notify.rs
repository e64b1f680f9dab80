use sd_notify::NotifyState;
use std::time::Duration;

/// Tells systemd that requests are served and the ruleset is enforced.
pub(crate) fn ready(status: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Tells systemd that a configuration is being read again.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!("no monotonic time for systemd: {error}"),
    }
}

/// Tells systemd that the daemon is about to end.
pub(crate) fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// Tells systemd that the main loop turns.
pub(crate) fn alive() {
    send(&[NotifyState::Watchdog]);
}

/// How often systemd wants to hear [`alive`]: half of what it allows. None when it does not ask.
pub(crate) fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

/// Without systemd there is nobody to tell, and that is fine.
fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd was not told: {error}");
    }
}
