//! LTPA tokens: what one says without keys, and with them.
//!
//! A token is the value of a cookie, or of a field of a Sametime login. Domino writes its own ones in clear and signs them
//! with a shared secret; WebSphere encrypts them (version 1: 3DES, version 2: AES). Much can be told of both without keys.
//!
//! Sources: the Domino C API guide "Single Sign-On with Domino and WebSphere" (HCL) for the Domino format; the WebSphere
//! formats as other implementations under open licences read and write them (Eclipse Amlen, spring-security-ltpa2).

mod body;
mod domino;
mod facts;
mod key_error;
mod key_file;
mod keys;
mod kin;
mod properties;
mod signature;
mod text;
mod token;

pub use crate::calendar::utc;
pub use facts::Facts;
pub use key_error::KeyError;
pub use keys::{Keyring, Opened};
pub use token::{Class, Fingerprint, Flag, Token};
