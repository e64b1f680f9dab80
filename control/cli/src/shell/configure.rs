use crate::failure::Failure;
use crate::output::complain;
use crate::shell::commands::{Action, CONFIGURATION};
use crate::shell::grammar::Matched;
use crate::shell::operate::help;
use crate::shell::printed::Printed;
use crate::shell::session::{Editing, Input, Session, View};
use crate::shell::when;
use crate::words::{WARN, plural};
use crate::{condition, failure, file};
use flumen_api::{
    CandidateKind, Committed, Condition, ConfigMessage, ConfigurationAction, ConfigurationAnswer,
    EditingReport, EditorInfo, Form, LoadHow, Preview, RollbackTo, SessionsAtCommit, UnusedRule, Which,
};
use flumen_client::ClientError;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

type Told = Result<Printed, Failure>;

fn about(error: ClientError) -> Failure {
    failure::Failure::about("candidate", error)
}

impl Session {
    /// `configure`.
    pub(super) fn begin(&mut self, matched: &Matched<'_>) -> Told {
        let exclusive = matched.has("exclusive");
        let private = matched.has("private");
        if exclusive && private {
            return Err(Failure::Usage("a candidate is private or exclusive, not both".to_owned()));
        }
        let candidate = if private { CandidateKind::Private } else { CandidateKind::Shared };
        self.editing = Some(Editing { candidate, exclusive, ..Editing::default() });
        match self.ask(ConfigurationAction::Open { exclusive }) {
            Ok(ConfigurationAnswer::Editing(report)) => {
                Printed::report(&report, |report| format!("Entering configuration mode\n{}", editing(report)))
            }
            Ok(_) => Err(ClientError::Mismatch.into()),
            Err(error) => {
                self.editing = None;
                self.hang_up();
                Err(error.into())
            }
        }
    }

    /// A command of configuration mode.
    pub(super) fn configure(&mut self, matched: &Matched<'_>, view: &View) -> Told {
        match matched.action {
            Action::Statement(verb) => self.statement(verb, matched.rest),
            Action::Show => self.show(matched.rest, view),
            Action::Load(how) => self.load(how, matched),
            Action::Save => self.save(matched.value("").unwrap_or_default()),
            Action::Commit => self.commit(matched),
            Action::CommitCheck => self.check(matched),
            Action::Rollback => {
                let slot = matched.value("").unwrap_or("0");
                let slot = slot.parse().map_err(|_| {
                    Failure::Usage(format!("{slot:?} is no rollback: use 0 to 49, or rescue"))
                })?;
                self.load_earlier(RollbackTo::Slot(slot))
            }
            Action::RollbackRescue => self.load_earlier(RollbackTo::Rescue),
            Action::Update => self.edited(ConfigurationAction::Update).map(Printed::from),
            Action::Status => match self.ask(ConfigurationAction::Status)? {
                ConfigurationAnswer::Editing(report) => Printed::report(&report, editing),
                _ => Err(ClientError::Mismatch.into()),
            },
            Action::Exit => match self.editing.as_mut().and_then(|editing| editing.before.pop()) {
                Some(before) => {
                    if let Some(editing) = &mut self.editing {
                        editing.at = before;
                    }
                    Ok(Printed::default())
                }
                None => self.leave(),
            },
            Action::Quit => self.leave(),
            Action::Help => Ok(help(CONFIGURATION).into()),
            other => Err(Failure::Usage(format!("{other:?} belongs to operational mode: use run"))),
        }
    }

    /// A command of the language.
    fn statement(&mut self, verb: &str, rest: &str) -> Told {
        let line = format!("{verb} {rest}").trim().to_owned();
        let before = self.editing.as_ref().map(|editing| editing.at.clone()).unwrap_or_default();
        let asks = verb == "wildcard" && rest.trim_start().starts_with('d') && self.input == Input::Terminal;
        if asks && !self.confirmed(&line)? {
            return Ok("nothing was deleted\n".to_owned().into());
        }
        let told = self.edited(ConfigurationAction::Edit { line, trial: false })?;
        if let Some(editing) = self.editing.as_mut().filter(|editing| editing.at != before) {
            match verb {
                "edit" => editing.before.push(before),
                _ => editing.before.retain(|own| editing.at.starts_with(own.as_str()) && *own != editing.at),
            }
        }
        Ok(told.into())
    }

    /// Shows what `wildcard delete` would delete, and asks whether it is to be done.
    fn confirmed(&mut self, line: &str) -> Result<bool, Failure> {
        let trial = ConfigurationAction::Edit { line: line.to_owned(), trial: true };
        let ConfigurationAnswer::Edited(edited) = self.ask(trial).map_err(about)? else {
            return Err(ClientError::Mismatch.into());
        };
        let count = plural(edited.matched.len() as u64, "object", "objects");
        complain(&format!("{}Delete {count}? [yes,no] (no) ", matched(&edited.matched)));
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        read.map_err(|error| Failure::Failed(format!("cannot read the answer: {error}")))?;
        Ok(!answer.trim().is_empty() && "yes".starts_with(answer.trim()))
    }

    /// Changes the candidate; gives the warnings, and what a pattern matched.
    fn edited(&mut self, action: ConfigurationAction) -> Result<String, Failure> {
        match self.ask(action).map_err(about)? {
            ConfigurationAnswer::Edited(edited) => {
                if let Some(editing) = &mut self.editing {
                    editing.at = edited.at;
                }
                Ok(warnings(&edited.warnings) + &matched(&edited.matched))
            }
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    fn text(&mut self, action: ConfigurationAction) -> Result<String, Failure> {
        match self.ask(action).map_err(about)? {
            ConfigurationAnswer::Text(text) => Ok(text),
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    fn show(&mut self, path: &str, view: &View) -> Told {
        if let Some(from) = view.compare {
            return self.compare(from, Which::Candidate, path);
        }
        self.configuration(Which::Candidate, path, view.form)
    }

    /// A configuration as text; that in JSON is JSON.
    pub(super) fn configuration(&mut self, which: Which, path: &str, form: Form) -> Told {
        let text = self.text(ConfigurationAction::Show { which, path: path.to_owned(), form })?;
        let json = if form == Form::Json { serde_json::from_str(&text).ok() } else { None };
        Ok(Printed { json: Some(json.unwrap_or_else(|| text.clone().into())), text })
    }

    pub(super) fn compare(&mut self, from: Which, to: Which, path: &str) -> Told {
        let text = self.text(ConfigurationAction::Compare { from, to, path: path.to_owned() })?;
        Ok(Printed { json: Some(text.clone().into()), text })
    }

    fn load(&mut self, how: LoadHow, matched: &Matched<'_>) -> Told {
        let name = matched.value("");
        let text = match (name, matched.has("terminal"), self.input) {
            (Some(file), false, _) => file::read_text(Path::new(file))?,
            (None, true, Input::Terminal) => {
                complain("[Type Ctrl-D at a new line to end the text]\n");
                file::read_text(Path::new("-"))?
            }
            (None, true, Input::Arguments) => file::read_text(Path::new("-"))?,
            (None, true, Input::Standard) => {
                let text = "the commands come from standard input, so the text cannot: load a file";
                return Err(Failure::Usage(text.to_owned()));
            }
            _ => return Err(Failure::Usage("load needs the name of a file, or terminal".to_owned())),
        };
        let shown = name.unwrap_or("terminal").to_owned();
        let action = ConfigurationAction::Load {
            how,
            text,
            relative: matched.has("relative"),
            lenient: matched.has("lenient"),
        };
        match self.ask(action) {
            Ok(ConfigurationAnswer::Edited(edited)) => {
                let done = if edited.changed { "load complete" } else { "load complete, nothing changed" };
                Ok(format!("{}{done}\n", warnings(&edited.warnings)).into())
            }
            Ok(_) => Err(ClientError::Mismatch.into()),
            Err(ClientError::Refused(flumen_api::ApiError::NotEdited { messages })) => {
                Err(Failure::Refused { file: shown, messages })
            }
            Err(error) => Err(Failure::about(&shown, error)),
        }
    }

    fn save(&mut self, path: &str) -> Told {
        if path.is_empty() {
            return Err(Failure::Usage("save needs the name of a file".to_owned()));
        }
        let action =
            ConfigurationAction::Show { which: Which::Candidate, path: String::new(), form: Form::Curly };
        let text = self.text(action)?;
        std::fs::write(path, &text)
            .map_err(|error| Failure::Failed(format!("cannot write {path}: {error}")))?;
        Ok(format!("Wrote {} to {path}\n", plural(text.lines().count() as u64, "line", "lines")).into())
    }

    fn commit(&mut self, matched: &Matched<'_>) -> Told {
        let minutes = |text: &str| {
            let number = text.parse().ok().filter(|minutes| (1..=65_535).contains(minutes));
            number.ok_or_else(|| Failure::Usage(format!("{text:?} are no minutes: use 1 to 65535")))
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let at = matched.value("at").map(|text| when::read(text, now).map_err(Failure::Usage)).transpose()?;
        let action = ConfigurationAction::Commit {
            comment: matched.value("comment").map(str::to_owned),
            confirm_minutes: matched.value("confirmed").map(minutes).transpose()?,
            conditions: conditions(matched)?,
            sessions: sessions(matched)?,
            at_unix_s: at,
        };
        let mut printed = match self.ask(action).map_err(about)? {
            ConfigurationAnswer::Committed(committed) => Printed::report(&committed, committed_text)?,
            ConfigurationAnswer::Planned { at_unix_s } => {
                format!("The commit is planned for {}\n", when::show(at_unix_s)).into()
            }
            _ => return Err(ClientError::Mismatch.into()),
        };
        if matched.has("and-quit") {
            printed.text.push_str(&self.leave()?.text);
        }
        Ok(printed)
    }

    fn check(&mut self, matched: &Matched<'_>) -> Told {
        let days =
            |text: &str| text.parse().map_err(|_| Failure::Usage(format!("{text:?} is no number of days")));
        let unused_days = matched.value("unused").map(days).transpose()?;
        let check = ConfigurationAction::Check { sessions: sessions(matched)?, unused_days };
        match self.ask(check).map_err(about)? {
            ConfigurationAnswer::Checked(checked) => Printed::report(&checked, |checked| {
                let preview = checked.preview.as_ref().map(preview).unwrap_or_default();
                format!("{}{preview}configuration check succeeds\n", warnings(&checked.warnings))
            }),
            _ => Err(ClientError::Mismatch.into()),
        }
    }

    fn load_earlier(&mut self, to: RollbackTo) -> Told {
        self.edited(ConfigurationAction::Rollback { to })?;
        Ok("load complete\n".to_owned().into())
    }

    /// Leaves configuration mode; says when changes are left behind.
    fn leave(&mut self) -> Told {
        let left = match self.ask(ConfigurationAction::Status) {
            Ok(ConfigurationAnswer::Editing(report)) => report.changed.is_some(),
            _ => false,
        };
        self.editing = None;
        self.hang_up();
        let note = if left { "The candidate keeps its changes, which are not committed\n" } else { "" };
        Ok(format!("{note}Exiting configuration mode\n").into())
    }
}

/// What a pattern matched or replaced, one in a line.
fn matched(names: &[String]) -> String {
    names.iter().map(|name| format!("  matched: {name}\n")).collect()
}

fn warnings(messages: &[ConfigMessage]) -> String {
    messages.iter().map(|message| format!("{WARN}warning:{WARN:#} {message}\n")).collect()
}

/// `probe …`, with the tolerance of all.
fn conditions(matched: &Matched<'_>) -> Result<Vec<Condition>, Failure> {
    let tolerance = match matched.value("tolerance") {
        None => Condition::TOLERANCE,
        Some(text) => {
            let number = text.parse().ok().filter(|looks| *looks > 0);
            number.ok_or_else(|| Failure::Usage(format!("{text:?} is no number of looks: use 1 or more")))?
        }
    };
    let of = |text| condition::read(text, tolerance).map_err(Failure::Usage);
    matched.each("probe").map(of).collect()
}

/// `sessions keep` or `sessions rematch`.
fn sessions(matched: &Matched<'_>) -> Result<Option<SessionsAtCommit>, Failure> {
    match matched.value("sessions") {
        None => Ok(None),
        Some("keep") => Ok(Some(SessionsAtCommit::Keep)),
        Some("rematch") => Ok(Some(SessionsAtCommit::Rematch)),
        Some(other) => Err(Failure::Usage(format!("sessions {other:?}: use keep or rematch"))),
    }
}

/// What a commit would change.
fn preview(preview: &Preview) -> String {
    let mut text = String::new();
    for (sign, rules) in [('-', &preview.removed), ('+', &preview.added), ('~', &preview.changed)] {
        rules.iter().for_each(|rule| text.push_str(&format!("{sign} {rule}\n")));
    }
    if preview.reordered {
        text.push_str("~ rules come in another order\n");
    }
    for UnusedRule { rule, days, last_hit_unix_s } in &preview.unused {
        let last = last_hit_unix_s
            .map_or("never hit".to_owned(), |unix_s| format!("last hit {}", when::show(unix_s)));
        text.push_str(&format!("? {rule}: unused for {} ({last})\n", plural(*days, "day", "days")));
    }
    for (sessions, what) in [
        (&preview.denied, "would not be admitted any more"),
        (&preview.retranslated, "would be translated otherwise"),
    ] {
        let count: u64 = sessions.values().sum();
        if count > 0 {
            let by: Vec<String> = sessions.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let live = plural(preview.sessions, "live session", "live sessions");
            let end = if preview.rematch { "end with the commit" } else { "go on until they end" };
            text.push_str(&format!("Of {live}, {count} {what} (by policy: {}); they {end}\n", by.join(", ")));
        }
    }
    text
}

fn committed_text(committed: &Committed) -> String {
    let mut text = warnings(&committed.warnings);
    if committed.merged {
        text.push_str("Others have committed since this candidate began; their changes were kept\n");
    }
    match committed.confirmed {
        Some(confirmed) if confirmed == committed.commit => {
            text.push_str(&format!("commit {confirmed} is confirmed\n"));
        }
        confirmed => {
            if let Some(confirmed) = confirmed {
                text.push_str(&format!("commit {confirmed} is confirmed by this one\n"));
            }
            text.push_str(&format!(
                "commit complete (commit {}, {} ms)\n",
                committed.commit, committed.took_ms
            ));
        }
    }
    if let Some(rematched) = committed.rematched {
        text.push_str(&format!("Live sessions by the new rules: {rematched}\n"));
    }
    if let Some(minutes) = committed.confirm_minutes {
        text.push_str(&format!(
            "The configuration of before comes back in {} unless you `commit` again\n",
            plural(u64::from(minutes), "minute", "minutes")
        ));
    }
    text
}

/// Who edits, and what waits.
fn editing(report: &EditingReport) -> String {
    let mut text = String::new();
    for EditorInfo { user, client, unix_s, exclusive } in &report.others {
        let alone = if *exclusive { ", exclusively" } else { "" };
        text.push_str(&format!("{user} ({client}) edits since {}{alone}\n", when::show(*unix_s)));
    }
    if let Some(EditorInfo { user, unix_s, .. }) = &report.changed {
        let time = when::show(*unix_s);
        text.push_str(&format!("The candidate has changes by {user} of {time} that are not committed\n"));
    }
    if let Some(pending) = &report.pending {
        let left = crate::words::duration(pending.left_s * 1000);
        text.push_str(&format!("commit {} is to be confirmed within {left}\n", pending.commit));
        for condition in &pending.conditions {
            text.push_str(&format!("  as long as {condition}\n"));
        }
    }
    if let Some(planned) = &report.planned {
        text.push_str(&format!("{} planned a commit for {}\n", planned.user, when::show(planned.at_unix_s)));
    }
    text
}
