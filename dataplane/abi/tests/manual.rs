//! The manual's list of reasons is the list that the datapath counts by.

use flumen_abi::Reason;
use std::fmt::Write;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/manual/reasons.md");
const BEGIN: &str =
    "<!-- Generated from dataplane/abi/src/reason.rs: FLUMEN_BLESS=1 cargo test -p flumen-abi -->\n";
const END: &str = "<!-- End of the generated part. -->\n";

/// One line for each reason, in order of its number.
fn table() -> String {
    let mut text = "| reason | outcome | meaning | metric |\n|---|---|---|---|\n".to_owned();
    for reason in Reason::ALL {
        let (name, outcome) = (reason.name(), reason.outcome().name());
        let meaning = reason.text().replace('|', "\\|");
        let metric = format!("flumen_packets_total{{reason=\"{name}\"}}");
        writeln!(text, "| `{name}` | {outcome} | {meaning} | `{metric}` |").expect("a string takes all text");
    }
    text
}

#[test]
fn the_manual_lists_every_reason_as_it_is() {
    let manual = std::fs::read_to_string(PATH).expect("the manual is in the tree");
    let (before, rest) = manual.split_once(BEGIN).expect("the generated part begins with its mark");
    let (listed, after) = rest.split_once(END).expect("the generated part ends with its mark");
    if std::env::var_os("FLUMEN_BLESS").is_some() {
        let current = format!("{before}{BEGIN}{}{END}{after}", table());
        std::fs::write(PATH, current).expect("the manual is writable");
        return;
    }
    assert_eq!(listed, table(), "reasons changed: run with FLUMEN_BLESS=1");
}
