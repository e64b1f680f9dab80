//! The shell's commands, with traffic.

use std::net::SocketAddr;

use flumen_scenarios::Lab;
use flumen_testkit::topology::Gateway;

use crate::support::{UdpEcho, ask, server_ips, udp_to};

/// Two zones; from one to the other everything may pass.
const OPEN: &str = "
    interfaces { lan { unit 0; } wan { unit 0; } }
    security {
        zones {
            security-zone trust { interfaces { lan.0; } }
            security-zone untrust { interfaces { wan.0; } }
        }
        policies {
            from-zone trust to-zone untrust {
                policy out {
                    match { source-address any; destination-address any; application any; }
                    then { permit; }
                }
            }
        }
    }
";

/// Runs commands of the shell, which succeed; returns what they print.
fn shell(lab: &Lab, commands: &str) -> String {
    let output = lab.flumen().command(["cli", "-c", commands]).output().expect("nsenter starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{commands}: {printed}{}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[test]
fn what_the_shell_commits_and_rolls_back_is_enforced_at_once() {
    let mut lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let file = lab.flumen().places().file("open.conf");
    std::fs::write(&file, OPEN).unwrap();
    lab.flumen_mut().start_with(&file).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let passes = |lab: &Lab| {
        server_ips().map(|to| {
            let socket = udp_to(lab.client(), SocketAddr::new(to, 7000)).unwrap();
            ask(&socket, "who is there").is_ok()
        })
    };
    assert_eq!(passes(&lab), [true, true]);

    let policy = "security policies from-zone trust to-zone untrust";
    let edited = shell(
        &lab,
        &format!(
            "configure; set applications application echo protocol udp destination-port 7000; \
             set {policy} policy no-echo match source-address any destination-address any application echo; \
             set {policy} policy no-echo then reject; insert {policy} policy no-echo before policy out; \
             show | compare; commit check"
        ),
    );
    assert!(edited.contains("+") && edited.contains("no-echo"), "{edited}");
    assert_eq!(passes(&lab), [true, true], "a candidate is not in force");

    shell(&lab, "configure; commit confirmed 5 comment \"no echo\"");
    assert_eq!(passes(&lab), [false, false]);
    let commits = shell(&lab, "show system commit");
    assert!(commits.contains("no echo"), "{commits}");
    lab.flumen_mut().kill().unwrap();
    assert_eq!(passes(&lab), [false, false], "the program goes on");
    lab.flumen_mut().start_again().unwrap();

    shell(&lab, "configure; rollback 1; commit");
    assert_eq!(passes(&lab), [true, true]);
    let zones = lab.flumen().run("show security zones --json").unwrap();
    assert!(zones.contains("untrust"), "{zones}");
}
