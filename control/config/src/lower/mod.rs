//! Tree to model: what the statements of the language mean, as Junos means them.
//!
//! Each file lowers one hierarchy. All go on after an error, and remember where each part of the model came from, so
//! that the checks of the model speak of statements.

mod addresses;
mod applications;
mod interfaces;
mod nat;
mod network;
mod origin;
mod policies;
mod services;
mod system;
mod voids;
mod zones;

use crate::{ConfigError, Model, Network, Path, Problem, Security, StaticRoute, Warning, check, warning};
use flumen_syntax::parse::Mode;
use flumen_syntax::{Finding, Node, Place, Tree, effective, nearest, unsupported};
use interfaces::Uses;
use origin::Origins;

/// The model of `tree`, and what was hardly meant.
pub(crate) fn model(tree: &Tree, mode: Mode) -> Result<(Model, Vec<Warning>), Vec<ConfigError>> {
    let (tree, findings) = effective(tree);
    let support = unsupported(&tree);
    let mut lowering = Lowering { lenient: mode == Mode::Lenient, ..Lowering::default() };
    lowering.errors.extend(findings.into_iter().chain(support.errors).map(from_finding));
    let model = lowering.configuration(&tree.root);
    lowering.errors.extend(check::model(&model).into_iter().map(|error| lowering.origins.located(error)));
    let Lowering { mut errors, warnings, origins, .. } = lowering;
    if errors.is_empty() {
        let kept = support
            .warnings
            .into_iter()
            .map(|finding| Warning::Language { finding: Box::new(from_finding(finding)) });
        let hardly_meant = warning::of(&model).into_iter().map(|warning| origins.named(warning));
        return Ok((model, kept.chain(warnings).chain(hardly_meant).collect()));
    }
    errors.sort_by(|a, b| (&a.file, a.position).cmp(&(&b.file, b.position)));
    errors.dedup();
    Err(errors)
}

/// What the language says of a text, as an error of the configuration.
pub(crate) fn from_finding(finding: Finding) -> ConfigError {
    let path = if finding.path.is_empty() { Path::root() } else { Path::statement(&finding.path) };
    located(&finding.place, path, Problem::Language(finding.problem))
}

fn located(place: &Place, path: Path, problem: Problem) -> ConfigError {
    let position = (place.line > 0)
        .then_some(crate::Position { line: place.line as usize, column: place.column as usize });
    ConfigError { file: place.file.clone(), position, path, problem }
}

/// The names that rules refer to.
struct Context<'t> {
    books: addresses::Books<'t>,
    void: voids::Voids,
}

#[derive(Default)]
struct Lowering {
    origins: Origins,
    errors: Vec<ConfigError>,
    warnings: Vec<Warning>,
    /// Names that were compared with all that exist, to suggest one.
    compared: usize,
    /// What cannot be done as it is said is done so that less passes.
    lenient: bool,
    /// Networks of addresses that are left out: elsewhere their hosts would be looked for where other rules hold.
    unreachable: Vec<StaticRoute>,
}

impl Lowering {
    fn configuration(&mut self, root: &Node) -> Model {
        let empty = Node::default();
        let security = root.get("security").unwrap_or(&empty);
        let units = self.units(root.get("interfaces").unwrap_or(&empty), &Uses::read(root));
        let books = addresses::Books::read(security);
        let void = voids::Voids::read(root, &books);
        let mut model = Model { system: self.system(root), ..Model::default() };
        self.refuse_dropped_family(security);
        model.security.flow = self.flow(security.get("flow").unwrap_or(&empty));
        let guarded = self.is_guarded(root.get("interfaces").unwrap_or(&empty));
        self.zones(security.get("zones").unwrap_or(&empty), &units, guarded, &mut model);
        let Security { zones, address_book, .. } = &mut model.security;
        self.address_books(&books, &void, zones, address_book);
        self.applications(
            root.get("applications").unwrap_or(&empty),
            &void,
            &mut model.security.applications,
        );
        let context = Context { books, void };
        let policies = security.get("policies").unwrap_or(&empty);
        self.policies(policies, &context, &mut model.security.policies);
        model.security.policy_rematch = policies.get("policy-rematch").is_some();
        self.nat(security.get("nat").unwrap_or(&empty), &context, &mut model.security);
        self.services(root.get("services").unwrap_or(&empty), &units, &context, &mut model);
        model.network = Network {
            links: self.links(root.get("interfaces").unwrap_or(&empty), &units),
            routes: self.routes(root.get("routing-options").unwrap_or(&empty), &units),
        };
        model
    }

    /// IPv6 is always forwarded: a text that says otherwise is refused.
    fn refuse_dropped_family(&mut self, security: &Node) {
        let family = security.get("forwarding-options").and_then(|node| node.get("family"));
        let mode = family.and_then(|node| node.get("inet6")).and_then(|node| node.value("mode"));
        if let Some(mode) = mode.filter(|mode| mode.text == "drop") {
            let words = "security forwarding-options family inet6 mode";
            self.unsupported(
                &mode.place,
                words,
                "mode drop",
                "IPv6 is forwarded by flow; deny any-ipv6 in a policy",
            );
        }
    }

    /// Reports a problem with the statement at `words`.
    fn refuse(&mut self, place: &Place, words: &str, problem: Problem) {
        self.errors.push(located(place, Path::statement(words), problem));
    }

    /// Reports a name that nothing has. Only the first ones get a suggestion: more would take long.
    fn unknown(
        &mut self,
        place: &Place,
        words: &str,
        what: &'static str,
        name: &str,
        known: impl Fn() -> Vec<String>,
    ) {
        const COMPARED: usize = 50;
        self.compared += 1;
        let suggestion =
            if self.compared <= COMPARED { nearest(name, known().iter().map(String::as_str)) } else { None };
        self.refuse(place, words, Problem::Unknown { what, name: name.to_owned(), suggestion });
    }

    fn unsupported(&mut self, place: &Place, words: &str, what: &str, reason: &'static str) {
        self.refuse(place, words, Problem::Unsupported { what: what.to_owned(), reason });
    }

    fn closed(&mut self, words: &str) {
        self.warnings.push(Warning::Closed { path: Path::statement(words) });
    }

    fn left_out(&mut self, words: &str) {
        self.warnings.push(Warning::LeftOut { path: Path::statement(words) });
    }

    /// Reports what must stand in the braces of `node`, and does not.
    fn missing(&mut self, node: &Node, words: &str, statement: &'static str) {
        self.refuse(&node.place, words, Problem::MissingStatement { statement });
    }

    /// The result, or none and its error.
    fn accept<T>(&mut self, place: &Place, words: &str, result: Result<T, Problem>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problem) => {
                self.refuse(place, words, problem);
                None
            }
        }
    }
}

/// The field `name` of the model's part `security`.
fn security(name: &str) -> Path {
    Path::root().field("security").field(name)
}
