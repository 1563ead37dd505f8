//! Names of users, hosts and servers, word by word: each word of a name gets one stand-in of the same length and the same case,
//! wherever it stands. What two names have in common (a domain, an organisation, a host that is part of a server's name) they have
//! in common afterwards, and that is what rules compare.
//!
//! A word is encrypted, not hashed: two words never get the same stand-in, and no table is needed for two files to agree.

use super::key::Key;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use std::collections::{BTreeSet, HashMap};

/// Shorter words are parts of everything.
const SHORTEST: usize = 3;
/// How often each character is changed.
const ROUNDS: u8 = 4;
/// Words that protocols are made of, or that say what a thing is and not which one: they are nobody's name.
const COMMON: &[&str] = &[
    "about",
    "accept",
    "admin",
    "administrator",
    "after",
    "all",
    "and",
    "anonymous",
    "any",
    "api",
    "app",
    "apps",
    "auth",
    "authentication",
    "authorization",
    "basic",
    "bind",
    "browser",
    "bye",
    "call",
    "cancel",
    "chat",
    "check",
    "client",
    "close",
    "code",
    "com",
    "community",
    "connect",
    "connection",
    "contact",
    "content",
    "cookie",
    "date",
    "default",
    "defaultwimfilebasedrealm",
    "deleted",
    "description",
    "digest",
    "directory",
    "dns",
    "domain",
    "domino",
    "domcfg",
    "edu",
    "empty",
    "error",
    "expires",
    "expired",
    "failed",
    "false",
    "file",
    "fin",
    "for",
    "form",
    "found",
    "from",
    "get",
    "gov",
    "group",
    "groups",
    "guest",
    "header",
    "home",
    "host",
    "html",
    "http",
    "https",
    "ibm",
    "idp",
    "index",
    "info",
    "internal",
    "invalid",
    "invite",
    "jpg",
    "json",
    "jsp",
    "kerberos",
    "key",
    "keys",
    "ldap",
    "ldaps",
    "length",
    "local",
    "localhost",
    "location",
    "login",
    "logon",
    "logout",
    "ltpa",
    "ltpatoken",
    "ltpatoken2",
    "mail",
    "max",
    "meeting",
    "meetings",
    "message",
    "messages",
    "method",
    "names",
    "negotiate",
    "net",
    "new",
    "none",
    "not",
    "notes",
    "notify",
    "nsf",
    "ntlm",
    "null",
    "okay",
    "open",
    "openid",
    "options",
    "org",
    "other",
    "param",
    "pass",
    "password",
    "path",
    "post",
    "proxy",
    "put",
    "realm",
    "redirect",
    "refer",
    "register",
    "reply",
    "request",
    "response",
    "result",
    "root",
    "rport",
    "saml",
    "sametime",
    "schema",
    "sdp",
    "secret",
    "secure",
    "server",
    "servers",
    "service",
    "session",
    "sip",
    "sips",
    "status",
    "stserver",
    "subscribe",
    "success",
    "sub",
    "system",
    "tag",
    "tcp",
    "test",
    "text",
    "the",
    "time",
    "tls",
    "token",
    "transport",
    "true",
    "type",
    "udp",
    "uid",
    "undefined",
    "unknown",
    "update",
    "uri",
    "url",
    "user",
    "username",
    "users",
    "value",
    "version",
    "via",
    "was",
    "wasadmin",
    "web",
    "websphere",
    "with",
    "wpsadmin",
    "www",
    "xml",
    "yes",
];

/// Names that were learned, and how they are found.
#[derive(Debug)]
pub(super) struct Names {
    key: Key,
    words: BTreeSet<String>,
    known: HashMap<String, String>,
    finder: Option<AhoCorasick>,
}

impl Names {
    pub(super) fn new(key: Key) -> Self {
        Self { key, words: BTreeSet::new(), known: HashMap::new(), finder: None }
    }

    /// Learns the words of a name.
    pub(super) fn learn(&mut self, name: &str) {
        for word in name.split(|c: char| !c.is_alphanumeric()) {
            let word = word.to_lowercase();
            let is_name = word.chars().count() >= SHORTEST && word.chars().any(char::is_alphabetic);
            if is_name && word.len() <= 64 && !COMMON.contains(&word.as_str()) {
                self.words.insert(word);
                self.finder = None;
            }
        }
    }

    /// Learns the labels of a host's name, but for those under which anybody can have one.
    pub(super) fn learn_host(&mut self, host: &str) {
        let host = host.trim_end_matches('.');
        if host.parse::<std::net::IpAddr>().is_ok() {
            return;
        }
        let public = psl::suffix_str(host).filter(|public| public.len() < host.len()).map_or(0, str::len);
        self.learn(host.get(..host.len().saturating_sub(public)).unwrap_or(host));
    }

    /// Learns what looks like names in a text: distinguished names, what stands around an `@`, hosts of URLs.
    pub(super) fn learn_text(&mut self, text: &str) {
        for (at, _) in text.match_indices('=') {
            let label = text
                .get(..at)
                .unwrap_or_default()
                .rsplit(|c: char| !c.is_ascii_alphabetic())
                .next()
                .unwrap_or_default();
            if ["cn", "ou", "o", "uid", "dc", "sn", "givenname"].iter().any(|known| label.eq_ignore_ascii_case(known)) {
                let value = text.get(at.saturating_add(1)..).unwrap_or_default();
                let end =
                    value.find(|c: char| c.is_control() || "/,;\"<>()'&+*=\\%?".contains(c)).unwrap_or(value.len());
                self.learn(value.get(..end.min(64)).unwrap_or_default());
            }
        }
        let inside = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        for (at, _) in text.match_indices('@') {
            let before = text.get(..at).unwrap_or_default();
            let user = before.rsplit(|c| !inside(c)).next().unwrap_or_default();
            let behind = text.get(at.saturating_add(1)..).unwrap_or_default();
            let host = behind.split(|c| !inside(c)).next().unwrap_or_default();
            if !user.is_empty() && host.contains('.') {
                self.learn(user);
                self.learn_host(host);
            }
        }
        for (at, sign) in text.match_indices("://") {
            let behind = text.get(at.saturating_add(sign.len())..).unwrap_or_default();
            self.learn_host(behind.split(|c| !inside(c)).next().unwrap_or_default());
        }
    }

    /// Replaces every word of a name: plain, in UTF-16, and between escapes. Gives how many there were.
    pub(super) fn replace(&mut self, bytes: &mut [u8]) -> u64 {
        if self.words.is_empty() {
            return 0;
        }
        let finder = self.finder.get_or_insert_with(|| finder(&self.words)).clone();
        let old = bytes.to_vec();
        let mut count = 0_u64;
        for found in finder.find_overlapping_iter(&old).collect::<Vec<_>>() {
            let place = found.range();
            let word = old.get(place.clone()).unwrap_or_default();
            let width = if word.contains(&0) { 2 } else { 1 };
            if !is_word(&old, place.start, place.end, width) {
                continue;
            }
            let text = plain(word, width);
            let stand_in = self.stand_in(&text);
            if let Some(target) = bytes.get_mut(place) {
                put(target, word, &stand_in, width);
                count = count.saturating_add(1);
            }
        }
        count
    }

    /// The stand-in of a word.
    fn stand_in(&mut self, word: &str) -> String {
        let lower = word.to_lowercase();
        let key = &self.key;
        let known = self.known.entry(lower).or_insert_with_key(|lower| encrypted(key, lower));
        let cased = word.chars().zip(known.chars()).map(|(old, new)| {
            let mut upper = new.to_uppercase();
            match (old.is_uppercase(), upper.next(), upper.next()) {
                (true, Some(one), None) if one.len_utf8() == new.len_utf8() => one,
                _ => new,
            }
        });
        cased.collect()
    }
}

/// Patterns of all words in all encodings.
fn finder(words: &BTreeSet<String>) -> AhoCorasick {
    let mut patterns: Vec<Vec<u8>> = Vec::new();
    for word in words {
        // ASCII is found in either case; other letters have a form of their own.
        let upper = Some(word.to_uppercase()).filter(|upper| upper.to_ascii_lowercase() != *word);
        for form in std::iter::once(word.clone()).chain(upper) {
            let wide: Vec<u16> = form.encode_utf16().collect();
            patterns.push(wide.iter().flat_map(|unit| unit.to_le_bytes()).collect());
            patterns.push(wide.iter().flat_map(|unit| unit.to_be_bytes()).collect());
            patterns.push(form.into_bytes());
        }
    }
    patterns.sort_unstable();
    patterns.dedup();
    let builder =
        AhoCorasickBuilder::new().ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(&patterns);
    // What is too large to be found at once does not come from names: it is found one by one then.
    builder.unwrap_or_else(|_| AhoCorasick::new(patterns.iter().take(1)).unwrap_or_else(|_| empty()))
}

/// Finds nothing.
fn empty() -> AhoCorasick {
    #[expect(clippy::expect_used, reason = "no pattern is none that could be wrong")]
    AhoCorasick::new(std::iter::empty::<&[u8]>()).expect("nothing to find")
}

/// A word ends where no letter or digit goes on; what is written as `%20` is none.
fn is_word(bytes: &[u8], start: usize, end: usize, width: usize) -> bool {
    let unit = |at: Option<usize>| {
        let bytes = bytes.get(at?..at?.checked_add(width)?)?;
        bytes.iter().copied().find(|byte| *byte != 0)
    };
    let alphanumeric = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte >= 0x80);
    let escape = start.checked_sub(3).and_then(|at| bytes.get(at..start));
    let escaped = width == 1
        && escape.is_some_and(
            |three| matches!(three, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()),
        );
    let before = unit(start.checked_sub(width));
    (escaped || !alphanumeric(before)) && !alphanumeric(unit(Some(end)))
}

/// The text of a word that was found.
fn plain(word: &[u8], width: usize) -> String {
    if width == 1 {
        return String::from_utf8_lossy(word).into_owned();
    }
    let is_big = word.first() == Some(&0);
    let units = word.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
    let units: Vec<u16> =
        units.map(|pair| if is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }).collect();
    String::from_utf16_lossy(&units)
}

/// Writes a stand-in over a word.
fn put(target: &mut [u8], word: &[u8], stand_in: &str, width: usize) {
    let is_big = word.first() == Some(&0);
    let new: Vec<u8> = match width {
        1 => stand_in.as_bytes().to_vec(),
        _ if is_big => stand_in.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => stand_in.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    };
    if new.len() == target.len() {
        target.copy_from_slice(&new);
    }
}

/// Encrypts a word so that it keeps its length and which of its characters are digits. Each round moves every character by a
/// number that the others tell; so it can be undone with the key, and no two words become one.
fn encrypted(key: &Key, word: &str) -> String {
    let mut characters: Vec<char> = word.chars().collect();
    for round in 0..ROUNDS {
        for at in 0..characters.len() {
            let Some(old) = characters.get(at).copied() else { continue };
            let others = characters.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, c)| c);
            let seed: String = [char::from(b'0'.saturating_add(round))].iter().chain(others).collect();
            let mut stream = key.stream("word", format!("{at} {seed}").as_bytes());
            let number =
                u32::from(stream.next().unwrap_or_default()) << 8 | u32::from(stream.next().unwrap_or_default());
            if let Some(place) = characters.get_mut(at) {
                *place = moved(old, number);
            }
        }
    }
    characters.into_iter().collect()
}

/// Another letter or digit, of as many bytes.
fn moved(old: char, number: u32) -> char {
    let (base, count) = match old {
        '0'..='9' => (u32::from('0'), 10),
        'a'..='z' => (u32::from('a'), 26),
        // Small letters with accents, but for the sign of division in their middle.
        'à'..='ö' => (u32::from('à'), 23),
        _ => return old,
    };
    let place = u32::from(old).saturating_sub(base).saturating_add(number).checked_rem(count).unwrap_or_default();
    char::from_u32(base.saturating_add(place)).unwrap_or(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn names(words: &[&str]) -> Names {
        let mut names = Names::new(Key::of(b"k"));
        for word in words {
            names.learn(word);
        }
        names
    }

    fn replaced(names: &mut Names, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        names.replace(&mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_word_is_the_same_wherever_it_stands() {
        let mut names = names(&["CN=Lavoue01/O=Rükwärts", "lavoue01.rukk.example"]);
        let new = replaced(&mut names, "LAVOUE01 lavoue01.rukk.x CN%3DLavoue01%2FO%3DRukk lavoue011");
        let words: Vec<_> = new.split([' ', '.', '%']).collect();
        assert_eq!(words[0].to_lowercase(), words[1]);
        assert!(words[0].chars().take(6).all(char::is_uppercase) && new.ends_with("lavoue011"), "{new}");
        assert_eq!(words[5], format!("3D{}{}", words[0].chars().next().unwrap(), &words[1][1..]), "{new}");
        assert_ne!(words[1], "lavoue01");
        let wide: Vec<u8> = "Lavoue01".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut bytes = wide.clone();
        assert_eq!(names.replace(&mut bytes), 1);
        assert_ne!(bytes, wide);
        assert_ne!(replaced(&mut names, "Rükwärts"), "Rükwärts");
    }

    #[test]
    fn no_two_words_become_one() {
        let key = Key::of(b"k");
        let words: Vec<String> = (b'a'..=b'z')
            .flat_map(|a| (b'0'..=b'9').map(move |b| format!("{}q{}", char::from(a), char::from(b))))
            .collect();
        let new: HashSet<String> = words.iter().map(|word| encrypted(&key, word)).collect();
        assert_eq!(new.len(), words.len());
        assert!(new.iter().all(|word| word.len() == 3 && word.ends_with(|c: char| c.is_ascii_digit())));
    }

    #[test]
    fn hosts_keep_the_suffix_that_is_everybodys() {
        let mut names = names(&[]);
        names.learn_host("lavoue.somewhere.co.uk");
        let new = replaced(&mut names, "lavoue.somewhere.co.uk");
        assert!(new.ends_with(".co.uk") && !new.contains("somewhere") && !new.contains("lavoue"), "{new}");
    }

    #[test]
    fn names_are_learned_from_text() {
        let mut names = names(&[]);
        names.learn_text(
            "user CN=Beatrix Quill,O=Zwicker; mailto xaver@pontoon.example at https://kranich.example:8443/x",
        );
        let new = replaced(&mut names, "beatrix quill zwicker xaver pontoon kranich user mailto https");
        for word in ["beatrix", "quill", "zwicker", "xaver", "pontoon", "kranich"] {
            assert!(!new.contains(word), "{word}: {new}");
        }
        assert!(new.ends_with("user mailto https"));
    }
}
