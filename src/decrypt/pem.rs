//! Private RSA keys out of PEM (RFC 7468): PKCS#1 and PKCS#8.

use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;

/// Why a file holds no key that can be used. Says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No PEM at all.
    #[error("this is no PEM file: it should hold a private key between lines with -----BEGIN and -----END")]
    NoPem,
    /// Certificates only.
    #[error("this is a certificate; give the private key that belongs to it")]
    Certificate,
    /// A public key.
    #[error("this is a public key; give the private key that belongs to it")]
    PublicKey,
    /// The key is encrypted.
    #[error("the key is encrypted; take the password off with: openssl rsa -in FILE -out plain.pem")]
    Encrypted,
    /// Another algorithm.
    #[error("this is not an RSA key; with other keys the key exchange has forward secrecy, and only a key log helps")]
    NotRsa,
    /// It cannot be read.
    #[error("the private key is damaged: {0}")]
    Damaged(String),
}

/// All private RSA keys of the text; an error if there is none.
pub(super) fn private_keys(text: &str) -> Result<Vec<PrivateKey>, PemError> {
    let (mut keys, mut problem) = (Vec::new(), None);
    for block in blocks(text) {
        match block.key() {
            Ok(key) => keys.push(key),
            // What is wrong with a key says more than that a certificate stands beside it.
            Err(PemError::Certificate) if problem.is_some() => {}
            Err(error) => problem = Some(error),
        }
    }
    if keys.is_empty() { Err(problem.unwrap_or(PemError::NoPem)) } else { Ok(keys) }
}

/// One block: what stands behind BEGIN, and all of it.
struct Block<'a> {
    label: &'a str,
    text: &'a str,
}

/// The blocks of a text. What stands around them (bag attributes of OpenSSL) does not matter.
fn blocks(text: &str) -> impl Iterator<Item = Block<'_>> {
    const BEGIN: &str = "-----BEGIN ";
    text.match_indices(BEGIN).filter_map(|(at, _)| {
        let text = text.get(at..)?;
        let (label, _) = text.get(BEGIN.len()..)?.split_once("-----")?;
        let end = format!("-----END {label}-----");
        let length = text.find(&end)?.checked_add(end.len())?;
        Some(Block { label, text: text.get(..length)? })
    })
}

impl Block<'_> {
    fn key(&self) -> Result<PrivateKey, PemError> {
        match self.label {
            "RSA PRIVATE KEY" if self.text.contains("ENCRYPTED") => Err(PemError::Encrypted),
            "RSA PRIVATE KEY" => PrivateKey::from_pkcs1_pem(self.text).map_err(damaged),
            "PRIVATE KEY" => PrivateKey::from_pkcs8_pem(self.text).map_err(|error| match error {
                rsa::pkcs8::Error::PublicKey(rsa::pkcs8::spki::Error::OidUnknown { .. }) => PemError::NotRsa,
                other => damaged(other),
            }),
            "ENCRYPTED PRIVATE KEY" => Err(PemError::Encrypted),
            "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE" => Err(PemError::Certificate),
            label if label.ends_with("PUBLIC KEY") => Err(PemError::PublicKey),
            label if label.ends_with("PRIVATE KEY") => Err(PemError::NotRsa),
            label => Err(PemError::Damaged(format!("it holds a block of type {label}"))),
        }
    }
}

fn damaged(error: impl std::fmt::Display) -> PemError {
    PemError::Damaged(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for this test.
    const PKCS1: &str = "\
-----BEGIN RSA PRIVATE KEY-----
MIIBPAIBAAJBAKfJ3mi+x8+R1UESVBYuc7uWrD2jqZNvSod1mpVujhWQThaysxgN
ibhknuipZ8zo+khrC+zXBwPhYli17FtmojcCAwEAAQJBAKEM0a8ml/FzoAbCifV0
ht+i4xaTFfyPETFuP395S2YDvCKnc2Vpo8iXWgKKLRGTy7NBrNly94JoAsWwB/yG
QrECIQDPo09mV5oYm1eTpZppOl8on7Z8wHLRoy7kdHZogzDlnwIhAM7efGWiT6YO
9AV+5+D1b1lXGHOy5syK5ay9AnGESwxpAiEAlfNJpw5CsdyVnYIuBipqiGr3HhbZ
lL31YnUdAhMkX98CIA7/JAd+J8YDCX+ofojZYhQY80XX71FetF28agPusj4ZAiEA
oA7Poa76oL2uIVZ5g1qsnY8qIEDHoD2x9hKwwYYJvLo=
-----END RSA PRIVATE KEY-----
";
    /// The key above in PKCS #8.
    const PKCS8: &str = "\
-----BEGIN PRIVATE KEY-----
MIIBVgIBADANBgkqhkiG9w0BAQEFAASCAUAwggE8AgEAAkEAp8neaL7Hz5HVQRJU
Fi5zu5asPaOpk29Kh3WalW6OFZBOFrKzGA2JuGSe6KlnzOj6SGsL7NcHA+FiWLXs
W2aiNwIDAQABAkEAoQzRryaX8XOgBsKJ9XSG36LjFpMV/I8RMW4/f3lLZgO8Iqdz
ZWmjyJdaAootEZPLs0Gs2XL3gmgCxbAH/IZCsQIhAM+jT2ZXmhibV5Olmmk6Xyif
tnzActGjLuR0dmiDMOWfAiEAzt58ZaJPpg70BX7n4PVvWVcYc7LmzIrlrL0CcYRL
DGkCIQCV80mnDkKx3JWdgi4GKmqIavceFtmUvfVidR0CEyRf3wIgDv8kB34nxgMJ
f6h+iNliFBjzRdfvUV60XbxqA+6yPhkCIQCgDs+hrvqgva4hVnmDWqydjyogQMeg
PbH2ErDBhgm8ug==
-----END PRIVATE KEY-----
";
    const EC: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgIPll6l7IgcRpSUmi
xETwVUuaUYqQdFlPD0jXJGc0QpihRANCAAQl403cZHuicPdYavaizgM3hU6tKua7
7jolxCLpev+oqyc1L/gTo+fzniWtGRHg4/Sj189c9371RgtYkreY7Acn
-----END PRIVATE KEY-----
";

    #[test]
    fn keys_of_both_forms_are_read_whatever_stands_around() {
        let text = format!("Bag Attributes\n  friendlyName: default\n{PKCS1}junk\n{PKCS8}");
        let keys = private_keys(&text).unwrap();
        assert_eq!(keys.len(), 2);
        assert!(keys[0] == keys[1]);
    }

    #[test]
    fn what_is_no_usable_key_says_what_to_do() {
        let relabelled = |label: &str| PKCS8.replace("PRIVATE KEY", label);
        let old = PKCS1.replace("KEY-----\nMII", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMII");
        for (text, error) in [
            ("", PemError::NoPem),
            ("-----BEGIN PRIVATE KEY-----", PemError::NoPem),
            (&relabelled("CERTIFICATE"), PemError::Certificate),
            (&relabelled("PUBLIC KEY"), PemError::PublicKey),
            (&relabelled("ENCRYPTED PRIVATE KEY"), PemError::Encrypted),
            (&old, PemError::Encrypted),
            (EC, PemError::NotRsa),
            (&relabelled("EC PRIVATE KEY"), PemError::NotRsa),
            (&format!("{EC}{}", relabelled("CERTIFICATE")), PemError::NotRsa),
        ] {
            assert_eq!(private_keys(text).unwrap_err(), error, "{text}");
        }
        let damaged = PKCS8.replace("MIIB", "MIIC");
        assert!(private_keys(&damaged).unwrap_err().to_string().starts_with("the private key is damaged"));
    }

    #[test]
    fn every_truncation_is_an_error() {
        for length in 0..PKCS8.len() - 1 {
            assert!(private_keys(&PKCS8[..length]).is_err());
        }
    }
}
