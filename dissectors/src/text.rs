//! Text of headers, whose encoding nobody states.

/// UTF-8, else Latin-1 as older clients write it.
pub(crate) fn lenient(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_encodings() {
        assert_eq!(lenient("Jörg".as_bytes()), "Jörg");
        assert_eq!(lenient(b"J\xF6rg"), "Jörg");
    }
}
