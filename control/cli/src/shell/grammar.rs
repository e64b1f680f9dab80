use crate::shell::commands::Action;
use crate::shell::line::{self, Word};
use flumen_api::{CompletionWord, NameKind};
use flumen_syntax::nearest;

/// A word of a command, and what may follow it.
#[derive(Debug)]
pub(crate) struct Row {
    /// The word.
    pub(crate) word: &'static str,
    /// What `?` shows beside it.
    pub(crate) help: &'static str,
    /// What is done when the line ends here; none when more must follow.
    pub(crate) run: Option<Action>,
    /// Words of which one may follow.
    pub(crate) rows: &'static [Row],
    /// What may be said of it, in any order.
    pub(crate) options: &'static [Opt],
    /// What the remainder of the line is.
    pub(crate) rest: Rest,
}

/// Something that may be said of a command.
#[derive(Debug)]
pub(crate) struct Opt {
    /// Its word; empty for a value that stands alone.
    pub(crate) word: &'static str,
    /// What `?` shows beside it.
    pub(crate) help: &'static str,
    /// What follows it.
    pub(crate) value: Value,
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// None: the word says it.
    Flag,
    /// A text of this form, shown as `<form>`.
    Of(&'static str),
    /// The same; the option may be given more than once.
    Each(&'static str),
    /// A number of this form, or this one when none follows.
    Number(&'static str, &'static str),
    /// A name that the gateway knows.
    Name(NameKind),
    /// One of these words, each with its help.
    Choice(&'static [(&'static str, &'static str)]),
    /// A word that begins with a dash, and all that follow: arguments of another program.
    Arguments(&'static str),
}

/// The remainder of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// There is none.
    Nothing,
    /// Words of the configuration language, as behind this command of it.
    Statement(&'static str),
    /// An operational command.
    Operational,
}

/// A line that was understood.
#[derive(Debug)]
pub(crate) struct Matched<'l> {
    pub(crate) action: Action,
    /// What was said, by word; that of flags is empty.
    pub(crate) values: Vec<(&'static str, String)>,
    /// The remainder of the line.
    pub(crate) rest: &'l str,
}

impl Matched<'_> {
    pub(crate) fn value(&self, word: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == word).map(|(_, value)| value.as_str())
    }

    /// All values of an option that may be given more than once.
    pub(crate) fn each(&self, word: &str) -> impl Iterator<Item = &str> {
        self.values.iter().filter(move |(known, _)| *known == word).map(|(_, value)| value.as_str())
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.value(word).is_some()
    }

    /// What was said after [`Value::Arguments`] had begun, in order.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter(|(known, _)| *known == ARGUMENTS).map(|(_, value)| value.as_str())
    }
}

/// The word of an option of [`Value::Arguments`].
pub(crate) const ARGUMENTS: &str = "-";

/// Where in the table a line stands after some words.
pub(crate) struct Walk {
    rows: &'static [Row],
    row: Option<&'static Row>,
    values: Vec<(&'static str, String)>,
    /// An option whose value comes next.
    pending: Option<&'static Opt>,
    /// A number may follow, in the place of the last value.
    numbered: bool,
    /// Byte of the line where the remainder begins.
    rest: Option<usize>,
}

/// What a word is.
enum Known {
    Row(&'static Row),
    Option(&'static Opt),
}

// === impl Walk ===

impl Walk {
    pub(crate) fn new(rows: &'static [Row]) -> Walk {
        Walk { rows, row: None, values: Vec::new(), pending: None, numbered: false, rest: None }
    }

    fn options(&self) -> impl Iterator<Item = &'static Opt> + use<'_> {
        let options = self.row.map_or(&[][..], |row| row.options);
        let again = |option: &&Opt| matches!(option.value, Value::Each(_));
        options
            .iter()
            .filter(move |option| again(option) || !self.values.iter().any(|(word, _)| *word == option.word))
    }

    /// The option that was given last.
    fn last(&self) -> Option<&'static Opt> {
        let (word, _) = self.values.last()?;
        self.row?.options.iter().find(|option| option.word == *word)
    }

    fn known(&self) -> Vec<(&'static str, Known)> {
        let rows = self.rows.iter().filter(|_| self.values.is_empty());
        let options = self.options().filter(|option| !matches!(option.word, "" | ARGUMENTS));
        rows.map(|row| (row.word, Known::Row(row)))
            .chain(options.map(|option| (option.word, Known::Option(option))))
            .collect()
    }

    /// Takes the next word.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn feed(&mut self, word: &Word) -> Result<(), String> {
        if self.rest.is_some() {
            return Ok(());
        }
        if let Some(option) = self.pending.take() {
            self.values.push((option.word, chosen(option, &word.text)?));
            return Ok(());
        }
        let text = word.text.as_str();
        let begun = self.values.last().is_some_and(|(word, _)| *word == ARGUMENTS);
        if begun || text.starts_with('-') && self.options().any(|option| option.word == ARGUMENTS) {
            self.values.push((ARGUMENTS, text.to_owned()));
            return Ok(());
        }
        if std::mem::take(&mut self.numbered)
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && let Some((_, value)) = self.values.last_mut()
        {
            text.clone_into(value);
            return Ok(());
        }
        let mut known = self.known();
        let exact = known.iter().position(|(own, _)| *own == text);
        let begun: Vec<usize> =
            (0..known.len()).filter(|index| !text.is_empty() && known[*index].0.starts_with(text)).collect();
        let found = match (exact, &begun[..]) {
            (Some(index), _) => index,
            (None, [index]) => *index,
            (None, []) => return self.other(word, &known),
            (None, _) => {
                let words: Vec<&str> = begun.iter().map(|index| known[*index].0).collect();
                return Err(format!("{text:?} is ambiguous: {}", words.join(", ")));
            }
        };
        match known.swap_remove(found).1 {
            Known::Row(row) => {
                (self.row, self.rows) = (Some(row), row.rows);
                if row.rest != Rest::Nothing && row.rows.is_empty() && row.options.is_empty() {
                    self.rest = Some(word.place.end);
                }
            }
            Known::Option(option) if option.value == Value::Flag => {
                self.values.push((option.word, String::new()));
            }
            Known::Option(Opt { word, value: Value::Number(_, default), .. }) => {
                self.values.push((word, (*default).to_owned()));
                self.numbered = true;
            }
            Known::Option(option) => self.pending = Some(option),
        }
        Ok(())
    }

    /// A word that the table does not have here: a value that stands alone, or a mistake.
    fn other(&mut self, word: &Word, known: &[(&'static str, Known)]) -> Result<(), String> {
        if self.options().any(|option| option.word.is_empty()) {
            self.values.push(("", word.text.clone()));
            return Ok(());
        }
        let words: Vec<&str> = known.iter().map(|(own, _)| *own).collect();
        let what = if self.row.is_none() { "command" } else { "word" };
        Err(match nearest(&word.text, words.iter().copied()) {
            Some(nearest) => format!("unknown {what} {:?}; did you mean {nearest:?}?", word.text),
            None if words.is_empty() => format!("{:?} is too much: the command ends before it", word.text),
            None => format!("unknown {what} {:?}; there is {}", word.text, words.join(", ")),
        })
    }

    /// The end of the line.
    ///
    /// # Errors
    /// What is missing.
    pub(crate) fn end(self, line: &str) -> Result<Matched<'_>, String> {
        if let Some(option) = self.pending {
            return Err(format!("{} needs a value: {}", option.word, placeholder(option.value)));
        }
        let known = self.known();
        let Some(action) = self.row.and_then(|row| row.run) else {
            let words: Vec<&str> = known.iter().map(|(own, _)| *own).collect();
            let command = self.row.map_or("a command", |row| row.word);
            return Err(format!("{command} needs another word: {}", words.join(", ")));
        };
        let rest = self.rest.map_or("", |from| line[from..].trim());
        Ok(Matched { action, values: self.values, rest })
    }

    /// The remainder that has begun, and the byte where.
    pub(crate) fn remainder(&self) -> Option<(Rest, usize)> {
        let from = self.rest?;
        self.row.map(|row| (row.rest, from))
    }

    /// What may come next, where `partial` was typed; `names` asks the gateway.
    pub(crate) fn offers(
        &self,
        partial: &str,
        names: &mut dyn FnMut(NameKind) -> Vec<String>,
    ) -> Vec<CompletionWord> {
        if let Some(option) = self.pending {
            return values(option, partial, names);
        }
        let mut offers: Vec<CompletionWord> = self
            .known()
            .into_iter()
            .filter(|(word, _)| word.starts_with(partial))
            .map(|(word, known)| {
                let help = match known {
                    Known::Row(row) => row.help,
                    Known::Option(option) => option.help,
                };
                CompletionWord { word: word.to_owned(), help: help.to_owned(), inserts: true }
            })
            .collect();
        if let (true, Some(Opt { help, value: Value::Number(form, _), .. })) = (self.numbered, self.last()) {
            offers.push(CompletionWord {
                word: format!("<{form}>"),
                help: (*help).to_owned(),
                inserts: false,
            });
        }
        for alone in self.options().filter(|option| matches!(option.word, "" | ARGUMENTS)) {
            offers.extend(values(alone, partial, names));
        }
        if partial.is_empty() && self.row.is_some_and(|row| row.run.is_some()) {
            let enter = |word: &str, help: &str, inserts| CompletionWord {
                word: word.to_owned(),
                help: help.to_owned(),
                inserts,
            };
            offers.insert(0, enter("<[Enter]>", "Execute this command", false));
            offers.push(enter("|", "Pass the output through a filter", true));
        }
        offers
    }
}

fn values(
    option: &Opt,
    partial: &str,
    names: &mut dyn FnMut(NameKind) -> Vec<String>,
) -> Vec<CompletionWord> {
    let offer = |word: String, inserts| CompletionWord { word, help: option.help.to_owned(), inserts };
    match option.value {
        Value::Flag => Vec::new(),
        Value::Of(form) | Value::Each(form) | Value::Number(form, _) | Value::Arguments(form) => {
            vec![offer(format!("<{form}>"), false)]
        }
        Value::Choice(choices) => {
            let fitting = choices.iter().filter(|(word, _)| word.starts_with(partial));
            let offer = |(word, help): &(&str, &str)| CompletionWord {
                word: (*word).to_owned(),
                help: (*help).to_owned(),
                inserts: true,
            };
            fitting.map(offer).collect()
        }
        Value::Name(kind) => {
            let known = names(kind).into_iter().filter(|name| name.starts_with(partial));
            known.map(|name| offer(name, true)).collect()
        }
    }
}

fn placeholder(value: Value) -> String {
    match value {
        Value::Flag => String::new(),
        Value::Of(form) | Value::Each(form) | Value::Number(form, _) | Value::Arguments(form) => {
            format!("<{form}>")
        }
        Value::Name(_) => "<name>".to_owned(),
        Value::Choice(choices) => {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            words.join(", ")
        }
    }
}

/// The value of an option; a word of a choice may be abbreviated.
fn chosen(option: &Opt, text: &str) -> Result<String, String> {
    let Value::Choice(choices) = option.value else { return Ok(text.to_owned()) };
    let begun: Vec<&str> =
        choices.iter().map(|(word, _)| *word).filter(|word| word.starts_with(text)).collect();
    match begun[..] {
        [one] => Ok(one.to_owned()),
        _ if begun.contains(&text) => Ok(text.to_owned()),
        _ => Err(format!("{}: {text:?} is none of {}", option.word, placeholder(option.value))),
    }
}

/// A line, read by a table.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read<'l>(rows: &'static [Row], line: &'l str) -> Result<Matched<'l>, String> {
    let mut walk = Walk::new(rows);
    for word in line::words(line) {
        walk.feed(&word)?;
    }
    walk.end(line)
}

#[cfg(test)]
mod tests {
    use super::super::commands::{Action, CONFIGURATION};
    use super::super::operational::OPERATIONAL;
    use super::{Row, Walk, read};
    use crate::shell::line::words;

    #[test]
    fn every_word_may_be_abbreviated() {
        assert_eq!(read(OPERATIONAL, "sh sec pol").unwrap().action, Action::ShowPolicies);
        let sessions = read(OPERATIONAL, "sho secu fl sess prot udp source-pre 10.0.0.0/8 nat").unwrap();
        assert_eq!(sessions.action, Action::ShowSessions);
        assert_eq!(sessions.value("protocol"), Some("udp"));
        assert_eq!(sessions.value("source-prefix"), Some("10.0.0.0/8"));
        assert!(sessions.has("nat") && !sessions.has("summary"));
        assert_eq!(read(CONFIGURATION, "c").unwrap_err(), "\"c\" is ambiguous: commit, copy");
        assert_eq!(read(CONFIGURATION, "com conf").unwrap().value("confirmed"), Some("10"));
        let commit = read(CONFIGURATION, "com conf and-q").unwrap();
        assert!(commit.has("and-quit") && commit.value("confirmed") == Some("10"));
        let commit = read(CONFIGURATION, "commit conf 5 comm \"a b\"").unwrap();
        assert_eq!((commit.value("confirmed"), commit.value("comment")), (Some("5"), Some("a b")));
        assert_eq!(read(CONFIGURATION, "set a \"b c\" ").unwrap().rest, "a \"b c\"");
    }

    #[test]
    fn mistakes_are_told_with_what_would_be_right() {
        for (line, told) in [
            ("shwo security", "unknown command \"shwo\"; did you mean \"show\"?"),
            ("show securty zones", "did you mean \"security\"?"),
            ("show security flow session protocol", "protocol needs a value: <protocol>"),
            ("show", "show needs another word: "),
            ("show security zones trust more", "\"more\" is too much"),
            ("", "a command needs another word: "),
        ] {
            let error = read(OPERATIONAL, line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }

    #[test]
    fn help_and_completion_follow_from_the_same_table() {
        let offers = |line: &str, partial: &str| {
            let mut walk = Walk::new(OPERATIONAL);
            words(line).iter().for_each(|word| walk.feed(word).unwrap());
            let offers = walk.offers(partial, &mut |_| vec!["trust".to_owned(), "untrust".to_owned()]);
            offers.into_iter().map(|offer| offer.word).collect::<Vec<_>>()
        };
        assert_eq!(offers("show security", "po"), ["policies"]);
        assert_eq!(offers("show security zones", ""), ["<[Enter]>", "trust", "untrust", "|"]);
        assert!(offers("show security flow session protocol udp", "").contains(&"summary".to_owned()));
        assert!(!offers("show security flow session protocol udp", "").contains(&"protocol".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "(\\PC|[a-z]{1,3} |\"|\\||\\\\){0,24}") {
            for part in crate::shell::line::split(&line, &['|', ';']) {
                drop(crate::shell::pipe::Pipe::read(part));
                for table in [OPERATIONAL, CONFIGURATION] {
                    drop(read(table, part));
                    let mut walk = Walk::new(table);
                    if words(part).iter().all(|word| walk.feed(word).is_ok()) {
                        drop(walk.offers(&line, &mut |_| Vec::new()));
                    }
                }
            }
        }
    }

    #[test]
    fn every_row_of_the_tables_leads_somewhere_and_has_help() {
        fn check(rows: &'static [Row]) {
            for row in rows {
                assert!(!row.help.is_empty() && (row.run.is_some() || !row.rows.is_empty()), "{row:?}");
                assert!(row.options.iter().all(|option| !option.help.is_empty()), "{row:?}");
                check(row.rows);
            }
        }
        check(OPERATIONAL);
        check(CONFIGURATION);
    }
}
