//! The trees against the plain reading of the rules: the first box that contains the packet.

use super::pack::{Boxed, Chain, Packed, Packer, pack};
use super::{Effort, classify, classify_counted, fields, lookup};
use crate::region::{Region, Span};
use crate::{CompileError, Limits, Ruleset, Table};
use flumen_abi::{Addr, Family, Generation, LeafRef, MAX_DEPTH, RootKey, Settings, Stage, Timeouts, ZoneId};
use proptest::prelude::*;

const FROM: ZoneId = ZoneId(1);
const TO: ZoneId = ZoneId(2);

fn ruleset(packed: Packed) -> Ruleset {
    let timeouts = Timeouts {
        tcp_initial_s: 1,
        tcp_established_s: 1,
        tcp_closing_s: 1,
        tcp_closed_s: 1,
        udp_s: 1,
        icmp_s: 1,
        other_s: 1,
    };
    Ruleset {
        settings: Settings { generation: Generation(1), timeouts, answers_per_second: 0, tcp_loose: 0 },
        interfaces: Vec::new(),
        absent: Vec::new(),
        roots: packed.roots,
        nodes: packed.nodes,
        leaves: packed.leaves,
        rules: packed.rules,
        policies: Vec::new(),
        nat: Vec::new(),
        services: Vec::new(),
        mirrors: Vec::new(),
    }
}

fn chain(boxes: &[Boxed], own: usize) -> Chain {
    let key = RootKey {
        slot: 0,
        stage: Stage::Policy as u8,
        family: Family::V6 as u8,
        reserved: 0,
        from: FROM,
        to: TO,
    };
    Chain {
        key,
        family: Family::V6,
        own: (0..own as u32).collect(),
        shared: (own as u32..boxes.len() as u32).collect(),
        what: "policies",
        place: "policies from zone a to zone b, IPv6".to_owned(),
    }
}

fn boxes(regions: &[Region]) -> Vec<Boxed> {
    let boxed = |(place, region): (usize, &Region)| Boxed {
        region: *region,
        rank: place as u32,
        action: 7 * place as u32,
    };
    regions.iter().enumerate().map(boxed).collect()
}

type Packet = [u128; 5];

fn packet_fields(packet: &Packet) -> super::Fields {
    let address = |value: u128| Addr::v6(value.to_be_bytes());
    fields(address(packet[0]), address(packet[1]), packet[2] as u16, packet[3] as u16, packet[4] as u8)
}

fn first_match(boxes: &[Boxed], packet: &Packet) -> Option<(u32, u32)> {
    let contains = |region: &Region| {
        region.0.iter().zip(packet).all(|(span, value)| span.low <= *value && *value <= span.high)
    };
    boxes.iter().find(|boxed| contains(&boxed.region)).map(|boxed| (boxed.rank, boxed.action))
}

const GREATEST: Packet = [u128::MAX, u128::MAX, 0xffff, 0xffff, 0xff];

/// Few values, so that bounds coincide, touch and cross; the ends of the dimension among them.
fn value(axis: usize) -> impl Strategy<Value = u128> {
    let greatest = GREATEST[axis];
    prop_oneof![
        2 => Just(0),
        2 => Just(greatest),
        6 => (0_u128..12).prop_map(move |step| greatest / 12 * step),
        2 => 0_u128..4,
        1 => any::<u128>().prop_map(move |value| value & greatest),
    ]
}

fn span(axis: usize) -> impl Strategy<Value = Span> {
    prop_oneof![
        2 => Just(Span { low: 0, high: GREATEST[axis] }),
        2 => value(axis).prop_map(Span::one),
        4 => (value(axis), value(axis)).prop_map(|(a, b)| Span { low: a.min(b), high: a.max(b) }),
    ]
}

fn region() -> impl Strategy<Value = Region> {
    (span(0), span(1), span(2), span(3), span(4)).prop_map(|(a, b, c, d, e)| Region([a, b, c, d, e]))
}

/// For each dimension: which rule's bound, which end, and how far beside it.
fn probe() -> impl Strategy<Value = [(prop::sample::Index, bool, i8); 5]> {
    prop::array::uniform5((any::<prop::sample::Index>(), any::<bool>(), -1_i8..=1))
}

fn packet(regions: &[Region], probe: &[(prop::sample::Index, bool, i8); 5]) -> Packet {
    std::array::from_fn(|axis| {
        let (rule, end, beside) = &probe[axis];
        let span = rule.get(regions).0[axis];
        let bound = if *end { span.high } else { span.low };
        match beside {
            -1 => bound.saturating_sub(1),
            0 => bound,
            _ => (bound.saturating_add(1)).min(GREATEST[axis]),
        }
    })
}

fn efforts() -> impl Strategy<Value = Effort> {
    let extreme =
        (1_usize..4, 0_usize..3, 0_usize..8).prop_map(|(leaf, copies, slack)| Effort { leaf, copies, slack });
    prop_oneof![prop::sample::select(&Effort::LEVELS[..]), extreme]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn trees_and_the_plain_reading_agree_on_every_packet(
        regions in prop::collection::vec(region(), 1..120),
        probes in prop::collection::vec(probe(), 200),
        effort in efforts(),
        own in any::<prop::sample::Index>(),
    ) {
        let boxes = boxes(&regions);
        let chains = [chain(&boxes, own.index(regions.len() + 1))];
        let packed = match Packer::run(&chains, &boxes, &Limits::DEFAULT, effort) {
            Ok(packed) => packed,
            // Rules that cross without end may need another effort; `pack` tries them.
            Err(_) => pack(&chains, &boxes, &Limits::DEFAULT).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?,
        };
        let ruleset = ruleset(packed);
        for probe in &probes {
            let packet = packet(&regions, probe);
            let (found, steps) =
                classify_counted(&ruleset, Stage::Policy, FROM, TO, Family::V6, &packet_fields(&packet));
            prop_assert_eq!(found.map(|found| (found.rank, found.action)), first_match(&boxes, &packet), "{:x?}", packet);
            prop_assert!(steps.nodes <= 4 * MAX_DEPTH as usize);
        }
    }

    #[test]
    fn a_rule_that_no_leaf_lists_is_matched_by_no_packet(
        regions in prop::collection::vec(region(), 1..40),
        probes in prop::collection::vec(probe(), 100),
    ) {
        let boxes = boxes(&regions);
        let packed = pack(&[chain(&boxes, regions.len())], &boxes, &Limits::DEFAULT)
            .map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?;
        for probe in &probes {
            if let Some((rank, _)) = first_match(&boxes, &packet(&regions, probe)) {
                prop_assert!(packed.reached[rank as usize]);
            }
        }
    }
}

#[test]
fn no_rules_of_a_root_match_nothing_and_an_unknown_root_likewise() {
    let everything = Region(std::array::from_fn(|axis| Span { low: 0, high: GREATEST[axis] }));
    let boxes = boxes(&[everything]);
    let ruleset = ruleset(pack(&[chain(&boxes, 1)], &boxes, &Limits::DEFAULT).unwrap());
    let any = packet_fields(&[1, 2, 3, 4, 5]);
    assert!(classify(&ruleset, Stage::Policy, FROM, TO, Family::V6, &any).is_some());
    assert!(classify(&ruleset, Stage::Policy, TO, FROM, Family::V6, &any).is_none());
    assert!(classify(&ruleset, Stage::Policy, FROM, TO, Family::V4, &any).is_none());
    assert!(classify(&ruleset, Stage::SourceNat, FROM, TO, Family::V6, &any).is_none());
}

#[test]
fn what_comes_after_a_rule_for_everything_takes_no_row() {
    let everything = Region(std::array::from_fn(|axis| Span { low: 0, high: GREATEST[axis] }));
    let mut narrow = everything;
    narrow.0[0] = Span::one(9);
    let boxes = boxes(&[narrow, everything, narrow, everything]);
    let packed = pack(&[chain(&boxes, 4)], &boxes, &Limits::DEFAULT).unwrap();
    assert_eq!(packed.rules.len(), 2);
    assert_eq!(packed.reached, [true, true, false, false]);
}

#[test]
fn equal_chains_share_their_trees() {
    let regions: Vec<Region> = (0..100)
        .map(|place| {
            let mut region = Region(std::array::from_fn(|axis| Span { low: 0, high: GREATEST[axis] }));
            region.0[1] = Span::one(place);
            region
        })
        .collect();
    let boxes = boxes(&regions);
    let first = chain(&boxes, 0);
    let mut second = first.clone();
    second.key.from = ZoneId(9);
    let one = pack(std::slice::from_ref(&first), &boxes, &Limits::DEFAULT).unwrap();
    let two = pack(&[first, second], &boxes, &Limits::DEFAULT).unwrap();
    assert_eq!((one.nodes.len(), one.leaves.len()), (two.nodes.len(), two.leaves.len()));
    assert_eq!(two.roots[0].1, two.roots[1].1);
}

#[test]
fn tables_that_are_too_small_are_named_with_need_size_and_the_greediest_part() {
    let regions: Vec<Region> = (0..400_u128)
        .map(|place| {
            let mut region = Region(std::array::from_fn(|axis| Span { low: 0, high: GREATEST[axis] }));
            region.0[1] = Span::one(place << 8);
            region
        })
        .collect();
    let boxes = boxes(&regions);
    let few_nodes = Limits { nodes: 5, ..Limits::DEFAULT };
    let errors = pack(&[chain(&boxes, 400)], &boxes, &few_nodes).unwrap_err();
    let [CompileError::TooManyRows { table: Table::Nodes, needed, size: 5, most, share }] = &errors[..]
    else {
        panic!("{errors:?}")
    };
    assert!(needed == share && *needed > 5 && most == "policies from zone a to zone b, IPv6");
    let few_leaves = Limits { leaves: 399, ..Limits::DEFAULT };
    let errors = pack(&[chain(&boxes, 400)], &boxes, &few_leaves).unwrap_err();
    assert!(
        matches!(errors[..], [CompileError::TooManyRows { table: Table::Leaves, size: 399, .. }]),
        "{errors:?}"
    );
}

#[test]
fn a_small_table_is_filled_more_frugally_before_it_is_refused() {
    let regions: Vec<Region> = (0..400_u128)
        .map(|place| {
            let mut region = Region(std::array::from_fn(|axis| Span { low: 0, high: GREATEST[axis] }));
            region.0[1] = Span::one(place << 8);
            region
        })
        .collect();
    let boxes = boxes(&regions);
    let generous = pack(&[chain(&boxes, 400)], &boxes, &Limits::DEFAULT).unwrap();
    let limits = Limits { nodes: generous.nodes.len() / 2, ..Limits::DEFAULT };
    let frugal = pack(&[chain(&boxes, 400)], &boxes, &limits).unwrap();
    assert!(frugal.nodes.len() <= limits.nodes);
    assert!(frugal.roots[0].1.trees.iter().filter(|tree| **tree != LeafRef::EMPTY).count() >= 1);
    let ruleset = ruleset(frugal);
    for place in 0..400_u128 {
        let packet = packet_fields(&[1, place << 8, 2, 3, 4]);
        let found = classify(&ruleset, Stage::Policy, FROM, TO, Family::V6, &packet).unwrap();
        assert_eq!(u128::from(found.rank), place);
        assert!(lookup::contains(&ruleset.rules[found.rule as usize], &packet));
    }
}
