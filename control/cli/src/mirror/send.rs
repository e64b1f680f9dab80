use crate::failure::{Failure, Outcome};
use crate::file;
use crate::output::Output;
use crate::words::plural;
use clap::Args;
use flumen_mirror::{GREATEST_VNI, Traffic, encapsulated};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};
use std::io::IoSlice;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Of `flumen mirror send`.
#[derive(Args, Debug)]
pub(crate) struct SendArguments {
    /// Address of the mirror; this host's routes lead to it
    #[arg(long, value_name = "ADDRESS")]
    to: IpAddr,
    /// UDP port of the mirror
    #[arg(long, value_name = "PORT", default_value_t = 4789, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// VXLAN network identifier
    #[arg(long, value_name = "VNI", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=GREATEST_VNI as i64))]
    vni: u32,
    /// Packets a second; 0 for as many as this host can
    #[arg(long, value_name = "PPS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(..=100_000_000))]
    rate: u64,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    duration: u64,
    /// Stop after so many packets
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Lengths of the inner packets, bytes of IP; they take turns
    #[arg(
        long,
        value_name = "BYTES",
        value_delimiter = ',',
        default_value = "1450",
        conflicts_with = "pcap"
    )]
    size: Vec<u16>,
    /// Source of the inner packets
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "192.0.2.10:31765", conflicts_with = "pcap")]
    source: SocketAddr,
    /// Destination of the inner packets
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "198.51.100.10:8080", conflicts_with = "pcap")]
    destination: SocketAddr,
    /// Mirror the frames of a capture file instead, again and again
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// Outer flows: source ports that take turns
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    flows: u16,
}

/// What was sent.
#[derive(Debug, Default, Serialize)]
struct Sent {
    packets: u64,
    /// Of the outer UDP payload.
    bytes: u64,
    /// Sends that an ICMP error of an earlier packet answered: nobody took it as VXLAN.
    refused: u64,
    seconds: f64,
    packets_per_second: f64,
}

/// Packets for each system call.
const BATCH: usize = 64;
/// Frames of a capture file at most.
const MOST_FRAMES: usize = 100_000;

/// Sends until time or count is over, or somebody interrupts.
pub(super) fn run(arguments: &SendArguments, output: Output) -> Outcome {
    let packets: Vec<Vec<u8>> =
        frames(arguments)?.iter().map(|frame| encapsulated(arguments.vni, frame)).collect();
    let to = SocketAddr::new(arguments.to, arguments.port);
    let sockets = (0..arguments.flows).map(|_| socket(to)).collect::<Result<Vec<_>, _>>();
    let sockets = sockets.map_err(|error| Failure::Failed(format!("cannot send to {to}: {error}")))?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let mut sender = Sender { packets: &packets, sockets: &sockets, next: 0, sent: Sent::default() };
    let end = sender.run(arguments, &stop);
    let sent = sender.sent;
    end.map_err(|errno| {
        let longest = packets.iter().map(Vec::len).max().unwrap_or_default();
        let hint = match errno {
            Errno::EMSGSIZE => format!("; {longest} bytes are more than the way to it takes"),
            _ => String::new(),
        };
        let count = plural(sent.packets, "packet", "packets");
        Failure::Failed(format!("cannot send to {to} after {count}: {errno}{hint}"))
    })?;
    Ok(output.report(&sent, |sent| {
        let refused = match sent.refused {
            0 => String::new(),
            count => format!("; {count} times nobody took them as VXLAN"),
        };
        format!(
            "{} sent in {:.1} s, {:.0} a second{refused}\n",
            plural(sent.packets, "packet", "packets"),
            sent.seconds,
            sent.packets_per_second
        )
    })?)
}

fn frames(arguments: &SendArguments) -> Result<Vec<Vec<u8>>, Failure> {
    let Some(path) = &arguments.pcap else {
        let SendArguments { source, destination, size, .. } = arguments;
        let traffic = Traffic { source: *source, destination: *destination, sizes: size.clone() };
        return traffic.frames().map_err(|error| Failure::Usage(error.to_string()));
    };
    let frames = flumen_daemon::captured_frames(&file::read_bytes(path)?, MOST_FRAMES);
    let frames = frames.map_err(|error| Failure::Usage(format!("{}: {error}", file::name(path))))?;
    if frames.is_empty() {
        return Err(Failure::Usage(format!("{} has no frames", file::name(path))));
    }
    Ok(frames)
}

fn socket(to: SocketAddr) -> std::io::Result<UdpSocket> {
    let any: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0; 16], 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    Ok(socket)
}

struct Sender<'a> {
    packets: &'a [Vec<u8>],
    sockets: &'a [UdpSocket],
    /// Number of the next packet, counted on from lap to lap.
    next: usize,
    sent: Sent,
}

impl Sender<'_> {
    fn run(&mut self, arguments: &SendArguments, stop: &AtomicBool) -> Result<(), Errno> {
        let (begin, limit) = (Instant::now(), Duration::from_secs(arguments.duration));
        let mut turn = 0;
        let end = loop {
            let elapsed = begin.elapsed();
            let left = arguments.count.map_or(u64::MAX, |count| count - self.sent.packets);
            if elapsed >= limit || left == 0 || stop.load(Ordering::Relaxed) {
                break Ok(());
            }
            let due = match arguments.rate {
                0 => BATCH as u64,
                rate => due(rate, elapsed).saturating_sub(self.sent.packets + self.sent.refused),
            };
            let batch = due.min(left).min(BATCH as u64) as usize;
            if batch == 0 {
                std::thread::sleep(pause(arguments.rate).min(limit.saturating_sub(elapsed)));
                continue;
            }
            turn = (turn + 1) % self.sockets.len();
            if let Err(errno) = self.send(turn, batch) {
                break Err(errno);
            }
        };
        self.sent.seconds = begin.elapsed().as_secs_f64();
        self.sent.packets_per_second = self.sent.packets as f64 / self.sent.seconds;
        end
    }

    /// Sends the next `count` packets from one socket, or as many of them as it takes.
    fn send(&mut self, socket: usize, count: usize) -> Result<(), Errno> {
        let packet = |at: usize| &self.packets[(self.next + at) % self.packets.len()];
        let slices: Vec<[IoSlice<'_>; 1]> = (0..count).map(|at| [IoSlice::new(packet(at))]).collect();
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(count, None);
        let connected: Vec<Option<SockaddrStorage>> = vec![None; count];
        let fd = self.sockets[socket].as_raw_fd();
        let sent = sendmmsg(fd, &mut headers, &slices, connected, [], MsgFlags::empty()).map(Iterator::count);
        match sent {
            Ok(sent) => {
                self.sent.bytes += (0..sent).map(|at| packet(at).len() as u64).sum::<u64>();
                self.sent.packets += sent as u64;
                self.next = (self.next + sent) % self.packets.len();
                Ok(())
            }
            Err(Errno::ECONNREFUSED) => {
                self.sent.refused += 1;
                Ok(())
            }
            Err(Errno::EINTR | Errno::EAGAIN | Errno::ENOBUFS) => {
                std::thread::yield_now();
                Ok(())
            }
            Err(errno) => Err(errno),
        }
    }
}

/// Packets that should have been sent after a time; the first at once.
fn due(rate: u64, elapsed: Duration) -> u64 {
    let whole = u128::from(rate) * elapsed.as_nanos() / 1_000_000_000;
    u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(1)
}

/// How long to wait for the next packet, but not so long that an interruption is felt.
fn pause(rate: u64) -> Duration {
    Duration::from_secs(1)
        .div_f64(rate.max(1) as f64)
        .clamp(Duration::from_micros(50), Duration::from_millis(100))
}

#[cfg(test)]
mod tests {
    use super::{due, pause};
    use std::time::Duration;

    #[test]
    fn a_rate_says_how_many_packets_are_due() {
        assert_eq!(due(1000, Duration::ZERO), 1);
        assert_eq!(due(1000, Duration::from_millis(500)), 501);
        assert_eq!(due(3, Duration::from_millis(999)), 3);
        assert_eq!(pause(1), Duration::from_millis(100));
        assert_eq!(pause(1000), Duration::from_millis(1));
        assert_eq!(pause(10_000_000), Duration::from_micros(50));
    }
}
