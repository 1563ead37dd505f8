//! Reason codes: why a session or channel was ended.
//!
//! Numbers and names are those of the public header of the Meanwhile project (`mw_error.h`), meanings those of
//! draft-houri-sametime-community-client-00, section 3.2; the sentences are this project's own.

/// Protocol name of a code, such as `TOKEN_INVALID`; `None` for a code that is not public.
pub fn name(code: u32) -> Option<&'static str> {
    find(code).map(|(_, name, _)| *name)
}

/// What it means, in plain words; `None` for a code that is not public.
pub fn explain(code: u32) -> Option<&'static str> {
    find(code).map(|(.., text)| *text)
}

/// For people: name and number, or the number alone.
pub fn label(code: u32) -> String {
    name(code).map_or_else(|| format!("0x{code:08x}"), |name| format!("{name} (0x{code:08x})"))
}

fn find(code: u32) -> Option<&'static (u32, &'static str, &'static str)> {
    let at = REASONS.binary_search_by_key(&code, |&(code, ..)| code).ok()?;
    REASONS.get(at)
}

/// Code, name, meaning; in order.
const REASONS: &[(u32, &str, &str)] = &[
    (0x0000_0000, "SUCCESS", "nothing is wrong: an ordinary end"),
    (0x0000_0001, "REQUEST_DELAY", "the request was put off and will be answered later"),
    (0x8000_0000, "FAILURE", "it failed, and the server does not say why"),
    (0x8000_0001, "REQUEST_INVALID", "the request makes no sense to the receiver"),
    (0x8000_0002, "NOT_LOGGED_IN", "this needs a login, and there is none"),
    (0x8000_0003, "NOT_AUTHORIZED", "this user may not do that, or may not log in at all"),
    (0x8000_0004, "ABORT", "it was broken off on purpose"),
    (0x8000_0005, "NO_ELEMENT", "what was asked for does not exist"),
    (0x8000_0006, "NO_USER", "the user is not there or not online"),
    (0x8000_0007, "BAD_DATA", "the message held data that cannot be right"),
    (0x8000_0008, "NOT_IMPLEMENTED", "the receiver does not know this function"),
    (0x8000_0009, "UNKNOWN_ERROR", "an error that even the sender has no name for"),
    (0x8000_000A, "STARVING", "the server is short of resources"),
    (0x8000_000B, "CHANNEL_NO_SUPPORT", "channels of this kind are not offered"),
    (0x8000_000C, "CHANNEL_EXISTS", "a channel of this number is open already"),
    (0x8000_000D, "SERVICE_NO_SUPPORT", "the server does not offer this service"),
    (0x8000_000E, "PROTOCOL_NO_SUPPORT", "the service does not speak this protocol"),
    (0x8000_000F, "PROTOCOL_NO_SUPPORT2", "the service does not speak this protocol (second form)"),
    (0x8000_0010, "VERSION_NO_SUPPORT", "the server does not serve this version of the protocol"),
    (0x8000_0011, "USER_SKETCHY", "the server does not trust this user or its data"),
    (0x8000_0013, "ALREADY_INITIALIZED", "it was set up before"),
    (0x8000_0014, "NOT_OWNER", "only the owner may do that"),
    (0x8000_0015, "TOKEN_INVALID", "the server could not verify the sign-on token"),
    (0x8000_0016, "TOKEN_EXPIRED", "the sign-on token is past its end"),
    (0x8000_0017, "TOKEN_IP_MISMATCH", "the sign-on token was issued to another IP address"),
    (0x8000_0018, "PORT_IN_USE", "the port is taken"),
    (0x8000_0019, "NETWORK_DEAD", "there is no network"),
    (0x8000_001A, "NO_MASTER_CHANNEL", "the connection has no session to carry the channel"),
    (0x8000_001B, "ALREADY_SUBSCRIBED", "that is subscribed to already"),
    (0x8000_001C, "NOT_SUBSCRIBED", "that was not subscribed to"),
    (0x8000_001D, "ENCRYPT_NO_SUPPORT", "this way of encrypting is not offered"),
    (0x8000_001E, "ENCRYPT_UNINITIALIZED", "encryption was used before it was agreed on"),
    (0x8000_001F, "ENCRYPT_UNACCEPTABLE", "the other side's way of encrypting is too weak or not wanted"),
    (0x8000_0020, "ENCRYPT_INVALID", "the encrypted data cannot be opened"),
    (0x8000_0021, "NO_COMMON_ENCRYPT", "the two sides share no way of encrypting"),
    (0x8000_0022, "CHANNEL_DESTROYED", "the channel was closed, after advice to connect elsewhere"),
    (0x8000_0023, "CHANNEL_REDIRECTED", "the channel was moved elsewhere"),
    (0x8000_0200, "VERSION_MISMATCH", "client and server run versions that do not go together"),
    (0x8000_0201, "INSUF_BUFFER", "the server lacks resources for the connection"),
    (0x8000_0202, "NOT_IN_USE", "that is not in use"),
    (0x8000_0203, "INSUF_SOCKET", "no network sockets are left"),
    (0x8000_0204, "HARDWARE_ERROR", "hardware failed"),
    (0x8000_0205, "NETWORK_DOWN", "the network is down"),
    (0x8000_0206, "HOST_DOWN", "the host is down"),
    (0x8000_0207, "HOST_UNREACHABLE", "the host cannot be reached"),
    (0x8000_0208, "TCPIP_ERROR", "the TCP/IP layer reported an error"),
    (0x8000_0209, "FAT_MESSAGE", "a message is larger than the receiver takes"),
    (0x8000_020A, "PROXY_ERROR", "the proxy on the way failed"),
    (0x8000_020B, "SERVER_FULL", "the server holds as many users as it admits"),
    (0x8000_020C, "SERVER_NORESPOND", "the server does not answer"),
    (0x8000_020D, "CANT_CONNECT", "no connection came about"),
    (0x8000_020E, "USER_REMOVED", "the user was taken off the server"),
    (0x8000_020F, "PROTOCOL_ERROR", "a message broke the protocol"),
    (0x8000_0210, "USER_RESTRICTED", "this user is not allowed to use the server"),
    (0x8000_0211, "INCORRECT_LOGIN", "user name and password, or the user of the token, were not accepted"),
    (0x8000_0212, "ENCRYPT_MISMATCH", "the two sides do not agree on encryption"),
    (0x8000_0213, "USER_UNREGISTERED", "the user is not registered"),
    (0x8000_0214, "VERIFICATION_DOWN", "the server could not ask its directory, so it can verify nobody"),
    (0x8000_0216, "USER_TOO_IDLE", "the user was silent for too long"),
    (0x8000_0217, "GUEST_IN_USE", "somebody else uses this guest name at the moment"),
    (0x8000_0218, "USER_EXISTS", "a user of that name is there already"),
    (0x8000_0219, "USER_RE_LOGIN", "the user logs in again from elsewhere"),
    (0x8000_021A, "BAD_NAME", "the name is not one that can be used"),
    (0x8000_021B, "REG_MODE_NS", "registration in this mode is not offered"),
    (0x8000_021C, "WRONG_USER_PRIV", "the user lacks the privilege"),
    (0x8000_021D, "NEED_EMAIL", "an e-mail address is asked for"),
    (0x8000_021E, "DNS_ERROR", "a name could not be resolved for the moment"),
    (0x8000_021F, "DNS_FATAL_ERROR", "name resolution failed for good"),
    (0x8000_0220, "DNS_NOT_FOUND", "DNS does not know the name"),
    (0x8000_0221, "CONNECTION_BROKEN", "the connection broke"),
    (0x8000_0222, "CONNECTION_ABORTED", "the connection was given up"),
    (0x8000_0223, "CONNECTION_REFUSED", "the connection was refused"),
    (0x8000_0224, "CONNECTION_RESET", "the connection was reset"),
    (0x8000_0225, "CONNECTION_TIMED", "the connection timed out"),
    (0x8000_0226, "CONNECTION_CLOSED", "the other side closed the connection"),
    (0x8000_0227, "MULTI_SERVER_LOGIN", "the user is logged in on two servers at a time"),
    (0x8000_0228, "MULTI_SERVER_LOGIN2", "the user is logged in on two servers at a time (second form)"),
    (0x8000_0229, "MULTI_LOGIN_COMP", "the same user logged in from another computer"),
    (0x8000_022A, "MULTI_LOGIN_ALREADY", "the user is logged in by another client already"),
    (0x8000_022B, "SERVER_BROKEN", "the user's home server cannot be reached or is set up wrongly"),
    (0x8000_022C, "SERVER_PATH_OLD", "the user's home server is too old for this login"),
    (0x8000_022D, "APPLET_LOGOUT", "the applet logged out"),
    (0x8000_2000, "CLIENT_USER_GONE", "the partner has gone offline"),
    (0x8000_2001, "CLIENT_USER_DND", "the partner does not want to be disturbed"),
    (0x8000_2002, "CLIENT_USER_ELSEWHERE", "somebody is logged in here already under another user name"),
    (0x8000_2003, "IM_COULDNT_REGISTER", "the chat service could not be registered"),
    (0x8000_2004, "IM_ALREADY_REGISTERED", "the chat service is registered already"),
    (0x8000_2005, "IM_NOT_REGISTERED", "the chat service is not registered"),
];

#[cfg(test)]
mod tests {
    use super::{REASONS, explain, label, name};

    #[test]
    fn codes_are_found_by_number() {
        assert!(REASONS.is_sorted_by(|a, b| a.0 < b.0));
        for &(code, known, text) in REASONS {
            assert_eq!((name(code), explain(code)), (Some(known), Some(text)));
        }
        for (code, known) in [
            (0x8000_0015, "TOKEN_INVALID"),
            (0x8000_0017, "TOKEN_IP_MISMATCH"),
            (0x8000_0211, "INCORRECT_LOGIN"),
            (0x8000_0214, "VERIFICATION_DOWN"),
            (0x8000_0228, "MULTI_SERVER_LOGIN2"),
            (0x8000_2002, "CLIENT_USER_ELSEWHERE"),
        ] {
            assert_eq!(name(code), Some(known));
        }
    }

    #[test]
    fn an_unknown_code_is_shown_by_its_number() {
        assert_eq!((name(0x8000_0012), explain(0x8000_0215)), (None, None));
        assert_eq!(label(0x8000_0300), "0x80000300");
        assert_eq!(label(0x8000_0016), "TOKEN_EXPIRED (0x80000016)");
    }
}
