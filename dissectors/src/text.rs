//! Text of headers, whose encoding nobody states, and bytes as text.

/// UTF-8, else Latin-1 as older clients write it.
pub(crate) fn lenient(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// Two hexadecimal digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        text.extend([byte >> 4, byte & 15].iter().filter_map(|&digit| char::from_digit(digit.into(), 16)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings() {
        assert_eq!(lenient("Jörg".as_bytes()), "Jörg");
        assert_eq!(lenient(b"J\xF6rg"), "Jörg");
    }

    #[test]
    fn bytes_as_digits() {
        assert_eq!((hex(&[0, 0xA9, 0xFF]).as_str(), hex(&[]).as_str()), ("00a9ff", ""));
    }
}
