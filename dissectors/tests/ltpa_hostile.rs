//! Tokens and key files that nobody meant: whatever comes, there is an answer, and no value in it.

use nrpcsniff_dissectors::ltpa::{Class, Keyring, Token};
use nrpcsniff_dissectors::{Reading, Value};
use proptest::prelude::*;

/// Public constants of other projects' unit tests: spring-security-ltpa2-core and markusberg/ltpa.
const KEYS: &[u8] = b"com.ibm.websphere.ltpa.3DESKey=JvywHhxC+EhtUdeusbo31E5IUOEPmbMxMnKTTOB39fo\\=\n";
const DOMINO: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZNeSBUZXN0IFVzZXJjcHMKyXIrtD4SZcV7DKWd67EFng==";

fn keys() -> Keyring {
    let mut keys = Keyring::new();
    keys.add_key_file(KEYS, &[b"test123"]).unwrap();
    keys.add_domino_secret("AAECAwQFBgcICQoLDA0ODxAREhM=").unwrap();
    keys
}

/// Everything that is asked of a token.
fn ask(name: &str, value: &str) -> Token {
    let keys = keys();
    let token = Token::read(Some(name), value);
    let reading = Reading { keys: &keys, ..Reading::masked(1_745_344_099_178_040_000) };
    let fields = token.fields(&reading);
    assert!(fields.iter().all(|(key, _)| *key != "value"));
    assert!(!token.label().is_empty());
    assert!(Token::in_cookie(name, value).is_none_or(|other| other.class == token.class));
    assert_eq!(token.common_blocks(&token).is_some(), token.class == Class::WebsphereV1);
    assert_ne!(token.same_identity(&token), Some(false));
    token
}

#[test]
fn every_cut_and_every_damaged_byte() {
    for end in 0..=DOMINO.len() {
        let token = ask("LtpaToken", &DOMINO[..end]);
        // 41 bytes are the least (a name of one byte), and one character beyond four is no base64.
        assert_eq!(token.class == Class::Domino, end >= 55 && end % 4 != 1, "{end}: {:?}", token.class);
        assert_eq!(token.length, end);
    }
    for at in 0..DOMINO.len() {
        for byte in 0..=127u8 {
            let mut value = DOMINO.as_bytes().to_vec();
            value[at] = byte;
            ask("LtpaToken", std::str::from_utf8(&value).unwrap());
        }
    }
}

#[test]
fn a_megabyte_is_no_token() {
    for value in ["A".repeat(1 << 20), " ".repeat(1 << 20), "%41".repeat(1 << 18), "\"".repeat(1 << 20)] {
        let token = ask("LtpaToken", &value);
        assert!(token.class == Class::Empty || token.class == Class::Other, "{:?}", token.class);
        assert!(token.value.is_empty());
    }
}

proptest! {
    #[test]
    fn any_text(name in "(LtpaToken2?|Sametime(Token)?|x)", value in any::<String>()) {
        let token = ask(&name, &value);
        prop_assert_eq!(&token, &Token::read(Some(&name), &value));
    }

    #[test]
    fn any_bytes(raw in prop::collection::vec(any::<u8>(), 0..600), blocks in any::<bool>()) {
        use base64::Engine;
        let whole = if blocks { raw.len() - raw.len() % 16 } else { raw.len() };
        let value = base64::engine::general_purpose::STANDARD.encode(&raw[..whole]);
        for name in ["LtpaToken", "LtpaToken2", "x"] {
            let token = ask(name, &value);
            prop_assert!(token.raw().unwrap_or_default() == raw[..whole] || token.class.is_word());
            // Written in other ways it is the same token.
            for written in [format!("\"{value}\""), value.replace('+', "%2b").replace('=', "%3D"), value.replace('=', "")] {
                prop_assert_eq!(Token::read(Some(name), &written).fingerprint, token.fingerprint);
            }
        }
    }

    #[test]
    fn any_domino_token(created in any::<u32>(), expires in any::<u32>(), user in prop::collection::vec(any::<u8>(), 1..300)) {
        use base64::Engine;
        let raw = [b"\0\x01\x02\x03", format!("{created:08x}{expires:08X}").as_bytes(), &user, &[7; 20]].concat();
        let token = ask("any", &base64::engine::general_purpose::STANDARD.encode(raw));
        prop_assert_eq!((token.class, token.created, token.expires), (Class::Domino, Some(created.into()), Some(expires.into())));
        prop_assert!(token.user.is_some_and(|user| !user.is_empty()));
    }

    #[test]
    fn any_key_file(file in prop::collection::vec(any::<u8>(), 0..400), at in 0..KEYS.len(), byte in any::<u8>()) {
        prop_assert!(Keyring::new().add_key_file(&file, &[b"test123"]).is_err());
        let mut damaged = KEYS.to_vec();
        damaged[at] = byte;
        if let Err(error) = Keyring::new().add_key_file(&damaged, &[b"test123"]) {
            prop_assert!(!error.to_string().contains("JvywHhx"), "{}", error);
        }
    }

    #[test]
    fn any_time(seconds in any::<i64>()) {
        let text = nrpcsniff_dissectors::ltpa::utc(seconds);
        prop_assert!(text.ends_with('Z') && Value::from(text.as_str()) == Value::Text(text));
    }
}
