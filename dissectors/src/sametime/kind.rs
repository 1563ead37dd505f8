//! Types of messages.

pub(super) const HANDSHAKE: u16 = 0x0000;
pub(super) const LOGIN: u16 = 0x0001;
pub(super) const CHANNEL_CREATE: u16 = 0x0002;
pub(super) const CHANNEL_DESTROY: u16 = 0x0003;
pub(super) const CHANNEL_SEND: u16 = 0x0004;
pub(super) const CHANNEL_ACCEPT: u16 = 0x0006;
pub(super) const SET_USER_STATUS: u16 = 0x0009;
pub(super) const SET_PRIVACY_LIST: u16 = 0x000B;
pub(super) const SENSE_SERVICE: u16 = 0x0011;
pub(super) const LOGIN_CONTINUE: u16 = 0x0016;
pub(super) const LOGIN_REDIRECT: u16 = 0x0018;
pub(super) const ADMIN: u16 = 0x0019;
pub(super) const ANNOUNCE: u16 = 0x0022;
pub(super) const HANDSHAKE_SYN: u16 = 0x0025;
pub(super) const HANDSHAKE_ACK: u16 = 0x8000;
pub(super) const LOGIN_ACK: u16 = 0x8001;
