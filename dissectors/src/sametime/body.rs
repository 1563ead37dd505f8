//! Bodies. Orders of fields after Meanwhile (`common.c`, `message.c`) and Wireshark's Sametime dissector (facts only); newer
//! clients append fields that are not public, so bytes behind the known ones are not an error.

use super::auth;
use super::cursor::Cursor;
use super::kind;
use super::message::{Auth, Body, ChannelCreate, Service};

/// From this minor version on a handshake carries the host's name (major 0x1E).
const HOST_SINCE: (u16, u16) = (0x1E, 0x1D);

/// Reads the body of a message of that type, as far as it is there; says so if it is short.
pub(super) fn parse(kind: u16, bytes: &[u8]) -> (Body, Option<&'static str>) {
    let mut cursor = Cursor::new(bytes);
    let body = read(kind, &mut cursor).unwrap_or(Body::Other { kind });
    (body, cursor.short.then_some("the body ends before its last field"))
}

/// Reads the fields that are told; what stands behind them is left, since later versions add fields at the end.
fn read(kind: u16, body: &mut Cursor<'_>) -> Option<Body> {
    match kind {
        kind::HANDSHAKE => handshake(body),
        kind::HANDSHAKE_ACK => handshake_ack(body),
        kind::LOGIN => login(body),
        kind::LOGIN_ACK => login_ack(body),
        kind::LOGIN_CONTINUE => Some(Body::LoginContinue),
        kind::LOGIN_REDIRECT => {
            let host = body.string()?;
            Some(Body::LoginRedirect { host, server_id: body.string().and_then(some_text) })
        }
        kind::CHANNEL_CREATE => channel_create(body),
        kind::CHANNEL_ACCEPT => service(body).map(Body::ChannelAccept),
        kind::CHANNEL_SEND => {
            let kind = body.u16()?;
            Some(Body::ChannelSend { kind, length: body.opaque().map_or(0, <[u8]>::len) })
        }
        kind::CHANNEL_DESTROY => body.u32().map(|reason| Body::ChannelDestroy { reason }),
        kind::SET_USER_STATUS => {
            let status = body.u16()?;
            let _since = body.u32();
            Some(Body::SetUserStatus { status, text: body.string().unwrap_or_default() })
        }
        kind::SET_PRIVACY_LIST => {
            let deny = body.boolean()?;
            Some(Body::SetPrivacyList { deny, count: body.u32()? })
        }
        kind::SENSE_SERVICE => body.u32().map(|service| Body::SenseService { service }),
        kind::ADMIN => body.string().map(|text| Body::Admin { text }),
        kind::ANNOUNCE => announce(body),
        _ => None,
    }
}

fn handshake(body: &mut Cursor<'_>) -> Option<Body> {
    let version = (body.u16()?, body.u16()?);
    let _channel = body.u32()?;
    let _seen = body.address()?;
    let login_type = body.u16()?;
    let own_address = body.address()?;
    let has_host = version.0 >= HOST_SINCE.0 && version.1 >= HOST_SINCE.1 && !body.rest().is_empty();
    let host = if has_host { host_name(body) } else { None };
    Some(Body::Handshake { version, login_type, own_address, host })
}

fn host_name(body: &mut Cursor<'_>) -> Option<String> {
    let _unknown = (body.u16()?, body.u32()?);
    body.string().and_then(some_text)
}

fn handshake_ack(body: &mut Cursor<'_>) -> Option<Body> {
    let version = (body.u16()?, body.u16()?);
    Some(Body::HandshakeAck { version, seen_address: body.address()? })
}

fn login(body: &mut Cursor<'_>) -> Option<Body> {
    let (login_type, user) = (body.u16()?, body.string()?);
    let auth = match (body.opaque(), body.u16()) {
        (Some(data), Some(kind)) => auth::read(kind, data),
        (data, _) => Auth { kind: Auth::UNSEEN, length: data.map_or(0, <[u8]>::len), tokens: Vec::new() },
    };
    Some(Body::Login { login_type, user, auth })
}

fn login_ack(body: &mut Cursor<'_>) -> Option<Body> {
    let info = login_info(body)?;
    let server_id = info.server_id.and_then(some_text);
    let LoginInfo { login_id, login_type, user_id, user_name, community, .. } = info;
    Some(Body::LoginAck { login_type, login_id, user_id, user_name, community, server_id })
}

/// Who is logged in, and where.
struct LoginInfo {
    login_id: String,
    login_type: u16,
    user_id: String,
    user_name: String,
    community: String,
    server_id: Option<String>,
}

fn login_info(body: &mut Cursor<'_>) -> Option<LoginInfo> {
    let (login_id, login_type) = (body.string()?, body.u16()?);
    let (user_id, user_name) = (body.string()?, body.string()?);
    let community = body.string().unwrap_or_default();
    let server_id = match body.boolean() {
        Some(true) => body.string().zip(body.u32()).and_then(|_| body.string()),
        _ => None,
    };
    Some(LoginInfo { login_id, login_type, user_id, user_name, community, server_id })
}

fn channel_create(body: &mut Cursor<'_>) -> Option<Body> {
    let _reserved = body.u32()?;
    let channel = body.u32()?;
    let (user, community) = (body.string()?, body.string()?);
    let service = service(body)?;
    let _options = body.u32();
    let data_length = body.opaque().map_or(0, <[u8]>::len);
    if body.boolean() == Some(true) {
        let _creator = login_info(body);
    }
    let encryption = body.u16();
    Some(Body::ChannelCreate(Box::new(ChannelCreate { channel, user, community, service, data_length, encryption })))
}

fn service(body: &mut Cursor<'_>) -> Option<Service> {
    Some(Service { service: body.u32()?, protocol: body.u32()?, version: body.u32()? })
}

fn announce(body: &mut Cursor<'_>) -> Option<Body> {
    let sender = if body.boolean()? { login_info(body).map(|info| info.user_name) } else { None };
    let _unknown = (body.u16(), body.boolean());
    Some(Body::Announce { sender, text: body.string()? })
}

fn some_text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
