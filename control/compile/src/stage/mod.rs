//! Rules of each stage as boxes.

pub(crate) mod destination_nat;
mod host_inbound;
pub(crate) mod mirror;
pub(crate) mod policy;
pub(crate) mod source_nat;

pub(crate) use destination_nat::destination_nat;
pub(crate) use host_inbound::host_inbound;
pub(crate) use mirror::mirror_rules;
pub(crate) use policy::policies;
pub(crate) use source_nat::source_nat;

use crate::classifier::{Boxed, Chain};
use crate::identities::Identities;
use crate::region::{FAMILIES, Region, Span, Transport, spans};
use crate::{CompileError, Limits, RuleKey, Table};
use flumen_abi::{Family, RootKey, Stage, ZoneId};
use flumen_config::{AddressRef, Model, Name, Term, ZoneRef};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What every stage is compiled from.
pub(crate) struct Source<'a> {
    pub(crate) model: &'a Model,
    pub(crate) ids: &'a Identities,
    pub(crate) limits: &'a Limits,
}

/// The boxes of all stages, and which of them are asked where.
#[derive(Default)]
pub(crate) struct Chains {
    pub(crate) boxes: Vec<Boxed>,
    pub(crate) chains: Vec<Chain>,
    /// The rule that each box belongs to; host-inbound rules have no key.
    pub(crate) owners: Vec<Option<usize>>,
    /// Rules with a key, in the order of their stages.
    pub(crate) rules: Vec<RuleKey>,
    /// The rule with the most boxes, and how many.
    largest: (usize, String),
}

/// A rule of a stage, before it is known to which roots it belongs.
pub(crate) struct StageRule<'a> {
    pub(crate) from: &'a ZoneRef,
    /// None where the stage has no egress zone.
    pub(crate) to: Option<&'a ZoneRef>,
    pub(crate) action: u32,
    /// Boxes of IPv4, boxes of IPv6.
    pub(crate) regions: [Vec<Region>; 2],
    /// None for host-inbound rules.
    pub(crate) key: Option<RuleKey>,
}

/// What a rule matches, before it is multiplied out.
pub(crate) struct Product {
    sources: Vec<Span>,
    destinations: Vec<Span>,
    transports: Vec<Transport>,
}

// === impl Source ===

impl Source<'_> {
    /// Both families of a match; no condition where a list is empty, every protocol where `terms` is none.
    pub(crate) fn products(
        &self,
        source: &[AddressRef],
        destination: &[AddressRef],
        terms: Option<&[Term]>,
    ) -> [Product; 2] {
        let book = &self.model.security.address_book;
        let all = [AddressRef::Any];
        let resolve = |refs: &[AddressRef]| book.resolve(if refs.is_empty() { &all } else { refs });
        let (source, destination) = (resolve(source), resolve(destination));
        FAMILIES.map(|family| Product {
            sources: spans(&source, family),
            destinations: spans(&destination, family),
            transports: Transport::of_terms(terms, family),
        })
    }

    /// Multiplies out, unless there are more boxes than the table of rules can hold.
    pub(crate) fn regions(
        &self,
        products: [Product; 2],
        what: impl Fn() -> String,
    ) -> Result<[Vec<Region>; 2], CompileError> {
        let needed = products.iter().map(Product::len).fold(0, usize::saturating_add);
        if needed > self.limits.rules {
            let size = self.limits.rules;
            return Err(CompileError::TooManyRows {
                table: Table::Rules,
                needed,
                size,
                most: what(),
                share: needed,
            });
        }
        Ok(products.map(|product| product.regions()))
    }

    /// The same for a rule that may give a new address: it matches in the family of that address only.
    pub(crate) fn regions_toward(
        &self,
        products: [Product; 2],
        address: Option<IpAddr>,
        what: impl Fn() -> String,
    ) -> Result<[Vec<Region>; 2], CompileError> {
        let [v4, v6] = self.regions(products, what)?;
        Ok(match address {
            None => [v4, v6],
            Some(IpAddr::V4(_)) => [v4, Vec::new()],
            Some(IpAddr::V6(_)) => [Vec::new(), v6],
        })
    }

    /// Zones that packets can be in, with their numbers.
    fn zones(&self) -> Vec<(&Name, ZoneId)> {
        let zones = self.model.security.zones.iter().filter(|(_, zone)| !zone.interfaces.is_empty());
        zones.map(|(name, _)| (name, self.zone_id(name))).collect()
    }

    fn zone_id(&self, name: &Name) -> ZoneId {
        ZoneId(self.ids.zones.id(name.as_str()) as u16)
    }
}

// === impl Product ===

impl Product {
    fn len(&self) -> usize {
        self.sources.len().saturating_mul(self.destinations.len()).saturating_mul(self.transports.len())
    }

    fn regions(self) -> Vec<Region> {
        let mut regions = Vec::with_capacity(self.len());
        for source in &self.sources {
            for destination in &self.destinations {
                regions.extend(
                    self.transports.iter().map(|transport| Region::new(*source, *destination, *transport)),
                );
            }
        }
        regions
    }
}

// === impl Chains ===

/// Boxes by family.
type ByFamily = [Vec<u32>; 2];

impl Chains {
    /// Adds the rules of a stage. Those that name every zone come first, each group in the order given.
    pub(crate) fn add(&mut self, stage: Stage, rules: Vec<StageRule<'_>>, source: &Source<'_>) {
        let mut own: BTreeMap<(&Name, Option<&Name>), ByFamily> = BTreeMap::new();
        let mut shared: Vec<(&ZoneRef, Option<&ZoneRef>, ByFamily)> = Vec::new();
        let (named, others): (Vec<_>, Vec<_>) = rules.into_iter().partition(StageRule::is_own);
        for (rank, rule) in named.into_iter().chain(others).enumerate() {
            let (from, to) = (rule.from, rule.to);
            let boxes = self.place(rule, rank as u32);
            match (from, to) {
                (ZoneRef::Named(from), None) => append(own.entry((from, None)).or_default(), boxes),
                (ZoneRef::Named(from), Some(ZoneRef::Named(to))) => {
                    append(own.entry((from, Some(to))).or_default(), boxes);
                }
                _ => shared.push((from, to, boxes)),
            }
        }
        let zones = source.zones();
        let egress: Vec<Option<(&Name, ZoneId)>> = match stage {
            Stage::Policy | Stage::SourceNat => zones.iter().copied().map(Some).collect(),
            Stage::DestinationNat | Stage::HostInbound => vec![None],
        };
        for (from, from_id) in &zones {
            for to in &egress {
                let own = own.get(&(*from, to.map(|(name, _)| name)));
                let covering: Vec<&ByFamily> = shared
                    .iter()
                    .filter(|(f, t, _)| {
                        f.covers(from) && t.is_none_or(|t| to.is_none_or(|(to, _)| t.covers(to)))
                    })
                    .map(|(.., boxes)| boxes)
                    .collect();
                for (place, family) in FAMILIES.into_iter().enumerate() {
                    let own = own.map(|boxes| boxes[place].clone()).unwrap_or_default();
                    let shared: Vec<u32> = covering.iter().flat_map(|boxes| &boxes[place]).copied().collect();
                    if !own.is_empty() || !shared.is_empty() {
                        let to_id = to.map_or(ZoneId::NONE, |(_, id)| id);
                        let key = root_key(stage, family, *from_id, to_id);
                        let what = describe(stage);
                        let place = locate(what, from, to.map(|(name, _)| name), family);
                        self.chains.push(Chain { key, family, own, shared, what, place });
                    }
                }
            }
        }
    }

    /// Stores the boxes of a rule.
    fn place(&mut self, rule: StageRule<'_>, rank: u32) -> ByFamily {
        let count = rule.regions.iter().map(Vec::len).sum();
        if count > self.largest.0
            && let Some(key) = &rule.key
        {
            self.largest = (count, key.to_string());
        }
        let owner = rule.key.map(|key| {
            self.rules.push(key);
            self.rules.len() - 1
        });
        rule.regions.map(|regions| {
            let first = self.boxes.len() as u32;
            self.boxes.extend(regions.into_iter().map(|region| Boxed { region, rank, action: rule.action }));
            self.owners.resize(self.boxes.len(), owner);
            (first..self.boxes.len() as u32).collect()
        })
    }

    /// Refuses more boxes than the table of rules holds.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), CompileError> {
        let (needed, size) = (self.boxes.len(), limits.rules);
        let (share, most) = self.largest.clone();
        if needed > size {
            Err(CompileError::TooManyRows { table: Table::Rules, needed, size, most, share })
        } else {
            Ok(())
        }
    }
}

impl StageRule<'_> {
    /// True when it names every zone that its stage has.
    fn is_own(&self) -> bool {
        matches!((self.from, self.to), (ZoneRef::Named(_), None | Some(ZoneRef::Named(_))))
    }
}

fn append(all: &mut ByFamily, boxes: ByFamily) {
    for (all, boxes) in all.iter_mut().zip(boxes) {
        all.extend(boxes);
    }
}

fn root_key(stage: Stage, family: Family, from: ZoneId, to: ZoneId) -> RootKey {
    RootKey { slot: 0, stage: stage as u8, family: family as u8, reserved: 0, from, to }
}

fn describe(stage: Stage) -> &'static str {
    match stage {
        Stage::DestinationNat => "destination NAT",
        Stage::Policy => "policies",
        Stage::SourceNat => "source NAT",
        Stage::HostInbound => "host-inbound",
    }
}

fn locate(what: &str, from: &Name, to: Option<&Name>, family: Family) -> String {
    let to = to.map_or_else(String::new, |to| format!(" to zone {to}"));
    let family = match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    format!("{what} from zone {from}{to}, {family}")
}
