//! Conversations built from the field tables, for the tests of all dissectors.

use nrpcsniff_dissectors::{Message, Protocol, Reading, Side, dns, http, ldap, nrpc, sametime, sip, stun, tls};

/// One conversation: the messages of each direction, as bytes.
pub(crate) struct Conversation {
    pub protocol: &'static Protocol,
    pub client: Vec<Vec<u8>>,
    pub server: Vec<Vec<u8>>,
}

impl Conversation {
    /// The messages of that side.
    pub(crate) fn units(&self, side: Side) -> &[Vec<u8>] {
        if side == Side::Client { &self.client } else { &self.server }
    }
}

/// Everything a report asks of a message; none of it may panic.
pub(crate) fn render(message: &Message) -> String {
    let fields = message.fields(&Reading::masked(1_745_344_099_178_040_000));
    let said = [message.meaning(None), format!("{:?} {:?}", message.purpose(), message.decision(None))].join(" ");
    format!("{} {} {} {said} {fields:?}", message.protocol().name, message.kind(), message.summary())
}

pub(crate) fn conversations() -> Vec<Conversation> {
    vec![
        nrpc_conversation(),
        dns_conversation(),
        http_conversation(),
        ldap_conversation(),
        sametime_conversation(),
        sip_conversation(),
        stun_conversation(),
        tls_conversation(),
    ]
}

/// An NRPC frame.
pub(crate) fn frame(sequence: u16, function: u16, class: u16, payload: &[u8]) -> Vec<u8> {
    let claimed = u16::try_from(payload.len()).unwrap();
    let words = [10 + claimed + (claimed & 1), sequence, claimed, 0, function, class];
    let mut bytes: Vec<u8> = words.into_iter().flat_map(u16::to_le_bytes).collect();
    bytes.extend(payload);
    bytes.extend(vec![0; payload.len() % 2]);
    bytes
}

fn session(name: &[u8], tlvs: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![2, 0x0F, 0, 0x3F, 0, 0x39, 0x25, 0xC0, 0xFF, 0xEE, 0x12, 0x34, 3, 0, 0];
    let words = [0, 2, 47, u16::try_from(name.len()).unwrap(), 0, 0, 0, 8100];
    bytes.extend(words.into_iter().flat_map(u16::to_le_bytes));
    bytes.extend([0x6B; 16]);
    bytes.extend(name);
    for (kind, value) in tlvs {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
        bytes.extend(*value);
    }
    bytes
}

/// An R5 authentication message.
fn auth(name: &[u8]) -> Vec<u8> {
    let key = b"BV\x04\x001.0\0BL\x02\x00\x00\x02NN\x08\x00keybytes";
    let mut bytes = vec![1, 0, 0xC0, 0xFF, 0xEE, 0x12, 0x34, 3, 0, 0, 0, 0, 2, 0];
    bytes.extend([1, 0, 0, 0, 0xB9, 0x68, 0x25, 0, 1, 0, 0, 0, 0x8F, 0xF4, 0x25, 0]);
    let words = [0, key.len(), name.len() + 2, 40, 0];
    bytes.extend(words.into_iter().flat_map(|word| u16::try_from(word).unwrap().to_le_bytes()));
    bytes.extend(key);
    bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    bytes.extend(name);
    bytes
}

fn lookup(user: &str) -> Vec<u8> {
    let mut payload = vec![0, 5, 0, 0, 9, 0, u8::try_from(user.len() + 1).unwrap(), 0];
    payload.extend([0; 16]);
    payload.extend(b"($Users)\0\0");
    payload.extend(user.as_bytes());
    payload.push(0);
    let mut bytes = frame(1, 0x4F, 1, &payload);
    bytes[4] = 50; // as nrpc.lua sends it, whatever the length of the name
    bytes
}

pub(crate) fn nrpc_conversation() -> Conversation {
    let clock: &[u8] = &[0xBC, 0xCE, 0x61, 0, 0x74, 0x8C, 0x25, 0];
    let wanted =
        session(b"", &[(5, &[1; 16]), (9, clock), (0x0F, b"home"), (0x13, b"CN=M\x81ller/O=Acme"), (4, &[7; 16])]);
    let answer = session(b"CN=M\x81ller/O=Acme", &[(5, &[1; 16]), (9, clock), (0x12, &[8, 0])]);
    let client = vec![
        frame(0, 2, 0x4000, &wanted),
        frame(0, 0x13, 0x4000, &auth(b"CN=Ann/OU=West/O=Acme")),
        frame(0, 0x77, 0x4000, b"\x01\0unknown CN=Ann/O=Acme\0"),
        frame(0, 1, 0x8000, &[3; 30]),
        lookup("al"),
        frame(2, 0x21, 1, &[5; 301]),
        vec![20, 0, 0xDE, 0xAD, 0xBE, 0xEF, 0xDE, 0xAD, 0xBE, 0xEF, 0xDE, 0xAD, 0xBE, 0xEF, 1, 2, 3, 4, 5, 6, 7, 8],
        frame(3, 0x22, 7, &[6; 33]),
    ];
    let server = vec![
        frame(0, 3, 0x4000, &answer),
        frame(0, 0x13, 0x4000, b"\xFF\xFE another layout, CN=M/O=Acme\x00"),
        frame(0, 1, 0x8000, &[0; 22]),
        frame(1, 0x4F, 1, &[0x19, 3, 9, 0, 1, 2, 3, 4]),
        frame(1, 0x4F, 1, &[0x55; 200]),
        frame(2, 0x21, 1, &[4, 0x48, 0]),
        vec![12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    ];
    Conversation { protocol: &nrpc::PROTOCOL, client, server }
}

/// A DNS message with its length in front.
fn framed(message: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(message.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(message);
    bytes
}

/// Bare DNS messages: a query and its response, then a query for which the server has nothing.
pub(crate) fn datagrams() -> [Vec<u8>; 4] {
    let question = b"\x06mail.x\x04acme\x07example\0\0\x01\0\x01";
    let other = b"\x04gone\0\0\x1C\0\x01";
    let message = |header: &[u8; 12], parts: &[&[u8]]| [header.as_slice(), &parts.concat()].concat();
    [
        message(&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], &[question]),
        message(
            &[0, 1, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0],
            &[
                question,
                b"\xC0\x0C\0\x05\0\x01\0\0\0\x3C\0\x06\x03vip\xC0\x13",
                b"\xC0\x36\0\x01\0\x01\0\0\0\x3C\0\x04\xC0\0\x02\x07",
            ],
        ),
        message(&[0, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], &[other]),
        message(&[0, 2, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0], &[other]),
    ]
}

fn dns_conversation() -> Conversation {
    let [query, response, second, nothing] = datagrams().map(|message| framed(&message));
    Conversation { protocol: &dns::PROTOCOL, client: vec![query, second], server: vec![response, nothing] }
}

/// A message of the Sametime community protocol.
pub(crate) fn vp(kind: u16, channel: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(8 + body.len()).unwrap();
    [&length.to_be_bytes()[..], &kind.to_be_bytes(), &[0, 0], &channel.to_be_bytes(), body].concat()
}

fn sametime_conversation() -> Conversation {
    let token = [&b"\0\x09CN=A/O=B\0\0\0\x01\x10"[..], &[b'A'; 272], &[0, 1, 0, 0]].concat();
    let client = vec![
        vp(0, 0, b"\0\x1E\0\x1D\0\0\0\0\0\0\0\0\x12\x14\x0A\x01\0\x32\x01\0\0\0\0\0\0\x02pc"),
        vp(1, 0, &[&[0x12, 0x14][..], &token].concat()),
        vp(0x16, 0, b""),
        vp(2, 0, b"\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x11\0\0\0\x11\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0"),
        vec![0x80],
        vp(4, 1, b"\0\x64\0\0\0\x03abc"),
        vp(3, 0, b"\0\0\0\0\0\0\0\0"),
    ];
    let server = vec![
        vp(0x8000, 0, b"\0\x1E\0\x1D\x0A\x01\0\x32\0\0\0\0\0\0\0\0"),
        vp(0x18, 0, b"\0\x02st\0\x01x"),
        vp(0x8001, 0, b"\0\x02id\x12\x14\0\x01u\0\x01n\0\x01c\0\0\0"),
        vec![0x80],
        vp(9, 0, b"\0\x20\0\0\0\0\0\x04here"),
        vp(0x19, 0, b"\0\x05hello"),
        vp(3, 0, b"\x80\0\0\x15\0\0\0\0"),
    ];
    Conversation { protocol: &sametime::PROTOCOL, client, server }
}

/// Requests and responses with bodies of every kind: each unit is one message.
pub(crate) fn http_conversation() -> Conversation {
    let units = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let client = units(&[
        "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: LtpaToken=\"undefined\"; JSESSIONID=1\r\n\r\n",
        "POST /names.nsf?Login HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 39\r\n\r\nUsername=Ann+Smith&Password=p%26q&x=%zz",
        "HEAD /a.pdf HTTP/1.1\nhost:a.example\nX-Folded: one\n two\n\n",
        "\r\nPUT /raw HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=\"1\"\r\nabc\r\n10\r\n0123456789abcdef\r\n\
         0\r\nX-Trailer: 1\r\n\r\n",
        "POST /json HTTP/1.1\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n\
         a\r\n{\"user\":\"a\r\n6\r\nnn\", \"\r\n7\r\nn\":[1]}\r\n0\r\n\r\n",
        "POST /big HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 26\r\n\r\nGET /no HTTP/1.1\r\nHost: x\r\n",
        "GET http://b.example:8080/x;jsessionid=1?a=b HTTP/1.0\r\nAuthorization: Basic QWxhZGRpbjpvcGVu\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n\r\n",
        "GET /old HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    ]);
    let server = units(&[
        "HTTP/1.1 302 Found\r\nLocation: /login?token=secret\r\nSet-Cookie: LtpaToken=abc; Path=/; HttpOnly\r\n\
         Set-Cookie: a=; Max-Age=0\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate, Basic realm=\"a, b\"\r\nContent-Length: 5\r\n\r\nHTTP/",
        "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
        "HTTP/1.1 204\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n00\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n",
        "HTTP/1.0 500 Oops\nContent-Length: 3\nContent-Length: 3\n\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\na\n0\nX: y\n\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 41\r\n\r\n<form action=/names.nsf?Login><input x=y>",
        "HTTP/1.1 403 No\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n5;a\r\n<inpu\r\n11\r\n\
         t type='password'\r\n1\r\n>\r\n0\r\n\r\n",
    ]);
    Conversation { protocol: &http::PROTOCOL, client, server }
}

/// A SIP message with a right Content-Length.
pub(crate) fn sip_message(head: &str, body: &str) -> Vec<u8> {
    format!("{}\r\nContent-Length: {}\r\n\r\n{body}", head.replace('\n', "\r\n"), body.len()).into_bytes()
}

/// A softphone registers with a cookie, is challenged, registers with credentials, calls and is called, with keep-alives
/// between the messages.
pub(crate) fn sip_conversation() -> Conversation {
    let common = |n: u32, method: &str| {
        format!(
            "Via: SIP/2.0/TCP [2001:db8::7]:54303;rport;branch=z9hG4bK{n}\nFrom: \"Ann, \\\"A\\\"\" <sip:ann@acme.example>;tag=7\n\
             To: <sip:ann@acme.example>\ni: 5a1f@192.0.2.7\nCSeq: {n} {method}"
        )
    };
    let register = |n: u32, more: &str| {
        let head = format!("REGISTER sip:acme.example;transport=tcp SIP/2.0\n{}\n{more}", common(n, "REGISTER"));
        sip_message(&head, "")
    };
    let answer = |line: &str, n: u32, method: &str, more: &str| {
        sip_message(&format!("SIP/2.0 {line}\n{}\n{more}", common(n, method)), "")
    };
    let offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0\r\n";
    let invite = format!("INVITE sip:bob@acme.example SIP/2.0\n{}\nc: application/sdp", common(3, "INVITE"));
    let credentials =
        r#"Digest username="ann", realm="acme.example", nonce="n1", uri="sip:acme.example", response="0123""#;
    let contact = "Contact: <sip:ann@192.0.2.7:54303;transport=tcp>;methods=\"INVITE, ACK\";\n reg-id=1;expires=1800";
    let client = vec![
        register(1, "Cookie: LtpaToken=\"undefined\"; JSESSIONID=0000abc\nUser-Agent: Sametime-ST9.0-Softphone"),
        register(2, &format!("Authorization: {credentials}\n{contact}\nSupported: path, outbound")),
        [b"\r\n\r\n".to_vec(), sip_message(&invite, offer)].concat(),
        answer("200 OK", 9, "OPTIONS", "Accept: application/sdp"),
    ];
    let challenge = r#"WWW-Authenticate: Digest realm="acme.example", nonce="n1", algorithm=MD5"#;
    let options = format!("OPTIONS sip:ann@192.0.2.7:54303 SIP/2.0\n{}\nMax-Forwards: 70", common(9, "OPTIONS"));
    let server = vec![
        answer("401 Unauthorized", 1, "REGISTER", challenge),
        [b"\r\n".to_vec(), answer("200 OK", 2, "REGISTER", "Expires: 1800\nServer: SIP PR")].concat(),
        answer("100 ", 3, "INVITE", "Subject: "),
        sip_message(&options, ""),
    ];
    Conversation { protocol: &sip::PROTOCOL, client, server }
}

/// A handshake of TLS 1.2 in clear, one message a record, that ends with an alert.
fn tls_conversation() -> Conversation {
    let vector = |data: &[u8]| [&u16::try_from(data.len()).unwrap().to_be_bytes()[..], data].concat();
    let record = |kind: u8, fragment: &[u8]| [&[kind, 3, 3][..], &vector(fragment)].concat();
    let message = |kind: u8, body: &[u8]| record(22, &[&[kind, 0][..], &vector(body)].concat());
    let name = [&[0, 0][..], &vector(&vector(&[&[0][..], &vector(b"chat.acme.example")].concat()))].concat();
    let versions = [0, 43, 0, 5, 4, 3, 4, 3, 3];
    let offer =
        [&[3, 3][..], &[0x11; 32], &[0, 0, 4, 0xC0, 0x30, 0x13, 1, 1, 0], &vector(&[&name[..], &versions].concat())];
    let choice = [&[3, 3][..], &[7; 32], &[0, 0xC0, 0x30, 0], &vector(&[0, 23, 0, 0])];
    let client =
        vec![message(1, &offer.concat()), message(11, &[0, 0, 0]), message(16, &[5; 70]), record(21, &[2, 48])];
    let server = vec![
        message(2, &choice.concat()),
        message(11, &[0, 0, 5, 0, 0, 2, 0x30, 0]),
        message(13, &[1, 1, 0, 2, 4, 3, 0, 0]),
        message(14, &[]),
        record(21, &[1, 0]),
    ];
    Conversation { protocol: &tls::PROTOCOL, client, server }
}

/// Tag, length in one byte, content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

/// A bind, its answer, a search for a user and its end.
fn ldap_conversation() -> Conversation {
    let message = |id: u8, operation: Vec<u8>| tlv(0x30, &[tlv(2, &[id]), operation].concat());
    let result = [tlv(0x0A, &[0]), tlv(4, b""), tlv(4, b"")].concat();
    let bind = [tlv(2, &[3]), tlv(4, b"cn=app,dc=net"), tlv(0x80, b"secret")].concat();
    let filter = tlv(0xA3, &[tlv(4, b"uid"), tlv(4, b"ann")].concat());
    let limits = [tlv(0x0A, &[2]), tlv(0x0A, &[0]), tlv(2, &[0]), tlv(2, &[30]), tlv(1, &[0])].concat();
    let search = [tlv(4, b"dc=net"), limits, filter, tlv(0x30, b"")].concat();
    Conversation {
        protocol: &ldap::PROTOCOL,
        client: vec![message(1, tlv(0x60, &bind)), message(2, tlv(0x63, &search)), message(3, tlv(0x42, b""))],
        server: vec![message(1, tlv(0x61, &result)), message(2, tlv(0x65, &result))],
    }
}

/// A TURN server over TCP: the first request is refused for want of a name, the second is granted.
fn stun_conversation() -> Conversation {
    let message = |number: u16, attributes: &[(u16, &[u8])]| {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            body.extend(kind.to_be_bytes());
            body.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&number.to_be_bytes()[..], &length, &[0x21, 0x12, 0xA4, 0x42], b"0123456789ab", &body].concat()
    };
    let wanted = message(0x0003, &[(0x0019, &[17, 0, 0, 0])]);
    let shown = message(0x0003, &[(0x0006, b"ann"), (0x0014, b"acme.example"), (0x0015, b"a6b5")]);
    let refused = message(0x0113, &[(0x0009, b"\0\0\x04\x01Unauthorized"), (0x0014, b"acme.example")]);
    let granted = message(0x0103, &[(0x0016, &[0, 1, 0xE1, 0x6A, 0x2B, 0x13, 0xA4, 0x5C]), (0x000D, &[0, 0, 2, 88])]);
    Conversation { protocol: &stun::PROTOCOL, client: vec![wanted, shown], server: vec![refused, granted] }
}
