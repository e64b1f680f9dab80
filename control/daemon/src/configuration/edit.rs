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

/// What became of a command.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The changed tree; none when the command only goes elsewhere.
    pub(crate) tree: Option<Tree>,
    /// The statement that is edited afterwards.
    pub(crate) at: Vec<Step>,
    /// What a pattern of the command matched, or replaced.
    pub(crate) matched: Vec<String>,
}

/// Runs a command on `tree`.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn edit(tree: &Tree, at: &[Step], line: &str) -> Result<Outcome, ApiError> {
    let outcome = |tree, at: &[Step], matched| Outcome { tree, at: at.to_vec(), matched };
    match read(tree, at, line)? {
        None => Ok(outcome(None, at, Vec::new())),
        Some(Command::Go(path)) => Ok(outcome(None, &path, Vec::new())),
        Some(Command::Edit(edit)) => {
            let refused = |problem| refused(at, problem);
            let matched = edit.matched(tree).map_err(refused)?;
            let mut new = tree.clone();
            new.apply(&edit).map_err(refused)?;
            Ok(outcome(Some(new), at, matched))
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
            let outcome = edit(&tree, &at, line).map_err(|error| error.to_string())?;
            (tree, at) = (outcome.tree.unwrap_or(tree), outcome.at);
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
