use crate::v1;
use flumen_api::{Applied, Checked, ConfigMessage};

pub(crate) fn accepted(checked: Checked) -> v1::Accepted {
    v1::Accepted { warnings: messages(checked.warnings), rows: checked.rows.into_iter().collect() }
}

pub(crate) fn applied(applied: Applied) -> v1::Applied {
    v1::Applied {
        generation: applied.generation,
        took_ms: applied.took_ms,
        confirm_minutes: applied.confirm_minutes,
        warnings: messages(applied.warnings),
    }
}

pub(crate) fn refused(complaints: Vec<ConfigMessage>) -> v1::Refused {
    v1::Refused { messages: messages(complaints) }
}

fn messages(messages: Vec<ConfigMessage>) -> Vec<v1::ConfigMessage> {
    let message = |message: ConfigMessage| v1::ConfigMessage {
        line: message.line,
        column: message.column,
        path: message.path,
        text: message.text,
    };
    messages.into_iter().map(message).collect()
}
