use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Write};
use terminal_size::{Height, terminal_size};

/// The terminal reads single keys without showing them; dropped, it is as before.
struct Raw(Termios);

impl Raw {
    fn new() -> io::Result<Raw> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(io::stdin(), SetArg::TCSADRAIN, &raw)?;
        Ok(Raw(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Err(errno) = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.0) {
            crate::output::complain(&format!("the terminal could not be set back: {errno}\n"));
        }
    }
}

/// Rows of a terminal that does not tell.
const USUAL: usize = 24;

/// Prints page by page: space goes on by a page, Enter by a line, q ends.
pub(super) fn print(text: &str) -> io::Result<()> {
    let told = terminal_size().map_or(0, |(_, Height(rows))| usize::from(rows));
    let rows = if told == 0 { USUAL } else { told };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = anstream::stdout();
    if rows < 3 || lines.len() < rows || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        out.write_all(text.as_bytes())?;
        return out.flush();
    }
    let page = rows - 1;
    let (mut shown, mut wanted) = (0, page);
    loop {
        let end = lines.len().min(shown + wanted);
        out.write_all(lines[shown..end].concat().as_bytes())?;
        shown = end;
        if shown == lines.len() {
            return out.flush();
        }
        write!(out, "---(more {}%)---", shown * 100 / lines.len())?;
        out.flush()?;
        let key = key()?;
        write!(out, "\r\x1b[K")?;
        wanted = match key {
            b'q' | b'Q' | 3 | 4 | 27 => return out.flush(), // also Ctrl-C, Ctrl-D, Escape
            b'\r' | b'\n' => 1,
            _ => page,
        };
    }
}

fn key() -> io::Result<u8> {
    let _raw = Raw::new()?;
    let mut key = [b'q'];
    // Unbuffered, so that what is typed next is there for the line; the end of the input ends the pages, too.
    nix::unistd::read(io::stdin(), &mut key)?;
    Ok(key[0])
}
