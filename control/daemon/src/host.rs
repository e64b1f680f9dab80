use crate::announcer::Announcer;
use crate::gateway::Gateway;
use crate::stop::Stop;
use flumen_kernel::HostWatch;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the order to stop may go unheard.
const LISTEN: Duration = Duration::from_millis(500);

/// Follows links and addresses until told to stop.
pub(crate) fn follow(
    gateway: Arc<Gateway>,
    announcer: Arc<Announcer>,
    mut watch: Box<dyn HostWatch>,
    stop: Stop,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("host".to_owned()).spawn(move || {
        let mut fails = false;
        while !stop.is_given() {
            match watch.next(LISTEN) {
                Ok(Some(facts)) => {
                    announcer.links(&facts);
                    gateway.host_changed(facts);
                }
                Ok(None) => fails = false,
                Err(error) => {
                    if !std::mem::replace(&mut fails, true) {
                        tracing::error!("cannot follow links and addresses: {error}");
                    }
                    std::thread::sleep(LISTEN);
                }
            }
        }
    })
}
