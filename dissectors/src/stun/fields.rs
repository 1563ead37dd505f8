//! Messages for people and for reports: type, summary and fields.

use super::dtls::Dtls;
use super::message::{Kind, Message, Stun};
use crate::{Fields, Presentation, Protocol, Reading, Value, text};

impl Presentation for Message {
    fn protocol(&self) -> &'static Protocol {
        &super::PROTOCOL
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Stun(stun) => match stun.kind {
                Kind::Request => "stun.request",
                Kind::Indication => "stun.indication",
                Kind::Success => "stun.success",
                Kind::Error => "stun.error",
            },
            Self::Dtls(_) => "stun.dtls",
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::Stun(stun) => stun.summary(),
            Self::Dtls(dtls) => format!("DTLS {}", dtls.words()),
        }
    }

    fn fields(&self, _: &Reading<'_>) -> Fields {
        match self {
            Self::Stun(stun) => stun.fields(),
            Self::Dtls(dtls) => dtls.fields(),
        }
    }
}

impl Stun {
    fn summary(&self) -> String {
        let method = self.method.name();
        let user = self.username.as_ref().map_or_else(String::new, |user| format!(" ({user})"));
        match (self.kind, &self.error) {
            (Kind::Request, _) => format!("{method} request{user}"),
            (Kind::Indication, _) => format!("{method} indication"),
            (Kind::Success, _) => {
                let relay = self.relayed.map_or_else(String::new, |relay| format!(": relay {relay}"));
                format!("{method} success{relay}")
            }
            (Kind::Error, Some((code, reason))) => format!("{method} error {code} {reason}").trim_end().to_owned(),
            (Kind::Error, None) => format!("{method} error"),
        }
    }

    fn fields(&self) -> Fields {
        let mut fields = vec![
            ("method", self.method.name().into()),
            ("username", self.username.clone().into()),
            ("realm", self.realm.clone().into()),
            ("error", self.error.as_ref().map(|(code, _)| *code).into()),
            ("reason", self.error.as_ref().map(|(_, reason)| reason.as_str()).into()),
            ("mapped", self.mapped.map(|address| address.to_string()).into()),
            ("relayed", self.relayed.map(|address| address.to_string()).into()),
            ("lifetime", self.lifetime.into()),
            ("software", self.software.clone().into()),
            ("check", self.is_check.into()),
            ("transaction", text::hex(&self.transaction).into()),
        ];
        if self.incomplete {
            fields.push(("incomplete", true.into()));
        }
        fields
    }
}

impl Dtls {
    fn fields(self) -> Fields {
        vec![
            ("content", u16::from(self.content).into()),
            ("epoch", self.epoch.into()),
            ("handshake", self.handshake.map(u16::from).into()),
            ("alert", self.alert.map_or(Value::Null, |alert| u16::from(alert.code).into())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::datagram;
    use super::super::message::tests::message;

    fn said(bytes: &[u8]) -> (&'static str, String) {
        let message = datagram(bytes).unwrap();
        (message.kind(), message.summary())
    }

    #[test]
    fn lines_for_people() {
        assert_eq!(said(&message(3, &[(6, b"ann")])), ("stun.request", "Allocate request (ann)".to_owned()));
        let refused = message(0x0113, &[(9, b"\0\0\x04\x01Unauthorized")]);
        assert_eq!(said(&refused), ("stun.error", "Allocate error 401 Unauthorized".to_owned()));
        assert_eq!(said(&message(0x0101, &[])), ("stun.success", "Binding success".to_owned()));
        let hello = [22, 0xFE, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
        assert_eq!(said(&hello), ("stun.dtls", "DTLS client hello".to_owned()));
    }
}
