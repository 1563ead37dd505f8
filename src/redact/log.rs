//! Logs: the same as text in a capture, line by line, in the encoding that they have.

use super::Redactor;
use crate::capture::decompressed;
use std::io::{self, Read, Write};

/// Bytes that are looked at to tell the encoding.
const LOOKED_AT: usize = 4096;

/// Writes a log anew.
///
/// # Errors
/// It cannot be read or written.
pub(crate) fn redact_log(
    redactor: &mut Redactor,
    log: impl Read + Send + 'static,
    mut out: impl Write,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    decompressed(log)?.read_to_end(&mut bytes)?;
    let Some(is_big) = wide(&bytes) else {
        redactor.log(&mut bytes);
        return out.write_all(&bytes);
    };
    let units = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
    let units: Vec<u16> =
        units.map(|pair| if is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }).collect();
    let mut text = String::from_utf16_lossy(&units).into_bytes();
    redactor.log(&mut text);
    for unit in String::from_utf8_lossy(&text).encode_utf16() {
        out.write_all(&if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() })?;
    }
    Ok(())
}

impl Redactor {
    fn log(&mut self, bytes: &mut [u8]) {
        if let Some(names) = &mut self.names {
            names.learn_text(&super::text::readable(bytes));
        }
        self.text(bytes);
        self.names_and_addresses_in_text(bytes);
    }
}

/// UTF-16, by its mark or by zeros in every other byte: true if the higher byte comes first.
fn wide(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(false),
        [0xfe, 0xff, ..] => return Some(true),
        _ => {}
    }
    let zeros = |odd: usize| bytes.iter().take(LOOKED_AT).skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let half = bytes.len().min(LOOKED_AT).checked_div(4).unwrap_or_default();
    if zeros(1) > half { Some(false) } else { (zeros(0) > half).then_some(true) }
}

#[cfg(test)]
mod tests {
    use super::super::{Key, Options};
    use super::*;

    fn redacted(bytes: &[u8], options: Options) -> Vec<u8> {
        let mut redactor = Redactor::new(Key::of(b"k"), options);
        let mut out = Vec::new();
        redact_log(&mut redactor, io::Cursor::new(bytes.to_vec()), &mut out).unwrap();
        out
    }

    const LOG: &str = "login of CN=Beatrix Quill/O=Zwicker with Password S3cretPassw0rd from 10.1.0.9:4711\r\nsee j_password=hunter2&x=1\r\n";

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let new = String::from_utf8(redacted(LOG.as_bytes(), Options::default())).unwrap();
        assert_eq!(new.len(), LOG.len());
        assert!(
            new.starts_with("login of CN=Beatrix Quill/O=Zwicker with Password ")
                && new.contains(" from 10.1.0.9:4711\r\n")
        );
        assert!(!new.contains("S3cret") && !new.contains("hunter2") && new.contains("&x=1"));
    }

    #[test]
    fn names_and_addresses_go_if_they_should() {
        let options = Options { names: true, addresses: true, ..Options::default() };
        let new = String::from_utf8(redacted(LOG.as_bytes(), options)).unwrap();
        for word in ["Beatrix", "Quill", "Zwicker", "10.1.0.9"] {
            assert!(!new.contains(word), "{new}");
        }
        assert!(new.contains(" from 10.") && new.contains(":4711"));
    }

    #[test]
    fn a_log_in_utf_16_stays_one() {
        let bytes: Vec<u8> = std::iter::once(0xfeff).chain(LOG.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let new = redacted(&bytes, Options::default());
        let units: Vec<u16> = new.chunks_exact(2).map(|pair| u16::from_le_bytes(pair.try_into().unwrap())).collect();
        let text = String::from_utf16(&units).unwrap();
        assert!(new.len() == bytes.len() && text.contains("Beatrix") && !text.contains("S3cret"));
    }
}
