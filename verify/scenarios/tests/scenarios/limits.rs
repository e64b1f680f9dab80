//! A full session table.

use std::net::SocketAddr;
use std::time::Duration;

use flumen_scenarios::{Configuration, Lab};

use crate::support::{UdpEcho, ask, count, server_ips, udp_to};

#[test]
fn a_full_table_keeps_its_sessions_drops_new_ones_by_name_and_recovers() {
    const ROOM: usize = 1024;
    let small = Configuration::new().set("/system/dataplane/sessions/maximum", ROOM);
    let lab = Lab::new(&small).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let [v4, v6] = server_ips().map(|ip| SocketAddr::new(ip, 7000));
    let first = [v4, v6].map(|to| udp_to(lab.client(), to).unwrap());
    for socket in &first {
        ask(socket, "first").unwrap();
    }
    // one datagram to each port is one session
    let filler = udp_to(lab.client(), v4).unwrap();
    lab.client()
        .run(|| {
            for port in 10_000..10_000 + 2 * ROOM {
                let to = SocketAddr::new(v4.ip(), u16::try_from(port).unwrap());
                filler.connect(to).unwrap();
                // an earlier port's ICMP error may be waiting on the socket
                filler.send(b"x").or_else(|_| filler.send(b"x")).unwrap();
            }
        })
        .unwrap();
    let sessions = lab.flumen().sessions().unwrap().len();
    assert!(sessions <= ROOM && sessions > ROOM * 9 / 10, "{sessions}");
    let dropped = count(&lab, "lan", "session-table-full");
    assert!(dropped >= ROOM as u64, "{dropped}");

    for socket in &first {
        ask(socket, "established").unwrap();
    }
    let late = udp_to(lab.client(), v6).unwrap();
    late.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    ask(&late, "late").unwrap_err();
    assert!(count(&lab, "lan", "session-table-full") > dropped);
    for to in lab.server_addresses() {
        lab.client().exec(&format!("ping -c 1 -W 0.2 {to}")).unwrap_err();
    }

    lab.flumen().run("clear sessions").unwrap();
    late.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    ask(&late, "after clear").unwrap();
    for to in lab.server_addresses() {
        lab.client().exec(&format!("ping -c 1 -W 5 {to}")).unwrap();
    }
}

#[test]
fn when_the_room_for_ipv6_is_taken_ipv4_still_opens_sessions() {
    const ROOM6: usize = 1024;
    const OPENED: usize = 2500;
    let small = Configuration::new()
        .set("/system/dataplane/sessions/maximum", 4096)
        .set("/system/dataplane/sessions/ipv6-maximum", ROOM6);
    let lab = Lab::new(&small).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let [v4, v6] = server_ips().map(|ip| SocketAddr::new(ip, 7000));
    let first = udp_to(lab.client(), v6).unwrap();
    ask(&first, "first").unwrap();
    let filler = udp_to(lab.client(), v6).unwrap();
    lab.client()
        .run(|| {
            for port in 10_000..10_000 + OPENED {
                let to = SocketAddr::new(v6.ip(), u16::try_from(port).unwrap());
                filler.connect(to).unwrap();
                // an earlier port's ICMP error may be waiting on the socket
                filler.send(b"x").or_else(|_| filler.send(b"x")).unwrap();
            }
        })
        .unwrap();
    // rows have half as much room again, so that they are found quickly
    let sessions = lab.flumen().sessions().unwrap().len();
    assert!((ROOM6..=ROOM6 * 3 / 2).contains(&sessions), "{sessions}");
    let dropped = count(&lab, "lan", "session-table-full");
    assert!(dropped as usize >= OPENED - ROOM6 * 3 / 2, "{dropped}");

    ask(&first, "established").unwrap();
    let other = udp_to(lab.client(), v4).unwrap();
    ask(&other, "of the other family").unwrap();
}
