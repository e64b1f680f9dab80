//! Starts that are refused: each says what to do, and leaves the host's traffic as it was.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use flumen_scenarios::{Configuration, Lab, flumen_program};
use flumen_testkit::netns::{Daemon, run_command};
use flumen_testkit::topology::{Gateway, Segment};
use flumen_testkit::{Redirect, Sink, wait_until};
use nix::errno::Errno;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use crate::support::{READY, sysctls};

/// `flumen run` of this configuration, which ends by itself; its complaint.
fn refused(lab: &Lab, configuration: &Configuration) -> String {
    let file = lab.flumen().write("refused.json", configuration).expect("a file");
    lab.flumen().refused(&format!("run --config {}", file.display())).expect("it is refused")
}

/// What `flumen` may change: settings, programs, pins.
fn traces(lab: &Lab) -> (BTreeMap<PathBuf, String>, String, usize) {
    let mut sysctls = sysctls(lab.gateway());
    sysctls.retain(|path, _| path.components().any(|part| part.as_os_str() == "conf"));
    let links = lab.gateway().exec("ip -details link show").expect("ip");
    let pins = std::fs::read_dir(lab.flumen().places().bpf_dir()).map_or(0, Iterator::count);
    (sysctls, links, pins)
}

fn pings_pass(lab: &Lab) {
    for to in lab.server_addresses() {
        lab.client().exec(&format!("ping -c 1 -W 5 {to}")).expect("the kernel forwards");
    }
}

#[test]
fn a_missing_interface_is_named_and_waited_for() {
    let lab = Lab::new(&Configuration::new().set("/interfaces/wan/device", "nosuch0")).unwrap();
    let said = lab.flumen().log();
    assert!(said.contains("nosuch0"), "{said}");
    assert_eq!(lab.flumen().status().unwrap().absent, ["nosuch0"]);
}

#[test]
fn a_bad_configuration_is_named_with_its_place() {
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let before = traces(&lab);
    let said = refused(&lab, &Configuration::new().set("/security/policies/0/then", "allow"));
    assert!(said.contains("security.policies[0].then") && said.contains("permit"), "{said}");
    assert_eq!(traces(&lab), before);
    pings_pass(&lab);
}

#[test]
fn somebody_elses_program_stays_and_is_named() {
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let (lan, wan) = (lab.topology().gateway_link(Segment::Lan), lab.topology().gateway_link(Segment::Wan));
    let before = traces(&lab);
    // the second interface of the two, so that there is something to undo
    let mut sink = Sink::attach(wan).unwrap();
    let said = refused(&lab, &Configuration::new());
    assert!(said.contains("wan") && said.contains("another XDP program"), "{said}");
    lab.server().exec(&format!("ping -c 1 -W 0.2 {}", Segment::Wan.gateway().v4)).unwrap_err();
    assert!(sink.counts().unwrap().multicast > 0, "the other program works as before");
    drop(sink);
    assert_eq!(traces(&lab), before);

    let (host, server) = (Segment::Lan.host(), Segment::Lan.gateway());
    let redirect = Redirect::attach(lan, wan, server.mac, host.mac).unwrap();
    let said = refused(&lab, &Configuration::new());
    assert!(said.contains("lan") && said.contains("another XDP program"), "{said}");
    drop(redirect);
    assert_eq!(traces(&lab), before);
    pings_pass(&lab);
}

#[test]
fn who_is_not_root_is_told_so() {
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let file = lab.flumen().write("flumen.json", &Configuration::new()).unwrap();
    for arguments in [format!("run --config {}", file.display()), "detach".to_owned()] {
        let plain = lab.flumen().command(arguments.split(' '));
        // a user namespace without a mapping: root no more, but the files can be read
        let mut command = Command::new("unshare");
        command.arg("--user").arg(flumen_program().unwrap()).args(arguments.split(' '));
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let said = run_command(&mut command).unwrap_err().to_string();
        assert!(said.contains("must run as root"), "{said}");
    }
    pings_pass(&lab);
}

/// `flumen run` in the lab's gateway, below other programs: each starts the next.
fn run_below(lab: &Lab, programs: &[&str]) -> Command {
    let file = lab.flumen().write("refused.json", &Configuration::new()).expect("a file");
    let places = lab.flumen().places().environment();
    let mut command = Command::new("nsenter");
    command.arg(format!("--net={}", lab.gateway().path().display())).args(programs);
    command.arg(flumen_program().expect("it is built")).args(["run", "--config"]).arg(file).envs(places);
    command
}

#[test]
fn root_without_capabilities_is_told_which_are_needed() {
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let before = traces(&lab);
    // as in a container
    let programs = ["setpriv", "--bounding-set=-sys_admin,-bpf,-perfmon", "--inh-caps=-all"];
    let mut command = run_below(&lab, &programs);
    let said = run_command(&mut command).unwrap_err().to_string();
    assert!(said.contains("permission denied") && said.contains("CAP_BPF"), "{said}");
    assert_eq!(traces(&lab), before);
    pings_pass(&lab);
}

/// What `flumen run` complains of where the kernel answers the system call bpf, or one command of it, with `errno`.
fn said_where_bpf_fails(lab: &Lab, command: Option<u64>, errno: Errno, programs: &[&str]) -> String {
    let conditions = command.map(|command| {
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, command).expect("an argument")
    });
    let rules = conditions.map(|condition| SeccompRule::new(vec![condition]).expect("a rule"));
    let rules = [(nix::libc::SYS_bpf, rules.into_iter().collect())].into();
    let arch = std::env::consts::ARCH.try_into().expect("an architecture with seccomp");
    let refuse = SeccompAction::Errno(errno as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).expect("a filter");
    let filter: BpfProgram = filter.try_into().expect("a program");
    let mut command = run_below(lab, programs);
    // of a thread of its own, which leaves the filter to its children
    let run = std::thread::spawn(move || {
        seccompiler::apply_filter(&filter).expect("the kernel has seccomp");
        run_command(&mut command).expect_err("it is refused").to_string()
    });
    run.join().expect("the thread ends")
}

#[test]
fn a_kernel_without_bpf_is_named_with_the_remedy() {
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let before = traces(&lab);
    let said = said_where_bpf_fails(&lab, None, Errno::ENOSYS, &[]);
    assert!(said.contains("this kernel has no BPF") && said.contains("6.1 or later"), "{said}");
    assert_eq!(traces(&lab), before);
    pings_pass(&lab);
}

#[test]
fn a_kernel_that_is_too_old_is_named_with_the_one_to_use() {
    const PROG_LOAD: u64 = 5;
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let before = traces(&lab);
    // what Linux 5.10 says to a program with callbacks
    let said = said_where_bpf_fails(&lab, Some(PROG_LOAD), Errno::EINVAL, &["setarch", "--uname-2.6"]);
    assert!(
        said.contains("Linux 2.6.") && said.contains("too old") && said.contains("6.1 or later"),
        "{said}"
    );
    assert_eq!(traces(&lab), before);
    pings_pass(&lab);
}

#[test]
fn a_host_without_a_bpf_filesystem_gets_one() {
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let unmounted = r#"umount -l /sys/fs/bpf; exec "$0" "$@""#;
    let mut command = run_below(&lab, &["unshare", "--mount", "sh", "-c", unmounted]);
    let daemon = Daemon::start(&mut command).unwrap();
    wait_until("the daemon serves", READY, || lab.flumen().status().is_ok()).unwrap();
    pings_pass(&lab);
    assert!(lab.flumen().status().unwrap().received.packets > 0, "through Flumen");
    let log = daemon.terminate(READY).unwrap();
    assert!(log.contains("mounted a bpf filesystem at /sys/fs/bpf"), "{log}");
}

#[test]
fn a_place_without_a_bpf_filesystem_is_named_with_the_remedy() {
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let file = lab.flumen().write("flumen.json", &Configuration::new()).unwrap();
    // the directory has files in it, over which nothing must be mounted
    let place = lab.flumen().places().file("pins");
    let line = format!("run --config {} --bpf-dir {}", file.display(), place.display());
    let said = lab.flumen().refused(&line).unwrap();
    assert!(said.contains("no bpf filesystem") && said.contains("mount -t bpf"), "{said}");
    assert!(file.exists() && !place.exists());
    pings_pass(&lab);
}

#[test]
fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let said = refused(&lab, &Configuration::new());
    let pid = lab.flumen().daemon().unwrap().pid();
    assert!(said.contains("running already") && said.contains(&format!("process {pid}")), "{said}");
    assert_eq!(lab.flumen().status().unwrap().pid, pid);
    pings_pass(&lab);
}

#[test]
fn without_a_configuration_the_daemon_says_where_it_would_be() {
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let said = lab.flumen().refused("run").unwrap();
    assert!(said.contains("--config FILE") && said.contains("state/config"), "{said}");
}

#[test]
fn commands_without_a_daemon_say_how_to_start_one() {
    let lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    for command in ["show status", "show sessions", "clear sessions", "stop"] {
        let said = lab.flumen().refused(command).unwrap();
        assert!(said.contains("no daemon is running") && said.contains("flumen run"), "{said}");
    }
}
