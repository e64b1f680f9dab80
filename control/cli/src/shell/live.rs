use crate::failure::{Failure, Outcome};
use crate::shell::pipe::Pipe;
use crate::shell::printed::Printed;
use crate::shell::session::Session;
use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often Ctrl-C is looked for.
const HEED: Duration = Duration::from_millis(50);

/// Something that is looked at again and again, until Ctrl-C or so many looks.
pub(super) struct Live<'s> {
    interrupted: &'s AtomicBool,
    pipes: &'s [Pipe],
    json: bool,
    interval: Duration,
    looks: Option<u64>,
}

impl Live<'_> {
    /// Every `interval`, for `looks` if there is such a limit.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a filter that wants the end of the output: there is none.
    pub(super) fn new<'s>(
        session: &'s Session,
        pipes: &'s [Pipe],
        interval: Duration,
        looks: Option<u64>,
    ) -> Result<Live<'s>, Failure> {
        if !pipes.iter().all(Pipe::is_by_line) {
            let text =
                "this goes on until Ctrl-C: filter its lines with match, except and display json alone";
            return Err(Failure::Usage(text.to_owned()));
        }
        let json = session.json || pipes.iter().any(Pipe::is_json);
        Ok(Live { interrupted: &session.interrupted, pipes, json, interval, looks })
    }

    /// Prints what each look has to say, the first after one interval.
    ///
    /// # Errors
    /// Those of a look, and those of standard output; a reader that went away wanted no more.
    pub(super) fn run(&self, mut look: impl FnMut() -> Result<Printed, Failure>) -> Outcome {
        self.interrupted.store(false, Ordering::Relaxed);
        let mut looks = 0;
        while self.looks.is_none_or(|limit| looks < limit) {
            if !self.wait() {
                break;
            }
            looks += 1;
            match self.print(look()?) {
                Err(Failure::Printing(error)) if error.kind() == ErrorKind::BrokenPipe => break,
                other => other?,
            }
        }
        Ok(())
    }

    /// False when Ctrl-C was typed meanwhile.
    fn wait(&self) -> bool {
        let begin = Instant::now();
        while let Some(left) = self.interval.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) {
            if self.interrupted.swap(false, Ordering::Relaxed) {
                return false;
            }
            std::thread::sleep(left.min(HEED));
        }
        !self.interrupted.swap(false, Ordering::Relaxed)
    }

    fn print(&self, printed: Printed) -> Outcome {
        let mut out = anstream::stdout();
        match printed.json {
            Some(json) if self.json => writeln!(out, "{json}")?,
            _ => {
                let mut lines = Printed::from(printed.text);
                for pipe in self.pipes {
                    lines = pipe.apply(lines)?;
                }
                out.write_all(lines.text.as_bytes())?;
            }
        }
        Ok(out.flush()?)
    }
}
