//! What whoever started the daemon hears of it, and tells it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_api::{Request, Response};
use flumen_daemon::{Daemon, Signals};
use nix::sys::pthread::pthread_kill;
use nix::sys::signal::Signal;
use std::os::unix::net::UnixDatagram;
use std::os::unix::thread::JoinHandleExt;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use support::{Lab, config};

/// Set in the process that plays the daemon for [`systemd_hears_of_every_turn`].
const INNER: &str = "FLUMEN_TEST_INNER";

#[test]
fn systemd_hears_of_every_turn() {
    if std::env::var_os(INNER).is_some() {
        let mut lab = Lab::new();
        lab.configure(&config());
        let daemon = lab.start();
        std::thread::sleep(Duration::from_millis(1_500)); // at least one watchdog interval
        return daemon.stop();
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut daemon = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "systemd_hears_of_every_turn"])
        .env(INNER, "1")
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "1000000")
        .spawn()
        .unwrap();
    let mut told = Vec::new();
    while told.last().is_none_or(|message: &String| !message.contains("STOPPING=1")) {
        let mut message = [0; 4096];
        let length = socket.recv(&mut message).unwrap();
        told.push(String::from_utf8_lossy(&message[..length]).into_owned());
    }
    assert!(daemon.wait().unwrap().success());
    assert!(
        told[0].contains("READY=1") && told[0].contains("STATUS=generation 1 on 2 interfaces"),
        "{told:?}"
    );
    assert!(told.iter().any(|message| message.contains("WATCHDOG=1")), "{told:?}");
}

#[test]
fn signals_reload_and_end_the_daemon() {
    let mut lab = Lab::new();
    lab.configure(&config());
    let (started, has_started) = std::sync::mpsc::channel();
    let (options, host, engines) = (lab.options.clone(), lab.host.clone(), lab.engines.clone());
    let thread = std::thread::spawn(move || {
        let signals = Signals::block().unwrap();
        let daemon = Daemon::start(&options, Arc::new(host), &engines).unwrap();
        started.send(()).unwrap();
        daemon.serve(Some(&signals));
    });
    has_started.recv().unwrap();
    let send = |signal| pthread_kill(thread.as_pthread_t(), signal).unwrap();
    let names = || match lab.ask(Request::ShowPolicies).unwrap() {
        Response::Policies(report) => {
            report.policies.into_iter().map(|policy| policy.name).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(names(), ["lan-out"]);

    let file = lab.options.config.clone().unwrap();
    std::fs::write(&file, config().replace("lan-out", "outward")).unwrap();
    send(Signal::SIGHUP);
    lab.wait_until("the new configuration", || names() == ["outward"]);

    let installs = lab.engines.kernel().installs;
    std::fs::write(&file, "{ \"interfaces\": ").unwrap();
    send(Signal::SIGHUP);
    let sweeps = lab.engines.kernel().sweeps.len();
    lab.wait_until("life after a bad file", || lab.engines.kernel().sweeps.len() > sweeps);
    assert_eq!((names(), lab.engines.kernel().installs), (vec!["outward".to_owned()], installs));

    let risky = config().replace("lan-out", "risky");
    std::fs::write(&file, &risky).unwrap();
    let apply = Request::apply(&risky, "test", Some(5));
    lab.ask(apply).unwrap();
    let installs = lab.engines.kernel().installs;
    send(Signal::SIGHUP);
    let sweeps = lab.engines.kernel().sweeps.len();
    lab.wait_until("a reload", || lab.engines.kernel().sweeps.len() > sweeps + 1);
    let confirmed = lab.ask(Request::Confirm).unwrap();
    assert!(matches!(confirmed, Response::Confirmed { .. }), "a reload confirms nothing: {confirmed:?}");

    send(Signal::SIGTERM);
    thread.join().unwrap();
    assert_eq!(lab.engines.kernel().installs, installs, "the engine keeps what it has");
}
