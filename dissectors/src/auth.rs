//! HTTP authentication (RFC 7235, RFC 7616) as HTTP and SIP carry it, without what proves it.

/// One challenge of WWW-Authenticate or Proxy-Authenticate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Challenge {
    /// Scheme, as sent: `Digest`, `Basic`.
    pub scheme: String,
    /// Realm.
    pub realm: Option<String>,
    /// Nonce (public by design).
    pub nonce: Option<String>,
    /// `stale=true`: the credentials were right, the nonce is too old.
    pub stale: bool,
    /// Algorithm, as sent.
    pub algorithm: Option<String>,
    /// It came from a proxy.
    pub proxy: bool,
}

/// Credentials of Authorization or Proxy-Authorization: who claims to be whom, not the proof.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// Scheme, as sent.
    pub scheme: String,
    /// User name (of Basic: before the colon).
    pub user: Option<String>,
    /// Realm that they are meant for.
    pub realm: Option<String>,
    /// Nonce that they answer.
    pub nonce: Option<String>,
    /// URI that they are meant for.
    pub uri: Option<String>,
    /// Algorithm, as sent.
    pub algorithm: Option<String>,
    /// They are meant for a proxy.
    pub proxy: bool,
    /// Length of the whole value in bytes.
    pub length: usize,
}
