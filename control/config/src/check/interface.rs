use super::Findings;
use crate::{DeviceName, Model, Path, Problem};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Each frame belongs to one interface, and each link to one.
pub(super) fn check(model: &Model, findings: &mut Findings) {
    let mut frames = BTreeMap::new();
    let mut links = BTreeMap::new();
    for (name, interface) in &model.interfaces {
        let path = Path::root().field("interfaces").field(name.as_str());
        let device = interface.device(name);
        if interface.device.is_none()
            && let Err(problem) = DeviceName::new(device)
        {
            findings.add(path.clone(), problem);
        }
        if interface.inner_vlan.is_some() && interface.vlan.is_none() {
            findings.add(path.field("inner-vlan"), Problem::InnerWithoutOuter);
        }
        match frames.entry((device, interface.tags())) {
            Entry::Vacant(free) => drop(free.insert(name)),
            Entry::Occupied(taken) => {
                let frames = describe(device, interface.tags());
                findings
                    .add(path.clone(), Problem::SameFrames { frames, interface: taken.get().to_string() });
                continue;
            }
        }
        let link = interface.link(name);
        if interface.link.is_none() && interface.vlan.is_some() && link.len() > DeviceName::MAX_LEN {
            findings.add(path.clone(), Problem::LinkNeeded { guess: link.clone() });
        }
        match links.entry(link) {
            Entry::Vacant(free) => drop(free.insert(name)),
            Entry::Occupied(taken) => {
                let problem =
                    Problem::SameLink { link: taken.key().clone(), interface: taken.get().to_string() };
                findings.add(path, problem);
            }
        }
    }
}

fn describe(device: &str, tags: (u16, u16)) -> String {
    match tags {
        (0, _) => format!("device {device} without a VLAN tag"),
        (outer, 0) => format!("device {device} with VLAN {outer}"),
        (outer, inner) => format!("device {device} with VLANs {outer} and {inner}"),
    }
}
