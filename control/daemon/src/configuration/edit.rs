use crate::configuration::tree::not_edited;
use flumen_api::{ApiError, ConfigMessage};
use flumen_syntax::parse::{Command, Mode, command, command_in};
use flumen_syntax::{Edit, Finding, Place, Problem, Step, Tree, expand, path_words};

/// The statement that words from the top mean.
///
/// # Errors
/// When they mean none.
pub(crate) fn steps(words: &str) -> Result<Vec<Step>, ApiError> {
    if words.trim().is_empty() {
        return Ok(Vec::new());
    }
    match command(&format!("edit {words}"), &[], Mode::Strict) {
        Ok(Some(Command::Go(path))) => Ok(path),
        Ok(_) => Err(ApiError::Impossible { reason: format!("{words} is no statement") }),
        Err(findings) => Err(not_edited(findings)),
    }
}

/// What a command makes of `tree`, none when it only goes elsewhere; and the statement that is edited afterwards.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn edit(tree: &Tree, at: &[Step], line: &str) -> Result<(Option<Tree>, Vec<Step>), ApiError> {
    match read(tree, at, line)? {
        None => Ok((None, at.to_vec())),
        Some(Command::Go(path)) => Ok((None, path)),
        Some(Command::Edit(edit)) => {
            let mut new = tree.clone();
            new.apply(&edit).map_err(|problem| refused(at, problem))?;
            Ok((Some(new), at.to_vec()))
        }
    }
}

/// The statement below `at` that abbreviated words mean; one that need not be there.
///
/// # Errors
/// When they mean none.
pub(crate) fn below(tree: &Tree, at: &[Step], words: &str) -> Result<Vec<Step>, ApiError> {
    if words.trim().is_empty() {
        return Ok(at.to_vec());
    }
    match read(tree, at, &format!("delete {words}"))? {
        Some(Command::Edit(Edit::Delete(path, _))) => Ok(path),
        _ => Err(ApiError::Impossible { reason: format!("{words} is no statement") }),
    }
}

/// A command whose words may be abbreviated. What is right as it stands is taken as it stands.
fn read(tree: &Tree, at: &[Step], line: &str) -> Result<Option<Command>, ApiError> {
    let findings = match command_in(tree, line, at) {
        Ok(command) => return Ok(command),
        Err(findings) => findings,
    };
    match expand(tree, at, line) {
        Ok(full) => command(&full, at, Mode::Strict).map_err(not_edited),
        Err(problem) if findings.iter().any(|finding| finding.problem == problem) => {
            Err(not_edited(findings))
        }
        Err(problem) => Err(refused(at, problem)),
    }
}

fn refused(at: &[Step], problem: Problem) -> ApiError {
    let finding = Finding { place: Place::default(), path: path_words(at), problem };
    not_edited(vec![finding])
}

/// A finding as the API has it.
pub(crate) fn message(finding: &Finding) -> ConfigMessage {
    ConfigMessage {
        line: finding.place.line,
        column: finding.place.column,
        path: finding.path.clone(),
        text: finding.problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::edit;
    use flumen_syntax::{Tree, path_words, print};

    /// Runs commands one after the other, from the top.
    fn run(lines: &[&str]) -> Result<String, String> {
        let (mut tree, mut at) = (Tree::default(), Vec::new());
        for line in lines {
            let (new, next) = edit(&tree, &at, line).map_err(|error| error.to_string())?;
            (tree, at) = (new.unwrap_or(tree), next);
        }
        Ok(format!("{}[edit {}]", print::set(&tree), path_words(&at)))
    }

    #[test]
    fn words_may_be_abbreviated_and_paths_are_relative() {
        let told = run(&["edit sec zon", "set security-z trust interf eth1.0", "top set sys host-n gw"]);
        assert_eq!(
            told.unwrap(),
            "set system host-name gw\nset security zones security-zone trust interfaces eth1.0\n[edit security zones]"
        );
    }

    #[test]
    fn a_misspelt_word_is_told_with_the_nearest_one_also_behind_an_abbreviation() {
        for line in ["set security zoens security-zone a", "set secu zoens security-zone a"] {
            let told = run(&[line]).unwrap_err();
            assert!(told.contains("did you mean \"zones\"?"), "{told}");
        }
        let told = run(&["set s host-name a"]).unwrap_err();
        assert!(told.contains("ambiguous") && told.contains("security"), "{told}");
        assert!(run(&["delete system host-name"]).unwrap_err().contains("system host-name"));
    }
}
