//! Traffic mirrors and the clearing of DF, on real VXLAN and beside the kernel's own.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use flumen_api::{Request, Response, ServiceInfo};
use flumen_scenarios::{Configuration, Flumen, Lab, balances};
use flumen_testkit::RawSocket;
use flumen_testkit::netns::{Daemon, Netns};
use flumen_testkit::packet::{ACK, Checksum, Mac, Packet, parse, verify_checksums};
use flumen_testkit::topology::{Gateway, Segment};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{READY, SOON, count, sysctls, udp};

/// Link address that copied frames were sent to; the kernel's VXLAN device gets it, so that it routes them.
const COPIED: [u8; 6] = [2, 7, 0, 0, 0, 2];
/// Source port that a rule matches, and where it sends.
const PORT: u16 = 42844;
const NEW_PORT: u16 = 8081;
/// A subnet inside the tunnel.
const TALKER: &str = "192.0.2.7";
const LISTENER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 8);

/// A mirror on `lan` that sends what comes from [`PORT`] to the host on the DMZ, and clears DF.
fn mirroring() -> Configuration {
    let target = Segment::Dmz.host();
    with_mirror(json!({
        "interface": "lan",
        "df-clear": {},
        "rules": [
            {"name": "v4", "match": {"source-port": PORT}, "then": {"address": target.v4, "port": NEW_PORT}},
            {"name": "v6", "match": {"source-port": PORT}, "then": {"address": target.v6, "port": NEW_PORT}}
        ]
    }))
}

fn with_mirror(mirror: Value) -> Configuration {
    with_dmz().set("/services/traffic-mirror/m", mirror)
}

fn with_dmz() -> Configuration {
    Configuration::new()
        .set("/interfaces/dmz", json!({}))
        .set("/security/zones/dmz", json!({"interfaces": ["dmz"], "host-inbound": {"services": ["ping"]}}))
}

/// The LAN has room for the headers of VXLAN around packets of 1500 bytes.
fn topology() -> Gateway {
    Gateway::builder().dmz().mtu(Segment::Lan, 1600).build().expect("the lab does as it is told")
}

/// Frames that a mirror copies, addressed to [`COPIED`].
fn inner_frames() -> Vec<Vec<u8>> {
    let frame = || Packet::eth().macs([2, 7, 0, 0, 0, 1], COPIED);
    let target = Segment::Dmz.host();
    let v4 = |to: Ipv4Addr| frame().ipv4(TALKER, to);
    let far = Ipv4Addr::new(198, 51, 100, 9);
    let frames = [
        v4(far).udp(PORT, 9000).payload_len(20),
        v4(far).udp(PORT, 9000).payload_len(21),
        // to no rule: nftables updates a checksum of zero as if it were one
        v4(target.v4).udp(1000, 2000).checksum(Checksum::Zero).payload_len(7),
        v4(far).tcp(PORT, 443).flags(ACK).payload_len(100),
        v4(target.v4).udp(1000, 2000).payload_len(33),
        v4(target.v4).tos(0xb8).options([1; 8]).icmp_echo(7, 1).payload_len(56),
        v4(target.v4).df().udp(1000, 2000).payload_len(1372),
        v4(target.v4).df().udp(1000, 2000).payload_len(1373),
        v4(far).df().udp(PORT, 9000).payload_len(1400),
        v4(target.v4).df().tcp(1000, 2000).flags(ACK).payload_len(1400),
        frame().ipv6("2001:db8:77::7", "2001:db8:99::9").udp(PORT, 9000).payload_len(40),
        frame().ipv6("2001:db8:77::7", target.v6).tcp(1, 2).flags(ACK).payload_len(11),
    ];
    frames.map(|frame| frame.build()).to_vec()
}

/// A copied frame in VXLAN from the LAN to the gateway.
fn outer(inner: &[u8]) -> Vec<u8> {
    let (host, gateway) = (Segment::Lan.host(), Segment::Lan.gateway());
    let packet = Packet::eth().macs(host.mac, gateway.mac).ipv4(host.v4, gateway.v4).udp(50_000, 4789);
    packet.checksum(Checksum::Zero).vxlan(1).payload(inner).build()
}

/// Sends each frame in VXLAN from the LAN, and returns what arrives at the host on the DMZ: from the EtherType on.
fn through(topology: &Gateway, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let sender = RawSocket::open(topology.client(), "eth0").expect("the lab does as it is told");
    let target = RawSocket::open(topology.host(Segment::Dmz), "eth0").expect("the lab does as it is told");
    // the kernel asks for its neighbour once
    topology
        .gateway()
        .exec(&format!("ping -c 1 -W 5 {}", Segment::Dmz.host().v4))
        .expect("the lab does as it is told");
    topology
        .gateway()
        .exec(&format!("ping -c 1 -W 5 {}", Segment::Dmz.host().v6))
        .expect("the lab does as it is told");
    let from_tunnel = |frame: &[u8]| {
        let ip = parse(frame).ok().and_then(|parsed| Some(parsed.ip?.src.to_string()));
        ip.is_some_and(|src| src == TALKER || src.starts_with("2001:db8:77:"))
    };
    let mut arrived = Vec::new();
    for inner in frames {
        sender.send(&outer(inner)).expect("the lab does as it is told");
        let frame = target
            .recv_matching(SOON, from_tunnel)
            .expect("the lab does as it is told")
            .expect("a copy arrives");
        verify_checksums(&frame).expect("the lab does as it is told");
        assert_eq!(parse(&frame).expect("the lab does as it is told").dst, Segment::Dmz.host().mac);
        arrived.push(frame[12..].to_vec());
    }
    arrived
}

/// The kernel does the same: its VXLAN device unwraps, nftables rewrites, its routes send.
fn by_the_kernel(topology: &Gateway, frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let gateway = topology.gateway();
    gateway.ip("link add vx0 type vxlan id 1 dstport 4789 dev lan").expect("the lab does as it is told");
    gateway
        .link("vx0")
        .set_mac(Mac(COPIED))
        .expect("the lab does as it is told")
        .mtu(1500)
        .expect("the lab does as it is told")
        .up()
        .expect("the lab does as it is told");
    let target = Segment::Dmz.host();
    let rules = format!(
        "table ip mirror {{ chain c {{ type filter hook prerouting priority raw
           iifname vx0 udp sport {PORT} udp dport set {NEW_PORT} ip daddr set {v4}
           iifname vx0 tcp sport {PORT} tcp dport set {NEW_PORT} ip daddr set {v4}
           iifname vx0 ip length > 1400 ip frag-off 0x4000 ip frag-off set 0; }}; }}
         table ip6 mirror {{ chain c {{ type filter hook prerouting priority raw
           iifname vx0 udp sport {PORT} udp dport set {NEW_PORT} ip6 daddr set {v6}; }}; }}",
        v4 = target.v4,
        v6 = target.v6
    );
    let file = std::env::temp_dir().join(format!("flumen-mirror-{}.nft", std::process::id()));
    std::fs::write(&file, rules).expect("the lab does as it is told");
    let loaded = gateway.exec(&format!("nft -f {}", file.display()));
    std::fs::remove_file(&file).expect("the lab does as it is told");
    loaded.expect("the lab does as it is told");
    let arrived = through(topology, frames);
    gateway.exec("nft flush ruleset").expect("the lab does as it is told");
    gateway.ip("link del vx0").expect("the lab does as it is told");
    arrived
}

fn service(lab: &Lab) -> ServiceInfo {
    match lab.flumen().ask(&Request::ShowServices).expect("the lab does as it is told") {
        Response::Services(mut report) => report.interfaces.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn copies_arrive_as_they_do_by_the_kernels_own_vxlan_and_nftables() {
    let topology = topology();
    let frames = inner_frames();
    let wanted = by_the_kernel(&topology, &frames);
    let lab = Lab::on(topology, &mirroring()).expect("the lab does as it is told");
    let got = through(lab.topology(), &frames);
    for ((frame, wanted), got) in frames.iter().zip(&wanted).zip(&got) {
        assert_eq!(got, wanted, "of {}", flumen_testkit::packet::dissect(frame));
    }
    let counted = service(&lab);
    let counters = counted.counters;
    let all = frames.len() as u64;
    assert_eq!((counted.interface.as_str(), counted.mode.as_deref()), ("lan", Some("driver")));
    assert_eq!((counters.vxlan_packets, counters.inner_packets, counters.errors), (all, all, 0));
    assert_eq!((counters.forwarded, counters.redirected), (all, all));
    assert_eq!((counters.nat_applied, counters.df_cleared), (5, 3));
    assert!(counters.total_packets >= all && counters.bytes_processed > 0);
    assert!(count(&lab, "lan", "mirrored") == all);
    for balance in balances(lab.flumen()).expect("the lab does as it is told") {
        assert_eq!(balance.received, balance.ended, "{balance:?}");
    }
    let shown = lab.flumen().run("mirror status --interval 0").expect("the lab does as it is told");
    assert!(shown.contains("NAT applied") && shown.contains("mirror m: lan port 4789 VNI 1"), "{shown}");
    let shown: Value = serde_json::from_str(
        &lab.flumen().run("mirror status -I 0 --json").expect("the lab does as it is told"),
    )
    .expect("the lab does as it is told");
    assert_eq!(shown["interfaces"][0]["counters"]["nat_applied"], 5);
    let hex: String = outer(&frames[0]).iter().map(|byte| format!("{byte:02x}")).collect();
    let explained = lab.flumen().run(&format!("explain -i lan --hex {hex}")).expect("it is explained");
    assert!(explained.contains("with VNI 1: traffic mirror m"), "{explained}");
    assert_eq!(shown["mirrors"][0]["rules"][0]["hits"]["packets"], 4);
}

/// A VXLAN device of the kernel on the client, and a socket on it that talks to [`LISTENER`].
fn talker(client: &Netns, mtu: u32) -> UdpSocket {
    let (own, gateway) = (Segment::Lan.host().v4, Segment::Lan.gateway().v4);
    client
        .ip(&format!("link add vx0 type vxlan id 1 dstport 4789 local {own} remote {gateway} dev eth0"))
        .expect("the lab does as it is told");
    client.sysctl("net.ipv6.conf.vx0.disable_ipv6", "1").expect("the lab does as it is told"); // no discovery beside the datagrams
    let link = client
        .link("vx0")
        .mtu(mtu)
        .expect("the lab does as it is told")
        .up()
        .expect("the lab does as it is told");
    link.address(&format!("{TALKER}/24"))
        .expect("the lab does as it is told")
        .neighbour(LISTENER.into(), Mac(COPIED))
        .expect("the lab does as it is told");
    let socket = udp(client, SocketAddr::new(TALKER.parse().expect("the lab does as it is told"), PORT))
        .expect("the lab does as it is told");
    client
        .run(|| socket.connect((LISTENER, 9000)))
        .expect("the lab does as it is told")
        .expect("the lab does as it is told");
    socket
}

fn heard(target: &UdpSocket) -> Vec<u8> {
    let mut buffer = [0; 10_000];
    let length = target.recv(&mut buffer).expect("a datagram arrives");
    buffer[..length].to_vec()
}

#[test]
fn a_socket_hears_what_a_vxlan_device_of_the_kernel_sends_with_and_without_offloads() {
    for offloads in [false, true] {
        let builder = Gateway::builder().dmz();
        let builder = if offloads { builder.host_offloads() } else { builder };
        let lab = Lab::on(builder.build().expect("the lab does as it is told"), &mirroring())
            .expect("the lab does as it is told");
        let target = udp(lab.topology().host(Segment::Dmz), (Segment::Dmz.host().v4, NEW_PORT).into())
            .expect("the lab does as it is told");
        let talker = talker(lab.client(), 1450);
        // the first ones are handed to the kernel, which asks for the neighbour
        for number in 0..50_u32 {
            let text = format!("datagram {number} with offloads {offloads}");
            talker.send(text.as_bytes()).expect("the lab does as it is told");
            assert_eq!(heard(&target), text.as_bytes());
        }
        let counters = service(&lab).counters;
        assert_eq!((counters.nat_applied, counters.errors), (50, 0));
        assert!(counters.redirected > 40 && counters.forwarded == 50, "{counters:?}");
    }
}

/// A lab whose LAN has room for VXLAN around packets of `inner` bytes.
fn jumbo_lab(inner: u32, dmz: u32) -> Lab {
    let builder = Gateway::builder().dmz().mtu(Segment::Lan, inner + 50).mtu(Segment::Dmz, dmz);
    let lab = Lab::on(builder.build().expect("a topology"), &mirroring()).expect("a lab");
    for interface in lab.flumen().interfaces().expect("the daemon answers").interfaces {
        assert_eq!(interface.mode.as_deref(), Some("driver"), "{interface:?}");
    }
    lab
}

/// Linux sets DF on what fits the interface.
fn datagram(packet: u32) -> Vec<u8> {
    (0..=255).cycle().take(packet as usize - 28).collect()
}

#[test]
fn a_jumbo_copy_loses_its_df_and_is_fragmented_by_the_kernel_on_the_way_to_a_smaller_link() {
    for inner in [2852, 8950] {
        let lab = jumbo_lab(inner, 1500);
        let target = udp(lab.topology().host(Segment::Dmz), (Segment::Dmz.host().v4, NEW_PORT).into())
            .expect("a socket");
        let talker = talker(lab.client(), inner);
        for _ in 0..10 {
            talker.send(&datagram(inner)).expect("a datagram");
            assert_eq!(heard(&target), datagram(inner));
        }
        assert_eq!(count(&lab, "lan", "fragmentation-needed"), 10);
        assert_eq!(service(&lab).counters.df_cleared, 10);
    }
}

#[test]
fn jumbo_copies_leave_whole_in_driver_mode() {
    let lab = jumbo_lab(8950, 9000);
    let target =
        udp(lab.topology().host(Segment::Dmz), (Segment::Dmz.host().v4, NEW_PORT).into()).expect("a socket");
    let talker = talker(lab.client(), 8950);
    for inner in [2852, 3520, 4096, 8950].repeat(5) {
        talker.send(&datagram(inner)).expect("a datagram");
        assert_eq!(heard(&target), datagram(inner));
    }
    let counters = service(&lab).counters;
    assert_eq!((counters.nat_applied, counters.df_cleared, counters.errors), (20, 20, 0));
    assert!(counters.redirected >= 15, "the first ones wait for the neighbour: {counters:?}");
}

#[test]
fn a_mirror_comes_and_goes_with_commits_and_outlives_the_daemon() {
    let mut lab = Lab::on(topology(), &with_dmz()).expect("the lab does as it is told");
    let (server, host) = (Segment::Wan.host().v4, Segment::Dmz.host().v4);
    let target =
        udp(lab.topology().host(Segment::Dmz), (host, NEW_PORT).into()).expect("the lab does as it is told");
    let talker = talker(lab.client(), 1450);
    let pings = |lab: &Lab| {
        let said = lab
            .client()
            .exec(&format!("ping -c 2 -i 0.1 -W 5 {server}"))
            .expect("the lab does as it is told");
        assert!(said.contains("2 received"), "{said}");
    };
    pings(&lab);
    talker.send(b"nobody takes it").expect("the lab does as it is told");
    lab.flumen().apply(&mirroring()).expect("the lab does as it is told");
    pings(&lab);
    talker.send(b"first").expect("the lab does as it is told");
    assert_eq!(heard(&target), b"first");
    lab.flumen_mut().kill().expect("the lab does as it is told");
    pings(&lab);
    talker.send(b"second").expect("the lab does as it is told");
    assert_eq!(heard(&target), b"second", "without a daemon");
    lab.flumen_mut().start_again().expect("the lab does as it is told");
    pings(&lab);
    talker.send(b"third").expect("the lab does as it is told");
    assert_eq!(heard(&target), b"third", "adopted");
    assert_eq!(service(&lab).counters.nat_applied, 3);
    lab.flumen().apply(&with_dmz()).expect("the lab does as it is told");
    pings(&lab);
    talker.send(b"nobody takes it any more").expect("the lab does as it is told");
    pings(&lab);
    target.set_read_timeout(Some(Duration::from_millis(200))).expect("the lab does as it is told");
    assert!(target.recv(&mut [0; 100]).is_err(), "the mirror is gone");
    assert!(count(&lab, "lan", "host-denied") >= 2);
}

#[test]
fn an_output_that_goes_down_has_its_reason_and_comes_back() {
    let output = json!({"interface": "lan", "output": {"interface": "dmz", "keep-link-addresses": true}});
    let lab = Lab::on(topology(), &with_mirror(output)).expect("the lab does as it is told");
    let inner = inner_frames().remove(0);
    let send = || {
        RawSocket::open(lab.client(), "eth0").expect("a socket").send(&outer(&inner)).expect("a frame");
    };
    let target =
        RawSocket::open(lab.topology().host(Segment::Dmz), "eth0").expect("the lab does as it is told");
    let arrives = || {
        target
            .recv_matching(Duration::from_millis(300), |frame| frame == inner)
            .expect("the lab does as it is told")
    };
    send();
    assert_eq!(arrives().as_ref(), Some(&inner), "as it was");
    let link = lab.topology().gateway_link(Segment::Dmz);
    link.down().expect("the lab does as it is told");
    flumen_testkit::wait_until("it is noticed", SOON, || {
        send();
        count(&lab, "lan", "mirror-output-down") > 0
    })
    .expect("the lab does as it is told");
    link.up()
        .expect("the lab does as it is told")
        .features("gro off")
        .expect("the lab does as it is told")
        .features("gro on")
        .expect("the lab does as it is told");
    lab.topology()
        .host_link(Segment::Dmz)
        .features("gro off")
        .expect("the lab does as it is told")
        .features("gro on")
        .expect("the lab does as it is told");
    flumen_testkit::wait_until("it comes back", SOON, || {
        send();
        arrives().is_some()
    })
    .expect("the lab does as it is told");
}

/// `flumen mirror start` with these options, once it serves.
fn started(flumen: &Flumen, options: &str) -> Daemon {
    let target = Segment::Dmz.host().v4;
    let line = format!("mirror start -i lan -t dmz -a {target} -p {NEW_PORT} -s {PORT} -I 1 {options}");
    let running = Daemon::start(&mut flumen.command(line.split_whitespace())).expect("it starts");
    flumen_testkit::wait_until("it serves", READY, || running.log().contains("mirror on lan to dmz"))
        .unwrap_or_else(|error| panic!("{error}: {}", running.log()));
    running
}

#[test]
fn one_line_runs_a_mirror_tells_what_it_does_and_leaves_the_host_as_it_was() {
    let topology = topology();
    let (gateway, flumen) = (topology.gateway(), Flumen::new(topology.gateway()).expect("the program"));
    let (target, talker) = (
        udp(topology.host(Segment::Dmz), (Segment::Dmz.host().v4, NEW_PORT).into()).expect("a socket"),
        talker(topology.client(), 1450),
    );
    let before = sysctls(gateway);
    let running = started(&flumen, "-v");
    let told = |text: &str| running.log().lines().any(|line| line.contains(text));
    let mut sent = 0;
    flumen_testkit::wait_until("a line tells of the share of translated packets", SOON, || {
        talker.send(&[7; 1409]).expect("a datagram"); // with DF, and more than 1,400 bytes
        assert_eq!(heard(&target), [7; 1409]);
        sent += 1;
        told(" 100.0 % ")
    })
    .expect("it tells");
    assert!(told("NAT HIT") && told(" low") && told("without DF/s"), "{}", running.log());

    let recorded = flumen.run("mirror monitor -I 1 --count 1 --json").expect("records");
    let records: Vec<Value> =
        recorded.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records.len(), 2, "one at once, one after the interval");
    assert_eq!((&records[1]["nat_applied"], &records[1]["df_cleared"]), (&sent.into(), &sent.into()));
    let shown = flumen.run("show services traffic-mirror").expect("the shell's command");
    assert!(shown.contains("NAT applied") && shown.contains("mirror main: lan.0 port 4789 VNI 1"), "{shown}");
    assert!(flumen.refused("mirror start -i lan -t dmz").expect("an answer").contains("running already"));

    running.signal(Signal::SIGINT).expect("it runs");
    let said = running.wait(READY).expect("it ends, with status 0");
    assert!(said.contains("stopped; the host is as it was"), "{said}");
    assert_eq!(gateway.exec("ip link show").expect("links").matches(" xdp ").count(), 0);
    assert_eq!(sysctls(gateway), before);
}

#[test]
fn one_line_does_not_take_the_place_of_a_configuration_unless_it_is_told_to() {
    let mut lab = Lab::on(topology(), &with_dmz()).expect("a lab");
    lab.flumen_mut().kill().expect("it runs");
    let said = lab.flumen().refused("mirror start -i lan -t dmz").expect("an answer");
    assert!(said.contains("active here already") && said.contains("--replace"), "{said}");
    for options in ["--replace --stay", "--stay"] {
        let running = started(lab.flumen(), options);
        running.signal(Signal::SIGTERM).expect("it runs");
        assert!(running.wait(READY).expect("status 0").contains("goes on until"), "with {options}");
    }
    assert_eq!(lab.gateway().exec("ip link show").expect("links").matches(" xdp ").count(), 2, "it stays");
    let target = udp(lab.topology().host(Segment::Dmz), (Segment::Dmz.host().v4, NEW_PORT).into());
    let (target, talker) = (target.expect("a socket"), talker(lab.client(), 1450));
    talker.send(b"nobody looks on").expect("a datagram");
    assert_eq!(heard(&target), b"nobody looks on");
}

#[test]
fn a_device_loses_no_frame_while_its_services_come_and_go() {
    let topology = topology();
    let gateway = topology.gateway();
    gateway.ip("link add br0 type bridge").expect("a bridge");
    gateway.ip("link set dmz master br0").expect("a port of the bridge");
    gateway.ip("addr flush dev dmz").expect("no address on the port");
    let own = Segment::Dmz.gateway();
    let bridge = gateway.link("br0").set_mac(own.mac).expect("its address").up().expect("it is up");
    bridge.address(&format!("{}/24", own.v4)).expect("its address");
    let site =
        Configuration::new().set("/interfaces/br0", json!({})).set("/services/df-clear/br0", json!({}));
    let lab = Lab::on(topology, &Configuration::new()).expect("a lab");
    std::thread::scope(|scope| {
        let pings = scope.spawn(|| {
            let line = format!("ping -c 1000 -i 0.002 -W 5 {}", own.v4);
            lab.topology().host(Segment::Dmz).exec_within(Duration::from_secs(60), &line).expect("answers")
        });
        while !pings.is_finished() {
            lab.flumen().apply(&site).expect("it comes");
            lab.flumen().apply(&Configuration::new()).expect("it goes");
        }
        let said = pings.join().expect("the thread ends");
        assert!(said.contains("1000 received"), "{said}");
    });
}

#[test]
fn df_is_cleared_on_a_bridge_and_everything_else_passes_it() {
    let topology = topology();
    let gateway = topology.gateway();
    gateway.ip("link add br0 type bridge").expect("the lab does as it is told");
    gateway.ip("link set dmz master br0").expect("the lab does as it is told");
    gateway.ip("addr flush dev dmz").expect("the lab does as it is told");
    let own = Segment::Dmz.gateway();
    let bridge = gateway
        .link("br0")
        .set_mac(own.mac)
        .expect("the lab does as it is told")
        .up()
        .expect("the lab does as it is told");
    bridge
        .address(&format!("{}/24", own.v4))
        .expect("the lab does as it is told")
        .address(&format!("{}/64", own.v6))
        .expect("the lab does as it is told");
    let site =
        Configuration::new().set("/interfaces/br0", json!({})).set("/services/df-clear/br0", json!({}));
    let lab = Lab::on(topology, &site).expect("the lab does as it is told");
    let sender = udp(lab.topology().host(Segment::Dmz), (Segment::Dmz.host().v4, 4000).into())
        .expect("the lab does as it is told");
    let client = RawSocket::open(lab.client(), "eth0").expect("the lab does as it is told");
    let df = |port: u16, bytes: usize| {
        sender.send_to(&vec![7; bytes], (Segment::Lan.host().v4, port)).expect("the lab does as it is told");
        let wanted = |frame: &[u8]| {
            let ip = parse(frame).ok().and_then(|parsed| parsed.ip.map(|ip| (ip.src.to_string(), ip.len)));
            ip == Some((Segment::Dmz.host().v4.to_string(), bytes + 28))
        };
        let frame =
            client.recv_matching(SOON, wanted).expect("the lab does as it is told").expect("it passes");
        verify_checksums(&frame).expect("the lab does as it is told");
        parse(&frame).expect("the lab does as it is told").ip.expect("the lab does as it is told").df
    };
    assert!(!df(31765, 1373), "long, to the port");
    assert!(df(31765, 1372), "not long");
    assert!(df(31764, 1373), "another port");
    let said = lab
        .topology()
        .host(Segment::Dmz)
        .exec(&format!("ping -c 3 -i 0.05 -W 5 {}", own.v4))
        .expect("the lab does as it is told");
    assert!(said.contains("3 received"), "{said}");
    assert_eq!(count(&lab, "br0", "df-cleared"), 1);
    assert_eq!(service(&lab).counters.df_cleared, 1);
    for balance in balances(lab.flumen()).expect("the lab does as it is told") {
        assert_eq!(balance.received, balance.ended, "{balance:?}");
    }
    lab.flumen().run("detach").expect("the lab does as it is told");
}
