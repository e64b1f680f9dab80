use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use super::*;
use crate::packet::Mac;

fn exists(name: &str) -> bool {
    std::path::Path::new("/run/netns").join(name).exists()
}

#[test]
fn a_namespace_is_gone_when_its_guard_is_dropped_with_the_processes_inside() {
    let namespace = Netns::new("a").unwrap();
    let name = namespace.name().to_owned();
    assert!(exists(&name));
    let mut daemon = namespace.spawn("sleep 1000").unwrap();
    crate::wait_until("sleep is inside", Duration::from_secs(5), || !namespace.pids().is_empty()).unwrap();
    drop(namespace);
    assert!(!exists(&name));
    crate::wait_until("sleep is killed", Duration::from_secs(5), || daemon.status().is_some()).unwrap();
    assert_eq!(daemon.status().unwrap().signal(), Some(9));
}

#[test]
fn a_panic_removes_the_namespace() {
    let name = std::sync::Mutex::new(String::new());
    let panic = std::panic::catch_unwind(|| {
        let namespace = Netns::new("b").unwrap();
        namespace.name().clone_into(&mut name.lock().unwrap());
        namespace.run(|| panic!("inside")).unwrap();
    });
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"inside"));
    assert!(!exists(&name.into_inner().unwrap()));
}

#[test]
fn a_closure_runs_inside_and_the_caller_stays_outside() {
    let inside = Netns::new("c").unwrap();
    let here = || std::fs::read_link("/proc/thread-self/ns/net").unwrap();
    let before = here();
    assert_ne!(inside.run(here).unwrap(), before);
    assert_eq!(here(), before);
}

#[test]
fn a_failed_command_shows_itself_and_its_words() {
    let namespace = Netns::new("d").unwrap();
    let error = namespace.ip("link set nosuch up").unwrap_err().to_string();
    assert!(error.contains(&format!("ip -n {} link set nosuch up", namespace.name())), "{error}");
    assert!(error.contains("Cannot find device"), "{error}");
    let error = namespace.exec_within(Duration::from_millis(200), "sleep 100").unwrap_err().to_string();
    assert!(error.contains("124"), "{error}");
    let error = run_command(&mut std::process::Command::new("no-such-program")).unwrap_err().to_string();
    assert!(error.contains("no-such-program"), "{error}");
}

#[test]
fn veth_ends_reach_each_other_over_both_ip_versions() {
    let (a, b) = (Netns::new("va").unwrap(), Netns::new("vb").unwrap());
    veth((&a, "eth0"), (&b, "eth0")).unwrap();
    let mac = Mac([2, 0, 0, 0, 0, 9]);
    for (namespace, v4, v6) in [(&a, "10.0.0.1/24", "2001:db8::1/64"), (&b, "10.0.0.2/24", "2001:db8::2/64")]
    {
        let link =
            namespace.link("eth0").mtu(1400).unwrap().features("gro on tx off tso off gso off").unwrap();
        link.up().unwrap().address(v4).unwrap().address(v6).unwrap();
    }
    a.link("eth0").set_mac(mac).unwrap();
    b.link("eth0").neighbour("10.0.0.1".parse().unwrap(), mac).unwrap();
    assert_eq!(a.link("eth0").mac().unwrap(), mac);
    a.route("default via 10.0.0.2").unwrap();
    a.route("default via 2001:db8::2").unwrap();
    a.exec("ping -c 1 -W 5 10.0.0.2").unwrap();
    a.exec("ping -c 1 -W 5 2001:db8::2").unwrap();
    let stats = a.link("eth0").stats().unwrap();
    assert!(stats.tx_packets >= 2 && stats.rx_packets >= 2, "{stats:?}");
    assert!(a.link("eth0").ifindex().unwrap() > 0);
    assert!(matches!(a.link("nosuch").ifindex(), Err(Error::NoLink { .. })));
}

#[test]
fn sysctls_belong_to_the_namespace() {
    let (a, b) = (Netns::new("sa").unwrap(), Netns::new("sb").unwrap());
    b.sysctl("net.ipv4.ip_forward", "0").unwrap();
    a.sysctl("net.ipv4.ip_forward", "1").unwrap();
    assert_eq!(a.read_sysctl("net.ipv4.ip_forward").unwrap(), "1");
    assert_eq!(b.read_sysctl("net.ipv4.ip_forward").unwrap(), "0");
    let error = a.sysctl("net.ipv4.no_such_key", "1").unwrap_err().to_string();
    assert!(error.contains("/proc/sys/net/ipv4/no_such_key"), "{error}");
}

#[test]
fn a_server_is_awaited_and_stopped() {
    let namespace = Netns::new("l").unwrap();
    let server = namespace.spawn("iperf3 -s -1 -p 5999").unwrap();
    namespace.wait_listening(Listener::Tcp(5999), Duration::from_secs(10)).unwrap();
    assert!(namespace.wait_listening(Listener::Tcp(5998), Duration::from_millis(20)).is_err());
    let log = server.terminate(Duration::from_secs(10)).unwrap();
    assert!(log.contains("5999"), "{log}");
}

#[test]
fn namespaces_of_dead_processes_are_listed_and_living_ones_are_not() {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    let dead = child.id();
    child.wait().unwrap();
    let name = format!("{PREFIX}-{dead}-0-left");
    command::run_line(&format!("ip netns add {name}")).unwrap();
    let living = Netns::new("live").unwrap();
    let listed = leftovers().unwrap();
    assert!(listed.contains(&name) && !listed.contains(&living.name().to_owned()), "{listed:?}");
    remove_leftovers().unwrap();
    assert!(!exists(&name));
}
