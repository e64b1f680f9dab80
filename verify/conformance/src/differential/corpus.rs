/// Cases on which the engines once differed, or were wrong alike: file name and content. They are part of the test program, so that it needs
/// no files on the machines where it runs; a test compares the list with the folder.
pub const CORPUS: &[(&str, &str)] = &[
    ("echo-reply-with-identifier-0.json", include_str!("../../corpus/echo-reply-with-identifier-0.json")),
    (
        "error-that-quotes-mapped-addresses.json",
        include_str!("../../corpus/error-that-quotes-mapped-addresses.json"),
    ),
    (
        "next-hop-learnt-on-another-link.json",
        include_str!("../../corpus/next-hop-learnt-on-another-link.json"),
    ),
];
