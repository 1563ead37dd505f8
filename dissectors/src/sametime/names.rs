//! Names of the numbers that messages carry. Sources: the public headers of the Meanwhile project and the Sametime
//! dissector of Wireshark (facts only), of clients IBM's technote swg21114318 as well; the client ids above 0x1400 that begin with `MOBILE` from the client script of the
//! Sametime proxy.

/// Client type of a handshake or login; `None` for a type that is not public. A client that logs in without a name has the type of
/// one that does.
pub fn client(login_type: u16) -> Option<&'static str> {
    name(CLIENTS, login_type).or_else(|| name(CLIENTS, login_type.checked_sub(ANONYMOUS)?))
}

/// The release that the minor version of a handshake names, as newer clients do: 7510 is 7.5.1. Others count revisions of the
/// protocol, which say nothing of releases.
pub fn release(minor: u16) -> Option<String> {
    let digits: Vec<String> =
        (FIRST_RELEASE..10_000).contains(&minor).then(|| minor.to_string())?.chars().map(String::from).collect();
    let significant = digits.iter().rposition(|digit| digit != "0").map_or(1, |last| last.saturating_add(1)).max(2);
    Some(digits.iter().take(significant).cloned().collect::<Vec<_>>().join("."))
}

/// Way of authenticating of a login.
pub fn auth(kind: u16) -> Option<&'static str> {
    name(AUTH, kind)
}

/// Status of a user; the bit 0x0200 (mobile) is left out.
pub fn status(status: u16) -> Option<&'static str> {
    name(STATUS, status & !MOBILE)
}

/// Service of a channel.
pub fn service(service: u32) -> Option<&'static str> {
    SERVICES.iter().find(|&&(number, _)| number == service).map(|&(_, name)| name)
}

fn name(table: &'static [(u16, &str)], number: u16) -> Option<&'static str> {
    table.iter().find(|&&(known, _)| known == number).map(|&(_, name)| name)
}

const MOBILE: u16 = 0x0200;
/// What the type of a client has more while nobody is named (IBM swg21114318).
const ANONYMOUS: u16 = 0x0800;
/// Releases that are written as four digits begin here: 7.5.0.0.
const FIRST_RELEASE: u16 = 7000;

const CLIENTS: &[(u16, &str)] = &[
    (0x1000, "C++ toolkit"),
    (0x1001, "Java applet"),
    (0x1002, "Sametime Connect (binary)"),
    (0x1003, "Java application"),
    (0x100A, "Sametime Links"),
    (0x1010, "directory applet"),
    (0x1099, "meeting room"),
    (0x1200, "Notes 6.5"),
    (0x1203, "Notes 6.5.3"),
    (0x1210, "Notes 7.0 beta"),
    (0x1214, "Notes 7.0"),
    (0x1300, "ICT"),
    (0x1302, "ICT 1.7.8.2"),
    (0x1303, "ICT with SIP"),
    (0x1304, "Sametime Connect 7.5"),
    (0x1306, "Sametime Connect 8.0"),
    (0x1308, "Sametime Connect 8.0.1"),
    (0x130A, "Sametime Connect 8.0.2"),
    (0x130B, "Sametime Connect 8.5"),
    (0x130C, "Sametime Connect 8.5.1"),
    (0x130D, "Sametime Connect 8.5.2"),
    (0x130E, "Sametime Connect 9.0"),
    (0x130F, "Sametime Connect 9.0.1"),
    (0x1400, "NotesBuddy"),
    (0x1405, "NotesBuddy"),
    (0x1406, "NotesBuddy"),
    (0x1439, "mobile client"),
    (0x143A, "mobile client, iOS"),
    (0x143B, "mobile client, Android"),
    (0x14A0, "Sametime proxy"),
    (0x14A2, "Sametime proxy"),
    (0x14A4, "iNotes"),
    (0x14AB, "Sametime proxy, other client"),
    (0x14AD, "Sametime proxy, web client"),
    (0x14AF, "Sametime proxy"),
    (0x14B1, "Sametime proxy"),
    (0x14B2, "Sametime proxy"),
    (0x14B4, "Sametime proxy"),
    (0x14B6, "Sametime proxy"),
    (0x14B8, "Sametime proxy"),
    (0x14B9, "Verse"),
    (0x1600, "Sanity"),
    (0x1625, "ST::Perl"),
    (0x1650, "PMR Alert"),
    (0x16AA, "Trillian"),
    (0x16BB, "Trillian (IBM)"),
    (0x1700, "libmeanwhile"),
];

const AUTH: &[(u16, &str)] = &[(0, "plain"), (1, "token"), (2, "RC2_40"), (4, "RC2_128")];

const STATUS: &[(u16, &str)] =
    &[(0x0008, "in a meeting"), (0x0020, "active"), (0x0040, "idle"), (0x0060, "away"), (0x0080, "busy")];

const SERVICES: &[(u32, &str)] = &[
    (0x11, "awareness"),
    (0x15, "resolve"),
    (0x18, "storage"),
    (0x1A, "directory"),
    (0x38, "file transfer"),
    (0x1000, "instant messages"),
    (0x8000_0010, "conference"),
    (0x8000_0022, "place"),
];

#[cfg(test)]
mod tests {
    use super::{auth, client, release, service, status};

    #[test]
    fn numbers_have_names_and_unknown_ones_none() {
        assert_eq!((client(0x1700), client(0x1214)), (Some("libmeanwhile"), Some("Notes 7.0")));
        assert_eq!((client(0x14AD), client(0x2000)), (Some("Sametime proxy, web client"), None));
        assert_eq!((client(0x130F), client(0x14B9)), (Some("Sametime Connect 9.0.1"), Some("Verse")));
        assert_eq!((client(0x130F + 0x800), client(0x0700)), (Some("Sametime Connect 9.0.1"), None), "anonymous");
        assert_eq!((release(7510).as_deref(), release(9000).as_deref()), (Some("7.5.1"), Some("9.0")));
        assert_eq!((release(0x1d), release(10_000), release(u16::MAX)), (None, None, None));
        assert_eq!((auth(1), auth(2), auth(3)), (Some("token"), Some("RC2_40"), None));
        assert_eq!((status(0x0020), status(0x0220), status(1)), (Some("active"), Some("active"), None));
        assert_eq!(
            (service(0x1000), service(0x8000_0010), service(2)),
            (Some("instant messages"), Some("conference"), None)
        );
    }
}
