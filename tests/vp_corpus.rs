//! Sametime logins that real clients made: what the makers of the captures wrote down is what the report says.

mod support;

use serde_json::Value;
use support::{corpus, endpoint, list, report, text};

/// The report and the record of a capture in clear.
fn both(name: &str) -> Option<(Value, Value)> {
    let file = corpus()?.join("real").join(name);
    let truth = file.with_file_name(format!("{name}.truth.json"));
    let truth = serde_json::from_slice(&std::fs::read(truth).unwrap()).unwrap();
    Some((report(&["--detail", "messages", file.to_str().unwrap()]), truth))
}

/// Each conversation of the report with what is known of it.
fn pairs<'a>(report: &'a Value, truth: &'a Value) -> Vec<(&'a Value, &'a Value)> {
    let find = |known: &Value| {
        let ours = list(report, "conversations").iter().find(|c| endpoint(&c["client"]) == text(known, "client"));
        ours.unwrap_or_else(|| panic!("no conversation of {}", known["client"]))
    };
    list(truth, "conversations").iter().map(|known| (find(known), known)).collect()
}

/// A message in the words of the record: side, type, channel, what matters.
fn line(message: &Value) -> String {
    let fields = &message["fields"];
    let side = &text(message, "from")[..1];
    let kind = text(message, "type").strip_prefix("sametime.").unwrap();
    let channel = &fields["channel"];
    match kind {
        "keep_alive" => format!("{side} keep-alive"),
        "login" => format!("{side} LOGIN ch {channel} auth_type {}", fields["auth_type"]["number"]),
        "channel_destroy" => {
            let reason = fields["reason_code"].as_u64().unwrap();
            format!("{side} CHANNEL_DESTROY ch {channel} reason 0x{reason:08x}")
        }
        kind => format!("{side} {} ch {channel}", kind.to_uppercase()),
    }
}

fn field<'a>(conversation: &'a Value, kind: &str, name: &str) -> &'a Value {
    let message = list(conversation, "messages").iter().find(|m| text(m, "type") == kind);
    message.map_or(&Value::Null, |message| &message["fields"][name])
}

fn check(ours: &Value, known: &Value) {
    assert_eq!(text(ours, "protocol"), "sametime");
    let lines: Vec<_> = list(ours, "messages").iter().map(line).collect();
    let wanted: Vec<_> = list(known, "messages").iter().map(|m| m.as_str().unwrap()).collect();
    assert_eq!(lines, wanted);
    assert_eq!(endpoint(&ours["server"]), text(known, "server"));
    let (user, auth) = (field(ours, "sametime.login", "user"), field(ours, "sametime.login", "auth_type"));
    assert_eq!(*user, known["user"]);
    assert!(text(known, "auth").starts_with(text(auth, "name")));
    assert_eq!(field(ours, "sametime.login", "token"), &known["token_class"]);
    let client_type = field(ours, "sametime.handshake", "login_type")["number"].as_u64().unwrap();
    assert_eq!(format!("0x{client_type:04x}"), text(known, "client_type"));
    let close = format!("{} {}", text(&ours["teardown"], "by"), text(&ours["teardown"], "how").to_uppercase());
    assert_eq!(close, text(known, "closed_by"));
    let problems = list(ours, "messages").iter().flat_map(|m| list(&m["fields"], "problems"));
    assert_eq!(problems.count(), 0);
}

/// The first word of either side on the end of the session, as the record has it.
fn first_end(conversation: &Value) -> Option<(String, u64)> {
    let end = |m: &&Value| text(m, "type") == "sametime.channel_destroy" && m["fields"]["channel"] == 0;
    let message = list(conversation, "messages").iter().find(end)?;
    Some((text(message, "from").to_owned(), message["fields"]["reason_code"].as_u64()?))
}

#[test]
fn logins_that_worked() {
    let Some((report, truth)) = both("vp_ok.pcap") else { return };
    let pairs = pairs(&report, &truth);
    assert_eq!(pairs.len(), 3);
    for (ours, known) in &pairs {
        check(ours, known);
        assert_eq!(known["logged_in"], 1);
        assert_eq!(*field(ours, "sametime.login_ack", "user_name"), known["user"]);
    }
    assert_eq!(field(pairs[1].0, "sametime.login", "weak").as_str().map(|weak| weak.contains("key")), Some(true));
    assert_eq!(first_end(pairs[0].0), Some(("client".to_owned(), 0)));
    assert_eq!(first_end(pairs[2].0), None);
    let bad = list(&report, "findings").iter().filter(|f| ["blocker", "major"].contains(&text(f, "severity")));
    assert_eq!(bad.count(), 0);
}

#[test]
fn logins_that_were_refused() {
    let Some((report, truth)) = both("vp_refused.pcapng") else { return };
    let pairs = pairs(&report, &truth);
    assert_eq!(pairs.len(), 5);
    for (ours, known) in pairs {
        check(ours, known);
        let reason = u64::from_str_radix(&text(known, "reason")[2..], 16).unwrap();
        let by = if reason == 0x8000_0221 { "client" } else { "server" };
        assert_eq!(first_end(ours), Some((by.to_owned(), reason)));
        assert!(field(ours, "sametime.channel_destroy", "reason_text").is_string());
    }
}
