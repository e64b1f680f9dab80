use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why a file is not what it was written as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Its first lines are not ours.
    #[error("it does not begin with the three lines of its header")]
    NoHeader,
    /// A later release wrote it.
    #[error("it has format {found}, and this release reads format {FORMAT}")]
    Format {
        /// As the file says.
        found: String,
    },
    /// It is of another kind or number than its name says.
    #[error("it holds {found}, which is not what its name says")]
    Misnamed {
        /// What it is.
        found: String,
    },
    /// The header's checksum does not fit, or it lacks a field.
    #[error("its header was changed: {what}")]
    Header {
        /// What is wrong.
        what: String,
    },
    /// The text has another length.
    #[error("its text has {found} bytes instead of {expected}")]
    Length {
        /// As the header says.
        expected: u64,
        /// As there are.
        found: u64,
    },
    /// The text's checksum does not fit.
    #[error("its text was changed: the checksum is {found:08x} instead of {expected:08x}")]
    Checksum {
        /// As the header says.
        expected: u32,
        /// Of what is there.
        found: u32,
    },
    /// The text is not UTF-8.
    #[error("its text is not UTF-8 (byte {offset})")]
    NotUtf8 {
        /// Of the first bad byte.
        offset: usize,
    },
    /// The disk does not give it back.
    #[error("the disk cannot read it: {reason}")]
    Unreadable {
        /// The system's answer.
        reason: String,
    },
}

/// The layout that this release writes.
const FORMAT: &str = "1";

/// A header is at most this long.
pub(crate) const HEADER_LIMIT: u64 = 64 * 1024;

/// A header, and what follows it.
struct Parts<'a> {
    json: &'a str,
    text_crc32: u32,
    length: u64,
    body: &'a [u8],
}

/// A text with its header, as a file that people can read and load as it is.
///
/// Three lines that begin with `##`, a comment in the configuration language, then the text, byte for byte: kind and
/// format, the header as JSON, and the sums: `## header 1a2b3c4d text 5e6f7a8b bytes 120`, CRC-32 (IEEE) of the JSON and of
/// the text.
pub(crate) fn encode<H: Serialize>(kind: &str, header: &H, text: &str) -> Vec<u8> {
    let json = serde_json::to_string(header).expect("headers are made of words and numbers");
    let (header, body) = (crc32fast::hash(json.as_bytes()), crc32fast::hash(text.as_bytes()));
    let length = text.len();
    format!("## flumen {kind}, format {FORMAT}\n## {json}\n## header {header:08x} text {body:08x} bytes {length}\n{text}")
        .into_bytes()
}

/// Header and text of a whole file.
///
/// # Errors
/// When a single bit of it is not as it was written.
pub(crate) fn decode<H: DeserializeOwned>(kind: &str, bytes: &[u8]) -> Result<(H, String), Damage> {
    let parts = split(kind, bytes)?;
    let header = parse(parts.json)?;
    let found = parts.body.len() as u64;
    if found != parts.length {
        return Err(Damage::Length { expected: parts.length, found });
    }
    let found = crc32fast::hash(parts.body);
    if found != parts.text_crc32 {
        return Err(Damage::Checksum { expected: parts.text_crc32, found });
    }
    match std::str::from_utf8(parts.body) {
        Ok(text) => Ok((header, text.to_owned())),
        Err(error) => Err(Damage::NotUtf8 { offset: error.valid_up_to() }),
    }
}

/// Header of a file of which at least [`HEADER_LIMIT`] bytes are given; its text is not looked at.
///
/// # Errors
/// As [`decode`], of the header alone.
pub(crate) fn decode_header<H: DeserializeOwned>(kind: &str, bytes: &[u8]) -> Result<H, Damage> {
    parse(split(kind, bytes)?.json)
}

fn parse<H: DeserializeOwned>(json: &str) -> Result<H, Damage> {
    serde_json::from_str(json).map_err(|error| Damage::Header { what: error.to_string() })
}

fn split<'a>(kind: &str, bytes: &'a [u8]) -> Result<Parts<'a>, Damage> {
    let (title, rest) = line(bytes).ok_or(Damage::NoHeader)?;
    let (json, rest) = line(rest).ok_or(Damage::NoHeader)?;
    let (sums, body) = line(rest).ok_or(Damage::NoHeader)?;
    let (found, format) = title
        .strip_prefix("flumen ")
        .and_then(|title| title.split_once(", format "))
        .ok_or(Damage::NoHeader)?;
    if format != FORMAT {
        return Err(Damage::Format { found: format.to_owned() });
    }
    if found != kind {
        return Err(Damage::Misnamed { found: format!("a {found}") });
    }
    let sum = |word: &str| u32::from_str_radix(word, 16).ok();
    let [header_crc32, text_crc32, length] = match *sums.split(' ').collect::<Vec<_>>() {
        ["header", header, "text", text, "bytes", length] => {
            [sum(header).map(u64::from), sum(text).map(u64::from), length.parse().ok()]
        }
        _ => [None; 3],
    };
    let (Some(header_crc32), Some(text_crc32), Some(length)) = (header_crc32, text_crc32, length) else {
        return Err(Damage::Header { what: "the line of the sums cannot be read".to_owned() });
    };
    let found = crc32fast::hash(json.as_bytes());
    if u64::from(found) != header_crc32 {
        return Err(Damage::Header {
            what: format!("the checksum is {found:08x} instead of {header_crc32:08x}"),
        });
    }
    Ok(Parts { json, text_crc32: text_crc32 as u32, length, body })
}

/// The text of a `## ` line, and what follows it.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let text = std::str::from_utf8(&bytes[..end]).ok()?.strip_prefix("## ")?;
    Some((text, &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::{Damage, decode, decode_header, encode};
    use proptest::prelude::{any, proptest};
    use std::collections::BTreeMap;

    type Header = BTreeMap<String, String>;

    fn header() -> Header {
        BTreeMap::from([("comment".to_owned(), "two\nlines".to_owned())])
    }

    #[test]
    fn a_text_comes_back_byte_for_byte_below_three_comment_lines() {
        for text in ["", "a", "a\n", "\n## x\r\n\u{e9}"] {
            let bytes = encode("commit", &header(), text);
            assert_eq!(decode("commit", &bytes), Ok((header(), text.to_owned())));
            assert_eq!(decode_header("commit", &bytes), Ok(header()));
            let file = String::from_utf8(bytes).unwrap();
            assert!(file.lines().take(3).all(|line| line.starts_with("## ")), "{file}");
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_recognised() {
        let whole = encode("commit", &header(), "system { host-name gw; }\n");
        for at in 0..whole.len() {
            assert!(decode::<Header>("commit", &whole[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                // An upper-case digit of a checksum is the same checksum.
                if bytes.eq_ignore_ascii_case(&whole)
                    && decode("commit", &bytes) == decode::<Header>("commit", &whole)
                {
                    continue;
                }
                assert!(decode::<Header>("commit", &bytes).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn damage_is_told_precisely() {
        let whole = encode("commit", &header(), "abc");
        let damage = |bytes: &[u8]| decode::<Header>("commit", bytes).unwrap_err();
        assert_eq!(damage(b"system {}\n"), Damage::NoHeader);
        assert_eq!(damage(&whole[..whole.len() - 1]), Damage::Length { expected: 3, found: 2 });
        assert!(damage(&encode("rescue", &header(), "")).to_string().contains("a rescue"));
        let later = String::from_utf8(whole).unwrap().replace("format 1", "format 2");
        assert_eq!(damage(later.as_bytes()).to_string(), "it has format 2, and this release reads format 1");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            let whole = [b"## flumen commit, format 1\n## {}\n## header ", &bytes[..]].concat();
            assert!(decode::<Header>("commit", &bytes).is_err());
            assert!(decode::<Header>("commit", &whole).is_err());
        }
    }
}
