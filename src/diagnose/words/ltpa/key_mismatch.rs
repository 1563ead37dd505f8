//! What is said of servers that do not share the keys of their tokens.

use super::{LoggedToken, Verifier};
use crate::diagnose::words::{Answers, Clients, Refusers, Words, clock, shown, span};
use crate::model::Timestamp;
use nrpcsniff_dissectors::ltpa::Fingerprint;
use serde::Serialize;

/// Tokens were refused, and it is proved that their keys are others.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Proven {
    /// The server that refused them first.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// All that refused them.
    #[serde(flatten)]
    pub refusers: Refusers,
    /// The clients that showed them.
    #[serde(flatten)]
    pub clients: Clients,
    /// Host that issued the first one, if that was captured.
    pub token_issuer: Option<String>,
    /// The server that refused it had issued it.
    pub is_own_token: bool,
    /// Proof that the keys differ.
    #[serde(flatten)]
    pub proof: KeyProof,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

/// The proof that a token was made with other keys.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "key_proof", rename_all = "snake_case")]
pub(crate) enum KeyProof {
    /// First cipher blocks, which depend on the key alone.
    CipherBlocks {
        /// Fingerprint of the key of the tokens that were shown.
        #[serde(serialize_with = "shown")]
        key_fingerprint: Fingerprint,
        /// Fingerprint of the key of the server's own tokens.
        #[serde(serialize_with = "shown")]
        own_key_fingerprint: Fingerprint,
    },
    /// The server took tokens of another key before.
    TookOthers {
        /// Fingerprint of the key of the tokens that were refused.
        #[serde(serialize_with = "shown")]
        key_fingerprint: Fingerprint,
        /// Fingerprint of the key of the tokens that were taken.
        #[serde(serialize_with = "shown")]
        taken_key_fingerprint: Fingerprint,
        /// When one of those was taken last.
        taken_at: Timestamp,
    },
    /// The keys given open the tokens shown, and none of the server's own.
    OpensShown,
    /// The keys given open the server's own tokens, and none of those shown.
    OpensOwn,
    /// The keys given open the token, and its signature does not hold.
    Signature,
}

impl Words for Proven {
    fn title(&self) -> String {
        let Self { refusers, verifier, .. } = self;
        match self.proof {
            KeyProof::Signature => format!("The signature of a token that {refusers} refused does not hold"),
            KeyProof::TookOthers { .. } => {
                format!(
                    "{} makes its sign-on tokens with new keys, and {verifier} does not know the new keys",
                    self.maker()
                )
            }
            _ if self.is_own_token => {
                format!("{refusers} has changed the keys of its sign-on tokens, and refuses the older ones")
            }
            _ => format!("{verifier} and {} do not share the keys of sign-on tokens", self.issuer()),
        }
    }

    fn explanation(&self) -> String {
        let Self { refusers, clients, answers, .. } = self;
        format!("{refusers} refused tokens that {clients} showed ({answers}). {}", self.reason())
    }
}

impl Proven {
    /// The maker of the tokens, at the beginning of a sentence.
    fn maker(&self) -> &str {
        self.token_issuer.as_deref().unwrap_or("Another server")
    }

    fn issuer(&self) -> &str {
        self.token_issuer.as_deref().unwrap_or("another server")
    }

    /// How it is known that keys differ. The proofs do not say the same: some tell whose keys are the odd ones, and some cannot.
    fn reason(&self) -> String {
        let issuer = self.issuer();
        match &self.proof {
            KeyProof::CipherBlocks { key_fingerprint, own_key_fingerprint } => format!(
                "The first cipher block of version 1 tokens depends on the key alone: that of the tokens shown has the \
                 fingerprint {key_fingerprint}, that of the server's own tokens {own_key_fingerprint}. So they are made with \
                 different keys."
            ),
            KeyProof::TookOthers { key_fingerprint, taken_key_fingerprint, taken_at } => format!(
                "The first cipher block of version 1 tokens depends on the key alone: that of the tokens refused has the \
                 fingerprint {key_fingerprint}, that of the tokens that it took until {} had {taken_key_fingerprint}. So {issuer} \
                 has new keys, and this server still has the old ones.",
                clock(*taken_at)
            ),
            KeyProof::OpensShown => format!(
                "The keys given open the tokens of {issuer}, and none of those that the server issues itself: it has other keys."
            ),
            KeyProof::OpensOwn => format!(
                "The keys given open the tokens that the server issues itself, and none of those of {issuer}, which has other keys."
            ),
            KeyProof::Signature => {
                "The keys given open the token, but its signature was made with another private key, or the \
                                    token was altered."
                    .to_owned()
            }
        }
    }
}

/// A server refuses tokens that were just issued, and its log says that it cannot validate them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Logged {
    /// The server that refuses them.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// Host that issued them.
    pub token_issuer: String,
    /// Seconds since the first was issued.
    pub token_age_s: f64,
    /// The clients that showed them.
    #[serde(flatten)]
    pub clients: Clients,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for Logged {
    fn title(&self) -> String {
        format!("{} cannot validate the sign-on token of {}: it has other keys", self.verifier, self.token_issuer)
    }

    fn explanation(&self) -> String {
        let Self { verifier, token_issuer: issuer, token_age_s, clients, answers } = self;
        format!(
            "{verifier} refused the token of {issuer} that {clients} showed {} after it was issued ({answers}), and its log says at that \
             moment that a token cannot be validated (CWWKS4001I): it has ended, or was made with other keys. So new a token has not \
             ended (inferred).",
            span(*token_age_s)
        )
    }
}

/// A server refuses all tokens of another.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Inferred {
    /// The server that refuses them.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// Host that issued them.
    pub token_issuer: String,
    /// Number of logins there by which they were got.
    pub login_count: usize,
    /// The clients that showed them.
    #[serde(flatten)]
    pub clients: Clients,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for Inferred {
    fn title(&self) -> String {
        format!("{} refuses every sign-on token of {}", self.verifier, self.token_issuer)
    }

    fn explanation(&self) -> String {
        let Self { verifier, token_issuer: issuer, login_count, clients, answers } = self;
        format!(
            "{verifier} refused the tokens that {clients} got by {login_count} logins at {issuer} ({answers}), and accepted none. \
             Nothing that can be read speaks against them, so that the two servers do not seem to share their keys (inferred)."
        )
    }
}

/// A log of Domino calls a token invalid.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Invalid {
    /// The log that says it, and the user of the token.
    #[serde(flatten)]
    pub logged: LoggedToken,
}

impl Words for Invalid {
    fn title(&self) -> String {
        format!("Domino calls the sign-on token of {} invalid", self.logged.whose())
    }

    fn explanation(&self) -> String {
        format!(
            "{} says that the token is invalid: it was made with other keys, or altered on the way (which of the two is not \
             said). Keys that are not shared are the usual reason.",
            self.logged.log,
        )
    }
}

/// A log of WebSphere Liberty says that it cannot use its keys.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct KeysUnusable {
    /// Name of the log.
    pub log: String,
}

impl Words for KeysUnusable {
    fn title(&self) -> String {
        "WebSphere Liberty could not use its LTPA keys".to_owned()
    }

    fn explanation(&self) -> String {
        format!(
            "{} says so: file or password of the keys are not right, and the server can neither make tokens nor check those of \
             others until that is mended.",
            self.log,
        )
    }
}

/// Liberty could not open a token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unopened {
    /// Name of the log.
    pub log: String,
}

impl Words for Unopened {
    fn title(&self) -> String {
        "A WebSphere server cannot open a sign-on token: most likely it was made with other keys".to_owned()
    }

    fn explanation(&self) -> String {
        format!(
            "{} says so (CWWKS4001). The token was made with keys that this server has not, or the keys or the settings of one of \
             the two have changed since; a token that somebody made up gives the same line.",
            self.log,
        )
    }
}

/// WebSphere's log says several times that tokens could not be validated.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotValidated {
    /// Name of the log.
    pub log: String,
}

impl Words for NotValidated {
    fn title(&self) -> String {
        "WebSphere could not validate sign-on tokens".to_owned()
    }

    fn explanation(&self) -> String {
        format!(
            "{} says so several times. It may be that they were made with other keys; tokens that have ended and wrong \
             passwords give the same messages.",
            self.log,
        )
    }
}
