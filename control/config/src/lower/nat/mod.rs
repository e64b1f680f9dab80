//! `security nat`: rule sets of zones as the rules of each zone, or pair of zones.

mod closed;
mod destination;
mod source;

use super::applications::port_range;
use super::{Context, Lowering};
use crate::{AddressLiteral, AddressRef, ApplicationRef, Name, Path, PortRange, Security, ZoneRef};
use flumen_syntax::Node;

impl Lowering {
    /// `security nat`.
    pub(super) fn nat(&mut self, node: &Node, context: &Context<'_>, model: &mut Security) {
        let empty = Node::default();
        self.source_nat(node.get("source").unwrap_or(&empty), context, model);
        // Static rules come before those of destinations, and are not supported.
        self.static_nat(node.get("static").unwrap_or(&empty), context, model);
        self.destination_nat(node.get("destination").unwrap_or(&empty), context, model);
    }

    /// True when a rule is left out, which is reported: a part of it, of where it holds, or of what it refers to is not supported.
    pub(super) fn leaves_out(&mut self, set: &Node, rule: &Node, context: &Context<'_>, words: &str) -> bool {
        let unsupported = Self::is_unsupported(set, rule, context);
        if unsupported {
            self.left_out(words);
        }
        unsupported
    }

    /// True when a part of a rule, of where it holds, or of what it refers to is not supported.
    fn is_unsupported(set: &Node, rule: &Node, context: &Context<'_>) -> bool {
        let sides = ["from", "to"].into_iter().filter_map(|side| set.get(side));
        let unsupported = rule.has_unsupported() || sides.into_iter().any(Node::has_unsupported);
        let names = ["source-address-name", "destination-address-name"];
        let void = rule.get("match").is_some_and(|r#match| {
            let addresses = names.into_iter().flat_map(|field| r#match.values(field));
            let mut addresses = addresses.filter_map(|text| context.books.reference(None, &text.text).ok());
            let mut applications = r#match.values("application").iter();
            addresses.any(|reference| context.void.address_in_part(&reference))
                || applications.any(|text| {
                    context.void.application_in_part(&ApplicationRef::Named(Name::written(&text.text)))
                })
        });
        unsupported || void
    }

    /// The zones of `from` or `to`.
    pub(super) fn zones_of(
        &mut self,
        set: &Node,
        side: &'static str,
        statement: &'static str,
        words: &str,
    ) -> Vec<ZoneRef> {
        let zones = set.get(side).map_or(&[][..], |node| node.values("zone"));
        if zones.is_empty() && !set.get(side).is_some_and(Node::has_unsupported) {
            self.missing(set, words, statement);
        }
        zones.iter().map(|text| ZoneRef::Named(Name::written(&text.text))).collect()
    }

    /// Prefixes, and names of the address book.
    pub(super) fn both(
        &mut self,
        r#match: &Node,
        prefixes: &'static str,
        names: &'static str,
        context: &Context<'_>,
        path: &Path,
        words: &str,
    ) -> Vec<AddressRef> {
        let mut references = Vec::new();
        for text in r#match.values(prefixes) {
            let literal = match &*text.text {
                // All of a family is written shorter, and a rule for all of both needs no condition.
                "0.0.0.0/0" => Ok(AddressRef::AnyV4),
                "::/0" => Ok(AddressRef::AnyV6),
                other => AddressLiteral::parse(other).map(AddressRef::Literal),
            };
            self.origins.add(path.field(prefixes).index(references.len()), &text.place, words);
            references.push(self.accept(&text.place, words, literal).unwrap_or_default());
        }
        for text in r#match.values(names) {
            self.origins.add(path.field(prefixes).index(references.len()), &text.place, words);
            let reference = context.books.reference(None, &text.text);
            references.push(self.accept(&text.place, words, reference).unwrap_or_default());
        }
        references
    }

    /// `80`, `8000 to 8010`.
    pub(super) fn port_list(&mut self, node: Option<&Node>, words: &str) -> Vec<PortRange> {
        let mut ranges = Vec::new();
        for (keys, node) in node.into_iter().flat_map(|node| node.entries("")) {
            let text = match node.get("to").and_then(|to| to.value("")) {
                Some(high) => format!("{}-{}", keys[0], high.text),
                None => keys[0].clone(),
            };
            match self.accept(&node.place, words, port_range(&text)) {
                Some(Some(range)) => ranges.push(range),
                Some(None) => ranges.push(PortRange::ALL),
                None => {}
            }
        }
        ranges
    }

    /// `1024 to 65535`.
    pub(super) fn range(&mut self, node: &Node, words: &str) -> Option<PortRange> {
        let low = node.value("")?;
        let high = node.get("to").and_then(|to| to.value("")).unwrap_or(low);
        self.accept(&low.place, words, PortRange::parse(&format!("{}-{}", low.text, high.text)))
    }
}
