//! The namespace is the host that the native engine is told of.

use flumen_conformance::executor::WorldNamespace;
use flumen_conformance::world::{LINKS, facts};
use flumen_kernel::{Host, LinuxHost};

#[test]
fn the_kernel_says_of_the_namespace_what_the_world_says() {
    let world = WorldNamespace::new("world").expect("the world's namespace");
    let kernel = world.run(|| LinuxHost.facts()).expect("a thread").expect("netlink answers");
    let wanted = facts();
    for mut link in wanted.links {
        let mut found = kernel.link(&link.name).expect("the link is there").clone();
        // whether a veth takes frames from XDP depends on its peer; the world says it of each link by itself
        for facts in [&mut link, &mut found] {
            (facts.xdp_transmit, facts.xdp_transmit_fragments) = (true, true);
        }
        assert_eq!(found, link);
    }
    let of_the_world =
        |local: &&flumen_engine::LocalFacts| LINKS.iter().any(|link| link.ifindex() == local.link);
    let mut found: Vec<_> = kernel.locals.iter().filter(of_the_world).copied().collect();
    let mut wanted = wanted.locals;
    for locals in [&mut found, &mut wanted] {
        locals.sort_by_key(|local| (local.link, local.addr.octets()));
    }
    assert_eq!(found, wanted);
}
