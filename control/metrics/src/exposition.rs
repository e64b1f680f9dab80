//! The text format of Prometheus, version 0.0.4: node-exporter reads no other.

use std::fmt::{Display, Write};

/// Text that is being written.
#[derive(Default)]
pub(crate) struct Exposition(String);

/// What a metric is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Names and values of labels.
pub(crate) type Labels<'a> = Vec<(&'static str, &'a str)>;

const INFALLIBLE: &str = "writing to a string cannot fail";

impl Exposition {
    /// Adds a metric with its samples; nothing when there are none.
    pub(crate) fn family<'a, V: Display>(
        &mut self,
        name: &str,
        help: &str,
        kind: Kind,
        samples: impl IntoIterator<Item = (Labels<'a>, V)>,
    ) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n").expect(INFALLIBLE);
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            writeln!(self.0, "{name}{labels} {value}").expect(INFALLIBLE);
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{Exposition, Kind};

    #[test]
    fn samples_stand_below_their_help_and_labels_are_escaped() {
        let mut text = Exposition::default();
        text.family(
            "a_total",
            "One\nline.",
            Kind::Counter,
            [(vec![("name", "x\"y\\z\n"), ("b", "")], 1), (vec![], 2)],
        );
        text.family("none", "Nothing.", Kind::Gauge, Vec::<(Vec<_>, u8)>::new());
        let expected = "# HELP a_total One\\nline.\n# TYPE a_total counter\na_total{name=\"x\\\"y\\\\z\\n\",b=\"\"} 1\na_total 2\n";
        assert_eq!(text.into_text(), expected);
    }
}
