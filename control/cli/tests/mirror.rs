//! `flumen mirror`, as far as it needs neither a daemon nor devices.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};

fn flumen(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flumen"));
    command.env_clear().current_dir(folder).args(line.split_whitespace()).output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        ".env",
        "INTERFACE=\"ens4\"\nTARGET_INTERFACE=\"ens5\"\nNAT_IP=\"10.2.41.17\"\nNAT_PORT=8081\nSOURCE_PORT=42844\n",
    );
    write("nat_rules.conf", "12345=10.0.0.50:9000\n");
    write("bad.env", "INTERFAC=ens4\nNAT_PORT=0\n");
    folder
}

#[test]
fn variables_and_rules_become_a_configuration() {
    let folder = folder();
    let output = flumen(folder.path(), "mirror import --env .env --nat-rules nat_rules.conf --vni 7");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!("mirror-import", String::from_utf8(output.stdout).unwrap());
}

#[test]
fn devices_alone_are_for_scripts() {
    let folder = folder();
    let devices = |line: &str| String::from_utf8(flumen(folder.path(), line).stdout).unwrap();
    assert_eq!(devices("mirror import --env .env --devices"), "ens4\nens5\n");
    assert_eq!(devices("mirror import -i lan -t lan --devices"), "lan\n");
}

#[test]
fn the_variables_of_aws_come_from_the_environment_and_an_option_counts_more() {
    let folder = folder();
    let import = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flumen"));
        command.env_clear().envs([("AWS_IPSEC_VM_IP", "10.0.0.9"), ("AWS_IPSEC_VM_PORT", "9009")]);
        let output =
            command.current_dir(folder.path()).args(["mirror", "import"]).args(options).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = import(&[]);
    assert!(text.contains("address 10.0.0.9;") && text.contains("port 9009;"), "{text}");
    let text = import(&["-a", "10.0.0.1", "-p", "80", "-s", "5"]);
    assert!(text.contains("address 10.0.0.1;") && text.contains("rule source-port-5 {"), "{text}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_nothing_is_printed() {
    let folder = folder();
    let output = flumen(folder.path(), "mirror import --env bad.env");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    for complaint in [
        "bad.env:1:1: unknown variable INTERFAC; did you mean INTERFACE?",
        "bad.env:2:10: NAT_PORT: \"0\" is no port; use a number from 1 to 65535",
    ] {
        assert!(said.contains(complaint), "{said}");
    }
    assert_eq!(flumen(folder.path(), "mirror import --env nosuch").status.code(), Some(2));
}
