use crate::Role;

/// A method, and who may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// As HTTP/2 has it: `/flumen.v1.Operations/GetStatus`.
    pub path: &'static str,
    /// The least role that may call it.
    pub role: Role,
    /// It answers with a stream, for as long as it pleases.
    pub streams: bool,
}

const fn method(path: &'static str, role: Role) -> Method {
    Method { path, role, streams: false }
}

const fn stream(path: &'static str, role: Role) -> Method {
    Method { path, role, streams: true }
}

/// Every method that is served. What is not in the table is not served, whatever role asks.
pub const METHODS: &[Method] = &[
    method("/flumen.v1.Configuration/Check", Role::ReadOnly),
    method("/flumen.v1.Configuration/Apply", Role::SuperUser),
    method("/flumen.v1.Configuration/Confirm", Role::SuperUser),
    method("/flumen.v1.Configuration/ShowActive", Role::Operator),
    method("/flumen.v1.Configuration/Open", Role::SuperUser),
    method("/flumen.v1.Configuration/Close", Role::SuperUser),
    method("/flumen.v1.Configuration/GetEditing", Role::ReadOnly),
    method("/flumen.v1.Configuration/Edit", Role::SuperUser),
    method("/flumen.v1.Configuration/Load", Role::SuperUser),
    method("/flumen.v1.Configuration/Rollback", Role::SuperUser),
    method("/flumen.v1.Configuration/Update", Role::SuperUser),
    method("/flumen.v1.Configuration/Show", Role::Operator),
    method("/flumen.v1.Configuration/Compare", Role::Operator),
    method("/flumen.v1.Configuration/Complete", Role::Operator),
    method("/flumen.v1.Configuration/CheckCandidate", Role::Operator),
    method("/flumen.v1.Configuration/Commit", Role::SuperUser),
    method("/flumen.v1.Configuration/CancelPlanned", Role::SuperUser),
    method("/flumen.v1.Configuration/ListCommits", Role::ReadOnly),
    method("/flumen.v1.Configuration/SaveRescue", Role::SuperUser),
    method("/flumen.v1.Configuration/DeleteRescue", Role::SuperUser),
    method("/flumen.v1.Operations/GetStatus", Role::ReadOnly),
    method("/flumen.v1.Operations/ListZones", Role::ReadOnly),
    method("/flumen.v1.Operations/ListPolicies", Role::ReadOnly),
    method("/flumen.v1.Operations/ListNat", Role::ReadOnly),
    method("/flumen.v1.Operations/ListInterfaces", Role::ReadOnly),
    method("/flumen.v1.Operations/ListReasons", Role::ReadOnly),
    method("/flumen.v1.Operations/ListServices", Role::ReadOnly),
    method("/flumen.v1.Operations/GetCanary", Role::ReadOnly),
    method("/flumen.v1.Operations/SetCanary", Role::SuperUser),
    stream("/flumen.v1.Operations/StreamSessions", Role::ReadOnly),
    method("/flumen.v1.Operations/ClearSessions", Role::Operator),
    method("/flumen.v1.Operations/Explain", Role::Operator),
    method("/flumen.v1.Operations/ListSessions", Role::ReadOnly),
    method("/flumen.v1.Operations/ListNames", Role::ReadOnly),
    method("/flumen.v1.Operations/Stop", Role::SuperUser),
    method("/flumen.v1.Operations/Detach", Role::SuperUser),
    method("/flumen.v1.Host/ListRoutes", Role::ReadOnly),
    method("/flumen.v1.Host/ListNeighbours", Role::ReadOnly),
    method("/flumen.v1.Host/ListLinks", Role::ReadOnly),
    method("/flumen.v1.Host/GetSystem", Role::ReadOnly),
    method("/flumen.v1.Host/ShowLog", Role::Operator),
    method("/flumen.v1.Host/MatchPolicy", Role::Operator),
    stream("/flumen.v1.Events/Subscribe", Role::ReadOnly),
    method("/grpc.health.v1.Health/Check", Role::ReadOnly),
    stream("/grpc.health.v1.Health/Watch", Role::ReadOnly),
    stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Role::ReadOnly),
    stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Role::ReadOnly),
];

/// The method at this path.
pub(crate) fn find(path: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.path == path)
}

#[cfg(test)]
mod tests {
    use super::METHODS;
    use prost::Message;
    use prost_types::FileDescriptorSet;
    use std::collections::BTreeSet;

    #[test]
    fn every_method_of_every_service_has_its_role_once() {
        let mut served = BTreeSet::new();
        for bytes in [
            crate::v1::DESCRIPTORS,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ] {
            for file in FileDescriptorSet::decode(bytes).unwrap().file {
                for service in &file.service {
                    for method in &service.method {
                        let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                        served.insert((path, method.server_streaming()));
                    }
                }
            }
        }
        let known: BTreeSet<_> =
            METHODS.iter().map(|method| (method.path.to_owned(), method.streams)).collect();
        assert_eq!(served, known);
        let paths: BTreeSet<_> = METHODS.iter().map(|method| method.path).collect();
        assert_eq!(paths.len(), METHODS.len(), "none is there twice");
        assert!(known.len() > 14);
    }

    #[test]
    fn whatever_changes_something_is_not_for_those_who_may_only_read() {
        let looks = ["Check", "Get", "List", "Stream", "Subscribe", "Watch", "ServerReflectionInfo"];
        let exact = ["/flumen.v1.Configuration/CheckCandidate"];
        for method in METHODS.iter().filter(|method| method.role == crate::Role::ReadOnly) {
            let name = method.path.rsplit('/').next().unwrap();
            assert!(looks.iter().any(|look| name.starts_with(look)), "{}", method.path);
            assert!(!exact.contains(&method.path), "{} shows the candidate", method.path);
        }
    }
}
