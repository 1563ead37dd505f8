//! What came of an operation: result codes (RFC 4511 appendix A), and what Active Directory says beside them.

use super::ber::Elements;

/// URLs of a referral that are kept.
const URLS: usize = 16;
/// What NTLM messages begin with (MS-NLMP section 2.2.1).
const NTLM: &[u8] = b"NTLMSSP\0";

/// What came of an operation (RFC 4511 section 4.1.9).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Result code; `None` where it was not read.
    pub code: Option<u32>,
    /// The nearest entry that exists, where the one that was named does not.
    pub matched: String,
    /// An NTLM challenge stands in its place: the bind goes on, whatever the code (MS-ADTS section 5.1.1.1.3).
    pub is_challenge: bool,
    /// What the server says of it, for people.
    pub diagnostic: String,
    /// Servers to ask instead (at most 16 are kept).
    pub referral: Vec<String>,
}

impl Outcome {
    /// Reads result code, matched name, diagnostic and referral from the front of `elements`.
    pub(super) fn read(elements: &mut Elements<'_>) -> Self {
        let code = elements.number(0x0A);
        let matched = elements.tagged(0x04).map(|matched| matched.content).unwrap_or_default();
        let is_challenge = matched.starts_with(NTLM);
        let matched = if is_challenge { String::new() } else { super::ber::text(matched) };
        let diagnostic = elements.text(0x04).unwrap_or_default();
        let urls = elements.tagged(0xA3).into_iter().flat_map(|list| Elements(list.content)).take(URLS);
        let referral = urls.map(|url| super::ber::text(url.content)).collect();
        Self { code, matched, is_challenge, diagnostic: diagnostic.trim_end_matches('\0').to_owned(), referral }
    }

    /// The number that Active Directory hides in its diagnostic, as it writes it: `775` of "..., data 775, v2580". The server
    /// refuses every bind with code 49; why is told by this alone. Beside other codes it is 0, which says nothing.
    pub fn data(&self) -> Option<&str> {
        let is_of_directory = self.diagnostic.contains("LdapErr:") || self.diagnostic.contains("AcceptSecurityContext");
        let (_, rest) = self.diagnostic.split_once("data ").filter(|_| is_of_directory)?;
        let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        rest.get(..end).filter(|data| (1..=8).contains(&data.len()) && data.bytes().any(|digit| digit != b'0'))
    }

    /// The code with its name, and what `data` means: `49 invalidCredentials, data 775: the account is locked out`.
    pub fn words(&self) -> String {
        let code = match self.code {
            Some(code) => name_of(code).map_or_else(|| code.to_string(), |name| format!("{code} {name}")),
            None => "no result".to_owned(),
        };
        match self.data() {
            Some(data) => {
                let words = data_words(data).map_or_else(String::new, |words| format!(": {words}"));
                format!("{code}, data {data}{words}")
            }
            None => code,
        }
    }

    /// Nothing is decided yet: SASL or NTLM goes on (14), or another server is to be asked (10).
    pub const fn is_step(&self) -> bool {
        self.is_challenge || matches!(self.code, Some(10 | 14))
    }
}

/// Name of a result code (RFC 4511 section 4.1.9; 118 to 123 by RFC 3909, RFC 4527 and RFC 4533).
/// Spelt as there, so that whoever searches for it finds it.
pub fn name_of(code: u32) -> Option<&'static str> {
    Some(match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        5 => "compareFalse",
        6 => "compareTrue",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        14 => "saslBindInProgress",
        16 => "noSuchAttribute",
        17 => "undefinedAttributeType",
        18 => "inappropriateMatching",
        19 => "constraintViolation",
        20 => "attributeOrValueExists",
        21 => "invalidAttributeSyntax",
        32 => "noSuchObject",
        33 => "aliasProblem",
        34 => "invalidDNSyntax",
        36 => "aliasDereferencingProblem",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        54 => "loopDetect",
        64 => "namingViolation",
        65 => "objectClassViolation",
        66 => "notAllowedOnNonLeaf",
        67 => "notAllowedOnRDN",
        68 => "entryAlreadyExists",
        69 => "objectClassModsProhibited",
        71 => "affectsMultipleDSAs",
        80 => "other",
        118 => "canceled",
        119 => "noSuchOperation",
        120 => "tooLate",
        121 => "cannotCancel",
        122 => "assertionFailed",
        123 => "authorizationDenied",
        4096 => "e-syncRefreshRequired",
        _ => return None,
    })
}

/// What the number means that Active Directory writes into the diagnostic of a refused bind: Windows system error codes in
/// hexadecimal (MS-ERREF section 2.2: ERROR_NO_SUCH_USER, ERROR_LOGON_FAILURE and those behind it; section 2.1 for
/// SEC_E_BAD_BINDINGS). 530 to 533, 701 and 773 come only where the password was right; 775 does not tell.
pub fn data_words(data: &str) -> Option<&'static str> {
    Some(match data.trim_start_matches('0').to_ascii_lowercase().as_str() {
        "525" => "there is no such user",
        "52e" => "the name or the password is wrong",
        "52f" => "a restriction of the account forbids it, such as an empty password",
        "530" => "the user may not sign on at this time",
        "531" => "the user may not sign on from this computer",
        "532" => "the password has expired",
        "533" => "the account is disabled",
        "568" => "the user is in too many groups",
        "569" => "the user has no right to sign on in this way",
        "701" => "the account has expired",
        "773" => "the user must change the password first",
        "775" => "the account is locked out",
        "80090346" => "the bind is not tied to its TLS channel (channel binding)",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_active_directory_hides() {
        let outcome =
            |diagnostic: &str| Outcome { code: Some(49), diagnostic: diagnostic.to_owned(), ..Outcome::default() };
        let locked = outcome("80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data 775, v2580");
        assert_eq!(locked.data(), Some("775"));
        assert_eq!(locked.words(), "49 invalidCredentials, data 775: the account is locked out");
        assert_eq!(outcome("80090308: LdapErr: DSID-0C09, data 52e, v4563").data(), Some("52e"));
        for other in
            ["", "data 775", "LdapErr: data , v1", "LdapErr: data 123456789", "LdapErr: DSID-0C09, data 0, v4563"]
        {
            assert_eq!(outcome(other).data(), None, "{other}");
        }
        assert_eq!(outcome("LdapErr: data abc, v1").words(), "49 invalidCredentials, data abc");
    }

    #[test]
    fn codes_have_the_names_of_the_specification() {
        assert_eq!((name_of(49), name_of(9), name_of(77)), (Some("invalidCredentials"), None, None));
    }
}
