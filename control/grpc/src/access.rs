use crate::{GrpcError, Role};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The TCP door, as its file has it: where it is, how it shows who it is, and who may come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Access {
    /// Address and port.
    pub listen: SocketAddr,
    /// File of the gateway's certificate and those between it and its authority, PEM.
    pub certificate: PathBuf,
    /// File of its private key, PEM.
    pub key: PathBuf,
    /// File of the authority that signs the clients' certificates, PEM. Needed for `certificates`.
    #[serde(default)]
    pub client_authority: Option<PathBuf>,
    /// Clients that show a certificate.
    #[serde(default)]
    pub certificates: Vec<CertificateRole>,
    /// Clients that send a token.
    #[serde(default)]
    pub tokens: Vec<TokenRole>,
}

/// What the owner of a certificate may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRole {
    /// One of the certificate's DNS names.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// What the owner of a token may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRole {
    /// A name for logs.
    pub name: String,
    /// SHA-256 of the token, 64 hexadecimal digits. The token itself is written down nowhere.
    pub sha256: String,
    /// What they may do.
    pub role: Role,
}

impl Access {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read, is not such a file, or would let anybody in.
    pub fn read(path: &Path) -> Result<Access, GrpcError> {
        let text = std::fs::read_to_string(path).map_err(|source| GrpcError::file("read", path, source))?;
        let access: Access = serde_json::from_str(&text)
            .map_err(|source| GrpcError::Access { path: path.to_owned(), reason: source.to_string() })?;
        access.check().map_err(|reason| GrpcError::Access { path: path.to_owned(), reason })?;
        Ok(access)
    }

    /// A door without anybody who may come in, or that anybody may come in by, is a mistake.
    fn check(&self) -> Result<(), String> {
        if self.certificates.is_empty() && self.tokens.is_empty() {
            return Err("nobody may come in: it has neither certificates nor tokens".to_owned());
        }
        if self.client_authority.is_some() == self.certificates.is_empty() {
            return Err("client-authority and certificates belong together, and one is missing".to_owned());
        }
        for token in &self.tokens {
            let hexadecimal = token.sha256.len() == 64 && token.sha256.bytes().all(|b| b.is_ascii_hexdigit());
            if !hexadecimal {
                return Err(format!(
                    "the sha256 of token {} is not 64 hexadecimal digits (printf %s TOKEN | sha256sum)",
                    token.name
                ));
            }
        }
        Ok(())
    }

    /// Whose token this is.
    pub(crate) fn token(&self, token: &str) -> Option<&TokenRole> {
        let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
        let hexadecimal: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        // What is compared is the digest, so the time that it takes tells nothing of the token.
        self.tokens.iter().find(|known| known.sha256.eq_ignore_ascii_case(&hexadecimal))
    }

    /// Whose certificate this is; its chain was verified already.
    pub(crate) fn certificate(&self, der: &CertificateDer<'_>) -> Option<&CertificateRole> {
        let certificate = webpki::EndEntityCert::try_from(der).ok()?;
        let names: Vec<&str> = certificate.valid_dns_names().collect();
        self.certificates.iter().find(|known| names.contains(&known.name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::Access;
    use crate::Role;

    fn read(text: &str) -> Result<Access, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("grpc.json");
        std::fs::write(&path, text).unwrap();
        Access::read(&path).map_err(|error| error.to_string())
    }

    const DOOR: &str = r#""listen": "127.0.0.1:0", "certificate": "c", "key": "k""#;

    #[test]
    fn a_tcp_door_without_tls_or_without_anybody_who_is_known_is_refused() {
        let token = format!(r#"{{"name": "t", "sha256": "{}", "role": "operator"}}"#, "0".repeat(64));
        for (text, said) in [
            (r#"{"listen": "127.0.0.1:0"}"#.to_owned(), "certificate"),
            (r#"{"listen": "127.0.0.1:0", "certificate": "c", "tokens": []}"#.to_owned(), "key"),
            (format!("{{{DOOR}}}"), "nobody may come in"),
            (format!(r#"{{{DOOR}, "client-authority": "ca"}}"#), "nobody may come in"),
            (
                format!(r#"{{{DOOR}, "certificates": [{{"name": "a", "role": "read-only"}}]}}"#),
                "belong together",
            ),
            (format!(r#"{{{DOOR}, "client-authority": "ca", "tokens": [{token}]}}"#), "belong together"),
            (format!(r#"{{{DOOR}, "tokens": [{}]}}"#, token.replace("00", "0")), "64 hexadecimal"),
            (format!(r#"{{{DOOR}, "tokens": [{}]}}"#, token.replace("operator", "admin")), "admin"),
            (format!(r#"{{{DOOR}, "tokens": [{token}], "insecure": true}}"#), "insecure"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
        read(&format!(r#"{{{DOOR}, "tokens": [{token}]}}"#)).unwrap();
    }

    #[test]
    fn a_token_is_known_by_its_digest_alone() {
        // printf %s secret | sha256sum
        let digest = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        let token = format!(r#"{{"name": "t", "sha256": "{digest}", "role": "operator"}}"#);
        let access = read(&format!(r#"{{{DOOR}, "tokens": [{token}]}}"#)).unwrap();
        assert_eq!(access.token("secret").map(|known| known.role), Some(Role::Operator));
        for wrong in ["", "Secret", "secret ", digest] {
            assert_eq!(access.token(wrong), None, "{wrong}");
        }
    }
}
