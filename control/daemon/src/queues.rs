use crate::canary::LOOK;
use crate::gateway::{Gateway, lock};
use crate::stop::Stop;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

/// Between two looks at the processes of the queues, milliseconds. What comes meanwhile to a queue whose process died
/// waits; there is room for some thousands of packets.
const TEND: u16 = 50;

/// Between two looks whether there are any.
const REST: u16 = 500;

/// Looks after the processes of the queues until told to stop.
pub(crate) fn tend(gateway: Arc<Gateway>, stop: Stop) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("queues".to_owned()).spawn(move || {
        let mut looked = Instant::now();
        while !stop.is_given() {
            if looked.elapsed() >= LOOK {
                gateway.watch_canary();
                looked = Instant::now();
            }
            let busy = lock(&gateway.fallback).tend();
            let wait = PollTimeout::from(if busy { TEND } else { REST });
            let mut order = [PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
            if let Err(errno) = poll(&mut order, wait) {
                tracing::debug!("waiting for the order to stop: {errno}");
            }
        }
    })
}
