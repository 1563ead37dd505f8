//! Messages for reports: kind, one line, fields.

use super::frame::ENCRYPT;
use super::message::{Body, ChannelCreate, Message, Service};
use super::{names, reason};
use crate::{Fields, Presentation, Protocol, Reading, Value, problem};
use std::net::Ipv4Addr;

impl Presentation for Message {
    fn protocol(&self) -> &'static Protocol {
        &super::PROTOCOL
    }

    fn kind(&self) -> &'static str {
        match self.body {
            Body::Handshake { .. } => "sametime.handshake",
            Body::HandshakeAck { .. } => "sametime.handshake_ack",
            Body::Login { .. } => "sametime.login",
            Body::LoginAck { .. } => "sametime.login_ack",
            Body::LoginContinue => "sametime.login_continue",
            Body::LoginRedirect { .. } => "sametime.login_redirect",
            Body::ChannelCreate(_) => "sametime.channel_create",
            Body::ChannelAccept(_) => "sametime.channel_accept",
            Body::ChannelSend { .. } => "sametime.channel_send",
            Body::ChannelDestroy { .. } => "sametime.channel_destroy",
            Body::SetUserStatus { .. } => "sametime.set_user_status",
            Body::SetPrivacyList { .. } => "sametime.set_privacy_list",
            Body::SenseService { .. } => "sametime.sense_service",
            Body::Admin { .. } => "sametime.admin",
            Body::Announce { .. } => "sametime.announce",
            Body::KeepAlive => "sametime.keep_alive",
            Body::Other { .. } => "sametime.other",
            Body::Malformed => "sametime.malformed",
        }
    }

    fn summary(&self) -> String {
        let channel = self.channel;
        match &self.body {
            Body::Handshake { version, login_type, own_address, host } => {
                let host = host.as_deref().map_or_else(String::new, |host| format!(", host {host}"));
                let (major, minor) = version;
                let release =
                    names::release(*minor).map_or_else(String::new, |release| format!(" (Sametime {release})"));
                format!(
                    "handshake, version {major}.{minor}{release}, {}, own address {own_address}{host}",
                    client(*login_type)
                )
            }
            Body::HandshakeAck { version: (major, minor), seen_address } => {
                format!("handshake answered, version {major}.{minor}, client seen as {seen_address}")
            }
            Body::Login { user, auth, .. } => format!("login of {user} {}", auth.label()),
            Body::LoginAck { user_id, user_name, .. } => format!("login accepted: {user_name} ({user_id})"),
            Body::LoginContinue => "login goes on with this server".to_owned(),
            Body::LoginRedirect { host, .. } => format!("login redirected to {host}"),
            Body::ChannelCreate(create) => {
                format!("channel {} opened for {}", create.channel, service(create.service.service))
            }
            Body::ChannelAccept(accepted) => format!("channel {channel} accepted for {}", service(accepted.service)),
            Body::ChannelSend { kind, length } => format!("channel {channel}: {length} bytes of kind {kind}"),
            Body::ChannelDestroy { reason } => destroyed(channel, *reason),
            Body::SetUserStatus { status, text } => {
                format!("status {} {text}", status_name(*status)).trim_end().to_owned()
            }
            Body::SetPrivacyList { deny, count } => {
                format!("privacy list of {count}, {}", if *deny { "shut out" } else { "let in" })
            }
            Body::SenseService { service: number } => format!("asks for the service {}", service(*number)),
            Body::Admin { text } => format!("message of the administrator: {text}"),
            Body::Announce { text, .. } => format!("announcement: {text}"),
            Body::KeepAlive => "keep-alive".to_owned(),
            // The type stands in the header, in clear: it is all that is known of such a message.
            Body::Other { kind } if self.options & ENCRYPT != 0 => format!("encrypted message of type 0x{kind:04x}"),
            Body::Other { kind } => format!("message of type 0x{kind:04x}"),
            Body::Malformed => {
                self.problems.first().map_or_else(|| "no message".to_owned(), |p| format!("not a message: {}", p.what))
            }
        }
    }

    fn plainly(&self) -> Option<String> {
        Some(match &self.body {
            Body::Handshake { login_type, .. } => format!("says hello ({})", client(*login_type)),
            Body::HandshakeAck { .. } => "answers".to_owned(),
            Body::Login { user, auth, .. } => format!("logs in as {user} {}", auth.label()),
            Body::LoginAck { user_name, .. } => format!("accepts the login of {user_name}"),
            Body::LoginContinue => "lets the login go on".to_owned(),
            Body::LoginRedirect { host, .. } => format!("sends the client to {host}"),
            Body::ChannelDestroy { reason } if self.channel == 0 => match reason::explain(*reason) {
                Some(why) => format!("ends it: {why}"),
                None => format!("ends it, {}", reason::label(*reason)),
            },
            Body::KeepAlive => return None,
            _ => self.summary(),
        })
    }

    fn fields(&self, reading: &Reading<'_>) -> Fields {
        let mut fields: Fields = vec![("channel", self.channel.into())];
        fields.extend(self.body_fields(reading));
        if self.options & ENCRYPT != 0 {
            fields.push(("encrypted", true.into()));
        }
        fields.push(("problems", problem::values(&self.problems)));
        fields
    }
}

impl Message {
    /// The server's or client's last word on the session: the reason of a channel 0 that is closed.
    pub const fn session_end(&self) -> Option<u32> {
        match self.body {
            Body::ChannelDestroy { reason } if self.channel == 0 => Some(reason),
            _ => None,
        }
    }

    fn body_fields(&self, reading: &Reading<'_>) -> Fields {
        match &self.body {
            Body::Handshake { version, login_type, own_address, host } => vec![
                ("version", version_text(*version)),
                ("release", names::release(version.1).into()),
                ("login_type", login_type_value(*login_type)),
                ("own_address", address(*own_address)),
                ("host", host.clone().into()),
            ],
            Body::HandshakeAck { version, seen_address } => {
                vec![("version", version_text(*version)), ("seen_address", address(*seen_address))]
            }
            Body::Login { login_type, user, auth } => {
                let mut fields = vec![("login_type", login_type_value(*login_type)), ("user", user.clone().into())];
                fields.extend(auth.fields(reading));
                fields
            }
            Body::LoginAck { login_type, login_id, user_id, user_name, community, server_id } => vec![
                ("login_type", login_type_value(*login_type)),
                ("login_id", login_id.clone().into()),
                ("user", user_id.clone().into()),
                ("user_name", user_name.clone().into()),
                ("community", community.clone().into()),
                ("server_id", server_id.clone().into()),
            ],
            Body::LoginRedirect { host, server_id } => {
                vec![("host", host.clone().into()), ("server_id", server_id.clone().into())]
            }
            Body::ChannelDestroy { reason } => vec![
                ("reason_code", (*reason).into()),
                ("reason_name", reason::name(*reason).into()),
                ("reason_text", reason::explain(*reason).into()),
            ],
            // The rest has nothing to do with a login, and together the lists would fit on no screen.
            other => other_fields(other),
        }
    }
}

/// Fields of messages that have nothing to do with a login.
fn other_fields(body: &Body) -> Fields {
    match body {
        Body::ChannelCreate(create) => create_fields(create),
        Body::ChannelAccept(service) => service_fields(*service),
        Body::ChannelSend { kind, length } => vec![("data_type", (*kind).into()), ("data_length", (*length).into())],
        Body::SetUserStatus { status, text } => {
            vec![
                ("status_code", (*status).into()),
                ("status_name", names::status(*status).into()),
                ("text", text.clone().into()),
            ]
        }
        Body::SetPrivacyList { deny, count } => vec![("deny", (*deny).into()), ("count", (*count).into())],
        Body::SenseService { service } => vec![("service", numbered(*service, names::service(*service)))],
        Body::Admin { text } => vec![("text", text.clone().into())],
        Body::Announce { sender, text } => vec![("sender", sender.clone().into()), ("text", text.clone().into())],
        Body::Other { kind } => vec![("message_type", (*kind).into())],
        _ => Fields::new(),
    }
}

fn create_fields(create: &ChannelCreate) -> Fields {
    let mut fields: Fields = vec![
        ("new_channel", create.channel.into()),
        ("user", create.user.clone().into()),
        ("community", create.community.clone().into()),
    ];
    fields.extend(service_fields(create.service));
    fields.push(("data_length", create.data_length.into()));
    fields.push(("encryption", create.encryption.into()));
    fields
}

fn service_fields(service: Service) -> Fields {
    vec![
        ("service", numbered(service.service, names::service(service.service))),
        ("protocol", service.protocol.into()),
        ("protocol_version", service.version.into()),
    ]
}

fn version_text((major, minor): (u16, u16)) -> Value {
    format!("{major}.{minor}").into()
}

fn login_type_value(login_type: u16) -> Value {
    numbered(u32::from(login_type), names::client(login_type))
}

fn numbered(number: u32, name: Option<&'static str>) -> Value {
    Value::Map(vec![("number", number.into()), ("name", name.into())])
}

fn address(address: Ipv4Addr) -> Value {
    address.to_string().into()
}

fn client(login_type: u16) -> String {
    names::client(login_type).map_or_else(|| format!("client type 0x{login_type:04x}"), str::to_owned)
}

fn service(number: u32) -> String {
    names::service(number).map_or_else(|| format!("service 0x{number:x}"), str::to_owned)
}

fn status_name(status: u16) -> String {
    names::status(status).map_or_else(|| format!("0x{status:04x}"), str::to_owned)
}

fn destroyed(channel: u32, code: u32) -> String {
    let what = if channel == 0 { "session ended".to_owned() } else { format!("channel {channel} closed") };
    let why = reason::explain(code).map_or_else(String::new, |text| format!(": {text}"));
    format!("{what}, {}{why}", reason::label(code))
}
