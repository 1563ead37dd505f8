//! What stands in a WebSphere token: `attribute:value$attribute:value%expiry in ms%base64 of the signature`.
//!
//! A backslash takes the meaning from a `:`, `$` or `%` behind it, and stands for itself elsewhere.

use super::text;

/// The attribute that names the user, `user:REALM/NAME`.
const USER: &str = "u";
/// The attribute of version 2 that the signature covers; the time between the two `%` it does not.
const EXPIRE: &str = "expire";
/// Milliseconds by which the two ends of a token of version 2 may differ (Open Liberty, expirationDifferenceAllowed: 3 s).
const ALLOWED_DIFFERENCE: u64 = 3000;

/// An opened token, before its signature is looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body<'a> {
    /// What is signed.
    pub signed: &'a [u8],
    /// The signature.
    pub signature: Vec<u8>,
    /// Attributes in their order, without escapes.
    pub attributes: Vec<(String, String)>,
    /// End in milliseconds since 1970-01-01 UTC.
    pub expires_ms: i64,
    /// The end that stands outside of what is signed, in the same unit, where it is another by more than servers allow.
    pub disputed_ms: Option<i64>,
}

impl<'a> Body<'a> {
    /// Reads a token's plain text. `None`: it is none, so the key was another one.
    pub(super) fn parse(plain: &'a [u8]) -> Option<Self> {
        let mut parts = Split { rest: Some(plain), mark: b'%' };
        let (signed, middle, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let attributes = Split { rest: Some(signed), mark: b'$' }.map(attribute).collect::<Option<Vec<_>>>()?;
        let middle = milliseconds(&unescape(middle))?;
        let expires_ms = find(&attributes, EXPIRE).and_then(milliseconds).unwrap_or(middle);
        let disputed_ms = Some(middle).filter(|end| end.abs_diff(expires_ms) > ALLOWED_DIFFERENCE);
        find(&attributes, USER)?;
        let signature = text::decode(std::str::from_utf8(signature).ok()?)?;
        parts.next().is_none().then_some(Self { signed, signature, attributes, expires_ms, disputed_ms })
    }

    /// The attributes besides user and expiry.
    pub(super) fn others(self) -> Vec<(String, String)> {
        self.attributes.into_iter().filter(|(name, _)| name != USER && name != EXPIRE).collect()
    }

    /// Realm and name of the user. The realm ends with the first slash: names may hold some.
    pub(super) fn user(&self) -> (Option<String>, Option<String>) {
        let user = find(&self.attributes, USER).unwrap_or_default();
        let user = user.strip_prefix("user:").unwrap_or(user);
        match user.split_once('/') {
            Some((realm, name)) => (Some(realm.to_owned()), Some(name.to_owned())),
            None => (None, Some(user.to_owned())),
        }
    }
}

fn find<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn attribute(text: &[u8]) -> Option<(String, String)> {
    let mut halves = Split { rest: Some(text), mark: b':' };
    let name = halves.next()?;
    Some((unescape(name), unescape(halves.rest?)))
}

fn milliseconds(text: &str) -> Option<i64> {
    text.parse().ok().filter(|&time: &i64| time >= 0)
}

fn unescape(text: &[u8]) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' || !matches!(tail, [b':' | b'$' | b'%', ..]) {
            plain.push(byte);
        } else if let Some((&escaped, tail)) = tail.split_first() {
            plain.push(escaped);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The parts between marks that no backslash precedes.
struct Split<'a> {
    rest: Option<&'a [u8]>,
    mark: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest.take()?;
        let mut before = 0;
        let end = text.iter().position(|&byte| {
            let ends = byte == self.mark && before != b'\\';
            before = byte;
            ends
        });
        let (part, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        self.rest = rest.get(1..);
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_version_1() {
        let body = Body::parse(b"u:user\\:ldap\\:389/uid=a/b,o=c\\%\\$%1696698481000%QUJD").unwrap();
        assert_eq!(body.user(), (Some("ldap:389".into()), Some("uid=a/b,o=c%$".into())));
        assert_eq!((body.expires_ms, body.signature.as_slice()), (1_696_698_481_000, b"ABC".as_slice()));
        assert_eq!(body.signed, b"u:user\\:ldap\\:389/uid=a/b,o=c\\%\\$");
    }

    #[test]
    fn the_signed_time_of_version_2_counts() {
        let body = Body::parse(b"expire:5$u:user\\:r/n\\x$host:a\\:b%9%QUJD").unwrap();
        assert_eq!((body.expires_ms, body.disputed_ms), (5, None), "servers allow for three seconds");
        let disputed = Body::parse(b"expire:5$u:ann%3006%QUJD").unwrap();
        assert_eq!((disputed.expires_ms, disputed.disputed_ms), (5, Some(3006)));
        assert_eq!(Body::parse(b"u:ann%9000%QUJD").unwrap().disputed_ms, None, "version 1 has one end");
        assert_eq!(body.user(), (Some("r".into()), Some("n\\x".into())));
        assert_eq!(body.others(), [("host".into(), "a:b".into())]);
        assert_eq!(Body::parse(b"u:ann%9%QUJD").unwrap().user(), (None, Some("ann".into())));
    }

    #[test]
    fn noise_is_no_token() {
        let whole = b"expire:5$u:user\\:r/n%9%QUJD";
        for end in 0..whole.len() - 3 {
            assert_eq!(Body::parse(&whole[..end]), None, "{end}");
        }
        for noise in ["", "%%", "u:x%%QUJD", "u:x%-1%QUJD", "u:x%1%!", "x:x%1%QUJD", "u%1%QUJD", "u:x%1%QUJD%"] {
            assert_eq!(Body::parse(noise.as_bytes()), None, "{noise}");
        }
    }
}
