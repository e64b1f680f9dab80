//! The process of one queue.

use crate::backend::Places;
use crate::message::{Message, Queued, accept_up_to, verdict, verdict_around};
use crate::sample::percentile;
use crate::statistics::Statistics;
use crate::{InterfaceCounts, QueueError, QueueSocket, Stage, Target, queue_states};
use flumen_abi::Reason;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::socket::{MsgFlags, recv, sendmsg};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Packets between two verdicts: as many as come without waiting, at most so many.
const BATCH: usize = 32;

/// Room for one packet with its headers.
const ROOM: usize = 70_000;

/// How often statistics are written, while there is anything new.
const WRITE: Duration = Duration::from_millis(200);

/// A queue that was quiet for so long is empty: nobody sends to it any more.
const QUIET: Duration = Duration::from_millis(300);

/// Of so many changed packets one is summed up anew.
const SAMPLE: u64 = 16;

/// Takes packets out of a queue and gives them back, until it is told to end: by SIGTERM when nothing comes any more, by
/// SIGINT at once, for a successor has the socket. SIGHUP: the targets are others.
///
/// # Errors
/// When the targets cannot be read, or the socket is gone.
pub fn work(socket: QueueSocket, places: &Places, succeeds: bool) -> Result<(), QueueError> {
    Worker::new(socket, places, succeeds)?.run()
}

struct Worker {
    socket: QueueSocket,
    places: Places,
    file: PathBuf,
    targets: Vec<Target>,
    stage: Stage,
    statistics: Statistics,
    /// Counts of the stages before this one, and of processes before this.
    before: Vec<InterfaceCounts>,
    /// The packet that comes next, unless it is lost.
    next: Option<u32>,
    /// Changed packets.
    changed: u64,
    buffers: Vec<Vec<u8>>,
    orders: Orders,
}

/// What signals have said.
#[derive(Default)]
struct Orders {
    drain: Arc<AtomicBool>,
    end: Arc<AtomicBool>,
    reread: Arc<AtomicBool>,
}

/// A verdict of the batch.
enum Verdict {
    /// As it came.
    Untouched([u8; 32]),
    /// Changed; the message lies in the buffer.
    Changed(usize, std::ops::Range<usize>),
}

// === impl Worker ===

impl Worker {
    fn new(socket: QueueSocket, places: &Places, succeeds: bool) -> Result<Worker, QueueError> {
        let orders = Orders::default();
        for (signal, order) in [(SIGTERM, &orders.drain), (SIGINT, &orders.end), (SIGHUP, &orders.reread)] {
            flag::register(signal, Arc::clone(order))
                .map_err(|error| QueueError::system("listen for signals", error))?;
        }
        // Who started us may have blocked them for itself.
        let signals = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];
        let unblocked = SigSet::from_iter(signals).thread_unblock();
        unblocked.map_err(|errno| QueueError::system("listen for signals", errno))?;
        let file = places.statistics(socket.number());
        let statistics = if succeeds { Statistics::read(&file) } else { Statistics::default() };
        let targets = places.targets()?;
        let mut worker = Worker {
            stage: Stage::new(&targets),
            targets,
            file,
            before: statistics.interfaces.clone(),
            statistics,
            next: None,
            changed: 0,
            buffers: vec![vec![0; ROOM]; BATCH],
            orders,
            places: places.clone(),
            socket,
        };
        worker.statistics.pid = std::process::id();
        if succeeds {
            worker.give_back()?;
        }
        worker.publish();
        Ok(worker)
    }

    /// Lets the packets pass that a predecessor has taken and not given back: nobody has their bytes any more.
    fn give_back(&mut self) -> Result<(), QueueError> {
        let fd = self.socket.as_fd().as_raw_fd();
        let state = || queue_states().into_iter().find(|state| state.number == self.socket.number());
        let Some(state) = state() else { return Ok(()) };
        let mut first = [0; 256];
        let peeked = recv(fd, &mut first, MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC);
        let last_taken = match peeked {
            // The number comes first, and the packet itself is not asked for.
            Ok(_) => match Message::head(&first) {
                Some(id) => id.wrapping_sub(1),
                None => return Ok(()),
            },
            Err(_) => state.last_id,
        };
        let unread = state.last_id.wrapping_sub(last_taken);
        let abandoned = state.waiting.saturating_sub(unread);
        let next = last_taken.wrapping_add(1);
        let since = next.wrapping_sub(self.statistics.next.unwrap_or(1));
        self.statistics.unaccounted += u64::from(since.saturating_sub(abandoned));
        self.next = Some(next);
        if abandoned > 0 {
            self.statistics.abandoned += u64::from(abandoned);
            self.send(&[Verdict::Untouched(accept_up_to(self.socket.number(), last_taken))])?;
        }
        Ok(())
    }

    fn run(mut self) -> Result<(), QueueError> {
        let (mut written, mut last_packet) = (Instant::now(), Instant::now());
        let mut changed = false;
        loop {
            let taken = self.batch()?;
            changed |= taken > 0;
            if taken > 0 {
                last_packet = Instant::now();
            }
            if changed && written.elapsed() >= WRITE {
                self.publish();
                (written, changed) = (Instant::now(), false);
            }
            if self.orders.reread.swap(false, Ordering::Relaxed) {
                self.reread()?;
            }
            let drained = self.orders.drain.load(Ordering::Relaxed) && last_packet.elapsed() >= QUIET;
            if drained || self.orders.end.load(Ordering::Relaxed) {
                self.publish();
                return Ok(());
            }
            if taken < BATCH {
                self.wait()?;
            }
        }
    }

    fn wait(&self) -> Result<(), QueueError> {
        let mut ready = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        let patience = PollTimeout::try_from(WRITE).unwrap_or(PollTimeout::MAX);
        match poll(&mut ready, patience) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(QueueError::system("wait for packets", errno)),
        }
    }

    /// Takes what is there, and gives it back. Says how much it was.
    fn batch(&mut self) -> Result<usize, QueueError> {
        let fd = self.socket.as_fd().as_raw_fd();
        let mut verdicts = Vec::with_capacity(BATCH);
        let mut place = 0;
        while place < BATCH {
            let length = match recv(fd, &mut self.buffers[place][..ROOM - 4], MsgFlags::MSG_DONTWAIT) {
                Ok(length) => length,
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR | Errno::ENOBUFS) => continue,
                Err(errno) => return Err(QueueError::system("read packets", errno)),
            };
            match Message::parse(&self.buffers[place][..length]) {
                Message::Packet(queued) => {
                    verdicts.push(self.judge(place, &queued));
                    place += 1;
                }
                Message::Answer(0) | Message::Other => {}
                Message::Answer(_) => self.statistics.refused += 1,
            }
        }
        if !verdicts.is_empty() {
            self.send(&verdicts)?;
        }
        Ok(place)
    }

    /// Takes one packet through the pipeline.
    fn judge(&mut self, place: usize, queued: &Queued) -> Verdict {
        let number = self.socket.number();
        let Queued { id, protocol, device, port, ref payload } = *queued;
        let gap = id.wrapping_sub(self.next.unwrap_or(id));
        self.statistics.overflowed += u64::from(gap);
        self.next = Some(id.wrapping_add(1));
        self.statistics.received += 1;
        let untouched = Verdict::Untouched(verdict(number, id));
        let device = if port != 0 && self.stage.serves(port) { port } else { device };
        if !self.stage.serves(device) {
            self.statistics.strayed += 1;
            return untouched;
        }
        let buffer = &mut self.buffers[place];
        if !self.stage.take(device, protocol, buffer, payload) {
            return untouched;
        }
        let share =
            self.targets.iter().find(|target| target.index == device).map_or(0, |target| target.share);
        if share > 0 && percentile(&buffer[payload.clone()]).is_some_and(|place| place < share) {
            self.statistics.missed += 1;
        }
        self.changed += 1;
        if self.changed.is_multiple_of(SAMPLE) {
            self.statistics.samples += 1;
            self.statistics.bad_checksums += u64::from(!sound(&buffer[payload.clone()]));
        }
        Verdict::Changed(place, verdict_around(buffer, number, id, payload))
    }

    fn send(&self, verdicts: &[Verdict]) -> Result<(), QueueError> {
        let slices: Vec<IoSlice<'_>> = verdicts
            .iter()
            .map(|verdict| match verdict {
                Verdict::Untouched(message) => IoSlice::new(message),
                Verdict::Changed(place, range) => IoSlice::new(&self.buffers[*place][range.clone()]),
            })
            .collect();
        let fd = self.socket.as_fd().as_raw_fd();
        loop {
            match sendmsg::<()>(fd, &slices, &[], MsgFlags::empty(), None) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(QueueError::system("give packets back", errno)),
            }
        }
    }

    /// Goes on with the targets as they now are.
    fn reread(&mut self) -> Result<(), QueueError> {
        self.gather();
        self.before.clone_from(&self.statistics.interfaces);
        self.targets = self.places.targets()?;
        self.stage = Stage::new(&self.targets);
        Ok(())
    }

    /// Writes the statistics. That they cannot be written is no reason to leave the packets alone.
    fn publish(&mut self) {
        self.gather();
        if let Err(error) = self.statistics.write(&self.file) {
            tracing::debug!("{error}");
        }
    }

    fn gather(&mut self) {
        self.statistics.next = self.next;
        self.statistics.interfaces.clone_from(&self.before);
        for target in &self.targets {
            let interface = target.interface;
            let (all, cleared) =
                (self.stage.received(interface), self.stage.counted(interface, Reason::DfCleared));
            self.statistics.count(&InterfaceCounts {
                interface,
                packets: all.packets,
                bytes: all.bytes,
                df_cleared: cleared.packets,
                df_cleared_bytes: cleared.bytes,
            });
        }
    }
}

/// The checksum of the IPv4 header is right.
pub(crate) fn sound(packet: &[u8]) -> bool {
    let length = packet.first().map_or(0, |byte| usize::from(byte & 0xf) * 4);
    let Some(header) = packet.get(..length).filter(|header| header.len() >= 20) else { return false };
    let words = header.chunks_exact(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum == 0xffff
}

#[cfg(test)]
mod tests {
    use super::sound;
    use flumen_testkit::packet::Packet;

    #[test]
    fn a_header_with_another_byte_is_not_sound() {
        let frame = Packet::eth().ipv4("192.0.2.1", "192.0.2.2").df().options([1; 8]).udp(1, 2).build();
        let mut packet = frame[14..].to_vec();
        assert!(sound(&packet));
        packet[6] ^= 0x40;
        assert!(!sound(&packet));
        assert!(!sound(&[]) && !sound(&packet[..19]));
    }
}
