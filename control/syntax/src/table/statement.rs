use super::{Source, Type};

/// One statement of the language: everything that parser, printer, checks, help and manual know of it.
#[derive(Clone, Copy, Debug)]
pub struct Statement {
    /// Its word; empty for one that is written without a word of its own, as the addresses of a NAT pool.
    pub name: &'static str,
    /// What is written behind the word.
    pub kind: Kind,
    /// What `?` shows, without a full stop.
    pub help: &'static str,
    /// What may stand in its braces.
    pub body: Body,
    /// Whether the order of its entries means something; for lists and lists of values.
    pub order: Order,
    /// How it is printed.
    pub layout: Layout,
    /// What the gateway does with it today.
    pub support: Support,
    /// Statements of one place with the same choice exclude each other; empty: no choice.
    pub choice: &'static str,
    /// What holds without it, as one would write it; empty: nothing.
    pub default: &'static str,
    /// First version that has it.
    pub since: &'static str,
    /// More than fits in the help, for the manual.
    pub doc: &'static str,
    /// Its name in JSON where that differs; see [`Statement::json_name`].
    pub json: &'static str,
}

/// What is written behind a statement's word.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Braces: `match { … }`.
    Container,
    /// One entry for each key: `policy out { … }`.
    List(&'static [Key]),
    /// One value: `host-name fw1;`.
    Leaf(Value),
    /// Values: `source-address [ web mail ];`.
    LeafList(Value),
    /// Nothing: `permit;`.
    Flag,
}

/// A part of the name of a list's entry.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name in the manual and in JSON.
    pub name: &'static str,
    /// The word before it, as `to-zone` in `from-zone a to-zone b`; empty: none.
    pub marker: &'static str,
    /// What it may be.
    pub value: Value,
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    /// Its form.
    pub form: Type,
    /// Where completion finds values that exist.
    pub source: Source,
}

/// What may stand in a statement's braces.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// These.
    Rows(&'static [Statement]),
    /// A whole configuration without groups.
    Whole,
    /// Anything: words that are kept as they are, of a statement that is refused or kept as a whole.
    Anything,
}

/// Whether the order of entries means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It is kept, and means nothing.
    Free,
    /// The first entry comes first; `insert` moves one.
    User,
}

/// How a statement with a body is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// In braces.
    Block,
    /// On one line while it has one child, else in braces: `route 0.0.0.0/0 next-hop 192.0.2.1;`.
    Alone,
    /// On one line with all its children: `term a protocol tcp destination-port 80;`.
    Line,
    /// Its word before each child's: `family inet { … }`.
    Prefix,
    /// A list whose entries stand in braces of their own: `groups { a { … } b { … } }`.
    Group,
}

/// What the gateway does with a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// It takes effect.
    InForce,
    /// It is accepted and kept, with a warning that says what is missing. Packets are not judged differently.
    Kept(&'static str),
    /// It has its place, and is refused for this reason.
    Reserved(&'static str),
}

// === impl Statement ===

/// A statement in braces.
pub(crate) const fn container(
    name: &'static str,
    help: &'static str,
    rows: &'static [Statement],
) -> Statement {
    Statement::new(name, Kind::Container, help, Body::Rows(rows))
}

/// A statement in braces, whose content is kept as it is: it is refused or kept as a whole.
pub(crate) const fn anything(name: &'static str, help: &'static str) -> Statement {
    Statement::new(name, Kind::Container, help, Body::Anything)
}

/// A list with one key.
pub(crate) const fn list(
    name: &'static str,
    keys: &'static [Key],
    help: &'static str,
    rows: &'static [Statement],
) -> Statement {
    Statement::new(name, Kind::List(keys), help, Body::Rows(rows))
}

/// A list whose entries are written by their key alone.
pub(crate) const fn entries(
    keys: &'static [Key],
    help: &'static str,
    rows: &'static [Statement],
) -> Statement {
    Statement::new("", Kind::List(keys), help, Body::Rows(rows))
}

/// A statement with one value.
pub(crate) const fn leaf(name: &'static str, form: Type, help: &'static str) -> Statement {
    Statement::new(name, Kind::Leaf(Value { form, source: Source::None }), help, Body::Rows(&[]))
}

/// A value without a word before it.
pub(crate) const fn bare(form: Type, help: &'static str) -> Statement {
    leaf("", form, help)
}

/// A statement with any number of values.
pub(crate) const fn values(name: &'static str, form: Type, help: &'static str) -> Statement {
    Statement::new(name, Kind::LeafList(Value { form, source: Source::None }), help, Body::Rows(&[]))
}

/// A statement that is only there or not.
pub(crate) const fn flag(name: &'static str, help: &'static str) -> Statement {
    Statement::new(name, Kind::Flag, help, Body::Rows(&[]))
}

/// A key that is a name of the user's choice.
pub(crate) const NAME: &[Key] = &[key(Type::Name)];

/// The only key of a list.
pub(crate) const fn key(form: Type) -> Key {
    Key { name: "name", marker: "", value: Value { form, source: Source::None } }
}

/// The only key of a list, completed from what exists.
pub(crate) const fn key_from(form: Type, source: Source) -> Key {
    Key { name: "name", marker: "", value: Value { form, source } }
}

impl Statement {
    /// The first version.
    pub(crate) const FIRST: &'static str = "0.1";

    pub(crate) const fn new(name: &'static str, kind: Kind, help: &'static str, body: Body) -> Statement {
        Statement {
            name,
            kind,
            help,
            body,
            order: Order::Free,
            layout: Layout::Block,
            support: Support::InForce,
            choice: "",
            default: "",
            since: Self::FIRST,
            doc: "",
            json: "",
        }
    }

    pub(crate) const fn ordered(mut self) -> Statement {
        self.order = Order::User;
        self
    }

    pub(crate) const fn layout(mut self, layout: Layout) -> Statement {
        self.layout = layout;
        self
    }

    pub(crate) const fn reserved(mut self, reason: &'static str) -> Statement {
        self.support = Support::Reserved(reason);
        self
    }

    pub(crate) const fn kept(mut self, reason: &'static str) -> Statement {
        self.support = Support::Kept(reason);
        self
    }

    pub(crate) const fn choice(mut self, choice: &'static str) -> Statement {
        self.choice = choice;
        self
    }

    pub(crate) const fn default(mut self, default: &'static str) -> Statement {
        self.default = default;
        self
    }

    pub(crate) const fn doc(mut self, doc: &'static str) -> Statement {
        self.doc = doc;
        self
    }

    pub(crate) const fn json(mut self, json: &'static str) -> Statement {
        self.json = json;
        self
    }

    pub(crate) const fn from(mut self, source: Source) -> Statement {
        self.kind = match self.kind {
            Kind::Leaf(value) => Kind::Leaf(Value { source, ..value }),
            Kind::LeafList(value) => Kind::LeafList(Value { source, ..value }),
            other => other,
        };
        self
    }

    /// Statements that may stand in its braces; empty where there are none.
    pub fn rows(&self) -> &'static [Statement] {
        match self.body {
            Body::Rows(rows) => rows,
            Body::Whole => super::WITHOUT_GROUPS,
            Body::Anything => &[],
        }
    }

    /// What its braces are read by; none where anything may stand in them.
    pub(crate) fn scope(&self) -> Option<&'static [Statement]> {
        (!matches!(self.body, Body::Anything)).then(|| self.rows())
    }

    /// True for containers and lists.
    pub const fn has_body(&self) -> bool {
        matches!(self.kind, Kind::Container | Kind::List(_))
    }

    /// The keys of a list; empty for all others.
    pub const fn keys(&self) -> &'static [Key] {
        match self.kind {
            Kind::List(keys) => keys,
            _ => &[],
        }
    }

    /// Its name in JSON; for statements without a word, of what it is.
    pub const fn json_name(&self) -> &'static str {
        if !self.json.is_empty() {
            self.json
        } else if self.name.is_empty() {
            "name"
        } else {
            self.name
        }
    }

    /// True when words written without a statement's word belong to it.
    pub(crate) const fn is_bare(&self) -> bool {
        self.name.is_empty()
    }
}
