//! Services as rows.

use crate::compile::interface_id;
use crate::identities::Identities;
use flumen_abi::{InterfaceId, MirrorKey, MirrorRow, ServiceRow};
use flumen_config::{DfLimit, Model, Name, TrafficMirror, UdpChecksum};
use std::collections::BTreeMap;

/// What is done on each interface before the pipeline, in order of their numbers.
pub(crate) fn services(model: &Model, ids: &Identities) -> Vec<(InterfaceId, ServiceRow)> {
    let mut rows: BTreeMap<InterfaceId, ServiceRow> = BTreeMap::new();
    for (name, clear) in &model.services.df_clear {
        let row = rows.entry(interface_id(model, name, ids)).or_default();
        row.df_port = clear.destination_port;
        row.df_over = clear.limit.over;
        row.flags |= flags(&clear.limit, ServiceRow::CLEARS_DF, ServiceRow::ZEROES_UDP);
    }
    for mirror in model.services.traffic_mirror.values() {
        rows.entry(interface_id(model, &mirror.interface, ids)).or_default().flags |= ServiceRow::MIRRORS;
    }
    rows.into_iter().collect()
}

/// Traffic mirrors, and the ports that they listen on; each key once.
pub(crate) fn mirrors(model: &Model, ids: &Identities) -> Vec<(MirrorKey, MirrorRow)> {
    let mut rows = BTreeMap::new();
    for (number, mirror) in model.services.traffic_mirror.values().enumerate() {
        let interface = interface_id(model, &mirror.interface, ids);
        let row = mirror_row(model, mirror, number as u16, ids);
        rows.insert((interface, mirror.port, MirrorKey::ANY_VNI), MirrorRow::default());
        rows.insert((interface, mirror.port, mirror.vni), row);
    }
    let keyed = rows.into_iter().map(|((interface, port, vni), row)| {
        (MirrorKey { slot: 0, interface, port: port.into(), vni, reserved: 0 }, row)
    });
    keyed.collect()
}

fn mirror_row(model: &Model, mirror: &TrafficMirror, number: u16, ids: &Identities) -> MirrorRow {
    let id = |name: &Name| interface_id(model, name, ids);
    let output = mirror.output.as_ref();
    let mut row = MirrorRow {
        zone: MirrorRow::zone(number),
        output: output.map_or(InterfaceId::NONE, |output| id(&output.interface)),
        df_over: mirror.df_clear.map_or(0, |limit| limit.over),
        flags: 0,
    };
    if !mirror.rules.is_empty() {
        row.flags |= MirrorRow::RULES;
    }
    if output.is_some_and(|output| output.keep_link_addresses) {
        row.flags |= MirrorRow::KEEPS_LINK;
    }
    if let Some(limit) = &mirror.df_clear {
        row.flags |= flags(limit, MirrorRow::CLEARS_DF, MirrorRow::ZEROES_UDP);
    }
    row
}

fn flags(limit: &DfLimit, clears: u16, zeroes: u16) -> u16 {
    match limit.udp_checksum {
        UdpChecksum::Keep => clears,
        UdpChecksum::Zero => clears | zeroes,
    }
}
