use super::*;
use crate::Error;
use crate::netns::Netns;

/// Pings the server from the client over both IP versions; `size` bytes of IPv4 resp. IPv6 packet, not fragmented.
fn ping_both(topology: &Gateway, segment: Segment, size: usize) -> Result<(), Error> {
    let to = segment.host();
    topology.client().exec(&format!("ping -c 1 -W 5 -M do -s {} {}", size - 28, to.v4))?;
    topology.client().exec(&format!("ping -c 1 -W 5 -M do -s {} {}", size - 48, to.v6))?;
    Ok(())
}

#[test]
fn client_server_and_dmz_reach_each_other_through_the_gateway() {
    for neighbours in [Neighbours::Dynamic, Neighbours::Static] {
        let topology = Gateway::builder().dmz().neighbours(neighbours).build().unwrap();
        ping_both(&topology, Segment::Wan, 1500).unwrap();
        ping_both(&topology, Segment::Dmz, 1500).unwrap();
        let known = topology.gateway().ip("neigh show").unwrap();
        assert_eq!(known.contains("PERMANENT"), neighbours == Neighbours::Static, "{known}");
    }
}

#[test]
fn a_segment_with_tags_carries_full_frames() {
    let topology = Gateway::builder().vlan(Segment::Lan, 100).build().unwrap();
    ping_both(&topology, Segment::Wan, 1500).unwrap();
}

#[test]
fn ends_in_different_vlans_do_not_reach_each_other() {
    let topology = Gateway::builder().neighbours(Neighbours::Static).build().unwrap();
    let _client = crate::vlan_shim(topology.client(), "eth0", 100).unwrap();
    let _gateway = crate::vlan_shim(topology.gateway(), "lan", 101).unwrap();
    let to = Segment::Lan.gateway().v4;
    topology.client().exec(&format!("ping -c 1 -W 0.2 {to}")).unwrap_err();
}

#[test]
fn a_small_mtu_is_reported_to_the_client() {
    let topology = Gateway::builder().mtu(Segment::Wan, 1400).build().unwrap();
    ping_both(&topology, Segment::Wan, 1400).unwrap();
    let error = ping_both(&topology, Segment::Wan, 1500).unwrap_err().to_string();
    assert!(error.contains("mtu = 1400"), "{error}");
}

#[test]
fn tcp_passes_with_and_without_offloads_and_tags() {
    let plain = Gateway::new().unwrap();
    let offloads = Gateway::builder().host_offloads().build().unwrap();
    let tagged = Gateway::builder().vlan(Segment::Wan, 7).build().unwrap();
    for topology in [plain, offloads, tagged] {
        let port = 5201;
        let _server = topology.server().spawn("iperf3 -s").unwrap();
        let ready = std::time::Duration::from_secs(10);
        topology.server().wait_listening(crate::netns::Listener::Tcp(port), ready).unwrap();
        for to in [Segment::Wan.host().v4.to_string(), Segment::Wan.host().v6.to_string()] {
            topology.client().exec(&format!("iperf3 -c {to} -n 4M")).unwrap();
        }
    }
}

#[test]
fn namespaces_of_a_topology_go_with_it() {
    let topology = Gateway::new().unwrap();
    let names: Vec<String> =
        [topology.gateway(), topology.client(), topology.server()].map(Netns::name).map(str::to_owned).into();
    drop(topology);
    let listed = crate::netns::run_command(std::process::Command::new("ip").args(["netns", "list"])).unwrap();
    assert!(names.iter().all(|name| !listed.contains(name.as_str())), "{listed}");
}
