/// Iterator over attributes: type without its flag bits, and value. Ends at the first that is cut short.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a>(&'a [u8]);

/// Builds a run of attributes, host byte order, padded to four bytes.
#[derive(Default)]
pub(crate) struct AttributeWriter(Vec<u8>);

const HEADER: usize = 4;
const TYPE_MASK: u16 = 0x3fff;
const NESTED: u16 = 0x8000;

const fn align(length: usize) -> usize {
    (length + 3) & !3
}

/// A value that is a 16-bit number.
pub(crate) fn u16_ne(value: &[u8]) -> Option<u16> {
    value.try_into().ok().map(u16::from_ne_bytes)
}

/// A value that is a 32-bit number.
pub(crate) fn u32_ne(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_ne_bytes)
}

/// A value that is a 64-bit number.
pub(crate) fn u64_ne(value: &[u8]) -> Option<u64> {
    value.try_into().ok().map(u64::from_ne_bytes)
}

/// A value that is text, without the zero that ends it.
pub(crate) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    String::from_utf8_lossy(&value[..end]).into_owned()
}

// === impl Attributes ===

impl<'a> Attributes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Attributes<'a> {
        Attributes(bytes)
    }

    /// The value of the first attribute of this type.
    pub(crate) fn get(self, wanted: u16) -> Option<&'a [u8]> {
        let mut attributes = self;
        attributes.find(|(kind, _)| *kind == wanted).map(|(_, value)| value)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let header = self.0.get(..HEADER)?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]) & TYPE_MASK;
        let value = self.0.get(HEADER..length)?;
        self.0 = self.0.get(align(length)..).unwrap_or_default();
        Some((kind, value))
    }
}

// === impl AttributeWriter ===

impl AttributeWriter {
    /// Adds one attribute.
    pub(crate) fn put(mut self, kind: u16, value: &[u8]) -> AttributeWriter {
        let length = u16::try_from(HEADER + value.len()).expect("the callers' values are a few bytes long");
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(align(self.0.len()), 0);
        self
    }

    /// Adds text, ended by zero.
    pub(crate) fn put_text(self, kind: u16, value: &str) -> AttributeWriter {
        self.put(kind, &[value.as_bytes(), &[0]].concat())
    }

    /// Adds attributes inside of one.
    pub(crate) fn put_nested(self, kind: u16, inner: AttributeWriter) -> AttributeWriter {
        self.put(kind | NESTED, &inner.0)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{AttributeWriter, Attributes, text, u32_ne};

    #[test]
    fn attributes_come_back_with_padding_and_nesting_taken_off() {
        let inner = AttributeWriter::default().put(1, &7_u32.to_ne_bytes());
        let bytes = AttributeWriter::default().put_text(3, "eth0").put_nested(5, inner).into_bytes();
        let attributes = Attributes::new(&bytes);
        assert_eq!(text(attributes.get(3).unwrap()), "eth0");
        let nested = Attributes::new(attributes.get(5).unwrap());
        assert_eq!(u32_ne(nested.get(1).unwrap()), Some(7));
        assert_eq!(attributes.count(), 2);
        assert!(attributes.get(4).is_none());
    }

    #[test]
    fn a_run_that_is_cut_short_or_lies_about_its_length_ends() {
        let bytes = AttributeWriter::default().put(1, &[1, 2, 3, 4]).put(2, &[5, 6]).into_bytes();
        for cut in 0..bytes.len() {
            assert!(Attributes::new(&bytes[..cut]).count() <= 2);
        }
        assert_eq!(Attributes::new(&[3, 0, 1, 0]).count(), 0, "shorter than its header");
        assert_eq!(Attributes::new(&[255, 255, 1, 0, 9]).count(), 0, "longer than the message");
    }
}
