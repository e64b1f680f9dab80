use crate::facts::read_facts;
use crate::netdev::Netdev;
use crate::netlink::{Protocol, Socket, any_readable};
use crate::{HostWatch, KernelError};
use flumen_engine::HostFacts;
use nix::errno::Errno;
use std::time::{Duration, Instant};

/// Hears of changes of links, addresses and XDP features.
pub(crate) struct LinuxWatch {
    /// Links and addresses; then XDP features, if the kernel has them and they can be heard.
    sockets: Vec<Socket>,
    /// The kernel has XDP features, but their changes cannot be heard.
    unheard: bool,
    last: Option<HostFacts>,
    read: Instant,
}

const RTMGRP_LINK: u32 = 0x1;
const RTMGRP_IPV4_IFADDR: u32 = 0x10;
const RTMGRP_IPV6_IFADDR: u32 = 0x100;

/// Changes come in bursts: a device that comes up sends a dozen messages within milliseconds.
const QUIET: Duration = Duration::from_millis(20);
/// A device that flaps without end is still looked at this often.
const PATIENCE: Duration = Duration::from_millis(200);
/// What cannot be heard is looked at this often.
const LOOK: Duration = Duration::from_secs(3);

impl LinuxWatch {
    pub(crate) fn open() -> Result<LinuxWatch, KernelError> {
        let groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
        let mut sockets = vec![Socket::open(Protocol::Route, groups)?];
        let mut unheard = false;
        if let Some(netdev) = Netdev::open()? {
            let features = netdev.listen()?;
            unheard = features.is_none();
            sockets.extend(features);
        }
        Ok(LinuxWatch { sockets, unheard, last: None, read: Instant::now() })
    }

    fn drain(&mut self) -> Result<bool, Errno> {
        let mut any = false;
        for socket in &mut self.sockets {
            any |= socket.drain()?;
        }
        Ok(any)
    }
}

impl HostWatch for LinuxWatch {
    fn next(&mut self, timeout: Duration) -> Result<Option<HostFacts>, KernelError> {
        let failed = |errno| KernelError::system("listen for changes of links and addresses", errno);
        let due = self.last.is_none() || self.unheard && self.read.elapsed() >= LOOK;
        if !due && !any_readable(&self.sockets, Some(timeout)).map_err(failed)? {
            return Ok(None);
        }
        let begin = Instant::now();
        while self.drain().map_err(failed)? && begin.elapsed() < PATIENCE {
            any_readable(&self.sockets, Some(QUIET)).map_err(failed)?;
        }
        let facts = read_facts()?;
        self.read = Instant::now();
        if self.last.as_ref() == Some(&facts) {
            return Ok(None);
        }
        self.last = Some(facts.clone());
        Ok(Some(facts))
    }
}
