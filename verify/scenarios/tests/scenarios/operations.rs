//! What operators look at, on a gateway with traffic.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use flumen_scenarios::{Configuration, HttpServer, Lab};
use flumen_testkit::topology::Segment;
use serde_json::Value;

use crate::support::{READY, curl, url};

/// TCP to 8000 is denied; all else may go out.
fn lab() -> Lab {
    let configuration = Configuration::new().application("closed", "tcp", 8000).policy_first(
        "no-8000",
        ("trust", "untrust"),
        "closed",
        "deny",
    );
    Lab::new(&configuration).expect("a lab")
}

fn json(lab: &Lab, command: &str) -> Value {
    let printed = lab.flumen().run(&format!("{command} --json")).expect("it succeeds");
    serde_json::from_str(&printed).expect("it is JSON")
}

#[test]
fn routes_neighbours_and_links_are_those_of_the_kernel() {
    let lab = lab();
    let _server = HttpServer::start(lab.server(), 80).unwrap();
    curl(lab.client(), &url(Segment::Wan.host().v4.into(), 80)).unwrap();
    lab.gateway().exec("ip route add 198.51.100.0/24 via 203.0.113.2 proto static metric 7").unwrap();
    let route = &json(&lab, "show route 198.51.100.9")["routes"][0];
    assert_eq!((&route["protocol"], &route["metric"]), (&"static".into(), &7.into()));
    assert_eq!(route["hops"][0]["gateway"], "203.0.113.2");
    assert_eq!(route["hops"][0]["link"], Segment::Wan.dev());
    let neighbours = json(&lab, &format!("show arp interface {}", Segment::Wan.dev()));
    let server = Segment::Wan.host().v4.to_string();
    let known = neighbours["neighbours"].as_array().unwrap();
    assert!(known.iter().any(|own| own["address"] == server.as_str() && own["mac"].is_string()), "{known:?}");
    let whole = lab.flumen().run(&format!("show interfaces {} extensive", Segment::Lan.dev())).unwrap();
    assert!(whole.contains("veth, up, carrier") && whole.contains("10.1.0.1/24"), "{whole}");
}

#[test]
fn the_policy_that_is_told_is_the_one_that_decides_and_its_drops_are_seen_as_they_happen() {
    let lab = lab();
    let zones = "from-zone trust to-zone untrust source-ip 10.1.0.2 destination-ip 203.0.113.2";
    for (port, policy, action) in [(8000, "no-8000", "deny"), (80, "out", "permit")] {
        let found = json(&lab, &format!("test policy {zones} destination-port {port}"));
        assert_eq!(found["policy"]["action"], action, "{found}");
        assert!(found["policy"]["name"].as_str().unwrap().contains(policy), "{found}");
    }
    let mut monitor = lab.flumen().command(["monitor", "security", "packet-drop", "--json"]);
    let mut monitor = monitor.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(monitor.stdout.take().unwrap());
    let heard = std::thread::spawn(move || lines.lines().map_while(Result::ok).next());
    let server = url(Segment::Wan.host().v4.into(), 8000);
    let begin = std::time::Instant::now();
    while !heard.is_finished() && begin.elapsed() < READY {
        // refused in silence: curl gives up by itself
        drop(curl(lab.client(), &format!("--max-time 1 {server}")));
        std::thread::sleep(Duration::from_millis(50));
    }
    monitor.kill().unwrap();
    monitor.wait().unwrap();
    let told: Value = serde_json::from_str(&heard.join().unwrap().expect("a line")).unwrap();
    let drop = &told["drops"][0];
    assert_eq!((&drop["interface"], &drop["reason"]), (&Segment::Lan.dev().into(), &"policy-denied".into()));
}

#[test]
fn a_capture_has_what_the_kernel_sees_and_not_what_is_forwarded() {
    let lab = lab();
    let _server = HttpServer::start(lab.server(), 80).unwrap();
    let page = url(Segment::Wan.host().v4.into(), 80);
    // The neighbours are known from here on: the next connection is forwarded by the driver alone.
    curl(lab.client(), &page).unwrap();
    let file = lab.flumen().places().file("seen.pcap");
    let line = format!("monitor traffic interface {} count 2 write {}", Segment::Lan.dev(), file.display());
    let words = line.split(' ').chain(["matching", "icmp or tcp"]);
    let mut monitor = lab.flumen().command(words).stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(monitor.stderr.take().unwrap());
    let mut said = said.lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("listening on")), "tcpdump listens");
    curl(lab.client(), &page).unwrap();
    lab.client().exec("ping -c 1 10.1.0.1").unwrap();
    assert!(said.any(|line| line.contains("2 packets captured")));
    assert!(monitor.wait().unwrap().success());
    let shown = lab.gateway().exec(&format!("tcpdump -n -r {}", file.display())).unwrap();
    assert!(shown.contains("ICMP echo request") && !shown.contains("203.0.113.2"), "{shown}");
}

#[test]
fn a_link_that_goes_down_is_an_alarm_and_the_log_has_what_the_daemon_said() {
    let lab = lab();
    assert!(!lab.flumen().run("show system alarms").unwrap().contains("major"));
    lab.gateway().exec(&format!("ip link set {} down", Segment::Wan.dev())).unwrap();
    flumen_testkit::wait_until("the alarm", READY, || {
        lab.flumen().run("show system alarms").is_ok_and(|alarms| alarms.contains("is down"))
    })
    .unwrap();
    let log = lab.flumen().run("show log messages last 100").unwrap();
    assert!(log.contains("is active on the xdp engine"), "{log}");
}
