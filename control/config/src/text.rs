use crate::{ConfigError, Model, Path, Position, Problem, Warning, lower};
use flumen_syntax::parse::{self, Mode};
use flumen_syntax::{Finding, Load, Tree, load};

/// How a configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Statements in braces, as `show configuration` prints them.
    Curly,
    /// Commands, as `display set` prints them.
    Commands,
    /// Statements as JSON, as `display json` prints them: an object with the field `configuration`.
    JsonTree,
    /// The model as JSON.
    JsonModel,
}

/// A configuration that was read and found valid.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it means.
    pub model: Model,
    /// What it says; none for the JSON of the model.
    pub tree: Option<Tree>,
    /// How it was written.
    pub form: Form,
    /// What is allowed but was hardly meant, or has no effect.
    pub warnings: Vec<Warning>,
}

impl Form {
    /// The form of a text. One without a statement is taken for JSON, so that an empty file is not a configuration.
    pub fn of(text: &str) -> Form {
        let start = text.trim_start_matches('\u{feff}').trim_start();
        // JSON may begin with a comment too: what follows decides.
        let code = without_comments(start);
        if code.is_empty() {
            return Form::JsonModel;
        }
        if code.starts_with(['{', '[']) {
            let inside = without_comments(code[1..].trim_start());
            return if inside.starts_with("\"configuration\"") { Form::JsonTree } else { Form::JsonModel };
        }
        let word = code.split(|c: char| c.is_whitespace() || "{;[\"".contains(c)).next().unwrap_or_default();
        let is_command = parse::COMMANDS.iter().any(|(command, _)| *command == word);
        if is_command { Form::Commands } else { Form::Curly }
    }
}

/// The text behind the comments that it begins with.
fn without_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start();
        let end = if text.starts_with('#') || text.starts_with("//") {
            text.find('\n')
        } else if text.starts_with("/*") {
            text.find("*/").map(|end| end + 2)
        } else {
            return text;
        };
        match end {
            Some(end) => text = &text[end..],
            None => return "",
        }
    }
}

pub(crate) fn read(text: &str, file: Option<&str>, mode: Mode) -> Result<Loaded, Vec<ConfigError>> {
    let form = Form::of(text);
    let (tree, findings) = match form {
        Form::Curly => parse::curly(text, file, mode),
        Form::Commands => parse::set(text, file, mode),
        Form::JsonTree => parse::json(text, file, mode),
        Form::JsonModel => {
            let model = Model::from_json(text)?;
            let warnings = model.warnings();
            return Ok(Loaded { model, tree: None, form, warnings });
        }
    };
    of_tree(tree, findings, form, mode)
}

/// A text without a statement is not a configuration, whatever else is in it: it is what is left of a file that was cut.
fn empty() -> ConfigError {
    ConfigError {
        file: None,
        position: Some(Position { line: 1, column: 1 }),
        path: Path::root(),
        problem: Problem::Syntax { reason: "the text is empty".to_owned() },
    }
}

/// Syntax errors first: what could be read is looked at too, so that all errors come at once.
fn of_tree(tree: Tree, findings: Vec<Finding>, form: Form, mode: Mode) -> Result<Loaded, Vec<ConfigError>> {
    let (mut harmless, mut findings): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.problem.is_harmless());
    // Tags of a text that is the whole configuration say nothing, but for what they delete.
    let tree = match load(&Tree::default(), &tree, Load::Override) {
        Ok(changed) => {
            harmless.extend(changed.warnings);
            changed.tree
        }
        Err(more) => {
            findings.extend(more);
            tree
        }
    };
    let lowered = lower::model(&tree, mode);
    if findings.is_empty() {
        if tree.is_empty() {
            return Err(vec![empty()]);
        }
        let (model, others) = lowered?;
        let warning = |finding| Warning::Language { finding: Box::new(lower::from_finding(finding)) };
        let warnings = harmless.into_iter().map(warning).chain(others).collect();
        return Ok(Loaded { model, tree: Some(tree), form, warnings });
    }
    let mut errors: Vec<ConfigError> = findings.into_iter().map(lower::from_finding).collect();
    // Of what is missing, nobody knows whether it stood in what could not be read.
    let also = lowered.err().unwrap_or_default();
    errors.extend(also.into_iter().filter(|error| !error.problem.may_follow()));
    errors.sort_by(|a, b| (&a.file, a.position).cmp(&(&b.file, b.position)));
    Err(errors)
}
