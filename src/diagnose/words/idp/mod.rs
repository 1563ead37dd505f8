//! What rules about logins by an identity provider say.

pub(crate) mod circle;
pub(crate) mod cookie_lost;
pub(crate) mod refused;

use super::shown;
use crate::model::Endpoint;
use serde::Serialize;

/// Who logs in where, by whom.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Login {
    /// The application.
    pub host: String,
    /// Its address.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The identity provider that it sends the browser to.
    pub provider_host: String,
    /// The browser.
    pub browser: String,
    /// The request that began it.
    pub request: String,
}
