//! Numbered UDP datagrams at a steady rate, counted at the other end.

use std::collections::HashSet;
use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use flumen_testkit::netns::Netns;
use nix::sys::socket::{setsockopt, sockopt};

/// Bytes of each datagram, of which the first eight are its number.
const DATAGRAM: usize = 200;
/// Room for datagrams while the receiver does not run; as root it may be more than the system's limit.
const BUFFER: usize = 16 << 20;

/// Receives datagrams on one UDP port of a namespace, over both IP versions.
#[derive(Debug)]
pub struct Receiver {
    socket: UdpSocket,
}

/// What has arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Different datagrams.
    pub received: u64,
    /// Datagrams that came again.
    pub duplicates: u64,
}

// === impl Receiver ===

impl Receiver {
    /// Binds the port; from now on nothing is missed.
    ///
    /// # Errors
    /// When the port is in use.
    pub fn bind(namespace: &Netns, port: u16) -> Result<Self> {
        let socket = namespace.run(|| UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)))?;
        let socket = socket.with_context(|| format!("cannot bind UDP port {port}"))?;
        setsockopt(&socket, sockopt::RcvBufForce, &BUFFER)?;
        Ok(Self { socket })
    }

    /// Counts until `expected` different datagrams are there, or none has come for a second.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn count(&self, expected: u64) -> Result<Count> {
        self.socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        let (mut numbers, mut count, mut datagram) = (HashSet::new(), Count::default(), [0; DATAGRAM]);
        while count.received < expected {
            match self.socket.recv(&mut datagram) {
                Ok(_) if numbers.insert(datagram[..8].to_vec()) => count.received += 1,
                Ok(_) => count.duplicates += 1,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error).context("receiving datagrams"),
            }
        }
        Ok(count)
    }
}

/// Sends `rate` numbered datagrams a second for so long, on one flow, and returns how many.
///
/// # Errors
/// When one cannot be sent.
pub fn send_paced(namespace: &Netns, to: SocketAddr, rate: u32, length: Duration) -> Result<u64> {
    let send = || -> std::io::Result<u64> {
        let any: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
        let socket = UdpSocket::bind(any)?;
        socket.connect(to)?;
        let begin = Instant::now();
        let mut sent = 0_u64;
        loop {
            let elapsed = begin.elapsed();
            let due = (elapsed.min(length).as_secs_f64() * f64::from(rate)) as u64;
            while sent < due {
                let mut datagram = [0; DATAGRAM];
                datagram[..8].copy_from_slice(&sent.to_be_bytes());
                socket.send(&datagram)?;
                sent += 1;
            }
            if elapsed >= length {
                return Ok(sent);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    namespace.run(send)?.context("sending datagrams")
}
