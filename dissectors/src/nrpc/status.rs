//! STATUS codes of the Notes C API, as replies carry them.
//!
//! Source: HCL C API reference, STATUS: 16 bits, of which 0x4000 says that a remote system raised the error and the top bit
//! is for display only; the low 14 bits are the code. Numbers and symbolic names are those of the public API headers
//! (the packages client 0x08xx, server 0x09xx, 0x04Cx and 0x00Ex, network 0x0Axx, 0x0EEx and 0x0F8x, security 0x19xx and
//! 0x17xx, miscellaneous 0x04xx); the descriptions are this project's own.

use std::sync::OnceLock;

/// The low 14 bits: package and code.
const MASK: u16 = 0x3FFF;
/// STS_REMOTE: found by the remote system.
const REMOTE: u16 = 0x4000;

/// Code in hexadecimal, tab, symbolic name; one a line, in order.
const NAMES: &str = include_str!("status_names.tsv");

/// A STATUS as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(pub u16);

impl Status {
    /// Package and code, without the flag bits.
    pub const fn code(self) -> u16 {
        self.0 & MASK
    }

    /// True for NOERROR.
    pub const fn is_ok(self) -> bool {
        self.code() == 0
    }

    /// True if the error was found by the remote system.
    pub const fn remote(self) -> bool {
        self.0 & REMOTE != 0
    }

    /// Symbolic name, such as `ERR_SERVER_RESTRICTED`; `None` for a code of another package.
    pub fn name(self) -> Option<&'static str> {
        if self.is_ok() {
            return Some("NOERROR");
        }
        let names = names();
        let found = names.binary_search_by_key(&self.code(), |&(code, _)| code).ok()?;
        names.get(found).map(|&(_, name)| name)
    }

    /// What it means, in plain words; `None` where only the name is known.
    pub fn meaning(self) -> Option<&'static str> {
        MEANINGS.iter().find(|&&(code, _)| code == self.code()).map(|&(_, text)| text)
    }

    /// Package the code belongs to.
    pub const fn package(self) -> &'static str {
        match self.code() {
            0 => "none",
            0x00E0..=0x00FF | 0x04C0..=0x04FF | 0x0900..=0x09FF => "server",
            0x0300..=0x03FF => "index",
            0x0400..=0x04BF => "miscellaneous",
            0x0800..=0x08FF => "client",
            0x0A00..=0x0AFF | 0x0EE0..=0x0EFF | 0x0F80..=0x0FFF => "network",
            0x1700..=0x17FF | 0x1900..=0x19FF => "security",
            _ => "other",
        }
    }
}

fn names() -> &'static [(u16, &'static str)] {
    static PARSED: OnceLock<Vec<(u16, &'static str)>> = OnceLock::new();
    PARSED.get_or_init(|| NAMES.lines().filter_map(line).collect())
}

fn line(text: &'static str) -> Option<(u16, &'static str)> {
    let (code, name) = text.split_once('\t')?;
    Some((u16::from_str_radix(code, 16).ok()?, name))
}

/// Codes that end or hinder a connection.
const MEANINGS: &[(u16, &str)] = &[
    (0x0000, "no error"),
    (0x00F0, "the server asks for a newer client"),
    (0x0319, "the directory holds no ID file for this user"),
    (0x0404, "the entry is not in the index, or the user is not in the directory"),
    (0x04BB, "single sign-on failed for a reason that is not told"),
    (0x04BC, "the single sign-on token is not valid"),
    (0x04BD, "the single sign-on token has expired"),
    (0x04BE, "the single sign-on token names a realm that this server does not know"),
    (0x04BF, "single sign-on is not set up properly on this server"),
    (0x04D8, "the server holds as many users as it was told to admit"),
    (0x04ED, "anonymous access does not allow this"),
    (0x0801, "a file cannot be renamed to another server"),
    (0x0802, "the server does not speak this version of the protocol"),
    (0x0803, "no path to the server is known or works"),
    (0x0804, "the server's name is not the one that was asked for"),
    (0x0805, "this release of the server lacks the function"),
    (0x0807, "the server, or the network on the way to it, does not answer"),
    (0x080A, "a message of the server was shorter than its type needs"),
    (0x080B, "a message of the server could not be understood"),
    (0x080E, "the identity of the other side is unknown or forged"),
    (0x080F, "the session broke while a copy or replication was running"),
    (0x081D, "internal: drop the session and try once more"),
    (0x0820, "another server answered than the one that was asked for"),
    (0x0828, "a message of the server was too large"),
    (0x0903, "this user may not use the server over this port"),
    (0x0906, "a message of the client arrived cut"),
    (0x0908, "a message broke the protocol; the releases may not match"),
    (0x090A, "the server does not offer that service"),
    (0x090C, "client and server run releases that do not go together"),
    (0x0918, "the server's software lacks the function"),
    (0x0925, "caller and server use the same ID"),
    (0x0928, "the caller's licence is not valid or not known"),
    (0x0929, "another user holds this licence at the moment"),
    (0x092E, "this user may not use the server"),
    (0x0938, "the directory has no Server document for this server"),
    (0x0939, "the Server document names no network for this port"),
    (0x09C4, "the server has not been set up yet"),
    (0x09C6, "passthru to that server is not permitted"),
    (0x09C7, "the port has no connection, and the caller may not make one"),
    (0x09C8, "this user may not reach the server by passthru"),
    (0x09C9, "an authentication message went wrong"),
    (0x09DE, "the server turns sessions away because of its load"),
    (0x09ED, "the server could not receive from the client"),
    (0x09FC, "an administrator has restricted access to the server"),
    (0x0A02, "the other system no longer answers"),
    (0x0A04, "a passing network fault"),
    (0x0A07, "a network operation took too long"),
    (0x0A0A, "the other system does not answer"),
    (0x0A0C, "fewer bytes arrived than were announced"),
    (0x0A0D, "a message carried the wrong sequence number"),
    (0x0A10, "the port is in use"),
    (0x0A11, "the server cut the connection"),
    (0x0A12, "no room for a further network session"),
    (0x0A1C, "no dialog came about with the other system"),
    (0x0A1D, "the session is not open yet"),
    (0x0A24, "the answer was not of a known kind"),
    (0x0A26, "the session does not exist or was closed"),
    (0x0A30, "the network layer was not started"),
    (0x0A40, "the port driver is of the wrong version"),
    (0x0AC5, "the program is shutting down"),
    (0x0AE3, "the server that answered does not carry the expected name"),
    (0x0FC7, "an earlier attempt to reach this server failed and is remembered"),
    (0x0FE2, "the protocol cannot read a server name of this form"),
    (0x0FF4, "the host name is unknown"),
    (0x0FF7, "the host name has no address"),
    (0x15E1, "the certificate authority has not signed the certificate yet"),
    (0x17AC, "the client is older than the server admits"),
    (0x17AD, "the client is newer than the server admits"),
    (0x1903, "the server asks for an encrypted port"),
    (0x1905, "the user's ID carries no certificate for this server"),
    (0x1906, "the server's ID carries no certificate for this user"),
    (0x190B, "the other side failed to authenticate"),
    (0x1916, "the other side's authentication is too old to be accepted"),
    (0x1917, "the server does not trust the certifier of the user's ID"),
    (0x1918, "the user does not trust the certifier of the server's ID"),
    (0x1919, "an authentication message was damaged or unexpected"),
    (0x191B, "an authentication message was too short"),
    (0x191C, "the user's certificate has expired"),
    (0x191D, "the other side's authentication is too new to be understood"),
    (0x191E, "the user's ID has expired"),
    (0x191F, "the server's ID has expired"),
    (0x1921, "name, licence or key of the other side changed while authenticating"),
    (0x1924, "the session key that arrived is not valid"),
    (0x1928, "an authentication message of unknown type"),
    (0x192A, "an authentication message out of order"),
    (0x1932, "the user's public key is not the one in the directory"),
    (0x1933, "the server's certificate has expired"),
    (0x1934, "the server's directory holds no cross certificate for this user"),
    (0x1935, "the user's address book holds no cross certificate for this server"),
    (0x1938, "the session is not in a state that allows this"),
    (0x193D, "a light transaction was tried over passthru"),
    (0x1952, "the server reached is not a passthru server"),
    (0x1983, "the other system could not prove who it is"),
    (0x3FF0, "the mail server is away; a backup server answers"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_bits_are_not_the_code() {
        let status = Status(0x4804);
        assert_eq!((status.code(), status.remote()), (0x0804, true));
        assert_eq!(status.name(), Some("ERR_SERVER_NAME_CHANGED"));
        assert_eq!(Status(0xC804).name(), status.name());
        assert_eq!(status.package(), "client");
        assert!(!status.is_ok());
    }

    #[test]
    fn well_known_codes() {
        for (code, name, package) in [
            (0x0000, "NOERROR", "none"),
            (0x0319, "ERR_IDFILE_NOT_FOUND", "index"),
            (0x04BD, "ERR_LTPA_TOKEN_EXPIRED", "miscellaneous"),
            (0x04D8, "ERR_SERVER_MAXUSERS", "server"),
            (0x09FC, "ERR_SERVER_RESTRICTED", "server"),
            (0x0AE3, "ERR_WRONG_SERVERNAME", "network"),
            (0x191C, "ERR_SECURE_EXPIRED_CERT", "security"),
        ] {
            let status = Status(code);
            assert_eq!((status.name(), status.package()), (Some(name), package));
        }
        assert_eq!(Status(0x2FFF).name(), None);
    }

    #[test]
    fn the_table_is_whole_and_in_order() {
        assert_eq!(names().len(), NAMES.lines().count());
        assert!(names().len() > 700);
        assert!(names().is_sorted_by(|a, b| a.0 < b.0));
        assert!(names().iter().all(|&(code, _)| code <= MASK));
    }

    #[test]
    fn every_meaning_has_a_name() {
        assert!(MEANINGS.is_sorted_by(|a, b| a.0 < b.0));
        for &(code, text) in MEANINGS {
            assert!(Status(code).name().is_some(), "{code:04x}");
            assert_eq!(Status(code).meaning(), Some(text));
        }
    }
}
