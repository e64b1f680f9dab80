use crate::journal::Keep;
use std::fmt;
use std::io::IsTerminal;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Environment variable with the log filter: `debug`, `info,flumen_kernel=debug`.
const FILTER: &str = "FLUMEN_LOG";

/// A line for the journal: priority in the way of sd-daemon(3), no time, no colour.
struct Journal;

/// Sends logs to standard error, and keeps the last lines for `show log`. A second call does nothing.
///
/// The journal gets priorities and adds the time itself; a terminal or file gets time, and colours if it can.
pub fn init() {
    init_from("info");
}

/// The same from this level on, unless the environment has a filter: `warn`, `info`, `debug`.
pub fn init_from(level: &str) {
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new(level));
    let kept = tracing_subscriber::registry().with(filter).with(Keep);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = if std::env::var_os("JOURNAL_STREAM").is_some() {
        kept.with(lines.event_format(Journal)).try_init()
    } else {
        let colours =
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        kept.with(lines.with_target(false).with_ansi(colours)).try_init()
    };
    if let Err(error) = started {
        tracing::debug!("logs go where they went: {error}");
    }
}

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        write!(writer, "<{priority}>")?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
