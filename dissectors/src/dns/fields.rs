//! Messages for people and for reports: type, summary and fields.

use super::message::{Answer, Data, Message, rtype};
use crate::{Fields, Presentation, Protocol, Reading, Value};

impl Presentation for Message {
    fn protocol(&self) -> &'static Protocol {
        &super::PROTOCOL
    }

    fn kind(&self) -> &'static str {
        if self.response { "dns.response" } else { "dns.query" }
    }

    fn summary(&self) -> String {
        let question = format!("{} {}", type_name(self.qtype), self.name);
        let Some(rcode) = self.rcode else { return format!("query {question}") };
        let answers: Vec<_> = self.answers.iter().filter_map(Answer::text).collect();
        match (rcode, answers.is_empty()) {
            (0, false) => format!("response {question}: {}", answers.join(", ")),
            (0, true) if self.answers.is_empty() => format!("response {question}: no answers"),
            (0, true) => format!("response {question}: {} records", self.answers.len()),
            _ => format!("response {question}: {}", rcode_name(rcode)),
        }
    }

    fn plainly(&self) -> Option<String> {
        let Some(rcode) = self.rcode else { return Some(format!("where is {}?", self.name)) };
        let answers: Vec<_> = self.answers.iter().filter_map(Answer::text).collect();
        Some(match (rcode, answers.is_empty()) {
            (0, false) => format!("{} is {}", self.name, answers.join(", ")),
            (0, true) => format!("no address for {}", self.name),
            _ => format!("no address for {} ({})", self.name, rcode_name(rcode)),
        })
    }

    fn fields(&self, _: &Reading<'_>) -> Fields {
        let answers: Vec<Value> = self.answers.iter().map(|answer| Value::Map(answer.fields())).collect();
        let mut fields = vec![
            ("name", self.name.as_str().into()),
            ("qtype", type_name(self.qtype).into()),
            ("rcode", self.rcode.map(rcode_name).into()),
            ("answers", answers.into()),
            ("id", self.id.into()),
        ];
        if self.truncated {
            fields.push(("truncated", true.into()));
        }
        if self.incomplete {
            fields.push(("incomplete", true.into()));
        }
        fields
    }
}

impl Answer {
    fn text(&self) -> Option<String> {
        match &self.data {
            Data::Address(address) => Some(address.to_string()),
            Data::Alias(alias) => Some(alias.clone()),
            Data::Other(_) => None,
        }
    }

    fn fields(&self) -> Fields {
        let kind = match &self.data {
            Data::Address(address) if address.is_ipv4() => rtype::A,
            Data::Address(_) => rtype::AAAA,
            Data::Alias(_) => rtype::CNAME,
            Data::Other(kind) => *kind,
        };
        vec![
            ("name", self.name.as_str().into()),
            ("type", type_name(kind).into()),
            ("ttl", self.ttl.into()),
            ("data", self.text().into()),
        ]
    }
}

/// Mnemonic of a record type (IANA registry); `TYPE` and the number where there is none here (RFC 3597 5).
/// Named are those that resolvers ask for in practice; the rest is as well looked up by its number.
fn type_name(kind: u16) -> String {
    let known = match kind {
        rtype::A => "A",
        2 => "NS",
        rtype::CNAME => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        rtype::AAAA => "AAAA",
        33 => "SRV",
        35 => "NAPTR",
        39 => "DNAME",
        43 => "DS",
        46 => "RRSIG",
        48 => "DNSKEY",
        64 => "SVCB",
        65 => "HTTPS",
        251 => "IXFR",
        252 => "AXFR",
        255 => "ANY",
        257 => "CAA",
        _ => return format!("TYPE{kind}"),
    };
    known.to_owned()
}

/// Mnemonic of a response code (RFC 6895 2.3); `RCODE` and the number where there is none.
fn rcode_name(rcode: u16) -> String {
    let known = match rcode {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        7 => "YXRRSET",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        10 => "NOTZONE",
        _ => return format!("RCODE{rcode}"),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::message::parse;
    use super::super::message::tests::{query, response};
    use super::*;

    #[test]
    fn a_query() {
        let message = parse(&query("mail.acme.example", 64_000), false).unwrap();
        assert_eq!((message.kind(), message.summary().as_str()), ("dns.query", "query TYPE64000 mail.acme.example"));
        let fields = message.fields(&Reading::masked(0));
        let names: Vec<_> = fields.iter().map(|&(name, _)| name).collect();
        assert_eq!(names, ["name", "qtype", "rcode", "answers", "id"]);
        assert_eq!(fields[2].1, Value::Null);
    }

    #[test]
    fn a_response() {
        let message = parse(&response(), false).unwrap();
        let line = "response A mail.acme.example: vip.acme.example, 192.0.2.7, 2001:db8::7";
        assert_eq!((message.kind(), message.summary().as_str()), ("dns.response", line));
        let fields = message.fields(&Reading::masked(0));
        assert_eq!(fields[2].1, "NOERROR".into());
        let Value::List(answers) = &fields[3].1 else { panic!() };
        let Value::Map(address) = &answers[1] else { panic!() };
        assert_eq!(address[1..], [("type", "A".into()), ("ttl", Value::Int(60)), ("data", "192.0.2.7".into())]);
    }

    #[test]
    fn failures() {
        for (rcode, text) in [(3, "NXDOMAIN"), (2, "SERVFAIL"), (5, "REFUSED"), (15, "RCODE15")] {
            let mut bytes = query("x.example", 1);
            bytes[2..4].copy_from_slice(&[0x81, 0x80 | rcode]);
            let message = parse(&bytes, false).unwrap();
            assert_eq!(message.summary(), format!("response A x.example: {text}"));
        }
        let mut bytes = query("x.example", 1);
        bytes[2] = 0x81;
        assert_eq!(parse(&bytes, false).unwrap().summary(), "response A x.example: no answers");
    }
}
