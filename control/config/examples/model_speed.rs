//! How long a large configuration takes to become a model:
//! `cargo run --release -p flumen-config --example model_speed [LINES]`.

use flumen_config::Model;
use flumen_syntax::parse::Mode;
use std::fmt::Write;
use std::time::Instant;

/// About `lines` lines in braces: addresses, applications and policies.
fn configuration(lines: usize) -> String {
    let entries = lines / 16;
    let (mut addresses, mut policies, mut applications) = (String::new(), String::new(), String::new());
    for number in 0..entries {
        let (high, low, port) = (number / 256 % 256, number % 256, number % 65535 + 1);
        writeln!(addresses, "address host-{number} 10.{high}.{low}.1/32;").expect("a string takes all text");
        writeln!(
            policies,
            "policy p{number} {{\nmatch {{\nsource-address host-{number};\ndestination-address any;\n\
             application [ junos-http a{number} ];\n}}\nthen {{\npermit;\ncount;\n}}\n}}"
        )
        .expect("a string takes all text");
        writeln!(applications, "application a{number} {{\nprotocol tcp;\ndestination-port {port};\n}}")
            .expect("a string takes all text");
    }
    format!(
        "security {{\naddress-book {{\nglobal {{\n{addresses}}}\n}}\npolicies {{\nfrom-zone trust to-zone untrust {{\n\
         {policies}}}\n}}\nzones {{\nsecurity-zone trust;\nsecurity-zone untrust;\n}}\n}}\napplications {{\n{applications}}}\n"
    )
}

fn main() {
    let lines = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let text = configuration(lines);
    let start = Instant::now();
    let loaded = Model::from_text(&text, None, Mode::Strict).expect("the text is a configuration");
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    let (lines, policies) = (text.lines().count(), loaded.model.security.policies.len());
    println!("{lines} lines with {policies} policies are read and checked in {milliseconds:.1} ms");
}
