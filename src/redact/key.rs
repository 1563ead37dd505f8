//! Stand-ins: what is put in place of a secret. The key of the run decides which, so that the same secret always gets the same one,
//! and nobody without the key can tell from which it comes.

use sha2::{Digest, Sha256};

/// The key of a run.
#[derive(Clone)]
pub(crate) struct Key([u8; 32]);

/// Never shows the key.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// Out of whatever a key file holds: the same bytes, the same stand-ins.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Bytes without end that depend on the key, on what they are for, and on the secret.
    pub(crate) fn stream(&self, label: &str, secret: &[u8]) -> impl Iterator<Item = u8> + use<> {
        // The lengths stand in front, so that no two inputs run into one another.
        let mut hash = Sha256::new_with_prefix(self.0);
        hash.update((label.len() as u64).to_le_bytes());
        hash.update(label);
        hash.update(secret);
        let seed: [u8; 32] = hash.finalize().into();
        (0_u64..).flat_map(move |count| {
            let mut block = Sha256::new_with_prefix(seed);
            block.update(count.to_le_bytes());
            <[u8; 32]>::from(block.finalize())
        })
    }

    /// Puts other letters and digits in place of those in a text; everything else stays. `secret` decides which: the text as it is
    /// read, whatever escapes it is written with.
    pub(crate) fn scramble(&self, text: &mut [u8], secret: &[u8]) {
        let is_hex = secret.len() >= 8 && secret.iter().all(u8::is_ascii_hexdigit);
        let letters = if is_hex { 6 } else { 26 };
        let mut stream = self.stream("text", secret);
        let mut rest = text;
        while let Some((&first, _)) = rest.split_first() {
            // What follows a percent sign says which character it is, and stays.
            let escaped = first == b'%' && rest.get(1..3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
            let (now, behind) = rest.split_at_mut(if escaped { 3 } else { 1 });
            if let [byte] = now {
                *byte = exchanged(*byte, letters, &mut stream);
            }
            rest = behind;
        }
    }

    /// Puts other bytes in place of all.
    pub(crate) fn replace(&self, bytes: &mut [u8], label: &str) {
        let stream = self.stream(label, bytes);
        for (byte, other) in bytes.iter_mut().zip(stream) {
            *byte = other;
        }
    }
}

/// Another byte of the same class; what is neither letter nor digit stays.
pub(super) fn exchanged(byte: u8, letters: u8, stream: &mut impl Iterator<Item = u8>) -> u8 {
    let (base, count) = match byte {
        b'0'..=b'9' => (b'0', 10),
        b'a'..=b'z' => (b'a', letters),
        b'A'..=b'Z' => (b'A', letters),
        _ => return byte,
    };
    // At most 26: an even hand matters less than that nobody can go back.
    base.saturating_add(stream.next().unwrap_or_default().checked_rem(count).unwrap_or_default())
}

/// What nobody understands, made to say nothing: letters and digits become `x`, `X` and `0`, other bytes that can be printed stay,
/// and so do line ends; the rest becomes zero.
pub(crate) fn blank(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = match *byte {
            b'0'..=b'9' => b'0',
            b'a'..=b'z' => b'x',
            b'A'..=b'Z' => b'X',
            b'\t' | b'\r' | b'\n' | b' '..=b'~' => *byte,
            _ => 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrambled(key: &Key, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        key.scramble(&mut bytes, text.as_bytes());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_stand_in_has_length_and_classes_of_the_secret_and_is_always_the_same() {
        let (one, other) = (Key::of(b"one"), Key::of(b"other"));
        let stand_in = scrambled(&one, "Hunter2-%C3%A4_x");
        assert_eq!(stand_in, scrambled(&one, "Hunter2-%C3%A4_x"));
        assert_ne!(stand_in, scrambled(&other, "Hunter2-%C3%A4_x"));
        assert_ne!(&stand_in[..7], "Hunter2");
        assert!(stand_in.starts_with(|c: char| c.is_ascii_uppercase()));
        assert!(stand_in[7..].starts_with("-%C3%A4_"), "{stand_in}");
        assert!(stand_in.as_bytes()[6].is_ascii_digit());
        assert!(scrambled(&one, "6629fae49393a05397450978507c4ef1").bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(format!("{one:?}"), "Key");
    }

    #[test]
    fn blanked_bytes_say_nothing_but_their_class() {
        let mut bytes = b"GET /a?b=7\r\n\x00\x93\xff".to_vec();
        blank(&mut bytes);
        assert_eq!(bytes, b"XXX /x?x=0\r\n\0\0\0");
    }
}
