use crate::failure::Failure;
use crate::shell::line::{self, Word};
use crate::shell::printed::Printed;
use flumen_api::{CompletionWord, Form, Which};
use flumen_syntax::nearest;
use regex::{Regex, RegexBuilder};
use std::path::PathBuf;

/// What stands behind a `|`.
#[derive(Debug)]
pub(crate) enum Pipe {
    /// Another form of a configuration; `json` of any report.
    Display(Form),
    /// The changes against another configuration.
    Compare(Which),
    /// Lines that match, or those that do not.
    Match(Regex, bool),
    /// From the first line that matches.
    Find(Regex),
    /// How many lines.
    Count,
    /// The first, or the last so many lines.
    First(usize),
    /// See [`Pipe::First`].
    Last(usize),
    /// All at once.
    NoMore,
    /// Into a file.
    Save(PathBuf),
}

/// Each word with its help.
const PIPES: &[(&str, &str)] = &[
    ("compare", "Changes against the active configuration, or a rollback"),
    ("count", "How many lines"),
    ("display", "Another form: set, json, inheritance"),
    ("except", "Lines that do not match"),
    ("find", "From the first line that matches"),
    ("first", "The first lines"),
    ("last", "The last lines"),
    ("match", "Lines that match"),
    ("no-more", "All at once, not page by page"),
    ("save", "Into a file"),
];

const FORMS: &[(&str, &str, Form)] = &[
    ("inheritance", "With what groups add in its place", Form::Inheritance),
    ("json", "As JSON", Form::Json),
    ("set", "As commands", Form::Set),
];

/// Lines without a number.
const FEW: usize = 10;

impl Pipe {
    /// Reads what stands behind a `|`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Pipe, Failure> {
        let words = line::words(text);
        let Some((first, rest)) = words.split_first() else {
            return Err(Failure::Usage("a filter is missing behind the |".to_owned()));
        };
        let name = one_of(&first.text, PIPES.iter().map(|(name, _)| *name))?;
        let word = |index: usize| rest.get(index).map(|word| word.text.as_str());
        let number = || match word(0) {
            None => Ok(FEW),
            Some(text) => {
                text.parse().map_err(|_| Failure::Usage(format!("{name}: {text:?} is no number of lines")))
            }
        };
        Ok(match name {
            "compare" => Pipe::Compare(which(rest)?),
            "count" => Pipe::Count,
            "display" => {
                let form = word(0).ok_or_else(|| {
                    Failure::Usage("display needs a form: inheritance, json, set".to_owned())
                })?;
                let form = one_of(form, FORMS.iter().map(|(form, ..)| *form))?;
                Pipe::Display(
                    FORMS.iter().find(|(known, ..)| *known == form).map_or(Form::Curly, |(.., form)| *form),
                )
            }
            "except" | "match" | "find" => {
                let pattern = pattern(name, word(0))?;
                if name == "find" { Pipe::Find(pattern) } else { Pipe::Match(pattern, name == "match") }
            }
            "first" => Pipe::First(number()?),
            "last" => Pipe::Last(number()?),
            "save" => {
                let path = word(0).ok_or_else(|| Failure::Usage("save needs a file".to_owned()))?;
                Pipe::Save(path.into())
            }
            _ => Pipe::NoMore,
        })
    }

    /// Whether it needs no more than one line.
    pub(crate) fn is_by_line(&self) -> bool {
        matches!(self, Pipe::Match(..) | Pipe::NoMore) || self.is_json()
    }

    /// Whether it asks for JSON.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self, Pipe::Display(Form::Json))
    }

    /// What the output becomes.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn apply(&self, printed: Printed) -> Result<Printed, Failure> {
        let text = &printed.text;
        let filtered = match self {
            Pipe::Display(Form::Json) => return Ok(printed.into_json()),
            Pipe::Match(pattern, wanted) => {
                let plain = |line: &&str| anstream::adapter::strip_str(line).to_string();
                lines(text).filter(|line| pattern.is_match(&plain(line)) == *wanted).collect()
            }
            Pipe::Find(pattern) => lines(text).skip_while(|line| !pattern.is_match(line)).collect(),
            Pipe::Count => format!("Count: {} lines\n", text.lines().count()),
            Pipe::First(count) => lines(text).take(*count).collect(),
            Pipe::Last(count) => lines(text).skip(text.lines().count().saturating_sub(*count)).collect(),
            Pipe::Save(path) => {
                let plain = anstream::adapter::strip_str(text).to_string();
                std::fs::write(path, &plain)
                    .map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))?;
                format!("Wrote {} lines to {}\n", plain.lines().count(), path.display())
            }
            Pipe::NoMore => return Ok(printed),
            Pipe::Display(_) | Pipe::Compare(_) => {
                return Err(Failure::Usage("this is for configurations: show | compare".to_owned()));
            }
        };
        Ok(filtered.into())
    }

    /// What may come next behind a `|`.
    pub(crate) fn offers(words: &[Word], partial: &str) -> Vec<CompletionWord> {
        let offer = |word: &str, help: &str, inserts| CompletionWord {
            word: word.to_owned(),
            help: help.to_owned(),
            inserts,
        };
        let named = |known: &[(&str, &str)]| {
            let fitting = known.iter().filter(|(word, _)| word.starts_with(partial));
            fitting.map(|(word, help)| offer(word, help, true)).collect::<Vec<_>>()
        };
        let first = words.first().map(|first| one_of(&first.text, PIPES.iter().map(|(name, _)| *name)));
        match (first, words.len()) {
            (None, _) => named(PIPES),
            (Some(Ok("display")), 1) => {
                named(&FORMS.iter().map(|(word, help, _)| (*word, *help)).collect::<Vec<_>>())
            }
            (Some(Ok("compare")), 1) => named(&[("rollback", "An earlier configuration")]),
            (Some(Ok("compare")), 2) => vec![offer("<0..49>", "Which one", false)],
            (Some(Ok("match" | "except" | "find")), 1) => {
                vec![offer("<pattern>", "A regular expression", false)]
            }
            (Some(Ok("first" | "last")), 1) => vec![offer("<number>", "Lines", false)],
            _ => Vec::new(),
        }
    }
}

fn which(rest: &[Word]) -> Result<Which, Failure> {
    match rest {
        [] => Ok(Which::Active),
        [word, number] if "rollback".starts_with(&*word.text) => number
            .text
            .parse()
            .map(Which::Rollback)
            .map_err(|_| Failure::Usage(format!("{:?} is no rollback: use 0 to 49", number.text))),
        _ => Err(Failure::Usage("compare takes nothing, or rollback and its number".to_owned())),
    }
}

fn pattern(name: &str, text: Option<&str>) -> Result<Regex, Failure> {
    let text = text.ok_or_else(|| Failure::Usage(format!("{name} needs a pattern")))?;
    RegexBuilder::new(text)
        .case_insensitive(true)
        .build()
        .map_err(|error| Failure::Usage(format!("{text:?} is no regular expression: {error}")))
}

fn one_of<'k>(text: &str, known: impl Iterator<Item = &'k str> + Clone) -> Result<&'k str, Failure> {
    if let Some(exact) = known.clone().find(|own| *own == text) {
        return Ok(exact);
    }
    let begun: Vec<&str> = known.clone().filter(|own| own.starts_with(text)).collect();
    match begun[..] {
        [one] => Ok(one),
        [] => {
            let meant = nearest(text, known.clone()).map(|word| format!("; did you mean {word:?}?"));
            let all = || format!("; there is {}", known.collect::<Vec<_>>().join(", "));
            Err(Failure::Usage(format!("unknown word {text:?}{}", meant.unwrap_or_else(all))))
        }
        _ => Err(Failure::Usage(format!("{text:?} is ambiguous: {}", begun.join(", ")))),
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
}

#[cfg(test)]
mod tests {
    use super::{Pipe, Printed};

    fn through(pipes: &[&str]) -> String {
        let text = "One fish\ntwo fish\nred fish\nblue whale\n".to_owned();
        let told = |failure| format!("{failure:?}");
        let piped = pipes.iter().try_fold(Printed::from(text), |printed, pipe| {
            Pipe::read(pipe).and_then(|pipe| pipe.apply(printed))
        });
        piped.map_or_else(told, |printed| printed.text)
    }

    #[test]
    fn filters_follow_each_other() {
        assert_eq!(through(&["match FISH", "except ^two", "last 1"]), "red fish\n");
        assert_eq!(through(&["mat \"fish|whale\"", "cou"]), "Count: 4 lines\n");
        assert_eq!(through(&["find red", "first 1"]), "red fish\n");
        assert_eq!(through(&["no-more"]).lines().count(), 4);
    }

    #[test]
    fn what_is_no_filter_is_told() {
        for (pipe, told) in [
            ("", "missing"),
            ("mtach x", "did you mean \\\"match\\\""),
            ("match", "needs a pattern"),
            ("match (", "no regular expression"),
            ("last many", "no number"),
            ("compare", "for configurations"),
            ("f x", "ambiguous"),
        ] {
            assert!(through(&[pipe]).contains(told), "{pipe}: {}", through(&[pipe]));
        }
    }
}
