use super::form::word;
use super::statement::{NAME, Statement, entries, flag, key, leaf, list};
use super::{Type, Word};

const DAYS: &[Word] = &[
    word("monday", "Mondays"),
    word("tuesday", "Tuesdays"),
    word("wednesday", "Wednesdays"),
    word("thursday", "Thursdays"),
    word("friday", "Fridays"),
    word("saturday", "Saturdays"),
    word("sunday", "Sundays"),
    word("daily", "Every day"),
];

pub(super) const ROWS: &[Statement] = &[list(
    "scheduler",
    NAME,
    "A time in which a policy holds",
    &[
        leaf("description", Type::Text, "Text for people"),
        list(
            "start-date",
            &[key(Type::Time)],
            "First moment",
            &[leaf("stop-date", Type::Time, "Last moment")],
        ),
        entries(
            &[key(Type::Words(DAYS))],
            "Day",
            &[
                list("start-time", &[key(Type::Text)], "From", &[leaf("stop-time", Type::Text, "To")]),
                flag("all-day", "All day"),
                flag("exclude", "Not on this day"),
            ],
        )
        .json("day"),
    ],
)
.reserved("schedulers need the scheduler capability")];
