/// Cases on which the engines once differed, were wrong alike, or were blamed for what is right: file name and content. They are part of the test program, so that it needs
/// no files on the machines where it runs; a test compares the list with the folder.
pub const CORPUS: &[(&str, &str)] = &[
    (
        "cut-authentication-header-in-ipv4.json",
        include_str!("../../corpus/cut-authentication-header-in-ipv4.json"),
    ),
    ("echo-reply-with-identifier-0.json", include_str!("../../corpus/echo-reply-with-identifier-0.json")),
    (
        "error-that-quotes-mapped-addresses.json",
        include_str!("../../corpus/error-that-quotes-mapped-addresses.json"),
    ),
    (
        "next-hop-learnt-on-another-link.json",
        include_str!("../../corpus/next-hop-learnt-on-another-link.json"),
    ),
    ("reply-that-is-all-zeroes.json", include_str!("../../corpus/reply-that-is-all-zeroes.json")),
    (
        "translated-icmpv6-that-is-no-echo.json",
        include_str!("../../corpus/translated-icmpv6-that-is-no-echo.json"),
    ),
    (
        "unknown-icmp-with-the-key-of-an-echo.json",
        include_str!("../../corpus/unknown-icmp-with-the-key-of-an-echo.json"),
    ),
];
