use std::io::{ErrorKind, Read, Write};

/// Largest message in either direction.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// Why a message could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side closed the connection between two messages.
    #[error("the connection was closed")]
    Closed,
    /// The other side closed the connection within a message.
    #[error("the connection was closed within a message")]
    CutShort,
    /// The other side was silent for too long.
    #[error("no answer in time")]
    TimedOut,
    /// The message is larger than [`MAX_MESSAGE_BYTES`].
    #[error("a message of {bytes} bytes is more than the {MAX_MESSAGE_BYTES} that are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not what this protocol says.
    #[error("the message cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// The socket failed.
    #[error(transparent)]
    Io(std::io::Error),
}

impl From<std::io::Error> for FrameError {
    fn from(error: std::io::Error) -> FrameError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => FrameError::TimedOut,
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                FrameError::CutShort
            }
            _ => FrameError::Io(error),
        }
    }
}

/// Reads one message. Its length is checked before memory is taken for it, and memory grows with what arrives.
///
/// # Errors
/// [`FrameError::Closed`] when the stream ends before the first byte.
pub(super) fn read_frame(stream: &mut impl Read) -> Result<Vec<u8>, FrameError> {
    let mut length = [0_u8; 4];
    let first = loop {
        match stream.read(&mut length) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    if first == 0 {
        return Err(FrameError::Closed);
    }
    stream.read_exact(&mut length[first..])?;
    let bytes = u32::from_be_bytes(length) as usize;
    if bytes > MAX_MESSAGE_BYTES {
        return Err(FrameError::TooLarge { bytes });
    }
    let mut message = Vec::new();
    let read = stream.take(bytes as u64).read_to_end(&mut message)?;
    if read < bytes { Err(FrameError::CutShort) } else { Ok(message) }
}

/// Writes one message.
///
/// # Errors
/// [`FrameError::TooLarge`] before anything is written.
pub(super) fn write_frame(stream: &mut impl Write, message: &[u8]) -> Result<(), FrameError> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(FrameError::TooLarge { bytes: message.len() });
    }
    stream.write_all(&(message.len() as u32).to_be_bytes())?;
    stream.write_all(message)?;
    stream.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FrameError, MAX_MESSAGE_BYTES, read_frame, write_frame};

    #[test]
    fn a_message_comes_back_and_the_end_between_messages_is_no_error() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, b"one").unwrap();
        write_frame(&mut bytes, b"").unwrap();
        let mut stream = bytes.as_slice();
        assert_eq!(read_frame(&mut stream).unwrap(), b"one");
        assert_eq!(read_frame(&mut stream).unwrap(), b"");
        assert!(matches!(read_frame(&mut stream), Err(FrameError::Closed)));
    }

    #[test]
    fn a_message_that_is_cut_short_or_too_large_is_refused_by_name() {
        assert!(matches!(read_frame(&mut &[0, 0][..]), Err(FrameError::CutShort)));
        assert!(matches!(read_frame(&mut &[0, 0, 0, 5, b'a'][..]), Err(FrameError::CutShort)));
        let huge = (MAX_MESSAGE_BYTES as u32 + 1).to_be_bytes();
        assert!(
            matches!(read_frame(&mut &huge[..]), Err(FrameError::TooLarge { bytes }) if bytes == MAX_MESSAGE_BYTES + 1)
        );
        let mut nothing = Vec::new();
        assert!(matches!(
            write_frame(&mut nothing, &vec![0; MAX_MESSAGE_BYTES + 1]),
            Err(FrameError::TooLarge { .. })
        ));
        assert!(nothing.is_empty());
    }
}
