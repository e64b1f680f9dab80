use serde::Serialize;
use std::io::{self, ErrorKind, Write};

/// Where results go, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// JSON instead of text.
    pub(crate) json: bool,
}

impl Output {
    /// Prints a report: as JSON, or as `render` has it. Colours are left out where they do not belong
    /// (not a terminal, `NO_COLOR`, `TERM=dumb`).
    ///
    /// # Errors
    /// When standard output cannot be written. A reader that went away wanted no more: that is no error.
    pub(crate) fn report<R: Serialize>(
        self,
        report: &R,
        render: impl FnOnce(&R) -> String,
    ) -> io::Result<()> {
        let written = if self.json {
            let text = serde_json::to_string_pretty(report)?;
            writeln!(io::stdout().lock(), "{text}")
        } else {
            anstream::stdout().lock().write_all(render(report).as_bytes())
        };
        match written.and_then(|()| io::stdout().flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }
}

/// Prints to standard error; there is nowhere to complain when that is closed.
pub(crate) fn complain(text: &str) {
    anstream::stderr().lock().write_all(text.as_bytes()).ok();
}
