//! The manual's list of statements is the table of the language.

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/manual/statements.md");
const BEGIN: &str =
    "<!-- Generated from control/syntax/src/table: FLUMEN_BLESS=1 cargo test -p flumen-syntax -->\n";
const END: &str = "<!-- End of the generated part. -->\n";

#[test]
fn the_manual_lists_every_statement_as_it_is() {
    let manual = std::fs::read_to_string(PATH).expect("the manual is in the tree");
    let (before, rest) = manual.split_once(BEGIN).expect("the generated part begins with its mark");
    let (listed, after) = rest.split_once(END).expect("the generated part ends with its mark");
    let current = flumen_syntax::manual();
    if std::env::var_os("FLUMEN_BLESS").is_some() {
        std::fs::write(PATH, format!("{before}{BEGIN}{current}{END}{after}"))
            .expect("the manual is writable");
        return;
    }
    assert!(listed == current, "statements changed: run with FLUMEN_BLESS=1");
}
