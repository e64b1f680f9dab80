use super::{Context, Lowering, security};
use crate::{AddressRef, ApplicationRef, Name, Path, Policy, PolicyMatch, PolicyThen, Warning, ZoneRef};
use flumen_syntax::{Node, Text};
use std::collections::HashMap;

/// The zone that is the gateway itself.
const HOST_ZONE: &str = "junos-host";

impl Lowering {
    /// `security policies`: those between two zones, then the global ones, then the default.
    pub(super) fn policies(&mut self, node: &Node, context: &Context<'_>, model: &mut Vec<Policy>) {
        for (keys, pair) in node.entries("from-zone") {
            let words = format!("security policies from-zone {} to-zone {}", keys[0], keys[1]);
            if keys.iter().any(|zone| zone == HOST_ZONE) {
                let reason = "host-inbound-traffic of the zone says what may reach the gateway";
                self.unsupported(&pair.place, &words, HOST_ZONE, reason);
                continue;
            }
            if keys.iter().any(|zone| zone == "any") {
                let reason = "name both zones; a global policy holds for all";
                self.unsupported(&pair.place, &words, "any", reason);
                continue;
            }
            for (name, node) in pair.entries("policy") {
                let of_pair = &words;
                let words = format!("{words} policy {}", name[0]);
                let place = self.policy_path(model, node, &words);
                self.origins.add(place.field("from-zone"), &pair.place, of_pair);
                self.origins.add(place.field("to-zone"), &pair.place, of_pair);
                let Some((r#match, then)) =
                    self.policy(node, context, [Some(&keys[0]), Some(&keys[1])], &place, &words)
                else {
                    continue;
                };
                let (from_zone, to_zone) = (zone(&keys[0]), zone(&keys[1]));
                model.push(Policy { name: Name::written(&name[0]), from_zone, to_zone, r#match, then });
            }
        }
        if let Some(global) = node.get("global") {
            self.global(global, context, model);
        }
        let default = node.get("default-policy").filter(|node| node.get("permit-all").is_some());
        if default.is_some_and(Node::has_unsupported) {
            self.closed("security policies default-policy");
        } else if default.is_some() {
            let r#match = PolicyMatch {
                source_address: vec![AddressRef::Any],
                destination_address: vec![AddressRef::Any],
                application: vec![ApplicationRef::Any],
            };
            let (from_zone, to_zone) = (ZoneRef::Any, ZoneRef::Any);
            // Its name has a space, so that no policy of the user has it.
            let name = Name::written("default policy");
            model.push(Policy { name, from_zone, to_zone, r#match, then: PolicyThen::Permit });
        }
    }

    /// Global policies, in order. The model asks rules that name both zones first: a global policy that names both
    /// takes a copy of each wider one before it along.
    fn global(&mut self, node: &Node, context: &Context<'_>, model: &mut Vec<Policy>) {
        let mut wide: Vec<(Policy, Path)> = Vec::new();
        let mut copied: HashMap<(ZoneRef, ZoneRef), usize> = HashMap::new();
        for (name, node) in node.entries("policy") {
            let words = format!("security policies global policy {}", name[0]);
            let place = self.policy_path(model, node, &words);
            let Some((r#match, then)) = self.policy(node, context, [None, None], &place, &words) else {
                continue;
            };
            let zones = |field: &'static str| -> Vec<ZoneRef> {
                let named = node.get("match").map_or(&[][..], |node| node.values(field));
                if named.is_empty() {
                    vec![ZoneRef::Any]
                } else {
                    named.iter().map(|text| zone(&text.text)).collect()
                }
            };
            let (from, to) = (zones("from-zone"), zones("to-zone"));
            let pairs: Vec<(ZoneRef, ZoneRef)> =
                from.iter().flat_map(|from| to.iter().map(|to| (from.clone(), to.clone()))).collect();
            for (from_zone, to_zone) in pairs {
                let narrow = from_zone != ZoneRef::Any && to_zone != ZoneRef::Any;
                if narrow {
                    let done = copied.entry((from_zone.clone(), to_zone.clone())).or_insert(0);
                    for (policy, _) in &wide[*done..] {
                        if covers(&policy.from_zone, &from_zone) && covers(&policy.to_zone, &to_zone) {
                            self.policy_path(model, node, &words);
                            let name = Name::written(&format!("{} (global)", policy.name));
                            let (from_zone, to_zone) = (from_zone.clone(), to_zone.clone());
                            model.push(Policy { name, from_zone, to_zone, ..policy.clone() });
                        }
                    }
                    *done = wide.len();
                }
                let place = self.policy_path(model, node, &words);
                let name = if narrow { format!("{} (global)", name[0]) } else { name[0].clone() };
                let policy =
                    Policy { name: Name::written(&name), from_zone, to_zone, r#match: r#match.clone(), then };
                if !narrow {
                    wide.push((policy.clone(), place));
                }
                model.push(policy);
            }
        }
    }

    /// The place in the model of the policy that comes next.
    fn policy_path(&mut self, model: &[Policy], node: &Node, words: &str) -> Path {
        let path = security("policies").index(model.len());
        self.origins.add(path.clone(), &node.place, words);
        path
    }

    /// What a policy matches and does; none when it is left out.
    fn policy(
        &mut self,
        node: &Node,
        context: &Context<'_>,
        [from, to]: [Option<&str>; 2],
        path: &Path,
        words: &str,
    ) -> Option<(PolicyMatch, PolicyThen)> {
        let empty = Node::default();
        let r#match = node.get("match").unwrap_or(&empty);
        let path = path.field("match");
        let then = self.policy_then(node, words);
        let mut found = PolicyMatch {
            source_address: self.addresses(r#match, "source-address", context, from, &path, words),
            destination_address: self.addresses(r#match, "destination-address", context, to, &path, words),
            application: self.application_refs(
                r#match.values("application"),
                &path.field("application"),
                words,
            ),
        };
        let complete = [
            ("match source-address", found.source_address.is_empty()),
            ("match destination-address", found.destination_address.is_empty()),
            ("match application", found.application.is_empty()),
        ];
        for (statement, _) in complete.iter().filter(|(_, missing)| *missing) {
            self.missing(node, words, statement);
        }
        if complete.iter().any(|(_, missing)| *missing) {
            // What is missing is reported once.
            return None;
        }
        let void = &context.void;
        let voids = found
            .source_address
            .iter()
            .chain(&found.destination_address)
            .any(|name| void.address_in_part(name))
            || found.application.iter().any(|name| void.application_in_part(name));
        if !voids && !node.has_unsupported() {
            return Some((found, then));
        }
        // A later policy would permit the same packets without what this one asks for.
        let restricted = node.get("then").is_some_and(Node::has_unsupported)
            || node.children().any(|(_, child)| child.is_foreign());
        if then != PolicyThen::Permit || restricted {
            let path = Path::statement(words);
            let denied = if then == PolicyThen::Permit { PolicyThen::Deny } else { then };
            let closed = then == PolicyThen::Permit;
            self.warnings.push(if closed { Warning::Closed { path } } else { Warning::Widened { path } });
            let then = denied;
            widen(&mut found, context);
            // `deny all but these` without the exclusion would deny these alone.
            if r#match.get("source-address-excluded").is_some() {
                found.source_address = vec![AddressRef::Any];
            }
            if r#match.get("destination-address-excluded").is_some() {
                found.destination_address = vec![AddressRef::Any];
            }
            return Some((found, then));
        }
        found.source_address.retain(|name| !void.address(name));
        found.destination_address.retain(|name| !void.address(name));
        found.application.retain(|name| !void.application(name));
        let nothing = found.source_address.is_empty()
            || found.destination_address.is_empty()
            || found.application.is_empty();
        if nothing || node.has_unsupported() {
            self.left_out(words);
            return None;
        }
        Some((found, then))
    }

    /// Addresses of a match; one that cannot be read is reported, and means `any` for the rest of the checks.
    fn addresses(
        &mut self,
        r#match: &Node,
        field: &'static str,
        context: &Context<'_>,
        zone: Option<&str>,
        path: &Path,
        words: &str,
    ) -> Vec<AddressRef> {
        let path = path.field(field);
        let values = r#match.values(field);
        let mut references = Vec::with_capacity(values.len());
        for (index, text) in values.iter().enumerate() {
            self.origins.add(path.index(index), &text.place, words);
            let reference = context.books.reference(zone, &text.text);
            references.push(self.accept(&text.place, words, reference).unwrap_or_default());
        }
        references
    }

    pub(super) fn application_refs(
        &mut self,
        values: &[Text],
        path: &Path,
        words: &str,
    ) -> Vec<ApplicationRef> {
        let mut references = Vec::with_capacity(values.len());
        for (index, text) in values.iter().enumerate() {
            self.origins.add(path.index(index), &text.place, words);
            references.push(match &*text.text {
                "any" => ApplicationRef::Any,
                name => ApplicationRef::Named(Name::written(name)),
            });
        }
        references
    }

    fn policy_then(&mut self, node: &Node, words: &str) -> PolicyThen {
        let then = node.get("then");
        let action = PolicyThen::ALL
            .into_iter()
            .find(|action| then.is_some_and(|then| then.get(action.word()).is_some()));
        if action.is_none() {
            self.missing(node, words, "then permit, deny or reject");
        }
        action.unwrap_or_default()
    }
}

fn zone(name: &str) -> ZoneRef {
    if name == "any" { ZoneRef::Any } else { ZoneRef::Named(Name::written(name)) }
}

/// True when each packet of `narrow` is one of `wide`.
fn covers(wide: &ZoneRef, narrow: &ZoneRef) -> bool {
    *wide == ZoneRef::Any || wide == narrow
}

/// Takes away what a policy that denies cannot match, so that it denies more.
fn widen(found: &mut PolicyMatch, context: &Context<'_>) {
    for references in [&mut found.source_address, &mut found.destination_address] {
        if references.iter().any(|name| context.void.address_in_part(name)) {
            *references = vec![AddressRef::Any];
        }
    }
    if found.application.iter().any(|name| context.void.application_in_part(name)) {
        found.application = vec![ApplicationRef::Any];
    }
}
