/// Cases on which the engines once differed: file name and content. They are part of the test program, so that it needs
/// no files on the machines where it runs; a test compares the list with the folder.
pub const CORPUS: &[(&str, &str)] = &[
    (
        "error-that-quotes-mapped-addresses.json",
        include_str!("../../corpus/error-that-quotes-mapped-addresses.json"),
    ),
    (
        "next-hop-learnt-on-another-link.json",
        include_str!("../../corpus/next-hop-learnt-on-another-link.json"),
    ),
];
