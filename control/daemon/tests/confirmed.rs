//! Commits that must be confirmed, and a daemon that dies meanwhile.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_api::{ApiError, Applied, Request, Response};
use flumen_client::{Client, ClientError};
use flumen_daemon::Options;
use flumen_store::{Clock, FakeClock, SystemClock, Time};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;
use support::{Lab, Running, config, wait_until};

/// Set in the process that plays the daemon which is killed: the directory of its files.
const VICTIM: &str = "FLUMEN_TEST_VICTIM";

/// The clocks of this host, so much later.
struct Later(Duration);

impl Clock for Later {
    fn wall(&self) -> Time {
        SystemClock.wall().after(self.0)
    }

    fn boottime(&self) -> Duration {
        SystemClock.boottime() + self.0
    }

    fn boot_id(&self) -> String {
        SystemClock.boot_id()
    }
}

/// After the host was started anew.
struct NextBoot;

impl Clock for NextBoot {
    fn wall(&self) -> Time {
        SystemClock.wall()
    }

    fn boottime(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn boot_id(&self) -> String {
        "another".to_owned()
    }
}

/// The same configuration with another name for its policy.
fn renamed(name: &str) -> String {
    config().replace("lan-out", name)
}

fn apply(client: &mut Client, text: &str, minutes: Option<u32>) -> Result<Applied, ClientError> {
    let request = Request::apply(text, "test", minutes);
    match client.ask(&request)? {
        Response::Applied(applied) => Ok(applied),
        other => panic!("{other:?}"),
    }
}

/// What is in force, by its policy.
fn policy(client: &mut Client) -> String {
    match client.ask(&Request::ShowPolicies).unwrap() {
        Response::Policies(report) => report.policies[0].name.clone(),
        other => panic!("{other:?}"),
    }
}

fn source(client: &mut Client) -> String {
    match client.ask(&Request::Status).unwrap() {
        Response::Status(report) => report.source,
        other => panic!("{other:?}"),
    }
}

fn confirm(client: &mut Client) -> Result<u64, String> {
    match client.ask(&Request::Confirm) {
        Ok(Response::Confirmed { commit }) => Ok(commit),
        Ok(other) => panic!("{other:?}"),
        Err(ClientError::Refused(ApiError::Impossible { reason })) => Err(reason),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn an_unconfirmed_configuration_is_in_force_until_its_deadline() {
    let clock = FakeClock::default();
    let (lab, daemon) = Lab::started_by(clock.clone());
    let applied = apply(&mut daemon.client(), &renamed("risky"), Some(5)).unwrap();
    assert_eq!((applied.confirm_minutes, applied.generation), (Some(5), 2));
    clock.advance(Duration::from_secs(299));
    let sweeps = lab.engines.kernel().sweeps.len();
    daemon.wait_until("a turn of the loop", || lab.engines.kernel().sweeps.len() > sweeps + 1);
    assert_eq!(policy(&mut daemon.client()), "risky");
    clock.advance(Duration::from_secs(1));
    daemon.wait_until("the way back", || policy(&mut daemon.client()) == "lan-out");
    assert_eq!(lab.engines.generation(), 3);
    let told = "commit 1, after commit 2 was not confirmed";
    daemon.wait_until("its source", || source(&mut daemon.client()) == told);
    daemon.stop();
    let daemon = lab.start_by(clock);
    assert_eq!(policy(&mut daemon.client()), "lan-out");
    daemon.stop();
}

#[test]
fn a_confirmed_configuration_stays() {
    let clock = FakeClock::default();
    let (lab, daemon) = Lab::started_by(clock.clone());
    let mut client = daemon.client();
    assert_eq!(confirm(&mut client).unwrap_err(), "no commit waits to be confirmed");
    apply(&mut client, &renamed("risky"), Some(5)).unwrap();
    assert_eq!(confirm(&mut client).unwrap(), 2);
    apply(&mut client, &renamed("riskier"), Some(5)).unwrap();
    let installs = lab.engines.kernel().installs;
    apply(&mut client, &renamed("riskier"), None).unwrap();
    assert_eq!(lab.engines.kernel().installs, installs, "without changes it only confirms");
    drop(client); // its thread has a part in the gateway, and so in the lock on the configurations
    clock.advance(Duration::from_secs(600));
    clock.reboot();
    daemon.stop();
    let daemon = lab.start_by(clock);
    assert_eq!(policy(&mut daemon.client()), "riskier");
    daemon.stop();
}

#[test]
fn what_the_engine_refuses_leaves_no_commit_and_no_deadline() {
    let clock = FakeClock::default();
    let (lab, daemon) = Lab::started_by(clock.clone());
    lab.engines.kernel().refuse = Some("table full".into());
    let error = apply(&mut daemon.client(), &renamed("risky"), Some(5)).unwrap_err().to_string();
    assert!(error.contains("table full"), "{error}");
    assert!(confirm(&mut daemon.client()).is_err());
    assert!(
        apply(&mut daemon.client(), &renamed("risky"), Some(0)).unwrap_err().to_string().contains("65535")
    );
    clock.reboot();
    daemon.stop();
    let daemon = lab.start_by(clock);
    assert_eq!(
        (policy(&mut daemon.client()).as_str(), source(&mut daemon.client()).ends_with("flumen.json")),
        ("lan-out", true)
    );
    daemon.stop();
}

#[test]
fn a_way_back_that_the_engine_refuses_is_tried_again() {
    let clock = FakeClock::default();
    let (lab, daemon) = Lab::started_by(clock.clone());
    apply(&mut daemon.client(), &renamed("risky"), Some(5)).unwrap();
    lab.engines.kernel().refuse = Some("not now".into());
    clock.advance(Duration::from_secs(300));
    daemon.wait_until("the refusal", || lab.engines.kernel().refuse.is_none());
    assert_eq!(policy(&mut daemon.client()), "risky");
    clock.advance(Duration::from_secs(5));
    daemon.wait_until("the way back", || policy(&mut daemon.client()) == "lan-out");
    daemon.stop();
}

#[test]
fn the_way_back_does_not_wait_for_room_on_the_disk() {
    let clock = FakeClock::default();
    let (lab, daemon) = Lab::started_by(clock.clone());
    apply(&mut daemon.client(), &renamed("risky"), Some(5)).unwrap();
    // A file that cannot be replaced: as on a full disk, numbers cannot be written.
    let numbers = lab.options.state_dir.join("identities.json");
    std::fs::remove_file(&numbers).unwrap();
    std::fs::create_dir(&numbers).unwrap();
    let error = apply(&mut daemon.client(), &renamed("riskier"), None).unwrap_err().to_string();
    assert!(error.contains("identities.json"), "nothing new begins: {error}");
    clock.advance(Duration::from_secs(300));
    daemon.wait_until("the way back", || policy(&mut daemon.client()) == "lan-out");
    daemon.stop();
}

/// A daemon in a process of its own, with a configuration to be confirmed within a minute. Killed at the latest when
/// this is dropped.
struct Victim {
    process: Child,
    dir: PathBuf,
}

impl Victim {
    fn start(dir: &Path) -> Victim {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_process_that_is_killed"]).env(VICTIM, dir);
        let victim = Victim { process: command.spawn().unwrap(), dir: dir.to_owned() };
        let socket = victim.socket();
        wait_until("the daemon serves", || Client::connect(&socket, Duration::from_secs(10)).is_ok());
        let mut client = Client::connect(&socket, Duration::from_secs(10)).unwrap();
        apply(&mut client, &renamed("risky"), Some(1)).unwrap();
        assert_eq!(policy(&mut client), "risky");
        victim
    }

    fn socket(&self) -> PathBuf {
        Options::socket_in(&self.dir.join("run"))
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.process.kill().unwrap();
        assert_eq!(self.process.wait().unwrap().signal(), Some(9));
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        if self.process.kill().is_ok() {
            self.process.wait().unwrap();
        }
    }
}

/// Plays the daemon where [`VICTIM`] is set; in a usual run of the tests it has nothing to do.
#[test]
fn the_process_that_is_killed() {
    let Some(dir) = std::env::var_os(VICTIM) else { return };
    let mut lab = Lab::new();
    let dir = PathBuf::from(dir);
    (lab.options.run_dir, lab.options.state_dir) = (dir.join("run"), dir.join("state"));
    lab.configure(&config());
    lab.start().join();
}

/// The directories of a daemon that was killed in the window of its commit.
fn killed() -> Lab {
    let dir = tempfile::tempdir().unwrap();
    Victim::start(dir.path()).kill();
    Lab::at(dir)
}

/// The next daemon there.
fn after_the_kill(clock: impl Clock + 'static) -> (Lab, Running) {
    let lab = killed();
    let daemon = lab.start_by(clock);
    (lab, daemon)
}

#[test]
fn a_file_with_the_unconfirmed_configuration_does_not_bring_it_back_at_the_next_start() {
    let mut lab = killed();
    lab.configure(&renamed("risky"));
    let daemon = lab.start_by(Later(Duration::from_secs(61)));
    assert_eq!(policy(&mut daemon.client()), "lan-out");
    apply(&mut daemon.client(), &renamed("risky"), None).unwrap();
    daemon.stop();
    let daemon = lab.start_by(NextBoot);
    assert_eq!(policy(&mut daemon.client()), "risky", "now somebody wants it");
    daemon.stop();
}

#[test]
fn a_file_with_the_unconfirmed_configuration_does_not_confirm_it() {
    let mut lab = killed();
    lab.configure(&renamed("risky"));
    let daemon = lab.start_by(Later(Duration::ZERO));
    assert_eq!(policy(&mut daemon.client()), "risky");
    daemon.stop();
    let daemon = lab.start_by(Later(Duration::from_secs(61)));
    assert_eq!(policy(&mut daemon.client()), "lan-out");
    daemon.stop();
}

#[test]
fn a_daemon_killed_inside_the_window_and_started_after_it_enforces_the_configuration_of_before() {
    let (lab, daemon) = after_the_kill(Later(Duration::from_secs(61)));
    assert_eq!(policy(&mut daemon.client()), "lan-out");
    assert_eq!(lab.engines.kernel().installs, 1, "the unconfirmed one never came back, not for a moment");
    assert_eq!(confirm(&mut daemon.client()).unwrap_err(), "no commit waits to be confirmed");
    daemon.stop();
}

#[test]
fn a_daemon_killed_inside_the_window_and_started_in_it_waits_for_the_rest_of_it() {
    let (_lab, daemon) = after_the_kill(Later(Duration::ZERO));
    assert_eq!(policy(&mut daemon.client()), "risky");
    assert_eq!(confirm(&mut daemon.client()).unwrap(), 2);
    daemon.stop();
}

#[test]
fn a_host_restarted_inside_the_window_enforces_the_configuration_of_before_at_once() {
    let (_lab, daemon) = after_the_kill(NextBoot);
    assert_eq!(policy(&mut daemon.client()), "lan-out");
    daemon.stop();
}
