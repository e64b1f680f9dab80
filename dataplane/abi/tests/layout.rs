//! `layout.txt` is what pinned maps of this version hold.

use flumen_abi::{LAYOUTS, Reason, VERSION};
use std::fmt::Write;

fn current() -> String {
    let mut text = format!("version {VERSION}\n");
    for layout in LAYOUTS {
        writeln!(text, "{} {}", layout.name, layout.size).expect("a string takes all text");
        for field in layout.fields {
            writeln!(text, "  {:>3} {}", field.offset, field.name).expect("a string takes all text");
        }
    }
    text.push_str("Reason\n");
    for (number, reason) in Reason::ALL.iter().enumerate() {
        writeln!(text, "  {number:>3} {} {}", reason.name(), reason.outcome().name())
            .expect("a string takes all text");
    }
    text
}

#[test]
fn layout_txt_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/layout.txt");
    if std::env::var_os("FLUMEN_BLESS").is_some() {
        std::fs::write(path, current()).expect("layout.txt is writable");
    }
    let recorded = std::fs::read_to_string(path).expect("layout.txt is in the tree");
    assert_eq!(recorded, current(), "a layout changed: raise VERSION, then run with FLUMEN_BLESS=1");
}
