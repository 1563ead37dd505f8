//! What a token's class and flags mean, in plain words: what it is, why that may be, what to do.

use crate::report::escape;
use nrpcsniff_dissectors::ltpa::{Class, Facts, Flag, Token};

/// Where WebSphere keeps the settings of its cookies.
const WEBSPHERE_SSO: &str = "WebSphere: Security > Global security > Web and SIP security > Single sign-on (SSO)";

/// The class as a heading.
pub(super) fn heading(class: Class, token: &Token) -> &'static str {
    match class {
        Class::Domino => "a token that Domino issued",
        Class::WebsphereV1 => "a WebSphere token, version 1",
        Class::WebsphereV2 => "a WebSphere token, version 2",
        Class::Websphere => "a WebSphere token, version 1 or 2",
        Class::Undefined => "no token, but the word \"undefined\"",
        Class::Empty => "no token, but an empty value",
        Class::JunkLiteral => "no token, but a word for \"nothing\"",
        Class::NotBase64 => "no token: this is not base64",
        Class::Truncated => "a token that was cut",
        Class::Other if token.has(Flag::Jwt) => "no LTPA token, but a JSON web token (JWT)",
        Class::Other if token.has(Flag::Saml) => "no LTPA token, but a SAML assertion",
        Class::Other => "no LTPA token",
    }
}

/// What a token of that class is, and why it may be where it was found, in plain words for people who never saw one.
pub(crate) fn meaning(class: Class, token: &Token) -> &'static str {
    match class {
        Class::Domino => {
            "Domino wrote it with its own SSO key. User and times stand in clear, only the signature is a secret. Whoever \
             holds it is that user until it expires: handle it like a password."
        }
        Class::WebsphereV1 => {
            "WebSphere issued it, or Domino with WebSphere's keys. It is encrypted with 3DES under the LTPA keys, so user and \
             time of expiry are seen only with them. Whoever holds it is that user until it expires: handle it like a password."
        }
        Class::WebsphereV2 => {
            "WebSphere issued it, or Domino with WebSphere's keys. It is encrypted with AES under the LTPA keys, so user and \
             time of expiry are seen only with them. Whoever holds it is that user until it expires: handle it like a password."
        }
        Class::Websphere => {
            "WebSphere issued it, or Domino with WebSphere's keys. Its length allows both versions; the name of its cookie would \
             tell (LtpaToken: version 1, LtpaToken2: version 2), and so would the LTPA keys."
        }
        Class::Undefined => {
            "A script asked for the cookie, was given nothing, and sent JavaScript's word for that in place of the token. No \
             server accepts it: the user is asked for a password, or is refused."
        }
        Class::Empty => {
            "Servers delete a cookie so: at logout, or because they did not accept the token that it held. In a request it \
             means that the client had no token to send."
        }
        Class::JunkLiteral => {
            "A script or a server wrote its word for \"nothing\" (null, NaN, none, false, [object Object]; PHP writes \
             \"deleted\") in place of the token. No server accepts it."
        }
        Class::NotBase64 => {
            "LTPA tokens are base64: letters, digits, + and /, and at most two = at the end. This is another product's value, \
             or it was cut or damaged on its way."
        }
        Class::Truncated if token.has(Flag::DominoHeader) => {
            "It begins as Domino's tokens do, but what should follow is not there: it was cut or damaged on its way."
        }
        Class::Truncated => {
            "Its length is no whole number of cipher blocks, or leaves no room for a signature: a part of it is missing."
        }
        Class::Other if token.has(Flag::Jwt) => {
            "A JWT is signed by another method and is accepted only by servers that were set up for it (Sametime 12 and later \
             use it among themselves). A server that wants LTPA ignores it."
        }
        Class::Other if token.has(Flag::Saml) => {
            "A SAML assertion belongs into a form that is posted to the service provider, which then issues an LTPA token of its \
             own. A server that wants LTPA ignores it."
        }
        Class::Other if token.has(Flag::TooLong) => {
            "It is longer than any LTPA token, and than most servers take in a header. It was not looked into."
        }
        Class::Other => "It decodes to bytes that are no encrypted token: another product's value under this name.",
    }
}

/// Remedies for a token, most likely first: what the times and the signature tell comes before the class, as it is a
/// fact and no guess.
pub(crate) fn advice(token: &Token, facts: &Facts, now: i64) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    list.extend(judged(facts, now).into_iter().map(str::to_owned));
    list.extend(token.flags.iter().filter_map(|&flag| repair(flag)).map(str::to_owned));
    match facts.class {
        Class::Undefined => list.extend([
            format!(
                "The cookie is hidden from scripts by HttpOnly. {WEBSPHERE_SSO}: clear \"Set security cookies to HTTPOnly to \
                 help prevent cross-site scripting attacks\", save, restart."
            ),
            "The cookie was never set for the host and path of the page: look at Domain and Path of the Set-Cookie that answers \
             the login."
                .to_owned(),
            format!(
                "The script looks for LtpaToken, and the server sets LtpaToken2 only. {WEBSPHERE_SSO}: turn on \
                 \"Interoperability mode\"."
            ),
        ]),
        Class::Empty => list.extend(lines(&[
            "In a Set-Cookie with Max-Age=0 or Expires in the past nothing is wrong if the user had logged out.",
            "Without a logout: look for the request before it, whose token the server refused.",
        ])),
        Class::JunkLiteral => list.extend(lines(&[
            "Look at the answer to the login: was the cookie set at all, for this host, and without HttpOnly if a script has to \
             read it?",
        ])),
        Class::Truncated => list.extend(lines(&[
            "Compare its length with that of the Set-Cookie that issued it: copying, a form field or a limit for headers may \
             have cut it.",
        ])),
        Class::NotBase64 => list.extend(lines(&[
            "Compare it with the Set-Cookie that issued it: another application may set a cookie of the same name.",
        ])),
        Class::Other => list.extend(lines(&["Look which server issued it: where it was found, an LTPA token belongs."])),
        Class::Domino | Class::WebsphereV1 | Class::WebsphereV2 | Class::Websphere => {}
    }
    list
}

/// What a DomAuthSessId is.
pub(super) const DOMINO_SESSION: &str = "Domino's session authentication for a single server set it (\"Session authentication: Single \
     Server\"). It is the number of a session that this one server keeps: it holds neither user nor time, and no other server \
     knows it. Whoever holds it is that user until the session ends: handle it like a password.";

/// What makes single sign-on of it.
pub(super) const FOR_SINGLE_SIGN_ON: [&str; 1] = [
    "For single sign-on choose \"Multiple Servers (SSO)\" as session authentication \
     in the Internet Site document (or in the Server document, Internet Protocols > Domino Web Engine) and name a Web SSO \
     Configuration document that all servers share: then LtpaToken is set instead.",
];

/// Why a value that stands alone is no token, in one sentence that does not show it.
pub(crate) fn nothing(name: Option<&str>, token: &Token) -> String {
    let why = match token.class {
        Class::NotBase64 => "it is not base64, and LTPA tokens are",
        Class::Truncated => "it is too short for one",
        _ if token.has(Flag::TooLong) => "it is longer than any",
        _ => "it decodes to bytes that nobody encrypted",
    };
    match name {
        Some(name) => {
            format!("no token: {} is the name of another cookie, and of its value: {why}", escape::terminal(name))
        }
        None => format!("no token: {why}"),
    }
}

pub(super) fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|&line| line.to_owned()).collect()
}

/// Remedies that follow from the times and the signature: all that hold, since a token may have several faults and the first one mended
/// shows the next.
fn judged(facts: &Facts, now: i64) -> Vec<&'static str> {
    let cases = [
        (
            facts.is_future(now),
            "It was created in the future: the clock of the server that issued it is ahead, or that by which it was judged is \
             behind. Set all servers by the same time source.",
        ),
        (
            facts.is_expired(now),
            "It had expired: log in again. If it happens too soon: Domino keeps the minutes in the Web SSO Configuration \
             document (Expiration), WebSphere under Security > Global security > LTPA (LTPA timeout).",
        ),
        (
            facts.disputed_end.is_some(),
            "It names two ends, one inside and one outside of what is signed, more than three seconds apart: it was changed on its \
             way, and WebSphere refuses it whatever the signature says.",
        ),
        (
            facts.verified == Some(false) && facts.class == Class::Domino,
            "None of the given secrets signed it: the server that issued it has another Web SSO Configuration document, or the \
             token was changed on its way.",
        ),
        (
            facts.verified == Some(false) && facts.class != Class::Domino,
            "The keys open it, but its signature does not hold: it was changed on its way, or the public key of the key file \
             is not that of the issuer.",
        ),
    ];
    cases.into_iter().filter_map(|(is, text)| is.then_some(text)).collect()
}

/// The damage that a flag stands for; nothing where the flag does no harm, so that it is not taken for the fault.
const fn repair(flag: Flag) -> Option<&'static str> {
    Some(match flag {
        Flag::HalfQuoted => {
            "One of its quotation marks is missing: whatever copied the value cut it or took a mark too many."
        }
        Flag::PlusToSpace => {
            "It has blanks where '+' belongs: something on its way decoded it like a form field. No server accepts it so; encode \
             it before it is handed on."
        }
        Flag::PercentEncoded => {
            "It is percent-encoded: cookies are compared as they are, so whoever sends it must decode it first."
        }
        Flag::Unpadded => {
            "The '=' at its end are missing: something took the first '=' for the end of the value. Some servers refuse it so."
        }
        Flag::Misnamed => {
            "A cookie named LtpaToken2 holds version 2, and this is none: two servers may disagree about the names of their cookies."
        }
        Flag::TimesReversed => "It ends before it was created: no server issues such a token.",
        Flag::KnownByValue
        | Flag::Quoted
        | Flag::Jwt
        | Flag::Saml
        | Flag::DominoHeader
        | Flag::NotEncrypted
        | Flag::TooLong => return None,
    })
}
