use super::{Imported, Sources, import};
use crate::{Mirror, Rule, Watch};

/// The example of the documents.
const ENV: &str = r#"# Network Interface Configuration
INTERFACE="ens4"                # Primary interface
TARGET_INTERFACE="ens5"         # Target interface

NAT_IP="10.2.41.17"            # Target IP
NAT_PORT="8081"
SOURCE_PORT="42844"

STATS_INTERVAL="2"
TARGET_PPS="100000"
LOG_FILE="/tmp/vxlan_loader.log"
ENABLE_COLORS="false"
DEBUG_LEVEL="3"
"#;

fn file(name: &str, text: &str) -> Option<(String, String)> {
    Some((name.to_owned(), text.to_owned()))
}

fn env(text: &str) -> Sources {
    Sources { env: file(".env", text), ..Sources::default() }
}

fn rule(source_port: u16, address: &str, port: u16) -> Rule {
    Rule { source_port, address: address.parse().unwrap(), port }
}

fn complaints(sources: &Sources) -> Vec<String> {
    import(sources).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_of_variables_becomes_a_mirror() {
    let expected = Imported {
        mirror: Mirror {
            input: "ens4".into(),
            output: Some("ens5".into()),
            rules: vec![rule(42844, "10.2.41.17", 8081)],
            ..Mirror::default()
        },
        watch: Watch {
            interval_s: 2,
            target_pps: 100_000,
            threshold_pps: 70_000,
            colours: false,
            log_file: Some("/tmp/vxlan_loader.log".into()),
            verbosity: 3,
        },
    };
    assert_eq!(import(&env(ENV)), Ok(expected));
}

#[test]
fn nothing_said_is_the_documents_defaults() {
    let Imported { mirror, watch } = import(&Sources::default()).unwrap();
    assert_eq!((mirror.input.as_str(), mirror.output.as_deref()), ("ens5", Some("ens6")));
    assert_eq!((mirror.vxlan_port, mirror.vni, mirror.df_over), (4789, 1, 1400));
    assert_eq!((watch.interval_s, watch.target_pps, watch.threshold_pps), (5, 85_000, 59_500));
    assert!(mirror.rules.is_empty(), "no address, no translation");
    let Imported { mirror, .. } = import(&env("NAT_IP=10.0.0.1")).unwrap();
    assert_eq!(mirror.rules, [rule(31765, "10.0.0.1", 8080)]);
}

#[test]
fn options_count_more_than_the_environment_than_variables_than_interfaces() {
    let mut sources = Sources {
        interfaces: file("interfaces.conf", "INPUT_INTERFACE=a\nTARGET_INTERFACE=b\nSTATS_INTERVAL=9\n"),
        ..env("INTERFACE=c\nNAT_IP=10.0.0.1\n")
    };
    sources.environment = vec![
        ("AWS_IPSEC_VM_IP".into(), "10.0.0.2".into()),
        ("AWS_IPSEC_VM_PORT".into(), "9000".into()),
        ("PATH".into(), "/bin".into()),
    ];
    let Imported { mirror, watch } = import(&sources).unwrap();
    assert_eq!((mirror.input.as_str(), mirror.output.as_deref(), watch.interval_s), ("c", Some("b"), 9));
    assert_eq!(
        mirror.rules,
        [rule(31765, "10.0.0.1", 9000)],
        "NAT_IP is more explicit, the port is not said elsewhere"
    );
    sources.options = vec![("-i", "INTERFACE", "d".into()), ("-a", "NAT_IP", "10.0.0.3".into())];
    let Imported { mirror, .. } = import(&sources).unwrap();
    assert_eq!((mirror.input.as_str(), mirror.rules[0].address.to_string().as_str()), ("d", "10.0.0.3"));
}

#[test]
fn without_redirect_or_with_one_device_the_kernel_routes() {
    for text in ["ENABLE_REDIRECT=no", "INTERFACE=ens6"] {
        let Imported { mirror, .. } = import(&env(text)).unwrap();
        assert_eq!((mirror.output.as_deref(), mirror.devices().len()), (None, 1), "{text}");
    }
}

#[test]
fn rules_of_a_file_follow_that_of_the_variables() {
    let rules = file("nat_rules.conf", "12345=10.0.0.50:9000\n8080=172.16.0.10:80\n");
    let Imported { mirror, .. } = import(&Sources { rules, ..env(ENV) }).unwrap();
    let expected =
        [rule(42844, "10.2.41.17", 8081), rule(12345, "10.0.0.50", 9000), rule(8080, "172.16.0.10", 80)];
    assert_eq!(mirror.rules, expected);
}

#[test]
fn every_problem_of_every_file_is_told_at_its_place() {
    let sources = Sources {
        rules: file("nat_rules.conf", "80=10.0.0.1:80\n80=10.0.0.2:80\n42844=10.0.0.1:1\nfoo\n"),
        interfaces: file("interfaces.conf", "INTERFACE=a\n"),
        ..env(
            "INTERFAC=ens4\nNAT_IP=10.0.0\nNAT_PORT=70000\nSOURCE_PORT=42844\nNAT_PORT=1\nTARGET_INTERFACE=ens5.100\nDEBUG_LEVEL=4\n\nENABLE_COLORS=maybe\nbad\n",
        )
    };
    assert_eq!(
        complaints(&sources),
        [
            "interfaces.conf:1:1: unknown variable INTERFACE; there is INPUT_INTERFACE, TARGET_INTERFACE, ENABLE_REDIRECT, STATS_INTERVAL",
            ".env:10:1: this is no variable; write KEY=value",
            ".env:1:1: unknown variable INTERFAC; did you mean INTERFACE?",
            ".env:5:1: NAT_PORT is set on line 3 already",
            ".env:6:18: TARGET_INTERFACE: \"ens5.100\" is a sub-interface; name the device itself, and give VLANs in a configuration",
            ".env:9:15: ENABLE_COLORS: \"maybe\" is neither yes nor no",
            ".env:7:13: DEBUG_LEVEL: \"4\" is no level; use a number from 0 to 3",
            ".env:2:8: NAT_IP: \"10.0.0\" is no address: 10.2.41.17, 2001:db8::1",
            ".env:3:10: NAT_PORT: \"70000\" is no port; use a number from 1 to 65535",
            "nat_rules.conf:4:1: this is no rule; write source_port=target_ip:target_port",
            "nat_rules.conf:2:1: source port 80 has a rule already: nat_rules.conf:1:1",
        ]
    );
}

#[test]
fn a_port_without_an_address_is_refused() {
    assert_eq!(
        complaints(&env("SOURCE_PORT=5\n")),
        [".env:1:13: SOURCE_PORT is set, but no address to send to; set NAT_IP"]
    );
    let options = vec![("-p", "NAT_PORT", "0".to_owned())];
    assert_eq!(
        complaints(&Sources { options, ..Sources::default() }),
        [
            "-p: NAT_PORT: \"0\" is no port; use a number from 1 to 65535",
            "-p: NAT_PORT is set, but no address to send to; set NAT_IP"
        ]
    );
}

#[test]
fn a_name_cannot_break_out_of_its_statement() {
    for name in ["ens4;", "a{b", "ens4 }", "0123456789abcdef", ".."] {
        assert_eq!(import(&env(&format!("INTERFACE='{name}'"))).unwrap_err().len(), 1, "{name}");
    }
}

#[test]
fn any_files_are_read_without_a_panic() {
    bolero::check!().with_type::<(String, String, String)>().for_each(|(env, interfaces, rules)| {
        let sources = Sources {
            env: file(".env", env),
            interfaces: file("interfaces.conf", interfaces),
            rules: file("nat_rules.conf", rules),
            ..Sources::default()
        };
        match import(&sources) {
            Ok(imported) => assert!(imported.mirror.configuration().ends_with("}\n")),
            Err(problems) => assert!(!problems.is_empty()),
        }
    });
}
