use crate::facts::read_facts;
use crate::netlink::{Protocol, Socket};
use crate::{HostWatch, KernelError};
use flumen_engine::HostFacts;
use std::time::{Duration, Instant};

/// Hears of changes of links and addresses.
pub(crate) struct LinuxWatch {
    socket: Socket,
    last: Option<HostFacts>,
}

const RTMGRP_LINK: u32 = 0x1;
const RTMGRP_IPV4_IFADDR: u32 = 0x10;
const RTMGRP_IPV6_IFADDR: u32 = 0x100;

/// Changes come in bursts: a device that comes up sends a dozen messages within milliseconds.
const QUIET: Duration = Duration::from_millis(20);
/// A device that flaps without end is still looked at this often.
const PATIENCE: Duration = Duration::from_millis(200);

impl LinuxWatch {
    pub(crate) fn open() -> Result<LinuxWatch, KernelError> {
        let groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
        Ok(LinuxWatch { socket: Socket::open(Protocol::Route, groups)?, last: None })
    }
}

impl HostWatch for LinuxWatch {
    fn next(&mut self, timeout: Duration) -> Result<Option<HostFacts>, KernelError> {
        let failed = |errno| KernelError::system("listen for changes of links and addresses", errno);
        let first = self.last.is_none();
        if !first && !self.socket.readable(Some(timeout)).map_err(failed)? {
            return Ok(None);
        }
        let begin = Instant::now();
        while self.socket.drain().map_err(failed)? && begin.elapsed() < PATIENCE {
            self.socket.readable(Some(QUIET)).map_err(failed)?;
        }
        let facts = read_facts()?;
        if self.last.as_ref() == Some(&facts) {
            return Ok(None);
        }
        self.last = Some(facts.clone());
        Ok(Some(facts))
    }
}
