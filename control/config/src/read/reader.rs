use crate::{ConfigError, Path, Problem, Segment};
use flumen_syntax::nearest;
use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use std::collections::BTreeMap;

/// A type that is read from a tree. Reading always gives a value; when something was wrong, the reader knows.
pub(crate) trait Read: Sized {
    /// Reads it, or a placeholder that no check complains about.
    fn read(value: &Value<'_>, reader: &mut Reader) -> Self;
}

/// Collects what is wrong while a tree is read, and knows the place.
#[derive(Default)]
pub(crate) struct Reader {
    path: Path,
    errors: Vec<(usize, ConfigError)>,
}

/// The fields of one object, of which some have been read.
pub(crate) struct Fields<'v, 'a> {
    offset: usize,
    /// None once an error said that this is no object: nothing is missing then.
    object: Option<&'v Object<'a>>,
    known: Vec<&'static str>,
}

impl Reader {
    /// Errors with the byte offsets they belong to.
    pub(crate) fn into_errors(self) -> Vec<(usize, ConfigError)> {
        self.errors
    }

    /// Notes that `value` is wrong.
    pub(crate) fn refuse(&mut self, value: &impl Ranged, problem: Problem) {
        self.refuse_at(value.range().start, problem);
    }

    fn refuse_at(&mut self, offset: usize, problem: Problem) {
        self.errors.push((offset, ConfigError::at(self.path.clone(), problem)));
    }

    /// Notes that `value` is of the wrong type.
    pub(crate) fn refuse_type(&mut self, value: &Value<'_>, expected: &'static str) {
        self.refuse(value, Problem::Type { expected, found: describe(value) });
    }

    /// Runs `read` one step further inside.
    pub(crate) fn within<T>(&mut self, segment: Segment, read: impl FnOnce(&mut Reader) -> T) -> T {
        self.path.push(segment);
        let result = read(self);
        self.path.pop();
        result
    }

    /// The fields of an object; of anything else, none, and an error.
    pub(crate) fn object<'v, 'a>(&mut self, value: &'v Value<'a>) -> Fields<'v, 'a> {
        let object = value.as_object();
        match object {
            Some(object) => self.refuse_duplicates(object),
            None => self.refuse_type(value, "an object"),
        }
        Fields { offset: value.range().start, object, known: Vec::new() }
    }

    /// A field that may be left out.
    pub(crate) fn optional<T: Read>(&mut self, fields: &mut Fields<'_, '_>, name: &'static str) -> Option<T> {
        fields.known.push(name);
        let property = fields.find(name)?;
        Some(self.within(Segment::Field(name.to_owned()), |reader| T::read(&property.value, reader)))
    }

    /// A field that must be given.
    pub(crate) fn required<T: Read + Default>(
        &mut self,
        fields: &mut Fields<'_, '_>,
        name: &'static str,
    ) -> T {
        let value = self.optional(fields, name);
        if value.is_none() && fields.object.is_some() {
            let problem = Problem::MissingField { field: name };
            self.within(Segment::Field(name.to_owned()), |reader| reader.refuse_at(fields.offset, problem));
        }
        value.unwrap_or_default()
    }

    /// Refuses the fields that nobody asked for.
    pub(crate) fn finish(&mut self, fields: Fields<'_, '_>) {
        for property in fields.object.iter().flat_map(|object| &object.properties) {
            let field = property.name.as_str();
            if !fields.known.contains(&field) {
                let suggestion = nearest(field, fields.known.iter().copied());
                let problem =
                    Problem::UnknownField { field: shorten(field), suggestion, known: fields.known.clone() };
                self.within(Segment::Field(field.to_owned()), |reader| reader.refuse(property, problem));
            }
        }
    }

    /// A list; a single element may stand for a list of one.
    pub(crate) fn list<T: Read>(&mut self, value: &Value<'_>) -> Vec<T> {
        match value {
            Value::Array(array) => {
                let mut elements = Vec::with_capacity(array.elements.len());
                for (index, element) in array.elements.iter().enumerate() {
                    elements.push(self.within(Segment::Index(index), |reader| T::read(element, reader)));
                }
                elements
            }
            single => vec![T::read(single, self)],
        }
    }

    /// A map from names; `key` checks a name.
    pub(crate) fn map<K: Ord, V: Read>(
        &mut self,
        value: &Value<'_>,
        key: impl Fn(&str) -> Result<K, Problem>,
    ) -> BTreeMap<K, V> {
        let Some(object) = value.as_object() else {
            self.refuse_type(value, "an object");
            return BTreeMap::new();
        };
        self.refuse_duplicates(object);
        let mut map = BTreeMap::new();
        for property in &object.properties {
            let name = property.name.as_str();
            self.within(Segment::Field(name.to_owned()), |reader| {
                let entry = V::read(&property.value, reader);
                match key(name) {
                    Ok(key) => drop(map.insert(key, entry)),
                    Err(problem) => reader.refuse(property, problem),
                }
            });
        }
        map
    }

    /// The text of a string.
    pub(crate) fn string<'v>(&mut self, value: &'v Value<'_>, expected: &'static str) -> Option<&'v str> {
        let string = value.as_string_lit();
        if string.is_none() {
            self.refuse_type(value, expected);
        }
        string.map(|string| string.value.as_ref())
    }

    /// A string that `parse` understands, else the placeholder.
    pub(crate) fn parsed<T: Default>(
        &mut self,
        value: &Value<'_>,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> T {
        let Some(text) = self.string(value, expected) else {
            return T::default();
        };
        parse(text).unwrap_or_else(|problem| {
            self.refuse(value, problem);
            T::default()
        })
    }

    /// One of a few words, else none.
    pub(crate) fn word<T: Copy>(
        &mut self,
        value: &Value<'_>,
        what: &'static str,
        words: &[(&'static str, T)],
    ) -> Option<T> {
        let text = self.string(value, what)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
            let suggestion = nearest(text, known.iter().copied());
            self.refuse(value, Problem::UnknownWord { what, word: shorten(text), suggestion, known });
        }
        found
    }

    /// A whole number within bounds, else none.
    pub(crate) fn number(&mut self, value: &Value<'_>, least: u64, greatest: u64) -> Option<u64> {
        let Some(literal) = value.as_number_lit() else {
            self.refuse_type(value, "a number");
            return None;
        };
        let number = literal.value.parse().ok().filter(|number| (least..=greatest).contains(number));
        if number.is_none() {
            self.refuse(value, Problem::Number { found: shorten(literal.value), least, greatest });
        }
        number
    }

    fn refuse_duplicates(&mut self, object: &Object<'_>) {
        let mut seen = std::collections::BTreeSet::new();
        for property in &object.properties {
            let key = property.name.as_str();
            if !seen.insert(key) {
                let problem = Problem::DuplicateKey { key: shorten(key) };
                self.within(Segment::Field(key.to_owned()), |reader| reader.refuse(property, problem));
            }
        }
    }
}

impl<'v, 'a> Fields<'v, 'a> {
    fn find(&self, name: &str) -> Option<&'v ObjectProp<'a>> {
        self.object?.properties.iter().find(|property| property.name.as_str() == name)
    }
}

/// A value in an error message.
pub(crate) fn describe(value: &Value<'_>) -> String {
    match value {
        Value::StringLit(string) => format!("the string {:?}", shorten(&string.value)),
        Value::NumberLit(number) => format!("the number {}", shorten(number.value)),
        Value::BooleanLit(boolean) => boolean.value.to_string(),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::NullKeyword(_) => "null".to_owned(),
    }
}

/// What the user wrote, cut to what fits a line.
fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}
