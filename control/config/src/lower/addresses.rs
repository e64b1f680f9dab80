use super::voids::Voids;
use super::{Lowering, security};
use crate::{AddressBook, AddressLiteral, AddressRef, Name, Problem, Zone};
use flumen_syntax::Node;
use std::collections::{BTreeMap, HashMap};

/// The address books, and the zones that they hold for.
pub(super) struct Books<'t> {
    books: Vec<Book<'t>>,
    /// The book of a zone.
    of_zone: BTreeMap<&'t str, usize>,
    /// The book of all zones.
    global: Option<usize>,
    /// Zones that have a book already, with the statement that gives them another.
    twice: Vec<(&'t Node, String, &'t str, usize)>,
}

struct Book<'t> {
    /// Its statements.
    words: String,
    /// What tells its names from those of other books; none for the global one.
    suffix: Option<String>,
    node: &'t Node,
    /// Its names, as the model has them.
    names: HashMap<&'t str, Name>,
}

impl<'t> Books<'t> {
    pub(super) fn read(security: &'t Node) -> Books<'t> {
        let mut books =
            Books { books: Vec::new(), of_zone: BTreeMap::new(), global: None, twice: Vec::new() };
        for (keys, node) in security.entries("address-book") {
            let words = format!("security address-book {}", keys[0]);
            let global = keys[0] == "global";
            let place = books.add(words, (!global).then(|| keys[0].clone()), node);
            if global {
                books.global = Some(place);
            }
            for (keys, zone) in node.get("attach").into_iter().flat_map(|attach| attach.entries("zone")) {
                books.hold(&keys[0], place, zone);
            }
        }
        for (keys, zone) in security.get("zones").into_iter().flat_map(|zones| zones.entries("security-zone"))
        {
            if let Some(node) = zone.get("address-book") {
                let words = format!("security zones security-zone {} address-book", keys[0]);
                let place = books.add(words, Some(format!("zone {}", keys[0])), node);
                books.hold(&keys[0], place, node);
            }
        }
        books
    }

    /// Makes a book that of a zone, unless it has one.
    fn hold(&mut self, zone: &'t str, place: usize, node: &'t Node) {
        match self.of_zone.get(zone) {
            Some(other) => self.twice.push((node, self.books[place].words.clone(), zone, *other)),
            None => drop(self.of_zone.insert(zone, place)),
        }
    }

    fn add(&mut self, words: String, suffix: Option<String>, node: &'t Node) -> usize {
        let names = node.entries("address").chain(node.entries("address-set"));
        let names = names.map(|(keys, _)| (keys[0].as_str(), name(&keys[0], suffix.as_deref()))).collect();
        self.books.push(Book { words, suffix, node, names });
        self.books.len() - 1
    }

    /// Every address and set: its name in the model, its statement, and for a set the names of its members.
    pub(super) fn definitions(&self) -> Vec<(Name, &'t Node, Vec<Name>)> {
        let mut found = Vec::new();
        for book in &self.books {
            for (keys, node) in book.node.entries("address").chain(book.node.entries("address-set")) {
                let members = node.entries("address").chain(node.entries("address-set"));
                let members = members.map(|(keys, _)| name(&keys[0], book.suffix.as_deref())).collect();
                found.push((name(&keys[0], book.suffix.as_deref()), node, members));
            }
        }
        found
    }

    /// What `text` means in the books of `zone`: a word for all, a name, or a prefix written out.
    pub(super) fn reference(&self, zone: Option<&str>, text: &str) -> Result<AddressRef, Problem> {
        if AddressBook::RESERVED.contains(&text) {
            return AddressRef::parse(text);
        }
        let own = zone.and_then(|zone| self.of_zone.get(zone)).copied();
        let named = own.into_iter().chain(self.global).find_map(|book| self.books[book].names.get(text));
        if let Some(name) = named {
            return Ok(AddressRef::Named(name.clone()));
        }
        if text.starts_with(|first: char| first.is_ascii_digit()) || text.contains(':') {
            return AddressLiteral::parse(text).map(AddressRef::Literal);
        }
        // The check of the model says that there is no such address, and which one was meant.
        Ok(AddressRef::Named(Name::written(text)))
    }
}

/// The name that the model has for an address of a book.
fn name(address: &str, suffix: Option<&str>) -> Name {
    match suffix {
        Some(suffix) => Name::written(&format!("{address} ({suffix})")),
        None => Name::written(address),
    }
}

impl Lowering {
    /// `security address-book`, and the books of zones.
    pub(super) fn address_books(
        &mut self,
        books: &Books<'_>,
        void: &Voids,
        zones: &BTreeMap<Name, Zone>,
        model: &mut AddressBook,
    ) {
        for (node, words, zone, other) in &books.twice {
            let (zone, book) = ((*zone).to_owned(), books.books[*other].words.clone());
            self.refuse(&node.place, words, Problem::SecondBook { zone, book });
        }
        for book in &books.books {
            self.attached_zones(book, zones);
            for (keys, node) in book.node.entries("address") {
                let words = format!("{} address {}", book.words, keys[0]);
                if void.address(&AddressRef::Named(name(&keys[0], book.suffix.as_deref()))) {
                    self.left_out(&words);
                    continue;
                }
                let reference = self.address(node, &words);
                self.define(book, &keys[0], vec![reference], node, &words, model);
            }
            for (keys, node) in book.node.entries("address-set") {
                let words = format!("{} address-set {}", book.words, keys[0]);
                let members = node.entries("address").chain(node.entries("address-set"));
                let members: Vec<AddressRef> = members
                    .map(|(keys, _)| AddressRef::Named(name(&keys[0], book.suffix.as_deref())))
                    .filter(|member| !void.address(member))
                    .collect();
                if void.address(&AddressRef::Named(name(&keys[0], book.suffix.as_deref()))) {
                    self.left_out(&words);
                    continue;
                }
                let path = security("address-book").field(name(&keys[0], book.suffix.as_deref()).as_str());
                let places = node.entries("address").chain(node.entries("address-set")).enumerate();
                for (index, (_, member)) in places {
                    self.origins.add(path.index(index), &member.place, &words);
                }
                self.define(book, &keys[0], members, node, &words, model);
            }
        }
    }

    /// Refuses a book for a zone that is not there.
    fn attached_zones(&mut self, book: &Book<'_>, zones: &BTreeMap<Name, Zone>) {
        for (keys, node) in book.node.get("attach").into_iter().flat_map(|attach| attach.entries("zone")) {
            if !zones.contains_key(keys[0].as_str()) {
                let known = || zones.keys().map(Name::to_string).collect();
                self.unknown(&node.place, &format!("{} attach", book.words), "zone", &keys[0], known);
            }
        }
    }

    fn define(
        &mut self,
        book: &Book<'_>,
        key: &str,
        references: Vec<AddressRef>,
        node: &Node,
        words: &str,
        model: &mut AddressBook,
    ) {
        let name = name(key, book.suffix.as_deref());
        let path = security("address-book").field(name.as_str());
        if model.0.insert(name, references).is_some() {
            let problem = Problem::DuplicateRule {
                what: "address or set",
                name: key.to_owned(),
                context: "in this address book".to_owned(),
            };
            self.refuse(&node.place, words, problem);
        }
        self.origins.add(path, &node.place, words);
    }

    /// What an address is. One that cannot be read is reported, and stands for all addresses in further checks.
    fn address(&mut self, node: &Node, words: &str) -> AddressRef {
        let (place, parsed) = if let Some(prefix) = node.value("") {
            (&prefix.place, AddressLiteral::parse(&prefix.text))
        } else if let Some((keys, range)) = node.entries("range-address").next() {
            let Some(high) = range.get("to").and_then(|to| to.value("")) else {
                self.missing(range, words, "to");
                return AddressRef::Any;
            };
            (&range.place, AddressLiteral::parse(&format!("{}-{}", keys[0], high.text)))
        } else {
            self.missing(node, words, "an address");
            return AddressRef::Any;
        };
        self.accept(place, words, parsed.map(AddressRef::Literal)).unwrap_or_default()
    }
}
