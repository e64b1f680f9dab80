//! How long a large configuration takes: `cargo run --release -p flumen-syntax --example language_speed [LINES]`.

use flumen_syntax::parse::{self, Mode};
use flumen_syntax::{compare, complete, effective, load_set, patch, print, unsupported};
use std::fmt::Write;
use std::time::Instant;

/// About `lines` lines in braces: addresses, applications and policies.
fn configuration(lines: usize) -> String {
    let mut text = String::new();
    let entries = lines / 16;
    text.push_str("security {\n    address-book {\n        global {\n");
    for number in 0..entries {
        let (high, low) = (number / 256 % 256, number % 256);
        writeln!(text, "            address host-{number} 10.{high}.{low}.1/32;")
            .expect("a string takes all text");
    }
    text.push_str("        }\n    }\n    policies {\n        from-zone trust to-zone untrust {\n");
    for number in 0..entries {
        writeln!(
            text,
            "            policy p{number} {{\n                match {{\n                    source-address host-{number};\n                    \
             destination-address any;\n                    application [ junos-http junos-https ];\n                }}\n                \
             then {{\n                    permit;\n                    count;\n                }}\n            }}"
        )
        .expect("a string takes all text");
    }
    text.push_str("        }\n    }\n    zones {\n        security-zone trust;\n        security-zone untrust;\n    }\n}\napplications {\n");
    for number in 0..entries {
        writeln!(
            text,
            "    application a{number} {{\n        protocol tcp;\n        destination-port {};\n    }}",
            number % 65535 + 1
        )
        .expect("a string takes all text");
    }
    text.push_str("}\n");
    text
}

fn main() {
    let lines = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let text = configuration(lines);
    println!("{} lines, {} bytes", text.lines().count(), text.len());
    let timed =
        |what: &str, start: Instant| println!("{what:>28}: {:>7.1} ms", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    let (tree, findings) = parse::curly(&text, None, Mode::Strict);
    assert!(findings.is_empty(), "{}", findings[0]);
    timed("read braces", start);
    let start = Instant::now();
    assert_eq!(unsupported(&tree).errors, []);
    timed("look for what is unsupported", start);
    let start = Instant::now();
    let commands = print::set(&tree);
    timed("print commands", start);
    let start = Instant::now();
    let (again, _) = parse::set(&commands, None, Mode::Strict);
    timed("read commands", start);
    let start = Instant::now();
    assert!(again == tree);
    timed("compare", start);
    let edited = load_set(
        &again,
        "set security policies from-zone trust to-zone untrust policy new then deny",
        None,
        Mode::Strict,
    )
    .expect("the line is a statement")
    .tree;
    let start = Instant::now();
    let difference = compare(&tree, &edited);
    timed("show | compare", start);
    let start = Instant::now();
    assert!(patch(&tree, &difference, None, Mode::Strict).is_ok_and(|patched| patched == edited));
    timed("load patch", start);
    let start = Instant::now();
    let (effective, _) = effective(&tree);
    timed("inherit groups", start);
    drop(effective);
    for line in [
        "set ",
        "set security policies from-zone trust to-zone untrust policy p",
        "set security policies from-zone trust to-zone untrust policy p1 match source-address host-1",
    ] {
        let start = Instant::now();
        let completion = complete(&tree, &[], line, &());
        timed(&format!("complete ({} answers)", completion.candidates.len()), start);
    }
}
