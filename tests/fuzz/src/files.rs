//! A file as it arrives: its name and its stream.

use crate::bounded;
use proto::session::TransferId;
use transfer::{DIGEST_BYTES, FileReceiver, FileSender, PartName, ReceiveError, SafeName};

/// Two bytes: the size of the file that was announced, up to 4 KiB. One: how much of it the disk
/// has, in 256ths. One: how long the pieces are. The rest is the stream.
pub fn file(data: &[u8]) {
    let Some(([high, low, resume, piece], bytes)) = data.split_first_chunk::<4>() else { return };
    let size = u64::from(u16::from_be_bytes([*high, *low]) % 4096);
    let resume_at = size * u64::from(*resume) / 256;
    let prefix = vec![7; usize::try_from(resume_at).unwrap()];
    let mut receiver = FileReceiver::resume(size, resume_at).unwrap();
    assert!(FileReceiver::resume(size, size + 1).is_err());
    receiver.hash_prefix(&prefix).unwrap();
    assert_eq!(receiver.hash_prefix(&[0]), Err(ReceiveError::PrefixLength));

    let mut content = prefix.clone();
    let mut surplus = false;
    for piece in bytes.chunks(usize::from(*piece) + 1) {
        match bounded(4096, || receiver.feed(piece)) {
            Ok(block) => content.extend_from_slice(block),
            Err(error) => {
                assert_eq!(error, ReceiveError::Surplus);
                surplus = true;
                break;
            }
        }
        assert_eq!(receiver.done_bytes(), content.len() as u64);
        assert!(content.len() as u64 <= size);
    }
    assert!(bytes.starts_with(&content[prefix.len()..]));
    if surplus {
        assert!(bytes.len() as u64 > size - resume_at + DIGEST_BYTES as u64);
        return;
    }
    let complete = receiver.is_complete();
    assert_eq!(complete, bytes.len() as u64 == size - resume_at + DIGEST_BYTES as u64);
    let verdict = receiver.finish();
    if !complete {
        assert_eq!(verdict, Err(ReceiveError::Truncated));
        return;
    }
    // The sender of that content would have ended it with this digest and no other.
    let mut sender = FileSender::new(size, 0).unwrap();
    sender.push(&content).unwrap();
    assert_eq!(verdict.is_ok(), bytes.ends_with(&sender.finish().unwrap()));
}

/// A name from a peer, UTF-8 or not.
pub fn file_name(data: &[u8]) {
    let name = String::from_utf8_lossy(data);
    // PartName parses what a stranger left on the disk.
    let is_part = PartName::is_part(&name);
    let Ok(safe) = bounded(16 * data.len() + 4096, || SafeName::parse(&name)) else { return };
    let check = |safe: &SafeName| {
        let text = safe.as_str();
        assert!(!text.is_empty() && text.len() <= 200, "{text:?}");
        assert!(!text.starts_with('.') && !text.ends_with(['.', ' ']), "{text:?}");
        assert!(!text.contains(['/', '\\', '\0', ':', '*', '?', '"', '<', '>', '|']), "{text:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(!PartName::is_part(text), "{text:?}");
    };
    check(&safe);
    assert_eq!(SafeName::parse(safe.as_str()).as_ref(), Ok(&safe), "parsing again changes nothing");
    for number in [2, u32::MAX] {
        let numbered = safe.numbered(number);
        check(&numbered);
        assert_eq!(SafeName::parse(numbered.as_str()).as_ref(), Ok(&numbered));
    }
    // A long name that ends like a numbered one may be its own number 2: then the next number is tried.
    assert_ne!(safe.numbered(2), safe.numbered(3));
    let part = PartName::new(TransferId(u32::try_from(data.len()).unwrap_or(1)), [7; 16]);
    assert!(PartName::is_part(part.as_str()));
    assert!(!is_part || SafeName::parse(&name).is_ok_and(|safe| safe.as_str() != name));
}
