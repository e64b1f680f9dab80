//! Somebody locks themselves out.

use std::time::Duration;

use flumen_scenarios::{Configuration, HttpServer, Lab};
use flumen_testkit::wait_until;

use crate::support::{curl, server_ips, url};

#[test]
fn who_locks_themselves_out_gets_back_in_though_the_daemon_is_killed_meanwhile() {
    let locked = Configuration::new().application("web", "tcp", 80).policy_first(
        "deny",
        ("trust", "untrust"),
        "web",
        "deny",
    );
    let mut lab = Lab::new(&Configuration::new()).unwrap();
    let _server = HttpServer::start(lab.server(), 80).unwrap();
    let passes = |lab: &Lab| {
        server_ips().map(|to| curl(lab.client(), &format!("--max-time 1 {}/whoami", url(to, 80))).is_ok())
    };
    assert_eq!(passes(&lab), [true; 2]);
    let file = lab.flumen().write("locked.json", &locked).unwrap();
    let answer = lab.flumen().run(&format!("apply {} --confirmed 1", file.display())).unwrap();
    assert!(answer.contains("comes back in 1 min"), "{answer}");
    assert_eq!(passes(&lab), [false; 2]);

    lab.flumen_mut().kill().unwrap();
    assert_eq!(passes(&lab), [false; 2], "what is attached goes on");
    lab.flumen_mut().start_again().unwrap();
    assert_eq!(passes(&lab), [false; 2], "its time is not over");
    let told = "commit 1, after commit 2 was not confirmed";
    wait_until("the way back", Duration::from_secs(75), || {
        lab.flumen().status().is_ok_and(|status| status.source == told)
    })
    .unwrap();
    assert_eq!(passes(&lab), [true; 2]);
    let late = lab.flumen().refused("confirm").unwrap();
    assert!(late.contains("no commit waits to be confirmed"), "{late}");

    lab.flumen().run(&format!("apply {} --confirmed 1", file.display())).unwrap();
    lab.flumen().run("confirm").unwrap();
    lab.flumen_mut().kill().unwrap();
    lab.flumen_mut().start_again().unwrap();
    assert_eq!(passes(&lab), [false; 2], "what was confirmed stays");
}
