use crate::args::Connection;
use crate::ask::ask;
use crate::failure::{Failure, Outcome};
use crate::output::complain;
use crate::shell::commands::{Action, CONFIGURATION};
use crate::shell::grammar::{self, Rest, Row, Walk};
use crate::shell::line;
use crate::shell::operational::OPERATIONAL;
use crate::shell::pipe::Pipe;
use crate::shell::printed::Printed;
use flumen_api::{
    CandidateKind, Completion, ConfigurationAction, ConfigurationAnswer, ConfigurationRequest, Form,
    NameKind, Request, Response, Which,
};
use flumen_client::{Client, ClientError};
use flumen_daemon::Options;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One who types commands: a person on a terminal, or a script.
pub(crate) struct Session {
    pub(super) connection: Connection,
    /// Reports as JSON.
    pub(super) json: bool,
    /// For requests about the configuration: this connection is the session that others see.
    client: Option<Client>,
    /// Configuration mode.
    pub(super) editing: Option<Editing>,
    /// Where commands come from, and so what `load … terminal` may read.
    pub(super) input: Input,
    /// The shell is to end.
    pub(super) ended: bool,
    /// Ctrl-C was typed while a command ran.
    pub(super) interrupted: Arc<AtomicBool>,
}

/// Where commands come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// A terminal.
    Terminal,
    /// The command line; standard input is free.
    Arguments,
    /// Standard input.
    Standard,
}

/// Configuration mode.
#[derive(Clone, Debug, Default)]
pub(super) struct Editing {
    pub(super) candidate: CandidateKind,
    pub(super) exclusive: bool,
    /// The statement that is edited, in words from the top.
    pub(super) at: String,
    /// Those that were edited before, for `exit`.
    pub(super) before: Vec<String>,
}

/// How a configuration is looked at.
pub(super) struct View {
    pub(super) form: Form,
    pub(super) compare: Option<Which>,
}

/// Words of a command line as a line of the shell.
fn line_of(words: &[String]) -> String {
    let quoted = |word: &String| {
        let plain = word == "|"
            || !(word.is_empty() || word.contains(|c: char| c.is_whitespace() || "\"|;".contains(c)));
        if plain { word.clone() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// Whether these words are a command of operational mode.
pub(crate) fn is_command(words: &[String]) -> bool {
    let line = line_of(words);
    line::split(&line, &['|']).first().is_some_and(|command| grammar::read(OPERATIONAL, command).is_ok())
}

/// `flumen show security zones`: one command from the command line.
pub(crate) fn arguments(connection: &Connection, json: bool, words: &[String]) -> Outcome {
    let line = line_of(words);
    let mut session = Session::new(connection, json, Input::Arguments);
    let printed = session.execute(&line)?;
    session.print(printed)
}

/// `flumen cli`: commands one after the other, to the first that fails.
pub(crate) fn script(connection: &Connection, json: bool, commands: Option<&str>) -> Outcome {
    let (text, input) = match commands {
        Some(commands) => (commands.to_owned(), Input::Arguments),
        None => {
            let mut text = String::new();
            std::io::stdin()
                .lock()
                .read_to_string(&mut text)
                .map_err(|error| Failure::Usage(format!("cannot read standard input: {error}")))?;
            (text, Input::Standard)
        }
    };
    let separators: &[char] = if input == Input::Arguments { &[';', '\n'] } else { &['\n'] };
    let mut session = Session::new(connection, json, input);
    for command in line::split(&text, separators) {
        match session.execute(command) {
            Ok(printed) => session.print(printed)?,
            Err(failure) => {
                complain(&format!("{}\n", command.trim()));
                return Err(failure);
            }
        }
        if session.ended {
            break;
        }
    }
    Ok(())
}

// === impl Session ===

impl Session {
    pub(crate) fn new(connection: &Connection, json: bool, input: Input) -> Session {
        Session {
            connection: connection.clone(),
            json,
            client: None,
            editing: None,
            input,
            ended: false,
            interrupted: Arc::default(),
        }
    }

    /// Does what a line says; gives what it has to say.
    ///
    /// # Errors
    /// What is wrong with the line ([`Failure::Usage`]), or why it was not done.
    pub(crate) fn execute(&mut self, line: &str) -> Result<Printed, Failure> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(Printed::default());
        }
        let table = if self.editing.is_some() { CONFIGURATION } else { OPERATIONAL };
        self.execute_in(table, line)
    }

    pub(super) fn execute_in(&mut self, table: &'static [Row], line: &str) -> Result<Printed, Failure> {
        let parts = line::split(line, &['|']);
        let (command, pipes) = parts.split_first().expect("there is always a first part");
        let mut pipes = pipes.iter().map(|pipe| Pipe::read(pipe)).collect::<Result<Vec<_>, _>>()?;
        let matched = grammar::read(table, command).map_err(Failure::Usage)?;
        if matched.action == Action::Run {
            // With the filters: they are those of the command that is run.
            let rest = line.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
            return self.execute_in(OPERATIONAL, rest);
        }
        if matched.action.is_live() {
            return self.monitor(&matched, &pipes);
        }
        let view = if matched.action.is_configuration() { View::take(&mut pipes) } else { View::plain() };
        let printed = if std::ptr::eq(table, CONFIGURATION) {
            self.configure(&matched, &view)?
        } else {
            self.operate(&matched, &view)?
        };
        pipes.iter().try_fold(printed, |printed, pipe| pipe.apply(printed))
    }

    pub(super) fn print(&self, printed: Printed) -> Outcome {
        let printed = match printed.json.is_some() {
            true if self.json => printed.into_json(),
            _ => printed,
        };
        let mut out = anstream::stdout();
        match out.write_all(printed.text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// Asks about the configuration. A daemon that was started anew in between is asked again, but for a commit: nobody
    /// knows whether the first one was made.
    pub(super) fn ask(&mut self, action: ConfigurationAction) -> Result<ConfigurationAnswer, ClientError> {
        let again = !matches!(action, ConfigurationAction::Commit { .. });
        let opens = matches!(action, ConfigurationAction::Open { .. });
        let request = self.request(action);
        let known = self.client.is_some();
        let reopen = |session: &mut Session| match session.editing {
            Some(Editing { exclusive, .. }) if session.client.is_none() && !opens => {
                let open = session.request(ConfigurationAction::Open { exclusive });
                session.ask_once(&open).map(drop)
            }
            _ => Ok(()),
        };
        reopen(self)?;
        match self.ask_once(&request) {
            Err(ClientError::Lost(_)) if known && again => {
                reopen(self)?;
                self.ask_once(&request)
            }
            other => other,
        }
    }

    fn request(&self, action: ConfigurationAction) -> Request {
        let (candidate, at) = match &self.editing {
            Some(editing) => (editing.candidate, editing.at.clone()),
            None => (CandidateKind::Shared, String::new()),
        };
        Request::Configuration(ConfigurationRequest { candidate, at, action })
    }

    pub(super) fn ask_once(&mut self, request: &Request) -> Result<ConfigurationAnswer, ClientError> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => {
                let socket = Options::socket_in(&self.connection.run_dir);
                Client::connect(&socket, self.connection.timeout())?
            }
        };
        let answer = client.ask(request);
        if matches!(answer, Ok(_) | Err(ClientError::Refused(_))) {
            self.client = Some(client); // any other is of no more use
        }
        match answer? {
            Response::Configuration(answer) => Ok(answer),
            _ => Err(ClientError::Mismatch),
        }
    }

    /// Ends the session that others see.
    pub(super) fn hang_up(&mut self) {
        self.client = None;
    }

    /// What may come next on a line, up to the cursor.
    pub(crate) fn complete(&mut self, text: &str) -> Completion {
        let parts = line::split(text, &['|']);
        let last = parts.last().copied().unwrap_or_default();
        if parts.len() == 1 {
            let table = if self.editing.is_some() { CONFIGURATION } else { OPERATIONAL };
            return self.complete_in(table, text);
        }
        let (words, partial, from) = unfinished(last);
        let words = Pipe::offers(&words, &partial);
        Completion { from: text.len() - last.len() + from, words, problem: None }
    }

    fn complete_in(&mut self, table: &'static [Row], text: &str) -> Completion {
        let (words, partial, from) = unfinished(text);
        let mut walk = Walk::new(table);
        for word in &words {
            if let Err(problem) = walk.feed(word) {
                return Completion { from, words: Vec::new(), problem: Some(problem) };
            }
        }
        let Some((rest, begin)) = walk.remainder() else {
            let words = walk.offers(&partial, &mut |kind| self.names(kind));
            return Completion { from, words, problem: None };
        };
        let behind = text[begin..].trim_start();
        let begin = text.len() - behind.len();
        match rest {
            Rest::Statement(verb) => self.complete_statement(verb, behind, begin),
            Rest::Operational => {
                let found = self.complete_in(OPERATIONAL, behind);
                Completion { from: begin + found.from, ..found }
            }
            Rest::Nothing => Completion::default(),
        }
    }

    /// The daemon knows what stands behind `set` and its like.
    fn complete_statement(&mut self, verb: &str, behind: &str, begin: usize) -> Completion {
        let ask = ConfigurationAction::Complete { line: format!("{verb} {behind}") };
        match self.ask(ask) {
            Ok(ConfigurationAnswer::Completion(found)) => {
                Completion { from: begin + found.from.saturating_sub(verb.len() + 1), ..found }
            }
            Ok(_) => Completion::default(),
            Err(error) => Completion { from: begin, words: Vec::new(), problem: Some(error.to_string()) },
        }
    }

    /// Names for completion; none when the daemon cannot be asked, as the command itself will say.
    fn names(&self, of: NameKind) -> Vec<String> {
        match ask(&self.connection, &Request::Names { of }) {
            Ok(Response::Names(names)) => names,
            _ => Vec::new(),
        }
    }
}

/// The finished words, the unfinished one, and the byte where that begins.
fn unfinished(text: &str) -> (Vec<line::Word>, String, usize) {
    let mut words = line::words(text);
    let open = line::is_quoted_at_end(text) || !text.ends_with(char::is_whitespace);
    match words.pop_if(|_| open) {
        Some(word) => (words, word.text, word.place.start),
        None => (words, String::new(), text.len()),
    }
}

// === impl View ===

impl View {
    fn plain() -> View {
        View { form: Form::Curly, compare: None }
    }

    /// Takes what concerns the daemon out of the filters.
    fn take(pipes: &mut Vec<Pipe>) -> View {
        let mut view = View::plain();
        pipes.retain(|pipe| match pipe {
            Pipe::Display(form) => {
                view.form = *form;
                false
            }
            Pipe::Compare(which) => {
                view.compare = Some(*which);
                false
            }
            _ => true,
        });
        view
    }
}
