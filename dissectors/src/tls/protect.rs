//! The border to who has keys: this crate knows where a protected record stands, and an [`Opener`] what is in it.

use super::record::ContentType;
use crate::Side;

/// Why protected records cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// No key was given that could fit.
    NoKeysGiven,
    /// There is a key log, and this connection is not in it.
    NotInKeyLog,
    /// The beginning of the connection was not captured.
    HandshakeNotCaptured,
    /// A private RSA key is given, and does not help: the key exchange has forward secrecy.
    ForwardSecrecyWithRsaKey,
    /// A key is given for this connection and does not open its records.
    WrongKey,
    /// The session is resumed, and was opened where nobody saw it.
    ResumedWithoutSecret,
    /// The cipher suite is not known here.
    UnsupportedCipher,
    /// Records were lost, and what follows them cannot be read without them.
    Gap,
}

impl Why {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoKeysGiven => "no-keys-given",
            Self::NotInKeyLog => "not-in-keylog",
            Self::HandshakeNotCaptured => "handshake-not-captured",
            Self::ForwardSecrecyWithRsaKey => "forward-secrecy-with-rsa-key",
            Self::WrongKey => "wrong-key",
            Self::ResumedWithoutSecret => "resumed-without-secret",
            Self::UnsupportedCipher => "unsupported-cipher",
            Self::Gap => "gap",
        }
    }
}

/// What was in a protected record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What it carries.
    pub kind: ContentType,
    /// The content.
    pub bytes: Vec<u8>,
    /// Bytes of content in records before this one that were lost, or could not be opened. 0 if there were none.
    pub lost: u64,
}

/// Opens protected records. It is told everything that it needs in the order of each direction.
pub trait Opener: Send {
    /// A handshake message of that side, header and all, as soon as it is whole.
    fn handshake(&mut self, from: Side, message: &[u8]);

    /// What that side sends from here on is protected in another way than before.
    fn change_cipher_spec(&mut self, from: Side);

    /// Why the records of that side cannot be opened, if that is known without looking at them. They are not offered then.
    fn refuses(&mut self, from: Side) -> Option<Why>;

    /// Opens the next protected record of that side: header and fragment.
    fn open(&mut self, from: Side, record: &[u8]) -> Result<Opened, Why>;

    /// So many bytes of that side were lost before the next record, which begins right behind them.
    fn lost(&mut self, from: Side, bytes: u64);

    /// A record of so many bytes of that side was not offered, because this refused.
    fn passed(&mut self, from: Side, bytes: u64);
}

/// Has no keys.
pub(super) struct NoKeys;

impl Opener for NoKeys {
    fn handshake(&mut self, _: Side, _: &[u8]) {}

    fn change_cipher_spec(&mut self, _: Side) {}

    fn refuses(&mut self, _: Side) -> Option<Why> {
        Some(Why::NoKeysGiven)
    }

    fn open(&mut self, _: Side, _: &[u8]) -> Result<Opened, Why> {
        Err(Why::NoKeysGiven)
    }

    fn lost(&mut self, _: Side, _: u64) {}

    fn passed(&mut self, _: Side, _: u64) {}
}
