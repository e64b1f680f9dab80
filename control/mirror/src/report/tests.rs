use super::{Heading, ReportError, records, report};
use crate::Record;
use flumen_api::ServiceCounters;

fn heading() -> Heading {
    Heading { title: "Run of <today>".into(), target_pps: 85_000, threshold_pps: 59_500 }
}

/// A record every five seconds, at 90,000 packets a second with half of them translated.
fn run(count: u64) -> Vec<Record> {
    let record = |at: u64| Record {
        time_ms: 1_700_000_000_000 + at * 5000,
        counters: ServiceCounters {
            total_packets: at * 450_000,
            vxlan_packets: at * 450_000,
            inner_packets: at * 450_000,
            nat_applied: at * 225_000,
            forwarded: at * 450_000 - at * 3,
            redirected: at * 450_000 - at * 3,
            errors: at * 3,
            bytes_processed: at * 450_000 * 1400,
            ..ServiceCounters::default()
        },
        errors_by_reason: [("mirror-vni".to_owned(), at * 3)].into(),
    };
    (0..count).map(record).collect()
}

#[test]
fn a_run_is_one_page_that_needs_nothing_else() {
    let page = report(&heading(), &run(13)).unwrap();
    for part in [
        "<title>Run of &lt;today&gt;</title>",
        "60 s in 12 intervals",
        "90.0 k on average, 90.0 k to 90.0 k",
        "85,000 a second, reached in 100 % of the intervals",
        "50.00 %",
        "<tr><th>Forwarded</th><td class=\"n\">5,399,964</td>",
        "<tr><th>mirror-vni</th><td class=\"n\">36</td></tr>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(page.matches("<svg ").count(), 4);
    for outside in ["http:", "https:", "<script", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn every_element_that_begins_ends() {
    let page = report(&heading(), &run(3)).unwrap();
    let body = page.split_once("<body>").unwrap().1;
    for element in ["table", "tr", "td", "th", "svg", "text", "h2", "span"] {
        let begins =
            body.matches(&format!("<{element}>")).count() + body.matches(&format!("<{element} ")).count();
        assert_eq!(begins, body.matches(&format!("</{element}>")).count(), "{element}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}

#[test]
fn a_mirror_that_was_restarted_meanwhile_does_not_spoil_the_rates() {
    let mut records = run(4);
    let again = run(3).into_iter().map(|record| Record { time_ms: record.time_ms + 60_000, ..record });
    records.extend(again);
    let page = report(&heading(), &records).unwrap();
    assert!(page.contains("25 s in 5 intervals") && page.contains("90.0 k to 90.0 k"), "{page}");
}

#[test]
fn a_run_of_one_record_and_a_line_that_is_none_are_refused() {
    assert!(matches!(report(&heading(), &run(1)), Err(ReportError::TooFew(1))));
    let error = records("\n{\"time_ms\":1}\n").unwrap_err();
    assert!(error.to_string().starts_with("line 2: missing field `total_packets`"), "{error}");
}

#[test]
fn an_idle_run_has_plots_without_a_line_to_draw() {
    let idle = |at: u64| Record { time_ms: at * 1000, ..Record::default() };
    let page = report(&heading(), &[idle(0), idle(1), idle(2)]).unwrap();
    assert!(page.contains("Nothing to show.") && !page.contains("NaN"), "{page}");
}
