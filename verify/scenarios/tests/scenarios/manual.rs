//! What the manual says to type, typed.

use std::process::Command;

use flumen_scenarios::{Configuration, Lab};

const GRPC: &str = include_str!("../../../../docs/manual/grpc.md");

#[test]
fn curl_calls_the_methods_of_grpc_as_the_manual_has_it() {
    let (_, block) = GRPC.split_once("```sh\n").unwrap();
    let (script, rest) = block.split_once("```\n```\n").unwrap();
    let (health, _) = rest.split_once("```\n").unwrap();
    let lab = Lab::new(&Configuration::new()).unwrap();
    let places = lab.flumen().places();
    let script = script.replace("/run/flumen", &places.run_dir().display().to_string());
    assert!(script.contains("/flumen.sock"));
    let mut bash = Command::new("bash");
    let output = bash.args(["-euc", &script]).current_dir(places.run_dir()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    assert!(said.starts_with(health), "{said}");
    for zone in ["lan", "wan", "grpc-status: 0"] {
        assert!(said.contains(zone), "{zone} is not in {said}");
    }
}
