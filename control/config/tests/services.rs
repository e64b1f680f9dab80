//! Services: both forms mean the same, and what cannot be is refused in words.
#![allow(clippy::unwrap_used)]

use flumen_config::{Model, UdpChecksum};
use flumen_syntax::parse::Mode;

const TEXT: &str = "
interfaces { eth0 { unit 0; unit 7 { vlan-id 7; } } eth1 { unit 0; } br0 { unit 0; } }
security { zones { security-zone outside { interfaces { eth0.0; eth0.7; } } } }
services {
    traffic-mirror {
        mirror aws {
            interface eth0.0;
            output { interface eth1.0; keep-link-addresses; }
            df-clear { over 1200; udp-checksum zero; }
            rule app {
                match { source-port 42844; }
                then { destination-nat { address 10.2.41.17; port 8081; } }
            }
            rule dns { match { protocol udp; destination-port 53; } then { discard; } }
            rule rest { then { accept; } }
        }
        mirror plain { interface eth0.7; port 8472; vni 7; df-clear; }
    }
    df-clear br0.0;
}";

const JSON: &str = r#"{
  "interfaces": {
    "eth0.0": {"device": "eth0"}, "eth0.7": {"device": "eth0", "vlan": 7},
    "eth1.0": {"device": "eth1"}, "br0.0": {"device": "br0"}
  },
  "security": {"zones": {"outside": {"interfaces": ["eth0.0", "eth0.7"]}}},
  "services": {
    "traffic-mirror": {
      "aws": {
        "interface": "eth0.0",
        "output": {"interface": "eth1.0", "keep-link-addresses": true},
        "df-clear": {"over": 1200, "udp-checksum": "zero"},
        "rules": [
          {"name": "app", "match": {"source-port": 42844}, "then": {"address": "10.2.41.17", "port": 8081}},
          {"name": "dns", "match": {"protocol": "udp", "destination-port": 53}, "then": "discard"},
          {"name": "rest", "then": "accept"}
        ]
      },
      "plain": {"interface": "eth0.7", "port": 8472, "vni": 7, "df-clear": {}}
    },
    "df-clear": {"br0.0": {}}
  },
  "network": {"links": {
    "br0": {}, "eth0": {}, "eth1": {}, "eth0.7": {"vlan": {"parent": "eth0", "id": 7}}
  }}
}"#;

fn refused(change: impl Fn(&str) -> String) -> String {
    let errors = Model::from_text(&change(TEXT), None, Mode::Strict).expect_err("it is wrong");
    errors.iter().map(|error| format!("{error}\n")).collect()
}

#[test]
fn both_forms_of_services_mean_the_same_and_are_written_as_they_are_read() {
    let loaded = Model::from_text(TEXT, None, Mode::Strict).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let model = Model::from_json(JSON).unwrap();
    assert_eq!(loaded.model, model);
    assert_eq!(Model::from_json(&model.to_json()).unwrap(), model);
}

#[test]
fn what_is_not_said_is_as_the_documents_of_traffic_mirrors_have_it() {
    let model = Model::from_json(JSON).unwrap();
    let mirrors = &model.services.traffic_mirror;
    let [aws, plain] =
        ["aws", "plain"].map(|name| mirrors.iter().find(|(own, _)| own.as_str() == name).unwrap().1);
    assert_eq!((aws.port, aws.vni), (4789, 1));
    let limit = plain.df_clear.unwrap();
    assert_eq!((limit.over, limit.udp_checksum), (1400, UdpChecksum::Keep));
    let clear = model.services.df_clear.values().next().unwrap();
    assert_eq!((clear.destination_port, clear.limit.over), (31765, 1400));
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let cases: [(&str, &str, &str); 7] = [
        ("interface eth0.0;", "interface eth9.0;", "there is no interface \"eth9.0\""),
        ("interface eth0.0;", "interface br0.0;", "the interface is in no zone"),
        ("output { interface eth1.0;", "output { interface eth0.7;", "the interface has VLAN tags"),
        ("interface eth0.7; port 8472; vni 7;", "interface eth0.0;", "there is another traffic mirror"),
        ("protocol udp; destination-port 53;", "protocol icmp; destination-port 53;", "has no ports"),
        ("match { source-port 42844; }", "match { protocol gre; }", "a new port needs a match"),
        ("10.2.41.17", "127.0.0.1", "is not an address that a host can have"),
    ];
    for (old, new, words) in cases {
        let said = refused(|text| text.replacen(old, new, 1));
        assert!(said.contains(words) && said.contains("line "), "{new}: {said}");
    }
}

#[test]
fn an_interface_needs_no_zone_for_a_service_but_for_copies_that_arrive_on_it() {
    let without =
        JSON.replace(", \"br0.0\": {\"device\": \"br0\"}", ", \"br0.0\": {\"device\": \"br0\", \"vlan\": 5}");
    let errors = Model::from_json(&without).unwrap_err();
    assert!(errors[0].to_string().contains("df-clear outside all zones is untagged"), "{}", errors[0]);
    let unused = JSON.replace("\"df-clear\": {\"br0.0\": {}}", "\"df-clear\": {}");
    assert!(Model::from_json(&unused).unwrap_err()[0].to_string().contains("in no zone"));
}
