use flumen_api::{LogLine, brief};
use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::sync::Mutex;
use std::time::SystemTime;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::gateway::lock;

/// Lines that are kept; older ones are where standard error went.
const KEPT: usize = 2000;
/// A line is at most this long, bytes.
const MAX_LINE_BYTES: usize = 2000;

/// The last lines of the log of this process.
pub(crate) static JOURNAL: Journal = Journal(Mutex::new(VecDeque::new()));

/// The last lines of a log, in memory: at most 4 MB.
#[derive(Debug)]
pub(crate) struct Journal(Mutex<VecDeque<LogLine>>);

/// Writes events into the [`JOURNAL`].
pub(crate) struct Keep;

/// An event in words: its message, then its fields.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

// === impl Journal ===

impl Journal {
    fn add(&self, line: LogLine) {
        let mut lines = lock(&self.0);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// The last so many lines, the oldest first.
    pub(crate) fn last(&self, count: usize) -> Vec<LogLine> {
        let lines = lock(&self.0);
        lines.iter().skip(lines.len().saturating_sub(count)).cloned().collect()
    }
}

// === impl Keep ===

impl<S: Subscriber> Layer<S> for Keep {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let text = brief(words.message + &words.fields, MAX_LINE_BYTES);
        let time = flumen_store::Time::from(SystemTime::now()).to_string();
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        JOURNAL.add(LogLine { time, level, text });
    }
}

// === impl Words ===

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // To write into a string never fails.
        match field.name() {
            "message" => write!(self.message, "{value:?}").unwrap_or_default(),
            name => write!(self.fields, " {name}={value:?}").unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, KEPT, Keep};
    use flumen_api::LogLine;
    use std::collections::VecDeque;
    use std::sync::Mutex;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn the_last_lines_are_kept_and_the_oldest_go() {
        let journal = Journal(Mutex::new(VecDeque::new()));
        for number in 0..KEPT + 5 {
            let text = number.to_string();
            journal.add(LogLine { time: String::new(), level: "info".into(), text });
        }
        let last = journal.last(usize::MAX);
        assert_eq!((last.len(), last[0].text.as_str()), (KEPT, "5"));
        assert_eq!(journal.last(1)[0].text, (KEPT + 4).to_string());
    }

    #[test]
    fn an_event_is_its_message_and_its_fields() {
        let subscriber = tracing_subscriber::registry().with(Keep);
        let unique = "an event of this test alone";
        tracing::subscriber::with_default(subscriber, || tracing::warn!(device = "lan0", "{unique}"));
        let lines = super::JOURNAL.last(usize::MAX);
        let line = lines.iter().find(|line| line.text.starts_with(unique)).unwrap();
        assert_eq!(
            (line.level.as_str(), line.text.as_str()),
            ("warn", "an event of this test alone device=\"lan0\"")
        );
    }
}
