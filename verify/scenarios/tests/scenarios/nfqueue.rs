//! Clearing of DF by NFQUEUE, on a router of the kernel's own.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use flumen_api::{CanaryReport, Request, Response, ServicesReport};
use flumen_nfqueue::{Backend, Places, Status, Target, Tool};
use flumen_scenarios::{Configuration, Lab, flumen_program};
use flumen_testkit::netns::Netns;
use flumen_testkit::packet::{Packet, parse, verify_checksums};
use flumen_testkit::topology::{Gateway, Segment};
use flumen_testkit::wait_until;
use flumen_testkit::{RawSocket, Sink};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{setsockopt, sockopt};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::{SOON, udp};

/// The port of the datagrams, and bytes of each.
const PORT: u16 = 31765;
const DATAGRAM: usize = 1400;

fn target(gateway: &Netns) -> Target {
    Target {
        device: "lan".into(),
        index: gateway.link("lan").ifindex().expect("it is there"),
        interface: 1,
        port: PORT,
        over: 1400,
        zero_udp: false,
        share: 0,
    }
}

fn backend(folder: &std::path::Path) -> Backend {
    let program = flumen_program().expect("the program is built");
    Backend::new(Places::new(folder), program, vec!["df-clear-queue".into()])
}

/// A router whose queue of the LAN is served.
fn router() -> (Gateway, tempfile::TempDir, Backend) {
    let topology = Gateway::new().expect("the lab does as it is told");
    topology.gateway().sysctl("net.ipv4.ip_forward", "1").expect("the kernel routes");
    let folder = tempfile::tempdir().expect("a folder");
    let mut backend = backend(folder.path());
    let targets = [target(topology.gateway())];
    inside(&topology, || backend.serve(&targets)).expect("packets are queued");
    (topology, folder, backend)
}

fn inside<T: Send>(topology: &Gateway, work: impl FnOnce() -> T + Send) -> T {
    topology.gateway().run(work).expect("the namespace is there")
}

fn settled(topology: &Gateway, backend: &Backend, wanted: impl Fn(&Status) -> bool + Sync) -> Status {
    let mut status = Status::default();
    let settles = wait_until("the processes have counted", SOON, || {
        status = inside(topology, || backend.status());
        wanted(&status)
    });
    settles.unwrap_or_else(|error| panic!("{error}: {status:?}"));
    status
}

#[test]
fn df_is_cleared_by_queue_and_everything_else_passes_as_it_came() {
    let (topology, _folder, mut backend) = router();
    let client = RawSocket::open(topology.client(), "eth0").expect("the lab does as it is told");
    let server = RawSocket::open(topology.server(), "eth0").expect("the lab does as it is told");
    let (own, gateway) = (Segment::Lan.host(), Segment::Lan.gateway());
    let to = Segment::Wan.host().v4;
    topology.gateway().exec(&format!("ping -c 1 -W 5 {to}")).expect("the server answers");
    let packet = || Packet::eth().macs(own.mac, gateway.mac).ipv4(own.v4, to);
    let through = |frame: Vec<u8>| -> (bool, usize) {
        client.send(&frame).expect("it is sent");
        let from_client = |frame: &[u8]| {
            parse(frame)
                .ok()
                .and_then(|parsed| parsed.ip)
                .is_some_and(|ip| ip.src.to_string() == own.v4.to_string())
        };
        let arrived = server.recv_matching(SOON, from_client).expect("it is read").expect("it passes");
        let mut wanted = frame.clone();
        wanted.truncate(arrived.len());
        assert_eq!(arrived[26..], wanted[26..], "addresses and all that follows");
        let parsed = parse(&arrived).expect("it is whole").ip.expect("it is IP");
        (parsed.df, arrived.len())
    };
    let whole = |packet: Packet| {
        let (df, length) = through(packet.build());
        (df, length)
    };
    assert_eq!(whole(packet().df().udp(9, PORT).payload_len(1373)), (false, 1415));
    assert_eq!(whole(packet().df().udp(9, PORT).payload_len(1372)), (true, 1414), "not long");
    assert_eq!(whole(packet().df().udp(9, PORT + 1).payload_len(1400)), (true, 1442), "another port");
    assert_eq!(whole(packet().df().tcp(9, PORT).payload_len(1400)), (true, 1454), "no UDP");
    assert_eq!(whole(packet().udp(9, PORT).payload_len(1400)), (false, 1442), "no DF");
    let status = settled(&topology, &backend, |status| status.statistics.received == 1);
    let counts = status.statistics.interface(1);
    assert_eq!((counts.packets, counts.df_cleared, counts.bytes), (1, 1, 1415));
    assert_eq!(
        (status.statistics.strayed, status.statistics.refused, status.statistics.overflowed),
        (0, 0, 0)
    );
    inside(&topology, || backend.serve(&[])).expect("it ends");
    wait_until("no queue is left", SOON, || {
        backend.tend();
        inside(&topology, flumen_nfqueue::queue_states).is_empty()
    })
    .expect("the processes end");
    assert_eq!(
        whole(packet().df().udp(9, PORT).payload_len(1373)),
        (true, 1415),
        "nobody clears it any more"
    );
    assert_eq!(backend.status().statistics.received, 1, "what was counted stays");
}

#[test]
fn checksums_that_the_sender_left_to_its_device_and_packets_that_were_merged_come_out_right() {
    let topology = Gateway::builder().host_offloads().build().expect("the lab does as it is told");
    topology.gateway().sysctl("net.ipv4.ip_forward", "1").expect("the kernel routes");
    // The device waits for more to merge.
    topology.gateway().link("lan").features("rx-udp-gro-forwarding on").expect("the device merges");
    for (file, text) in [("gro_flush_timeout", "300000"), ("napi_defer_hard_irqs", "2")] {
        let path = format!("/sys/class/net/lan/{file}");
        let mut tee = std::process::Command::new("ip");
        tee.args(["netns", "exec", topology.gateway().name(), "sh", "-c", &format!("echo {text} > {path}")]);
        assert!(tee.status().expect("it runs").success());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut backend = backend(folder.path());
    let targets = [target(topology.gateway())];
    inside(&topology, || backend.serve(&targets)).expect("packets are queued");
    let receiver = receiver(topology.server());
    let frames = RawSocket::open(topology.server(), "eth0").expect("the lab does as it is told");
    let sender =
        topology.client().run(|| UdpSocket::bind(("0.0.0.0", 0))).expect("entered").expect("a socket");
    let mut buffer = [0; 2 * DATAGRAM];
    for round in 0..10_u8 {
        for number in 0..10 {
            let datagram = vec![10 * round + number; DATAGRAM];
            sender.send_to(&datagram, (Segment::Wan.host().v4, PORT)).expect("it is sent");
        }
        for number in 0..10 {
            let length =
                receiver.recv(&mut buffer).unwrap_or_else(|error| panic!("{round} {number}: {error}"));
            assert_eq!(buffer[..length], [10 * round + number; DATAGRAM]);
            let long = |frame: &[u8]| frame.len() > DATAGRAM;
            let frame = frames.recv_matching(SOON, long).expect("it is read").expect("one is there");
            assert_eq!(frame.len(), DATAGRAM + 42);
            verify_checksums(&frame).expect("nobody behind us finishes it");
            assert!(!parse(&frame).expect("it is whole").ip.expect("it is IP").df);
        }
    }
    let status = settled(&topology, &backend, |status| status.statistics.received == 100);
    assert_eq!(status.statistics.interface(1).df_cleared, 100);
    if status.tool == Some(Tool::Iptables) {
        let rules = topology.gateway().exec("iptables-save -c -t raw").expect("it runs");
        let met = rules.lines().find(|line| line.contains("-i lan")).unwrap_or_default();
        let packets = met.trim_start_matches('[').split(':').next().and_then(|text| text.parse::<u32>().ok());
        assert!(packets.is_some_and(|packets| packets < 100), "they were merged: {rules}");
    }
}

fn devices(topology: &Gateway) -> String {
    [topology.gateway(), topology.server()].map(|host| host.ip("-s -s link").unwrap_or_default()).concat()
}

fn receiver(server: &Netns) -> UdpSocket {
    let socket =
        server.run(|| UdpSocket::bind(("0.0.0.0", PORT))).expect("entered").expect("the port is free");
    setsockopt(&socket, sockopt::RcvBufForce, &(64 << 20)).expect("as root");
    socket.set_read_timeout(Some(Duration::from_secs(2))).expect("it may");
    socket
}

/// Sends datagrams that are to lose their DF, `rate` a second from many ports, until it is told to stop.
fn send(client: &Netns, to: SocketAddr, rate: u32, stop: &AtomicBool) -> Result<u64> {
    const SOCKETS: usize = 200;
    let sent = client.run(|| -> std::io::Result<u64> {
        let sockets: Vec<UdpSocket> =
            (0..SOCKETS).map(|_| UdpSocket::bind(("0.0.0.0", 0))).collect::<std::io::Result<_>>()?;
        let (begin, mut sent) = (Instant::now(), 0_u64);
        let mut datagram = [0; DATAGRAM];
        while !stop.load(Ordering::Relaxed) && begin.elapsed() < Duration::from_secs(60) {
            let due = (begin.elapsed().as_secs_f64() * f64::from(rate)) as u64;
            while sent < due {
                datagram[..8].copy_from_slice(&sent.to_be_bytes());
                sockets[sent as usize % SOCKETS].send_to(&datagram, to)?;
                sent += 1;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(sent)
    })?;
    Ok(sent?)
}

/// Different datagrams that have arrived until none comes any more.
fn received(receiver: &UdpSocket, stop: &AtomicBool) -> u64 {
    let mut numbers = std::collections::HashSet::new();
    let mut datagram = [0; DATAGRAM];
    loop {
        let last = stop.load(Ordering::Relaxed);
        match receiver.recv(&mut datagram) {
            Ok(_) => {}
            Err(_) if last => break,
            Err(_) => continue,
        }
        let number = u64::from_be_bytes(datagram[..8].try_into().expect("eight"));
        assert!(numbers.insert(number), "none comes twice");
    }
    numbers.len() as u64
}

struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sends while `meanwhile` does something to the backend, and returns what was sent and what arrived.
fn under_traffic(topology: &Gateway, rate: u32, meanwhile: impl FnOnce()) -> (u64, u64) {
    let to: SocketAddr = (Segment::Wan.host().v4, PORT).into();
    between(topology.client(), topology.server(), to, rate, meanwhile)
}

fn between(from: &Netns, at: &Netns, to: SocketAddr, rate: u32, meanwhile: impl FnOnce()) -> (u64, u64) {
    let receiver = receiver(at);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| send(from, to, rate, &stop));
        let arrived = scope.spawn(|| received(&receiver, &stop));
        // both end, also when this panics
        let guard = Stopping(&stop);
        meanwhile();
        drop(guard);
        let sent = sender.join().expect("it does not panic").expect("it is sent");
        (sent, arrived.join().expect("it does not panic"))
    })
}

#[test]
fn no_packet_is_lost_when_the_processes_are_killed_again_and_again() {
    let (topology, _folder, mut backend) = router();
    let (sent, arrived) = under_traffic(&topology, 20_000, || {
        inside(&topology, || {
            for round in 0..8 {
                let before = backend.pids();
                for pid in &before {
                    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).expect("it runs");
                }
                let begin = Instant::now();
                while backend.pids().iter().any(|pid| before.contains(pid)) {
                    assert!(begin.elapsed() < SOON, "round {round}");
                    backend.tend();
                    std::thread::sleep(Duration::from_millis(10));
                }
                std::thread::sleep(Duration::from_millis(300));
                backend.tend();
            }
        });
    });
    assert_eq!(arrived, sent, "{:?}", inside(&topology, || backend.status()));
    let status = settled(&topology, &backend, |status| {
        let all = &status.statistics;
        all.interface(1).df_cleared + all.abandoned + all.unaccounted + all.overflowed >= sent
    });
    let Status { statistics, restarts, queues, .. } = &status;
    assert!(*restarts >= 8 * queues.len() as u64, "{status:?}");
    assert_eq!(statistics.overflowed, 0, "{status:?}");
    assert_eq!(statistics.received + statistics.unaccounted + statistics.abandoned, sent, "{status:?}");
    assert!(statistics.abandoned < 32 * restarts, "a batch each: {status:?}");
    assert!(queues.iter().all(|queue| (queue.dropped, queue.dropped_for_user) == (0, 0)), "{status:?}");
}

#[test]
fn no_packet_is_lost_when_the_one_who_started_the_processes_is_gone_and_another_takes_over_and_ends_it() {
    let (topology, folder, first) = router();
    let mut second = backend(folder.path());
    let (sent, arrived) = under_traffic(&topology, 20_000, || {
        std::thread::sleep(Duration::from_millis(500));
        drop(first); // closes its descriptors; the processes go on
        std::thread::sleep(Duration::from_millis(500));
        let targets = [target(topology.gateway())];
        inside(&topology, || second.serve(&targets)).expect("the second takes over");
        std::thread::sleep(Duration::from_millis(500));
        inside(&topology, || second.serve(&[])).expect("it ends");
        std::thread::sleep(Duration::from_millis(500));
        inside(&topology, || second.tend());
    });
    assert_eq!(arrived, sent, "{:?}", inside(&topology, || second.status()));
    wait_until("no process is left", SOON, || {
        second.tend();
        inside(&topology, flumen_nfqueue::queue_states).is_empty()
    })
    .expect("the processes end");
    assert!(second.status().statistics.received > sent / 2, "counted on by the second");
    let rules = topology.gateway().exec("iptables-save -t raw").expect("it runs");
    assert!(!rules.contains("NFQUEUE"), "{rules}");
}

#[test]
fn what_there_is_no_room_for_passes_and_is_counted() {
    let (topology, _folder, mut backend) = router();
    let stopped = backend.pids();
    let tell = |signal| {
        for pid in &stopped {
            kill(Pid::from_raw(pid.cast_signed()), signal).expect("it runs");
        }
    };
    tell(Signal::SIGSTOP);
    let (sent, arrived) = under_traffic(&topology, 40_000, || {
        std::thread::sleep(Duration::from_millis(1500));
        tell(Signal::SIGCONT);
        std::thread::sleep(Duration::from_millis(300));
    });
    assert_eq!(arrived, sent, "{}", devices(&topology));
    let status = settled(&topology, &backend, |status| {
        status.statistics.received + status.statistics.overflowed == sent
    });
    assert!(status.statistics.overflowed > 0, "the queue was too short for all: {status:?}");
    tell(Signal::SIGSTOP);
    let (sent, arrived) = under_traffic(&topology, 1_000, || {
        let begin = Instant::now();
        while inside(&topology, || backend.status().restarts) == 0 {
            assert!(begin.elapsed() < SOON, "a process that is stuck is replaced");
            inside(&topology, || backend.tend());
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    assert_eq!(arrived, sent);
}

/// A bridge of the gateway towards the DMZ, on which DF is to be cleared.
fn bridged() -> Gateway {
    let topology = Gateway::builder().dmz().build().expect("the lab does as it is told");
    let gateway = topology.gateway();
    gateway.ip("link add br0 type bridge").expect("the kernel bridges");
    gateway.ip("link set dmz master br0").expect("the kernel bridges");
    gateway.ip("addr flush dev dmz").expect("it has some");
    let own = Segment::Dmz.gateway();
    let bridge = gateway.link("br0").set_mac(own.mac).expect("it is new").up().expect("it is new");
    let bridge = bridge.address(&format!("{}/24", own.v4)).expect("it is free");
    bridge.address(&format!("{}/64", own.v6)).expect("it is free");
    topology
}

fn site() -> Configuration {
    Configuration::new().set("/interfaces/br0", json!({})).set("/services/df-clear/br0", json!({}))
}

fn services(lab: &Lab) -> ServicesReport {
    match lab.flumen().ask(&Request::ShowServices).expect("the daemon answers") {
        Response::Services(report) => report,
        other => panic!("{other:?}"),
    }
}

/// A datagram from the DMZ to the LAN arrives; says whether with DF.
fn arrives_with_df(lab: &Lab, bytes: usize) -> bool {
    let (from, to) = (Segment::Dmz.host().v4, Segment::Lan.host().v4);
    let sender = udp(lab.topology().host(Segment::Dmz), (from, 0).into()).expect("a socket");
    let client = RawSocket::open(lab.client(), "eth0").expect("a socket");
    sender.send_to(&vec![7; bytes], (to, PORT)).expect("it is sent");
    let wanted = |frame: &[u8]| {
        let ip = parse(frame).ok().and_then(|parsed| parsed.ip.map(|ip| (ip.src.to_string(), ip.len)));
        ip == Some((from.to_string(), bytes + 28))
    };
    let frame = client.recv_matching(SOON, wanted).expect("it is read").expect("it passes");
    verify_checksums(&frame).expect("they are right");
    parse(&frame).expect("it is whole").ip.expect("it is IP").df
}

#[test]
fn where_xdp_is_refused_the_daemon_queues_says_so_and_goes_on_after_its_death() {
    let mut lab = Lab::on(bridged(), &site().set("/system/dataplane/mode", "driver")).expect("it starts");
    assert!(!arrives_with_df(&lab, 1373));
    assert!(arrives_with_df(&lab, 1372));
    let report = services(&lab);
    let bridge = &report.interfaces[0];
    assert_eq!((bridge.interface.as_str(), bridge.mode.as_deref()), ("br0", Some("nfqueue")));
    assert!(bridge.note.as_ref().is_some_and(|note| note.contains("br0")), "{bridge:?}");
    assert!(lab.flumen().log().contains("not attached"), "{}", lab.flumen().log());
    wait_until("it is counted", SOON, || services(&lab).interfaces[0].counters.df_cleared == 1)
        .expect("it is");
    let shown = lab.flumen().run("mirror status -I 0").expect("it runs");
    assert!(shown.contains("br0 (nfqueue)") && shown.contains("NFQUEUE: "), "{shown}");

    lab.flumen_mut().kill().expect("it runs");
    assert!(!arrives_with_df(&lab, 1380), "without a daemon");
    lab.flumen_mut().start_again().expect("it starts");
    assert!(!arrives_with_df(&lab, 1381), "taken over");
    wait_until("it is counted", SOON, || services(&lab).interfaces[0].counters.df_cleared == 3)
        .expect("it is");

    lab.flumen().apply(&Configuration::new()).expect("without df-clear");
    assert!(arrives_with_df(&lab, 1373), "nobody wants it any more");
    lab.flumen().apply(&site()).expect("with it again");
    assert!(!arrives_with_df(&lab, 1373));
    lab.flumen().run("detach").expect("it ends");
    assert!(arrives_with_df(&lab, 1373), "nothing is left");
    let rules = lab.gateway().exec("iptables-save").expect("it runs");
    let tables = lab.gateway().exec("nft list tables").expect("it runs");
    assert!(!rules.contains("FLUMEN") && !tables.contains("flumen"), "{rules}{tables}");
    assert!(lab.gateway().run(flumen_nfqueue::queue_states).expect("entered").is_empty());
}

#[test]
fn xdp_comes_back_when_the_program_of_somebody_else_is_gone() {
    let topology = Gateway::builder().dmz().build().expect("the lab does as it is told");
    let foreign = Sink::attach(topology.gateway().link("dmz")).expect("it is free");
    let site =
        Configuration::new().set("/interfaces/dmz", json!({})).set("/services/df-clear/dmz", json!({}));
    let lab = Lab::on(topology, &site).expect("it starts");
    let device = || services(&lab).interfaces.remove(0);
    assert_eq!(device().mode.as_deref(), Some("nfqueue"));
    assert!(device().note.is_some_and(|note| note.contains("dmz")));
    drop(foreign);
    wait_until("XDP is attached", SOON, || device().mode.as_deref() == Some("driver")).expect("it is");
    assert_eq!(device().note, None);
    assert!(!arrives_with_df(&lab, 1373));
    assert_eq!((device().counters.df_cleared, device().counters.total_packets > 0), (1, true));
    wait_until("no queue is left", SOON, || {
        lab.gateway().run(flumen_nfqueue::queue_states).expect("entered").is_empty()
    })
    .expect("the processes end");
}

fn canary(lab: &Lab, line: &str) -> CanaryReport {
    let said = lab.flumen().run(&format!("mirror {line} --json")).expect("it is done");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// DF is cleared on the link to the DMZ, whose host sends to the LAN.
fn shared() -> Lab {
    let topology = Gateway::builder().dmz().build().expect("the lab does as it is told");
    let site =
        Configuration::new().set("/interfaces/dmz", json!({})).set("/services/df-clear/dmz", json!({}));
    Lab::on(topology, &site).expect("it starts")
}

#[test]
fn flows_move_from_queues_to_xdp_and_back_and_no_packet_is_lost() {
    let mut lab = shared();
    let to: SocketAddr = (Segment::Lan.host().v4, PORT).into();
    let settled = || {
        let mut report = CanaryReport::default();
        wait_until("there are rates", SOON, || {
            std::thread::sleep(Duration::from_millis(200));
            report = canary(&lab, "canary");
            report.xdp.per_second + report.queues.per_second > 0
        })
        .unwrap_or_else(|error| panic!("{error}: {report:?}"));
        report
    };
    let mut shares = Vec::new();
    let mut went_back = Duration::MAX;
    let (sent, arrived) = between(lab.topology().host(Segment::Dmz), lab.client(), to, 4_000, || {
        for percent in [0, 10, 50, 90, 100] {
            canary(&lab, &format!("canary --percent {percent}"));
            let report = settled();
            assert_eq!((report.percent, &report.rolled_back), (Some(percent), &None), "{report:?}");
            assert!(report.breaches.is_empty(), "{report:?}");
            assert_eq!((report.xdp.missed, report.xdp.bad_checksums), (0, 0), "{report:?}");
            assert_eq!((report.queues.errors, report.queues.bad_checksums), (0, 0), "{report:?}");
            assert!(percent == 0 || report.xdp.samples > 0, "{report:?}");
            assert!(percent == 100 || report.queues.per_second > 0, "{report:?}");
            let all = report.xdp.df_cleared + report.queues.df_cleared;
            shares.push((percent, report.xdp.df_cleared * 100 / all.max(1)));
        }
        let begin = Instant::now();
        let report = canary(&lab, "rollback");
        went_back = begin.elapsed();
        assert_eq!(report.percent, Some(0));
        let report = settled();
        assert_eq!((report.xdp.df_cleared, report.xdp.per_second), (0, 0), "{report:?}");
        assert!(report.queues.df_cleared > 0, "{report:?}");
        canary(&lab, "canary --end");
    });
    assert_eq!(arrived, sent, "{:?}", services(&lab));
    assert!(went_back < Duration::from_secs(2), "{went_back:?}");
    for (percent, got) in &shares {
        // of 200 flows
        assert!(got.abs_diff(u64::from(*percent)) <= 12, "{shares:?}");
    }
    // what was cleared and what was not: all but packets on their way when rules were new
    let report = services(&lab);
    let queues = report.queues.expect("there were some");
    assert_eq!((queues.overflowed, queues.refused, queues.restarts), (0, 0, 0), "{queues:?}");
    assert_eq!(report.interfaces[0].counters.df_cleared, sent, "DF of every one, once");

    canary(&lab, "canary --percent 50");
    lab.flumen_mut().kill().expect("it runs");
    lab.flumen_mut().start_again().expect("it starts");
    assert_eq!(canary(&lab, "canary").percent, Some(50), "the share outlives the daemon");
    lab.flumen().run("detach").expect("it ends");
}

#[test]
fn a_packet_that_xdp_leaves_as_it_is_takes_its_share_back_unless_that_is_held() {
    let lab = shared();
    canary(&lab, "canary --percent 100 --hold");
    // Somebody sets DF anew, behind XDP and before the queue: as if XDP had left it.
    let rules = "table inet spoil { chain c { type filter hook prerouting priority -500; iifname dmz udp dport 31765 ip frag-off set 0x4000; }; }";
    let file = lab.flumen().places().file("spoil.nft");
    std::fs::write(&file, rules).expect("a file");
    let spoil = || lab.gateway().exec(&format!("nft -f {}", file.display())).expect("nft does it");
    std::thread::sleep(Duration::from_millis(2500));
    spoil();
    assert!(!arrives_with_df(&lab, 1380), "cleared by the queue");
    wait_until("it is found", SOON, || !canary(&lab, "canary").breaches.is_empty()).expect("it is");
    let report = canary(&lab, "canary");
    assert_eq!((report.percent, report.hold, &report.rolled_back), (Some(100), true, &None), "{report:?}");

    canary(&lab, "canary --percent 100");
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(canary(&lab, "canary").percent, Some(100), "nothing was sent meanwhile");
    assert!(!arrives_with_df(&lab, 1381));
    wait_until("it goes back", SOON, || canary(&lab, "canary").rolled_back.is_some()).expect("it does");
    let report = canary(&lab, "canary");
    assert_eq!(report.percent, Some(0));
    assert!(
        report.rolled_back.is_some_and(|why| why.contains("left DF on 1 packet")),
        "{:?}",
        report.breaches
    );
    assert!(lab.flumen().log().contains("queues take all flows again"), "{}", lab.flumen().log());
    assert!(!arrives_with_df(&lab, 1382));
    let refused = lab.flumen().answer("mirror canary --percent 101").expect("it runs");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    lab.flumen().apply(&Configuration::new()).expect("without df-clear");
    let refused = lab.flumen().answer("mirror canary --percent 10").expect("it runs");
    assert!(refused.stderr.contains("no interface outside all zones"), "{refused:?}");
}
