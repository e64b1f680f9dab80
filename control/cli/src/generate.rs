use crate::args::{Arguments, Generated};
use crate::failure::{Failure, Outcome};
use crate::shell::{CONFIGURATION, OPERATIONAL, Row};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::roff::{Roff, bold, roman};
use std::io::{ErrorKind, Write};

/// Prints what follows from the arguments of this program.
pub(crate) fn print(what: Generated) -> Outcome {
    let text = text(what)?;
    match std::io::stdout().lock().write_all(&text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

pub(crate) fn text(what: Generated) -> Result<Vec<u8>, Failure> {
    let mut command = Arguments::command();
    let mut text = Vec::new();
    let shell = match what {
        Generated::Bash => Shell::Bash,
        Generated::Fish => Shell::Fish,
        Generated::Zsh => Shell::Zsh,
        Generated::Man => {
            clap_mangen::Man::new(command).render(&mut text)?;
            text.extend(commands_of_the_shell());
            return Ok(text);
        }
    };
    clap_complete::generate(shell, &mut command, "flumen", &mut text);
    Ok(text)
}

/// A section of the manual page for each table of the shell's commands.
fn commands_of_the_shell() -> Vec<u8> {
    let mut page = Roff::new();
    for (title, rows) in [("OPERATIONAL MODE", OPERATIONAL), ("CONFIGURATION MODE", CONFIGURATION)] {
        page.control("SH", [title]);
        if rows.as_ptr() == OPERATIONAL.as_ptr() {
            page.text([roman("Also as arguments: "), bold("flumen show interfaces"), roman(".")]);
        }
        commands(&mut page, rows, "");
    }
    page.render().into_bytes()
}

fn commands(page: &mut Roff, rows: &[Row], before: &str) {
    for row in rows {
        let words = if before.is_empty() { row.word.to_owned() } else { format!("{before} {}", row.word) };
        if row.run.is_some() {
            page.control("TP", []);
            page.text([bold(words.clone())]);
            let options: Vec<&str> =
                row.options.iter().map(|option| option.word).filter(|word| word.len() > 1).collect();
            let options =
                if options.is_empty() { String::new() } else { format!(" ({})", options.join(", ")) };
            page.text([roman(format!("{}{options}", row.help))]);
        }
        commands(page, row.rows, &words);
    }
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::args::Generated;

    #[test]
    fn every_form_names_the_program_and_its_commands() {
        for what in [Generated::Bash, Generated::Fish, Generated::Zsh, Generated::Man] {
            let text = String::from_utf8(text(what).unwrap()).unwrap();
            let commands = ["apply", "check", "explain", "cli", "detach"];
            assert!(text.contains("flumen") && commands.iter().all(|name| text.contains(name)), "{what:?}");
        }
    }
}
