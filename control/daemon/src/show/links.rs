use super::{kernel_failed, mac};
use flumen_api::{ApiError, LinkInfo, LinksReport, Traffic};
use flumen_kernel::{Host, LinkEntry};
use ipnet::IpNet;

/// Network devices of the host.
pub(crate) fn links(host: &dyn Host) -> Result<LinksReport, ApiError> {
    let links = host.link_entries().map_err(kernel_failed)?;
    Ok(LinksReport { links: links.into_iter().map(info).collect() })
}

fn info(link: LinkEntry) -> LinkInfo {
    let [
        [received, received_bytes, receive_errors, receive_drops],
        [sent, sent_bytes, send_errors, send_drops],
    ] = [link.counters.received, link.counters.sent];
    let addresses = link.addresses.into_iter();
    LinkInfo {
        name: link.name,
        kind: link.kind,
        mac: link.mac.map(mac),
        mtu: link.mtu,
        up: link.up,
        carrier: link.carrier,
        carrier_changes: link.carrier_changes,
        receive_queues: link.queues.0,
        send_queues: link.queues.1,
        addresses: addresses.filter_map(|(address, length)| IpNet::new(address, length).ok()).collect(),
        received: Traffic { packets: received, bytes: received_bytes },
        sent: Traffic { packets: sent, bytes: sent_bytes },
        receive_errors,
        receive_drops,
        send_errors,
        send_drops,
    }
}
