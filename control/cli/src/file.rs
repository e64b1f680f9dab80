use crate::failure::Failure;
use std::io::Read;
use std::path::Path;

/// Most that is read: what one message to the daemon can carry, and more than any configuration has.
const MAX_BYTES: u64 = 16 << 20;

/// A file as it is; `-` is standard input.
///
/// # Errors
/// [`Failure::Usage`] when it cannot be read or is too large.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut content)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut content))
    };
    match read {
        Err(error) => Err(Failure::Usage(format!("cannot read {}: {error}", path.display()))),
        Ok(size) if size as u64 > MAX_BYTES => {
            Err(Failure::Usage(format!("{} has more than {MAX_BYTES} bytes", path.display())))
        }
        Ok(_) => Ok(content),
    }
}

/// A text file; `-` is standard input.
///
/// # Errors
/// As [`read_bytes`]; also when it is not UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read_bytes(path)?)
        .map_err(|error| Failure::Usage(format!("{} is not UTF-8 text: {error}", path.display())))
}

/// As shown in messages.
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() }
}
