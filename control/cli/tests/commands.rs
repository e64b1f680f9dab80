//! The program itself, asking a daemon whose host and engine are made of plain values.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../daemon/tests/support/mod.rs"]
mod support;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use support::{Lab, Running, config, counters, session};

fn flumen(run_dir: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flumen"));
    command.env_clear().env("FLUMEN_RUN_DIR", run_dir).args(line.split_whitespace()).stdin(Stdio::null());
    command
}

fn output(run_dir: &Path, line: &str) -> Output {
    flumen(run_dir, line).output().unwrap()
}

/// What it prints when it succeeds.
fn shown(lab: &Lab, line: &str) -> String {
    let output = output(&lab.options.run_dir, line);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{line}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Exit status, and what it complains of.
fn refused(run_dir: &Path, line: &str) -> (i32, String) {
    let output = output(run_dir, line);
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn lab() -> (Lab, Running) {
    let mut lab = Lab::new();
    lab.configure(&config());
    let daemon = lab.start();
    let mut closing = session(8, 6, "192.168.1.11", "198.51.100.80", (50_001, 443), (1, 2));
    closing.tcp_seen = [0x13, 0x12];
    let mut kernel = lab.engines.kernel();
    kernel.sessions = vec![
        session(7, 6, "192.168.1.10", "198.51.100.80", (50_000, 443), (1, 2)),
        closing,
        session(9, 17, "192.168.1.10", "198.51.100.53", (50_002, 53), (1, 2)),
        session(10, 1, "192.168.1.10", "198.51.100.53", (77, 0), (1, 2)),
    ];
    kernel.counters = counters(1);
    drop(kernel);
    (lab, daemon)
}

#[test]
fn tables_of_a_running_gateway() {
    let (lab, daemon) = lab();
    for what in ["sessions", "zones", "policies", "nat", "interfaces"] {
        insta::assert_snapshot!(what, shown(&lab, &format!("show {what}")));
    }
    insta::assert_snapshot!("reasons", shown(&lab, "show reasons --seen"));
    let all = shown(&lab, "show reasons");
    assert!(
        flumen_engine::Reason::ALL
            .iter()
            .all(|reason| all.contains(reason.name()) && all.contains(reason.text()))
    );
    let status = shown(&lab, "show status");
    assert!(status.contains("Engine      fake\n") && status.contains("generation 1 from "), "{status}");
    assert!(status.contains("Interfaces  2 of 2 attached\n"), "{status}");
    daemon.stop();
}

#[test]
fn json_of_every_report_is_json_and_has_the_same_facts() {
    let (lab, daemon) = lab();
    for what in ["sessions", "zones", "policies", "nat", "interfaces", "reasons", "status"] {
        let text = shown(&lab, &format!("show {what} --json"));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(value.is_object(), "{what}");
    }
    let sessions: serde_json::Value = serde_json::from_str(&shown(&lab, "show sessions --json")).unwrap();
    assert_eq!(sessions["sessions"][1]["state"], "closing");
    assert_eq!(sessions["sessions"][0]["departs"]["source"], "203.0.113.5");
    let reasons: serde_json::Value =
        serde_json::from_str(&shown(&lab, "--json show reasons --interface lan0")).unwrap();
    assert_eq!(reasons["interfaces"][0]["difference"], 0);
    daemon.stop();
}

#[test]
fn a_filter_selects_the_same_sessions_for_show_and_clear() {
    let (lab, daemon) = lab();
    assert!(shown(&lab, "show sessions --protocol udp --limit 5").contains("4 sessions, 1 matching\n"));
    assert_eq!(shown(&lab, "clear sessions --protocol udp"), "1 session cleared, 3 left\n");
    assert_eq!(shown(&lab, "show sessions --protocol udp"), "3 sessions, 0 matching\n");
    let (status, complaint) = refused(&lab.options.run_dir, "clear sessions --policy lan-uot");
    assert_eq!(
        (status, complaint.as_str()),
        (1, "error: there is no policy lan-uot in the configuration; there is lan-out\n")
    );
    daemon.stop();
}

#[test]
fn apply_answers_with_a_generation_or_with_every_message() {
    let (lab, daemon) = lab();
    let file = lab.options.state_dir.with_file_name("next.json");
    std::fs::write(&file, config().replace("lan-out", "lan-to-wan")).unwrap();
    let answer = shown(&lab, &format!("apply {}", file.display()));
    assert!(answer.starts_with("generation 2 is active ("), "{answer}");
    assert!(shown(&lab, "show policies").contains("lan-to-wan"));

    std::fs::write(&file, config().replace("permit", "allow").replace("ssh", "shh")).unwrap();
    let (status, complaint) = refused(&lab.options.run_dir, &format!("apply {}", file.display()));
    assert_eq!(status, 1);
    let complaint = complaint.replace(&file.display().to_string(), "next.json");
    insta::assert_snapshot!("apply-refused", complaint);
    assert!(shown(&lab, "show status").contains("generation 2"));
    daemon.stop();
}

#[test]
fn a_refusal_is_json_on_standard_output_when_that_was_asked_for() {
    let (lab, daemon) = lab();
    let file = lab.options.state_dir.with_file_name("next.json");
    std::fs::write(&file, config().replace("permit", "allow").replace("ssh", "shh")).unwrap();
    let json = |line: &str| {
        let output = output(&lab.options.run_dir, line);
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(String::from_utf8(output.stderr).unwrap().contains("error: "), "people are told as before");
        (output.status.code().unwrap(), value)
    };
    let (status, refusal) = json(&format!("apply --json {}", file.display()));
    assert_eq!(status, 1);
    assert_eq!(refusal["file"], file.display().to_string());
    let errors = refusal["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{refusal}");
    assert!(errors.iter().all(|error| error["line"].as_u64().unwrap() > 0), "{refusal}");
    let checked = output(&lab.options.run_dir, &format!("check --json {}", file.display()));
    let checked: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(checked["errors"], refusal["errors"], "the same form as `check` has");

    let (status, unknown) = json("show sessions --policy nosuch --json");
    assert_eq!(status, 1);
    assert!(unknown["error"].as_str().unwrap().contains("there is no policy nosuch"), "{unknown}");
    assert_eq!(json("--json apply /nonexistent").0, 2);
    daemon.stop();
}

#[test]
fn a_configuration_applied_with_a_deadline_says_so_and_is_kept_by_confirm() {
    let (lab, daemon) = lab();
    let file = lab.options.state_dir.with_file_name("next.json");
    std::fs::write(&file, config().replace("lan-out", "lan-to-wan")).unwrap();
    let answer = shown(&lab, &format!("apply {} --confirmed 5", file.display()));
    assert!(answer.contains("comes back in 5 min; `flumen confirm` keeps this one"), "{answer}");
    assert_eq!(shown(&lab, "confirm"), "commit 2 stays\n");
    let (status, complaint) = refused(&lab.options.run_dir, "confirm");
    assert_eq!((status, complaint.as_str()), (1, "error: no commit waits to be confirmed\n"));
    let (status, _) = refused(&lab.options.run_dir, &format!("apply {} --confirmed 0", file.display()));
    assert_eq!(status, 2);
    daemon.stop();
}

#[test]
fn check_needs_no_daemon_and_its_exit_status_is_the_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("flumen.json");
    let check = |flags: &str| {
        let output = output(dir.path(), &format!("check {flags} {}", file.display()));
        let text =
            |bytes| String::from_utf8(bytes).unwrap().replace(&file.display().to_string(), "flumen.json");
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    std::fs::write(&file, config()).unwrap();
    let (status, told, warned) = check("");
    assert_eq!(status, 0);
    insta::assert_snapshot!("check-accepted", format!("{told}{warned}"));
    assert_eq!(check("--host").0, 1, "there is no device lan0 here");

    std::fs::write(&file, config().replace("masquerade", "9lives").replace("\"any\"", "\"10.0.0.1/8\""))
        .unwrap();
    let (status, told, complaint) = check("");
    assert_eq!((status, told.as_str()), (1, ""));
    insta::assert_snapshot!("check-refused", &complaint);
    let (status, told, same) = check("--json");
    assert_eq!(same, complaint, "standard error is as without");
    let verdict: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((status, &verdict["accepted"]), (1, &serde_json::Value::Bool(false)));
    assert!(verdict["errors"].as_array().unwrap().iter().all(|error| error["line"].as_u64().unwrap() > 0));

    std::fs::remove_file(&file).unwrap();
    assert_eq!(check("").0, 2);
    assert_eq!(output(dir.path(), "check").status.code(), Some(2));
}

#[test]
fn without_a_daemon_the_message_says_how_to_start_one() {
    let dir = tempfile::tempdir().unwrap();
    for line in
        ["show status", "apply /dev/null", "confirm", "clear sessions", "stop", "explain -i x --hex 00"]
    {
        let (status, complaint) = refused(dir.path(), line);
        assert_eq!(status, 1, "{line}");
        assert!(
            complaint.contains("no daemon is running") && complaint.contains("systemctl start flumen"),
            "{complaint}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (lab, daemon) = lab();
    lab.engines.kernel().sessions =
        (0..5_000).map(|id| session(id, 17, "192.168.1.10", "198.51.100.53", (50_002, 53), (1, 2))).collect();
    for form in ["", "--json"] {
        let mut command = flumen(&lab.options.run_dir, &format!("show sessions --limit 5000 {form}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
    daemon.stop();
}

#[test]
fn stop_ends_the_daemon_and_detach_puts_the_host_back() {
    let (lab, daemon) = lab();
    assert!(shown(&lab, "stop").contains("keeps enforcing"));
    daemon.join();
    assert_eq!(lab.engines.generation(), 1);
    let daemon = lab.start();
    assert!(shown(&lab, "detach").contains("undone"));
    daemon.join();
    assert_eq!(lab.engines.generation(), 0);
}

#[test]
fn check_reads_the_language_and_keeps_what_is_not_supported_on_demand() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.conf");
    std::fs::write(
        &file,
        "interfaces { ge-0/0/0 { device lan0; unit 0; } }
security {
    zones { security-zone trust { interfaces { ge-0/0/0.0; } screen floods; } }
    policies {
        from-zone trust to-zone trust {
            policy p { match { source-address any; destination-address any; application any; } then permit; }
        }
    }
}
",
    )
    .unwrap();
    let check = |flags: &str| {
        let output = output(dir.path(), &format!("check {flags} {}", file.display()));
        let text =
            |bytes| String::from_utf8(bytes).unwrap().replace(&file.display().to_string(), "gateway.conf");
        (output.status.code().unwrap(), text(output.stdout) + &text(output.stderr))
    };
    let (status, strict) = check("");
    assert_eq!(status, 1);
    let (status, lenient) = check("--lenient");
    assert_eq!(status, 0);
    insta::assert_snapshot!("check-language", format!("{strict}\n{lenient}"));
}

#[test]
fn a_daemon_runs_a_configuration_in_the_language_and_applies_commands() {
    const TEXT: &str = include_str!("gateway.conf");
    let mut lab = Lab::new();
    lab.configure(TEXT);
    let daemon = lab.start();
    let shown_of = |what: &str| shown(&lab, &format!("show {what}"));
    let tables = ["interfaces", "zones", "policies", "nat"].map(shown_of).join("\n");
    insta::assert_snapshot!("language-tables", tables);

    let loaded = flumen_config::Model::from_text(TEXT, None, flumen_daemon::LoadMode::Strict).unwrap();
    let commands =
        flumen_syntax::print::set(&loaded.tree.unwrap()).replace("policy out ", "policy outwards ");
    let file = lab.options.state_dir.with_file_name("next.set");
    std::fs::write(&file, commands).unwrap();
    let answer = shown(&lab, &format!("apply {}", file.display()));
    assert!(answer.starts_with("generation 2 is active ("), "{answer}");
    assert!(shown(&lab, "show policies").contains("outwards"));
    daemon.stop();
}

/// Another user, as the kernel and the host's database of users have it.
#[test]
fn a_user_may_do_what_their_class_allows_and_is_told_how_to_get_another() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    if !nix::unistd::geteuid().is_root() {
        return; // only root can be somebody else
    }
    let (lab, daemon) = lab();
    let folder = lab.options.run_dir.parent().unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.join("flumen");
    std::fs::copy(env!("CARGO_BIN_EXE_flumen"), &program).unwrap();
    let nobody = |line: &str| {
        let mut command = Command::new(&program);
        command.env_clear().env("FLUMEN_RUN_DIR", &lab.options.run_dir).args(line.split_whitespace());
        command.current_dir("/").stdin(Stdio::null()).uid(65_534).gid(65_534);
        // A command that another test starts meanwhile has the copy open for writing, until it becomes another program.
        let busy = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ExecutableFileBusy;
        let mut output = command.output();
        for _ in 0..500 {
            if !output.as_ref().is_err_and(busy) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
            output = command.output();
        }
        let output = output.unwrap();
        (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (status, said) = nobody("show zones");
    assert_eq!(status, 1, "{said}");
    assert_eq!(
        said,
        "error: nobody has no role here; one who has configures it: \
         set system login user nobody class (read-only | operator | super-user)\n"
    );
    let with_class = config().replacen('{', r#"{ "system": { "login": { "nobody": "operator" } },"#, 1);
    let file = folder.join("next.json");
    std::fs::write(&file, with_class).unwrap();
    shown(&lab, &format!("apply {}", file.display()));
    let (status, said) = nobody("show zones");
    assert!(status == 0 && said.contains("lan"), "{said}");
    let (status, said) = nobody("cli -c configure");
    assert_eq!(status, 1, "{said}");
    assert!(
        said.ends_with(
            "error: Open needs the class super-user, and nobody has operator; \
             set system login user nobody class super-user gives it\n"
        ),
        "{said}"
    );
    daemon.stop();
}
