use crate::gateway::Gateway;
use crate::journal::JOURNAL;
use flumen_api::{ApiError, LogKind, LogLine, LogReport};
use serde_json::Value;
use std::io::ErrorKind;

impl Gateway {
    /// The last lines of a log.
    pub(crate) fn log(&self, log: LogKind, lines: u32) -> Result<LogReport, ApiError> {
        let count = usize::try_from(lines).unwrap_or(usize::MAX);
        let lines = match log {
            LogKind::Messages => JOURNAL.last(count),
            LogKind::Audit => {
                let text = self.audit.text().or_else(|error| match error.kind() {
                    ErrorKind::NotFound => Ok(String::new()),
                    _ => Err(ApiError::State { reason: format!("the audit log cannot be read: {error}") }),
                })?;
                let lines: Vec<LogLine> = text.lines().map(audited).collect();
                lines[lines.len().saturating_sub(count)..].to_vec()
            }
        };
        Ok(LogReport { lines })
    }
}

/// A line of the audit log in words; one that is damaged as it is.
fn audited(line: &str) -> LogLine {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else {
        return LogLine { time: String::new(), level: "error".to_owned(), text: line.to_owned() };
    };
    let mut word = |name: &str| match fields.remove(name) {
        Some(Value::String(word)) => word,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let [time, user, door, change, result, outcome] =
        ["time", "user", "door", "change", "result", "outcome"].map(&mut word);
    let level = if result == "refused" { "warn" } else { "info" };
    let mut text = format!("{user} ({door}) {change}: {result}");
    if !outcome.is_empty() {
        text.push_str(&format!(", {outcome}"));
    }
    for name in ["pid", "number", "uid", "identity"] {
        fields.remove(name);
    }
    for (name, value) in fields {
        text.push_str(&format!(" {name}={value}"));
    }
    LogLine { time, level: level.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::audited;

    #[test]
    fn a_line_of_the_audit_log_says_who_did_what_with_which_result() {
        let line = audited(
            r#"{"time":"2026-11-20T15:00:00Z","pid":7,"number":3,"door":"socket","user":"ann","uid":0,"identity":"peer","change":"apply","source":"a.conf","result":"refused","outcome":"the configuration is refused"}"#,
        );
        assert_eq!((line.time.as_str(), line.level.as_str()), ("2026-11-20T15:00:00Z", "warn"));
        assert_eq!(line.text, "ann (socket) apply: refused, the configuration is refused source=\"a.conf\"");
        assert_eq!(audited("half a li").text, "half a li");
    }
}
