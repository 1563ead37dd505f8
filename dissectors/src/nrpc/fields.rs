//! Messages for people and for reports: type, summary and fields.

use super::tlv::Shown;
use super::{Auth, Body, Message, Opaque, Session, Status, TimeDate, Tlv, Transaction, name};
use crate::{Fields, Presentation, Protocol, Reading, Value};
use std::fmt::Write;

/// Bytes of a raw value that a report shows.
const HEX_SHOWN: usize = 32;
const NANOS_A_MILLI: i64 = 1_000_000;

impl Presentation for Message {
    fn protocol(&self) -> &'static Protocol {
        &super::PROTOCOL
    }

    fn kind(&self) -> &'static str {
        match self.body {
            Body::SessionRequest(_) => "nrpc.session_request",
            Body::SessionResponse(_) => "nrpc.session_response",
            Body::Auth(_) => "nrpc.auth",
            Body::Transaction(_) => "nrpc.transaction",
            Body::Opaque(_) => "nrpc.opaque",
        }
    }

    fn summary(&self) -> String {
        let mut line = match &self.body {
            Body::SessionRequest(session) => match &session.wanted_server {
                Some(wanted) => format!("session request, wants {wanted}"),
                None => "session request, names no server".to_owned(),
            },
            Body::SessionResponse(session) => match &session.own_name {
                Some(name) => format!("session response of {name}"),
                None => "session response without a name".to_owned(),
            },
            Body::Auth(auth) => auth.summary(self),
            Body::Transaction(transaction) => transaction.summary(self),
            Body::Opaque(opaque) => opaque.summary(self),
        };
        if self.incomplete {
            line.push_str(" (incomplete)");
        }
        line
    }

    fn plainly(&self) -> Option<String> {
        let named = |name: &String| name::abbreviate(name);
        Some(match &self.body {
            Body::SessionRequest(session) => match &session.wanted_server {
                Some(wanted) => format!("asks for {}", named(wanted)),
                None => "asks for no server by name".to_owned(),
            },
            Body::SessionResponse(session) => match &session.own_name {
                Some(name) => format!("answers as {}", named(name)),
                None => "answers without a name".to_owned(),
            },
            Body::Auth(auth) => match &auth.user {
                Some(user) => format!("signs in as {}", named(user)),
                None => "signs in".to_owned(),
            },
            Body::Transaction(transaction) => transaction.plainly(),
            Body::Opaque(opaque) if opaque.framed => "goes on".to_owned(),
            Body::Opaque(_) => "goes on, encrypted".to_owned(),
        })
    }

    fn fields(&self, reading: &Reading<'_>) -> Fields {
        let seen = reading.seen;
        let mut fields = match &self.body {
            Body::SessionRequest(session) => session.request_fields(seen),
            Body::SessionResponse(session) => session.response_fields(seen),
            Body::Auth(auth) => auth.fields(self),
            Body::Transaction(transaction) => transaction.fields(self),
            Body::Opaque(opaque) => opaque.fields(self),
        };
        if self.length_mismatch {
            fields.push(("length_mismatch", true.into()));
        }
        if self.incomplete {
            fields.push(("incomplete", true.into()));
        }
        fields
    }
}

impl Message {
    fn head(&self) -> Fields {
        vec![("function", self.function.into()), ("class", self.class.into()), ("sequence", self.sequence.into())]
    }
}

impl Session {
    fn request_fields(&self, seen: i64) -> Fields {
        let mut fields =
            vec![("wanted_server", text(self.wanted_server.as_ref())), ("own_name", text(self.own_name.as_ref()))];
        self.push_common(&mut fields, seen);
        fields.push(("certificate_created", time(self.certificate_created)));
        fields.push(("certificate_expires", time(self.certificate_expires)));
        self.push_tlvs(&mut fields);
        push_abbreviated(&mut fields, "wanted_server_abbreviated", self.wanted_server.as_ref());
        push_abbreviated(&mut fields, "own_name_abbreviated", self.own_name.as_ref());
        if self.wanted_server_inferred {
            fields.push(("wanted_server_mark", "inferred".into()));
        }
        self.push_rest(&mut fields);
        fields
    }

    fn response_fields(&self, seen: i64) -> Fields {
        let mut fields = vec![("server_name", text(self.own_name.as_ref()))];
        self.push_common(&mut fields, seen);
        self.push_tlvs(&mut fields);
        push_abbreviated(&mut fields, "server_name_abbreviated", self.own_name.as_ref());
        self.push_rest(&mut fields);
        fields
    }

    fn push_common(&self, fields: &mut Fields, seen: i64) {
        fields.push(("clock", time(self.clock)));
        fields.push(("clock_skew_s", skew(self.clock, seen).into()));
        fields.push(("license_id", self.license_id().map(|license| license.hex()).into()));
        fields.push(("buffer_size", self.buffer_size().into()));
    }

    fn push_tlvs(&self, fields: &mut Fields) {
        let list: Vec<Value> = self.tlvs.iter().map(|tlv| Value::Map(tlv.fields())).collect();
        fields.push(("tlvs", list.into()));
    }

    fn push_rest(&self, fields: &mut Fields) {
        if let Some(fixed) = &self.fixed {
            fields.push(("flags", format!("{:#06x}", fixed.flags).into()));
            fields.push(("features", format!("{:#06x}", fixed.features).into()));
            fields.push(("nonce_length", fixed.nonces.as_flattened().len().into()));
        }
        if let Some(damage) = &self.damage {
            fields.push(("damage", damage.why.into()));
            fields.push(("unread_bytes", damage.rest.len().into()));
        }
    }
}

impl Tlv {
    fn fields(&self) -> Fields {
        let text = match self.shown() {
            Shown::Text(text) => text.into(),
            Shown::Time(value) => time(Some(value)),
            Shown::Word(number) => number.to_string().into(),
            Shown::Raw | Shown::Masked => Value::Null,
        };
        let value = if self.shown() == Shown::Masked { Value::Null } else { hex_cut(self.value()).into() };
        vec![
            ("type", self.kind.into()),
            ("length", self.length().into()),
            ("name", self.name().into()),
            ("value", value),
            ("text", text),
            ("mark", self.mark().name().into()),
        ]
    }
}

impl Auth {
    fn summary(&self, message: &Message) -> String {
        match (&self.user, &self.server_name) {
            (Some(user), _) => format!("authentication of {user}"),
            (None, Some(server)) => format!("authentication by server {server}"),
            (None, None) => format!("authentication, {} bytes", message.payload_length),
        }
    }

    fn fields(&self, message: &Message) -> Fields {
        let mut fields = message.head();
        fields.push(("user", text(self.user.as_ref())));
        fields.push(("length", message.payload_length.into()));
        push_abbreviated(&mut fields, "user_abbreviated", self.user.as_ref());
        if self.server_name.is_some() {
            fields.push(("server_name", text(self.server_name.as_ref())));
        }
        if !self.name_raw.is_empty() {
            fields.push(("name_mark", self.name_mark.name().into()));
        }
        if self.r5 {
            fields.push(("license_id", self.license.map(|license| license.hex()).into()));
            fields.push(("certificate_created", time(self.certificate_created)));
            fields.push(("certificate_expires", time(self.certificate_expires)));
        }
        if let Some(key) = &self.key {
            fields.push(("key_length", key.length.into()));
            fields.push(("key_bits", key.bits.into()));
        }
        fields
    }
}

impl Transaction {
    /// What is wanted where it is known, and how it is refused; the number of a status that has no words.
    fn plainly(&self) -> String {
        match (self.reply, self.status()) {
            (false, _) => self.name.map_or_else(|| "asks".to_owned(), |name| format!("asks ({name})")),
            (true, None) => "answers".to_owned(),
            (true, Some(status)) if status.code() == 0 => "answers".to_owned(),
            (true, Some(status)) => match status.meaning() {
                Some(meaning) => format!("refuses: {meaning}"),
                None => format!("refuses (status {:#06x})", status.code()),
            },
        }
    }

    fn summary(&self, message: &Message) -> String {
        let mut line = if self.reply { "reply" } else { "request" }.to_owned();
        let _ = write!(line, " {:#06x}", message.function);
        if let Some(name) = self.name {
            let _ = write!(line, " ({name})");
        }
        let _ = write!(line, ", sequence {}", message.sequence);
        if let Some(user) = &self.user {
            let _ = write!(line, ", user {user}");
        }
        if let Some(status) = self.status() {
            let _ = match status.name() {
                Some(name) => write!(line, ", {name}"),
                None => write!(line, ", status {:#06x}", status.code()),
            };
        }
        if self.continuation {
            line.push_str(", continued");
        }
        line
    }

    fn fields(&self, message: &Message) -> Fields {
        let mut fields = message.head();
        fields.push(("user", text(self.user.as_ref())));
        fields.push(("status_code", self.status().map(Status::code).into()));
        fields.push(("status_name", self.status().and_then(Status::name).into()));
        fields.push(("length", message.payload_length.into()));
        // What only some functions carry is left out elsewhere: most transactions would have nothing but absent fields.
        if self.name.is_some() {
            fields.push(("name", self.name.into()));
        }
        if self.view.is_some() {
            fields.push(("view", text(self.view.as_ref())));
        }
        if self.buffer_size.is_some() {
            fields.push(("buffer_size", self.buffer_size.into()));
        }
        if self.data_length.is_some() {
            fields.push(("data_length", self.data_length.into()));
        }
        if self.continuation {
            fields.push(("continuation", true.into()));
        }
        if let Some(status) = self.status() {
            fields.push(("status_hex", format!("{:#06x}", status.code()).into()));
            fields.push(("status_meaning", status.meaning().into()));
            fields.push(("status_package", status.package().into()));
            fields.push(("status_remote", status.remote().into()));
        }
        fields
    }
}

impl Opaque {
    fn summary(&self, message: &Message) -> String {
        if self.framed {
            format!("function {:#06x} of class {:#06x}, not known", message.function, message.class)
        } else {
            format!("encrypted or unknown, {} bytes", message.captured)
        }
    }

    fn fields(&self, message: &Message) -> Fields {
        let mut fields = message.head();
        if !self.framed {
            for (_, value) in &mut fields {
                *value = Value::Null;
            }
        }
        fields.push(("user", text(self.user.as_ref())));
        fields.push(("why", self.why.into()));
        fields.push(("length", message.length.into()));
        fields.push(("captured", message.captured.into()));
        if !self.head.is_empty() {
            fields.push(("head", hex(&self.head).into()));
        }
        fields
    }
}

fn push_abbreviated(fields: &mut Fields, key: &'static str, name: Option<&String>) {
    if let Some(name) = name {
        fields.push((key, name::abbreviate(name).into()));
    }
}

fn text(value: Option<&String>) -> Value {
    value.map(String::as_str).into()
}

fn time(value: Option<TimeDate>) -> Value {
    value.and_then(TimeDate::rfc3339).into()
}

/// How far a clock is ahead of the capture's, in seconds, to the millisecond.
fn skew(clock: Option<TimeDate>, seen: i64) -> Option<f64> {
    let nanos = clock?.unix_nanos()?.checked_sub(seen)?;
    let half = NANOS_A_MILLI / 2;
    let millis = nanos.checked_add(half)?.div_euclid(NANOS_A_MILLI);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of 292 years need 44 bits, f64 holds 53")]
    let seconds = millis as f64 / 1000.0;
    Some(seconds)
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// At most 32 bytes in hexadecimal; what is left out stands behind them as a number.
fn hex_cut(bytes: &[u8]) -> String {
    match bytes.split_at_checked(HEX_SHOWN) {
        Some((shown, rest)) if !rest.is_empty() => format!("{}… ({} bytes)", hex(shown), bytes.len()),
        _ => hex(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::super::class;
    use super::super::frame::tests::frame;
    use super::super::frame::{Place, decode};
    use super::super::session::tests::{Build, request, time as wire_time};
    use super::super::{auth, transaction};
    use super::*;
    use crate::Side;

    fn get<'a>(fields: &'a Fields, key: &str) -> &'a Value {
        fields
            .iter()
            .find(|(name, _)| *name == key)
            .map_or_else(|| panic!("no {key} in {fields:?}"), |(_, value)| value)
    }

    fn names(fields: &Fields) -> Vec<&'static str> {
        fields.iter().map(|&(name, _)| name).collect()
    }

    fn session(function: u16, build: &Build) -> Message {
        decode(Side::Client, &frame(0, function, class::SESSION, &build.payload()), Place::First)
    }

    #[test]
    fn a_session_request() {
        let message = session(2, &request());
        // One second of ticks after midnight of 2025-04-22, seen 4.5004 ms before that.
        let seen = 1_745_280_001_000_000_000 - 4_500_400;
        let fields = message.fields(&Reading::masked(seen));
        assert_eq!(message.kind(), "nrpc.session_request");
        assert_eq!(message.summary(), "session request, wants CN=Mail01/O=Acme");
        assert_eq!(
            names(&fields)[..9],
            [
                "wanted_server",
                "own_name",
                "clock",
                "clock_skew_s",
                "license_id",
                "buffer_size",
                "certificate_created",
                "certificate_expires",
                "tlvs",
            ]
        );
        assert_eq!(get(&fields, "wanted_server"), &"CN=Mail01/O=Acme".into());
        assert_eq!(get(&fields, "wanted_server_abbreviated"), &"Mail01/Acme".into());
        assert_eq!(get(&fields, "own_name"), &Value::Null);
        assert_eq!(get(&fields, "clock"), &"2025-04-22T00:00:01.00Z".into());
        assert_eq!(get(&fields, "clock_skew_s"), &Value::Float(0.005));
        assert_eq!(get(&fields, "license_id"), &"c0ffee1234030000".into());
        assert_eq!(get(&fields, "buffer_size"), &Value::Int(8100));
        assert_eq!(get(&fields, "certificate_expires"), &"2025-11-20T00:00:03.00Z".into());
    }

    #[test]
    fn tlvs_show_values_and_mask_what_is_secret() {
        let mut build = request();
        build.tlvs.push((0x99, vec![0xAB; 40]));
        let fields = session(2, &build).fields(&Reading::masked(0));
        let Value::List(list) = get(&fields, "tlvs") else { panic!() };
        let find = |kind: i64| {
            list.iter().find_map(|entry| match entry {
                Value::Map(map) if get(map, "type") == &Value::Int(kind) => Some(map),
                _ => None,
            })
        };
        let home = find(0x0F).unwrap();
        assert_eq!((get(home, "value"), get(home, "text")), (&"686f6d65".into(), &"home".into()));
        assert_eq!(get(find(0x04).unwrap(), "value"), &Value::Null);
        assert_eq!(get(find(0x04).unwrap(), "length"), &Value::Int(16));
        assert_eq!(get(find(0x09).unwrap(), "mark"), &"evidenced".into());
        let unknown = find(0x99).unwrap();
        assert_eq!(get(unknown, "value"), &format!("{}… (40 bytes)", "ab".repeat(32)).into());
        assert_eq!((get(unknown, "name"), get(unknown, "mark")), (&Value::Null, &"unknown".into()));
        let printed = format!("{fields:?}");
        assert!(
            !printed.contains(&"09".repeat(16))
                && !printed.contains(&"11".repeat(8))
                && !printed.contains(&"22".repeat(8))
        );
    }

    #[test]
    fn a_session_response() {
        let build = Build { name: b"CN=Mail01/O=Acme", pad: false, tlvs: vec![(9, wire_time(u32::MAX, u32::MAX))] };
        let message = session(3, &build);
        let fields = message.fields(&Reading::masked(0));
        assert_eq!(message.summary(), "session response of CN=Mail01/O=Acme");
        let expected =
            ["server_name", "clock", "clock_skew_s", "license_id", "buffer_size", "tlvs", "server_name_abbreviated"];
        assert_eq!(names(&fields)[..7], expected);
        assert_eq!((get(&fields, "clock"), get(&fields, "clock_skew_s")), (&Value::Null, &Value::Null));
    }

    #[test]
    fn an_r5_request_names_no_server() {
        let message = session(2, &Build { name: b"", pad: false, tlvs: vec![(5, vec![0; 16])] });
        assert_eq!(message.summary(), "session request, names no server");
        assert_eq!(get(&message.fields(&Reading::masked(0)), "wanted_server"), &Value::Null);
    }

    #[test]
    fn authentication() {
        let bytes = frame(0, 0x13, class::SESSION, &auth::tests::r5(b"CN=Ann/O=Acme"));
        let message = decode(Side::Client, &bytes, Place::First);
        let fields = message.fields(&Reading::masked(0));
        assert_eq!((message.kind(), message.summary().as_str()), ("nrpc.auth", "authentication of CN=Ann/O=Acme"));
        assert_eq!(get(&fields, "function"), &Value::Int(0x13));
        assert_eq!(get(&fields, "user_abbreviated"), &"Ann/Acme".into());
        assert_eq!(get(&fields, "key_bits"), &Value::Int(512));
        let cut = decode(Side::Client, &bytes[..bytes.len() - 3], Place::First);
        assert_eq!(cut.summary(), format!("authentication, {} bytes (incomplete)", cut.payload_length));
    }

    #[test]
    fn transactions() {
        let lookup = decode(Side::Client, &transaction::tests::lookup_request("al"), Place::First);
        assert_eq!(lookup.summary(), "request 0x004f (ID file lookup), sequence 1, user al");
        assert_eq!(get(&lookup.fields(&Reading::masked(0)), "length_mismatch"), &Value::Bool(true));
        let reply = decode(Side::Server, &frame(1, 0x4F, 1, &[0x19, 0x43, 0, 0]), Place::First);
        assert_eq!(reply.summary(), "reply 0x004f (ID file lookup), sequence 1, ERR_IDFILE_NOT_FOUND");
        let fields = reply.fields(&Reading::masked(0));
        assert_eq!(get(&fields, "status_code"), &Value::Int(0x319));
        assert_eq!(get(&fields, "status_hex"), &"0x0319".into());
        assert_eq!(get(&fields, "status_remote"), &Value::Bool(true));
        let next = decode(Side::Server, &frame(1, 0x4F, 1, &[0x19, 0x43, 0, 0]), Place::Continuation);
        assert_eq!(get(&next.fields(&Reading::masked(0)), "status_code"), &Value::Null);
        let odd = decode(Side::Server, &frame(1, 0x21, 1, &[0xFF, 0x2F]), Place::First);
        assert_eq!(odd.summary(), "reply 0x0021, sequence 1, status 0x2fff");
    }

    #[test]
    fn opaque_frames_give_no_header_they_do_not_have() {
        let message = decode(Side::Client, &[20, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 7], Place::First);
        let fields = message.fields(&Reading::masked(0));
        assert_eq!(message.summary(), "encrypted or unknown, 13 bytes (incomplete)");
        assert_eq!(
            (get(&fields, "function"), get(&fields, "head")),
            (&Value::Null, &"14000909090909090909090907".into())
        );
        let framed = decode(Side::Client, &frame(0, 0x77, class::SESSION, b"secret"), Place::First);
        assert_eq!(framed.summary(), "function 0x0077 of class 0x4000, not known");
        assert!(!names(&framed.fields(&Reading::masked(0))).contains(&"head"));
    }

    #[test]
    fn skew_is_signed_and_rounded() {
        let clock = TimeDate { ticks: 100, day: 2_440_588 };
        assert_eq!(skew(Some(clock), 1_000_000_000), Some(0.0));
        assert_eq!(skew(Some(clock), 13_018_000_000), Some(-12.018));
        assert_eq!(skew(Some(clock), i64::MIN), None);
        assert_eq!(skew(None, 0), None);
    }
}
