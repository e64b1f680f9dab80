use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use flumen_nfqueue::{Backend, Places, Target, queue_states};
use flumen_testkit::generator::{Generator, Spec};
use flumen_testkit::netns::{Netns, veth};
use flumen_testkit::topology::Segment;
use flumen_testkit::{Sink, wait_until};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::peer::Peer;
use super::{PORT, traffic};
use crate::configuration::{Configuration, LONG_TIMEOUT_S, Rules};
use crate::gateway::Gateway;

/// Packets that are sent before the queue is waited for: less than there is room for.
const BURST: u64 = 5_000;

/// How long a burst may take to be through.
const PATIENCE: Duration = Duration::from_secs(20);

/// Number of the peer's queue.
const QUEUE: u16 = 40_999;

/// What clears DF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    /// Nothing; frames are dropped where they arrive.
    Drop,
    /// Nothing; the kernel takes them as they are.
    Stack,
    /// The C program.
    Peer,
    /// A process of Flumen.
    Queue,
    /// Flumen in XDP.
    Xdp,
}

/// Two namespaces, and the device between generator and counter.
pub(super) struct Bed {
    device: Device,
    // programs go before the namespaces they are in
    sink: Option<Sink>,
    _gateway: Option<Gateway>,
    backend: Option<Backend>,
    peer: Option<Peer>,
    _folder: TempDir,
    generator: Netns,
    dut: Netns,
}

// === impl Bed ===

impl Bed {
    /// Sets it up.
    ///
    /// # Errors
    /// What the host lacks.
    pub(super) fn new(device: Device) -> Result<Self> {
        let (generator, dut) = (Netns::new("gen")?, Netns::new("dut")?);
        for (outer, inner, segment) in [("eth0", "lan", Segment::Lan), ("eth1", "wan", Segment::Wan)] {
            veth((&generator, outer), (&dut, inner))?;
            let (host, own) = (segment.host(), segment.gateway());
            generator.link(outer).set_mac(host.mac)?.up()?.features("gro on")?;
            let link = dut.link(inner).set_mac(own.mac)?.up()?.features("gro on")?;
            link.address(&format!("{}/24", own.v4))?.neighbour(host.v4.into(), host.mac)?;
        }
        dut.sysctl("net.ipv4.conf.all.rp_filter", "0")?;
        dut.sysctl("net.ipv4.ip_forward", "1")?;
        let folder = tempfile::tempdir()?;
        let mut bed = Self {
            device,
            sink: None,
            _gateway: None,
            backend: None,
            peer: None,
            _folder: folder,
            generator,
            dut,
        };
        bed.count_what_comes_through()?;
        bed.install()?;
        Ok(bed)
    }

    fn install(&mut self) -> Result<()> {
        match self.device {
            Device::Stack => {}
            Device::Drop => self.sink = Some(Sink::attach(self.dut.link("lan"))?),
            Device::Xdp => {
                let configuration =
                    Configuration { rules: Rules::DfClear, sessions: 1024, timeout_s: LONG_TIMEOUT_S };
                self._gateway = Some(Gateway::open(&self.dut, &configuration)?);
            }
            Device::Queue => {
                let places = Places::new(self._folder.path());
                let backend = Backend::new(places, std::env::current_exe()?, vec!["queue".to_owned()]);
                let mut backend = backend.with_processes(1);
                let target = Target {
                    device: "lan".to_owned(),
                    index: self.dut.link("lan").ifindex()?,
                    interface: 1,
                    port: PORT,
                    over: 1400,
                    zero_udp: false,
                    share: 0,
                };
                self.dut.run(|| backend.serve(&[target]))??;
                self.backend = Some(backend);
            }
            Device::Peer => {
                let words = format!(
                    "iptables -t raw -A PREROUTING -i lan -p udp --dport {PORT} -j NFQUEUE --queue-num {QUEUE}"
                );
                self.dut.exec(&words).context("the rule of document and peer (Debian package iptables)")?;
                self.peer = Some(Peer::start(&self.dut, self._folder.path(), QUEUE, PORT, 1400)?);
            }
        }
        Ok(())
    }

    /// A rule that counts packets without DF and drops them, and one that does so with the rest.
    fn count_what_comes_through(&self) -> Result<()> {
        let file = self._folder.path().join("rules");
        let rules = format!(
            "table inet bench {{
                counter kept {{ }}
                counter delivered {{ }}
                chain end {{
                    type filter hook prerouting priority -100;
                    ip frag-off & 0x4000 == 0 counter name delivered drop
                    udp dport {PORT} counter name kept drop
                }}
            }}"
        );
        std::fs::write(&file, rules)?;
        self.dut.exec(&format!("nft -f {}", file.display()))?;
        Ok(())
    }

    /// Packets that came through without DF and with it.
    fn counted(&mut self) -> Result<(u64, u64)> {
        if let Some(sink) = &mut self.sink {
            return Ok((sink.counts()?.packets, 0));
        }
        let packets = |name: &str| -> Result<u64> {
            let said = self.dut.exec(&format!("nft list counter inet bench {name}"))?;
            let mut words = said.split_whitespace().skip_while(|word| *word != "packets").skip(1);
            let packets = words.next().context("nft says how many")?;
            Ok(packets.parse()?)
        };
        Ok((packets("delivered")?, packets("kept")?))
    }

    /// Sends packets, and says how many nanoseconds each of them took of all CPUs.
    ///
    /// # Errors
    /// When one is not counted at the end, or has DF there.
    pub(super) fn run(&mut self, packets: u64) -> Result<f64> {
        let before = self.counted()?;
        let clock = self.others()?;
        let mut busy = Duration::ZERO;
        let spec: Spec = traffic().macs(Segment::Lan.host().mac, Segment::Lan.gateway().mac);
        {
            let mut generator = Generator::new(&spec, self.generator.link("eth0"))?;
            let mut left = packets;
            while left > 0 {
                let burst = left.min(BURST);
                busy += generator.run(burst)?.busy;
                left -= burst;
                self.dut.run(|| {
                    wait_until("the queue is empty", PATIENCE, || {
                        queue_states().iter().all(|queue| queue.waiting == 0)
                    })
                })??;
            }
        }
        let after = self.others()?;
        for (name, time) in after {
            busy += time.saturating_sub(clock.get(&name).copied().unwrap_or_default());
        }
        let now = self.counted()?;
        let (without, with) = (now.0 - before.0, now.1 - before.1);
        let wanted = if self.device == Device::Stack { (0, packets) } else { (packets, 0) };
        ensure!(
            (without, with) == wanted,
            "of {packets} packets {without} came through without DF, {with} with it"
        );
        Ok(busy.as_secs_f64() * 1e9 / packets as f64)
    }

    /// CPU time of the process that clears DF, and of the kernel's threads for softirqs.
    fn others(&self) -> Result<BTreeMap<String, Duration>> {
        let mut times = BTreeMap::new();
        let mut pids: Vec<u32> = self.backend.iter().flat_map(Backend::pids).collect();
        pids.extend(self.peer.iter().map(Peer::pid));
        for pid in pids {
            let clock = clock_getcpuclockid(Pid::from_raw(pid.cast_signed()))?;
            times.insert(format!("process {pid}"), clock_gettime(clock)?.into());
        }
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let folder = entry.path();
            let name = std::fs::read_to_string(folder.join("comm")).unwrap_or_default();
            if name.starts_with("ksoftirqd/") {
                let text = std::fs::read_to_string(folder.join("schedstat")).unwrap_or_default();
                let ns = text.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or_default();
                times.insert(name, Duration::from_nanos(ns));
            }
        }
        Ok(times)
    }
}
