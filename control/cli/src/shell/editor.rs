use crate::args::Connection;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, complain};
use crate::shell::session::{Input, Session};
use crate::shell::{host, line, pager};
use flumen_api::Completion;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{
    Cmd, CompletionType, ConditionalEventHandler, Config, Context, Editor, Event, EventContext, EventHandler,
    Helper, KeyEvent, RepeatCount,
};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// Completes lines by asking the session.
struct Words(Rc<RefCell<Session>>);

/// A line on which `?` was typed, and the cursor in it.
type Question = Arc<Mutex<Option<(String, usize)>>>;

/// `?` outside of quotes: the line is put aside, answered, and typed again.
struct Ask(Question);

/// Lines that are remembered.
const HISTORY: usize = 2000;

/// `flumen` on a terminal: reads commands until `exit`.
pub(crate) fn interactive(connection: &Connection) -> Outcome {
    let failed = |error: ReadlineError| Failure::Failed(format!("the terminal cannot be used: {error}"));
    // Ctrl-C ends what a command runs, not the shell.
    let session = Session::new(connection, false, Input::Terminal);
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&session.interrupted))?;
    let session = Rc::new(RefCell::new(session));
    let question = Question::default();
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .history_ignore_space(true)
        .max_history_size(HISTORY)
        .map_err(failed)?
        .build();
    let mut editor = Editor::<Words, DefaultHistory>::with_config(config).map_err(failed)?;
    editor.set_helper(Some(Words(Rc::clone(&session))));
    let ask = EventHandler::Conditional(Box::new(Ask(Arc::clone(&question))));
    editor.bind_sequence(KeyEvent::from('?'), ask);
    let history = history();
    if let Some(path) = &history {
        editor.load_history(path).ok(); // there is none yet
    }
    let (user, host) = (host::user_name(), host::host_name());
    let mut initial = (String::new(), String::new());
    while !session.borrow().ended {
        let prompt = prompt(&session.borrow(), &user, &host);
        let (before, after) = std::mem::take(&mut initial);
        match editor.readline_with_initial(&prompt, (&before, &after)) {
            Ok(typed) => {
                if let Some((typed, cursor)) = question.lock().unwrap_or_else(PoisonError::into_inner).take()
                {
                    let (before, after) = typed.split_at(cursor);
                    let found = session.borrow_mut().complete(before);
                    print(&possible(&found))?;
                    initial = (before.to_owned(), after.to_owned());
                    continue;
                }
                if !typed.trim().is_empty() {
                    editor.add_history_entry(&typed).map_err(failed)?;
                }
                // Several lines that were pasted together come as one.
                for line in typed.lines() {
                    obey(&session, line)?;
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(failed(error)),
        }
    }
    if let Some(path) = &history
        && let Err(error) = editor.append_history(path)
    {
        complain(&format!("the history cannot be kept in {}: {error}\n", path.display()));
    }
    Ok(())
}

/// Does what a line says, and prints what comes of it.
fn obey(session: &RefCell<Session>, line: &str) -> Outcome {
    let told = session.borrow_mut().execute(line);
    match told {
        Ok(printed) if line.contains("no-more") => session.borrow().print(printed),
        Ok(printed) => print(&printed.text),
        Err(failure) => {
            failure.report(Output { json: false });
            Ok(())
        }
    }
}

fn print(text: &str) -> Outcome {
    Ok(pager::print(text)?)
}

/// `user@host> `, or `[edit security]` and `user@host# `.
fn prompt(session: &Session, user: &str, host: &str) -> String {
    match &session.editing {
        None => format!("{user}@{host}> "),
        Some(editing) => {
            let at = if editing.at.is_empty() { String::new() } else { format!(" {}", editing.at) };
            format!("\n[edit{at}]\n{user}@{host}# ")
        }
    }
}

/// Where lines are remembered.
fn history() -> Option<PathBuf> {
    let chosen = std::env::var_os("FLUMEN_HISTORY").map(PathBuf::from);
    chosen.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".flumen_history")))
}

/// What `?` shows.
fn possible(found: &Completion) -> String {
    if let Some(problem) = &found.problem {
        return format!("{problem}\n");
    }
    if found.words.is_empty() {
        return "Nothing may come here\n".to_owned();
    }
    let width = found.words.iter().map(|word| word.word.chars().count()).max().unwrap_or(0).min(32);
    let line = |word: &flumen_api::CompletionWord| format!("  {:width$}  {}", word.word, word.help);
    let lines: Vec<String> = found.words.iter().map(|word| line(word).trim_end().to_owned()).collect();
    format!("Possible completions:\n{}\n", lines.join("\n"))
}

/// A word with its help, as wide as the screen, so that each has a line of its own.
fn offered(word: &str, width: usize, help: &str, columns: usize) -> String {
    let text: String = format!("{word:width$}  {help}").chars().take(columns).collect();
    format!("{text:columns$}")
}

// === impl Words ===

impl Helper for Words {}
impl Highlighter for Words {}
impl Validator for Words {}

impl Hinter for Words {
    type Hint = String;
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, typed: &str, cursor: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let found = self.0.borrow_mut().complete(&typed[..cursor]);
        let words: Vec<_> = found.words.into_iter().filter(|word| word.inserts && word.word != "|").collect();
        let end = if words.len() == 1 { " " } else { "" };
        let columns = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        let width = words.iter().map(|word| word.word.chars().count()).max().unwrap_or(0).min(32);
        let pair = |word: flumen_api::CompletionWord| Pair {
            replacement: format!("{}{end}", word.word),
            display: offered(&word.word, width, &word.help, columns.saturating_sub(3)),
        };
        Ok((found.from, words.into_iter().map(pair).collect()))
    }
}

// === impl Ask ===

impl ConditionalEventHandler for Ask {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext<'_>) -> Option<Cmd> {
        let (typed, cursor) = (context.line(), context.pos());
        if line::is_quoted_at_end(&typed[..cursor]) {
            return None; // it is a character like any other
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((typed.to_owned(), cursor));
        Some(Cmd::AcceptLine)
    }
}
