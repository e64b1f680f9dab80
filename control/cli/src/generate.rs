use crate::args::{Arguments, Generated};
use crate::failure::{Failure, Outcome};
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::{ErrorKind, Write};

/// Prints what follows from the arguments of this program.
pub(crate) fn print(what: Generated) -> Outcome {
    let text = text(what)?;
    match std::io::stdout().lock().write_all(&text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn text(what: Generated) -> Result<Vec<u8>, Failure> {
    let mut command = Arguments::command();
    let mut text = Vec::new();
    let shell = match what {
        Generated::Bash => Shell::Bash,
        Generated::Fish => Shell::Fish,
        Generated::Zsh => Shell::Zsh,
        Generated::Man => {
            clap_mangen::Man::new(command).render(&mut text)?;
            return Ok(text);
        }
    };
    clap_complete::generate(shell, &mut command, "flumen", &mut text);
    Ok(text)
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
