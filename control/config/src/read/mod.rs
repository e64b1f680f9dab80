//! Text to model: every error at once, each with its place.

mod interface;
mod nat;
mod network;
mod reader;
mod scalar;
mod security;
mod services;
mod source;
mod system;

use crate::{ConfigError, Model, Path, Problem, Segment, check};
use reader::{Read, Reader};
use source::Source;

pub(crate) fn model(text: &str) -> Result<Model, Vec<ConfigError>> {
    let source = Source::parse(text).map_err(|error| vec![*error])?;
    let mut reader = Reader::default();
    let model = Model::read(source.root(), &mut reader);
    let mut errors = reader.into_errors();
    let unread: Vec<Path> = errors.iter().map(|(_, error)| error.path.clone()).collect();
    let checks = check::model(&model).into_iter().filter(|error| !is_consequence(error, &unread));
    errors.extend(checks.map(|error| (source.offset(&error.path), error)));
    if errors.is_empty() {
        return Ok(model);
    }
    errors.sort_by_key(|(offset, _)| *offset);
    let positions = source.positions(errors.iter().map(|(offset, _)| *offset));
    let located = errors.into_iter().zip(positions);
    Err(located.map(|((_, error), position)| ConfigError { position: Some(position), ..error }).collect())
}

/// True when a check only found the placeholder of what could not be read.
fn is_consequence(error: &ConfigError, unread: &[Path]) -> bool {
    let cause = |place: &Path| match error.problem {
        Problem::NoZone => place.overlaps(&error.path) || names_interfaces(place),
        _ => place.overlaps(&error.path),
    };
    unread.iter().any(cause)
}

/// True when what could not be read at `place` may have put an interface into a zone.
fn names_interfaces(place: &Path) -> bool {
    let zones = Path::root().field("security").field("zones");
    let field = match place.segments().get(3) {
        Some(Segment::Field(field)) => field == "interfaces",
        _ => true,
    };
    place.overlaps(&zones) && field
}

impl Read for Model {
    fn read(value: &jsonc_parser::ast::Value<'_>, reader: &mut Reader) -> Model {
        let mut fields = reader.object(value);
        let model = Model {
            system: reader.optional(&mut fields, "system").unwrap_or_default(),
            interfaces: reader.optional(&mut fields, "interfaces").unwrap_or_default(),
            security: reader.optional(&mut fields, "security").unwrap_or_default(),
            services: reader.optional(&mut fields, "services").unwrap_or_default(),
            network: reader.optional(&mut fields, "network").unwrap_or_default(),
        };
        reader.finish(fields);
        model
    }
}
