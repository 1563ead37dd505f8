//! LTPA tokens of other projects' tests, with their keys and contents. They stay where they are: `reference/ltpa_vectors.json`
//! beside the folder of `NRPCSNIFF_CORPUS`; without it this test says so and passes.

use nrpcsniff_dissectors::Reading;
use nrpcsniff_dissectors::ltpa::{Class, Flag, Keyring, Token};
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn vectors() -> Option<Value> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let corpus = std::env::var_os("NRPCSNIFF_CORPUS").map_or_else(beside, PathBuf::from);
    let path = corpus.parent()?.join("reference/ltpa_vectors.json");
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("SKIPPED: {} is not there; set NRPCSNIFF_CORPUS", path.display());
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} in {value}"))
}

/// The key file as WebSphere writes it, with its escapes.
fn key_file(properties: &Value) -> String {
    properties.as_object().unwrap().iter().fold("#IBM WebSphere\n".to_owned(), |mut file, (key, value)| {
        let value = value.as_str().unwrap().replace(':', "\\:").replace('=', "\\=");
        writeln!(file, "{key}={value}").unwrap();
        file
    })
}

fn keys(vector: &Value) -> Keyring {
    let mut keys = Keyring::new();
    if vector["secret_b64"].is_string() {
        keys.add_domino_secret(text(vector, "secret_b64")).unwrap();
    } else {
        let file = key_file(&vector["keyfile"]);
        let wrong = keys.add_key_file(file.as_bytes(), &[b"wrong"]).unwrap_err();
        assert!(wrong.to_string().contains("password"), "{wrong}");
        keys.add_key_file(file.as_bytes(), &[b"wrong", text(vector, "password").as_bytes()]).unwrap();
    }
    keys
}

/// The token with the last bit of that byte turned.
fn damaged(token: &str, at: usize) -> String {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let mut raw = engine.decode(token).unwrap();
    raw[at] ^= 1;
    engine.encode(raw)
}

#[test]
fn every_token_is_opened_and_verified() {
    let Some(file) = vectors() else { return };
    let list = file["vectors"].as_array().unwrap();
    assert_eq!(list.len(), 9);
    for vector in list {
        let (id, expected) = (text(vector, "id"), &vector["expected"]);
        let (class, name) = match text(vector, "format") {
            "domino-v0" => (Class::Domino, "LtpaToken"),
            "ltpa1" => (Class::WebsphereV1, "LtpaToken"),
            _ => (Class::WebsphereV2, "LtpaToken2"),
        };
        let value = text(vector, "token_b64");
        let token = Token::in_cookie(name, value).unwrap();
        assert_eq!((token.class, token.flags.as_slice()), (class, [].as_slice()), "{id}");
        let keys = keys(vector);
        let opened = token.open(&keys).unwrap_or_else(|| panic!("{id} was not opened"));
        assert_eq!((opened.class(), opened.verified), (class, Some(true)), "{id}");
        assert_eq!(opened.user.as_deref(), expected["user"].as_str(), "{id}");
        assert_eq!(opened.realm.as_deref(), expected["realm"].as_str(), "{id}");
        let expires =
            expected["expiry_ms"].as_i64().unwrap_or_else(|| expected["expiry_unix"].as_i64().unwrap() * 1000);
        assert_eq!(opened.expires_ms, Some(expires), "{id}");
        let fields = token.fields(&Reading { keys: &keys, ..Reading::masked(0) });
        let utc = fields.iter().find(|(key, _)| *key == "expires").unwrap();
        assert_eq!(utc.1, text(expected, "expiry_utc").into(), "{id}");
        if class == Class::Domino {
            assert_eq!(token.created, expected["creation_unix"].as_i64(), "{id}");
            assert_eq!(token.user, opened.user, "{id}");
        }
        // Without its name, too.
        assert_eq!(Token::read(None, value).open(&keys), Some(opened), "{id}");
    }
}

#[test]
fn a_damaged_token_is_not_verified() {
    let Some(file) = vectors() else { return };
    for vector in file["vectors"].as_array().unwrap() {
        let (keys, value) = (keys(vector), text(vector, "token_b64"));
        let length = usize::try_from(vector["expected"]["decoded_len"].as_u64().unwrap()).unwrap();
        for at in 0..length {
            let token = Token::read(None, &damaged(value, at));
            let opened = token.open(&keys);
            // The time that stands in the middle is signed in no version, and in version 1 there is no other.
            let is_middle = opened.as_ref().is_some_and(|opened| {
                let whole = Token::read(None, value).open(&keys).unwrap();
                opened.verified == Some(true) && opened.user == whole.user && opened.realm == whole.realm
            });
            let fails = opened.is_none_or(|opened| opened.verified == Some(false));
            assert!(fails || (is_middle && token.class != Class::Domino), "{} byte {at}", text(vector, "id"));
        }
    }
}

/// Of tokens that the same keys made, the first block is the same.
#[test]
fn fingerprints_tell_the_keys() {
    let Some(file) = vectors() else { return };
    let list = file["vectors"].as_array().unwrap();
    let read = |id: &str| {
        let vector = list.iter().find(|vector| text(vector, "id") == id).unwrap();
        let name = if text(vector, "format") == "ltpa2" { "LtpaToken2" } else { "LtpaToken" };
        Token::read(Some(name), text(vector, "token_b64"))
    };
    let (amlen, ima) = (read("was-v1-amlen"), read("was-v1-ima4test"));
    assert_eq!((amlen.same_key(&amlen), amlen.same_key(&ima)), (Some(true), Some(false)));
    assert_eq!((amlen.same_identity(&amlen), amlen.same_identity(&ima)), (Some(true), None));
    let (v2, jip) = (read("was-v2-amlen"), read("was-v2-jip"));
    assert_eq!((v2.same_key(&v2), v2.same_key(&jip), v2.same_key(&amlen)), (Some(true), None, None));
}

#[test]
fn foreign_keys_open_nothing() {
    let Some(file) = vectors() else { return };
    let list = file["vectors"].as_array().unwrap();
    for (vector, other) in list.iter().flat_map(|a| list.iter().map(move |b| (a, b))) {
        let same = |key: &str| vector[key] == other[key];
        if (same("secret_b64") && same("keyfile")) || vector["secret_b64"].is_string() {
            continue;
        }
        let token = Token::read(None, text(vector, "token_b64"));
        assert_eq!(token.open(&keys(other)), None, "{} with the keys of {}", text(vector, "id"), text(other, "id"));
    }
}

/// What each value that is no token turns out to be.
#[test]
fn values_that_are_no_tokens() {
    let Some(file) = vectors() else { return };
    let list = file["negative"].as_array().unwrap();
    let is = |id| match id {
        "neg-undefined" => (Class::Undefined, vec![]),
        "neg-quoted-undefined" => (Class::Undefined, vec![Flag::Quoted]),
        "neg-empty" => (Class::Empty, vec![]),
        "neg-truncated-v1" => (Class::Truncated, vec![]),
        "neg-short-domino" => (Class::Truncated, vec![Flag::DominoHeader]),
        "neg-plus-to-space" => (Class::Websphere, vec![Flag::PlusToSpace]),
        other => panic!("{other} is new"),
    };
    assert_eq!(list.len(), 6);
    for vector in list {
        let token = Token::read(None, text(vector, "cookie_value"));
        assert_eq!((token.class, token.flags), is(text(vector, "id")));
    }
    let repaired = list.iter().find(|vector| text(vector, "id") == "neg-plus-to-space").unwrap();
    let whole = file["vectors"].as_array().unwrap().iter().find(|vector| text(vector, "id") == "was-v2-amlen").unwrap();
    let token = Token::read(None, text(repaired, "cookie_value"));
    assert_eq!(token.fingerprint, Token::read(None, text(whole, "token_b64")).fingerprint);
    assert_eq!(token.open(&keys(whole)).unwrap().verified, Some(true));
}
