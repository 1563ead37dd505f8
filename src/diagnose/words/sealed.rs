//! TLS that cannot be read: why, in words, and the way to a key that would help.

use super::path;
use crate::model::{Conversation, Stamp};
use nrpcsniff_dissectors::tls::{self, ClientHello, ServerHello, Why};
use nrpcsniff_dissectors::{Layer, Message as Body};

/// All ways in one sentence.
const WAYS: &str = "Give a key log (--keylog FILE): a browser and curl write it where SSLKEYLOGFILE says, a Java program with an agent. \
                    Where the key exchange is RSA, the server's private key does (--tls-key PEM). nrpcsniff rules cap-encrypted has \
                    each way step by step.";
/// The way to a browser's key log.
pub(crate) const BROWSER: &str = "Key log of a browser (Firefox, Chrome, Edge) or of curl: close it, set the environment variable SSLKEYLOGFILE to \
                       the path of a new file (Windows: setx SSLKEYLOGFILE %USERPROFILE%\\sslkeys.log), start it again, capture, sign \
                       on, then: nrpcsniff --keylog sslkeys.log CAPTURE.";
/// The way to a Java program's key log.
pub(crate) const JAVA: &str = "Key log of a Java program (WebSphere, Sametime Proxy, Community Mux in Java, the Java part of Notes or of the Sametime \
                    client): start it with an agent that logs TLS secrets, such as extract-tls-secrets \
                    (-javaagent:extract-tls-secrets.jar=/tmp/sslkeys.log; WebSphere: Process definition > Java Virtual Machine > \
                    Generic JVM arguments). One side's log is enough.";
/// The way to WebSphere's private key.
pub(crate) const WEBSPHERE: &str = "Private key of WebSphere, of use only where the key exchange is RSA: openssl pkcs12 -in \
                         PROFILE/config/cells/CELL/nodes/NODE/key.p12 -nodes -nocerts -out server.pem, then: nrpcsniff --tls-key \
                         server.pem CAPTURE.";
/// The way to Domino's private key.
pub(crate) const DOMINO: &str = "Private key of Domino, of use only where the key exchange is RSA: kyrtool show keys -k KEYRING.kyr, or export the TLS \
                      Credentials from certstore.nsf as PEM. Domino itself writes no key log: take that of the browser.";
const RSA_ONLY: &str = "Or in a test: allow only TLS 1.2 ciphers with RSA key exchange on the server (TLS_RSA_WITH_..., no ECDHE and DHE; \
                        WebSphere: Quality of protection settings, Domino: SSLCipherSpec), and capture again: those the private key opens.";

/// The reason why it stays closed, in a title.
pub(crate) const fn reason(why: Why) -> &'static str {
    match why {
        Why::NoKeysGiven => "no key was given",
        Why::NotInKeyLog => "not in the key log",
        Why::HandshakeNotCaptured => "the beginning was not captured",
        Why::ForwardSecrecyWithRsaKey => "forward secrecy, against which a private key does not help",
        Why::WrongKey => "the key is of something else",
        Why::ResumedWithoutSecret => "a resumed session whose beginning was not captured",
        Why::UnsupportedCipher => "a cipher that is not known here",
        Why::Gap => "records are missing",
    }
}

/// The reason why it stays closed, in a sentence.
pub(crate) const fn because(why: Why) -> &'static str {
    match why {
        Why::NoKeysGiven => "neither the command line nor the capture has a key",
        Why::NotInKeyLog => "the key log has no line with a client random of theirs (JSON lists these as evidence)",
        Why::HandshakeNotCaptured => "the client random, by which a key log names a connection, is in the ClientHello",
        Why::ForwardSecrecyWithRsaKey => "keys come from a Diffie-Hellman exchange, and the private key only signs it",
        Why::WrongKey => {
            "no record passes its check, so that the secret or the private key belongs to another connection or server"
        }
        Why::ResumedWithoutSecret => "the secret was agreed on in an earlier connection",
        Why::UnsupportedCipher => "it is opened nowhere here, whatever the key",
        Why::Gap => "what follows a gap could not be placed",
    }
}

/// The way to a key. The most promising way comes first, as users try one and stop.
pub(crate) const fn remedies(why: Why) -> &'static [&'static str] {
    match why {
        Why::NoKeysGiven => &[WAYS, BROWSER, JAVA, WEBSPHERE, DOMINO],
        Why::NotInKeyLog => &[
            "Take the key log of the program that made these connections, written while the capture ran; another browser, another \
             profile or a later start has other secrets. Several logs can be given.",
            BROWSER,
            JAVA,
        ],
        Why::HandshakeNotCaptured => &[
            "Start the capture first, then close the client and sign on again: connections that are open already stay closed, \
             whatever the key.",
        ],
        Why::ForwardSecrecyWithRsaKey => &[
            "Only a key log opens these (--keylog FILE), of the browser, of curl or of a Java program: nrpcsniff rules cap-encrypted has \
             each way step by step.",
            BROWSER,
            JAVA,
            RSA_ONLY,
        ],
        Why::WrongKey => &[
            "Take the key log of these connections, or the private key of the certificate that this server shows: openssl x509 -in \
             server.crt -noout -modulus and openssl rsa -in server.pem -noout -modulus must print the same.",
            BROWSER,
            WEBSPHERE,
        ],
        Why::ResumedWithoutSecret => &[
            "Start the capture before the client's first connection: close the client, capture, sign on. Or give a key log: it has \
             the secrets of resumed sessions, too.",
            BROWSER,
        ],
        Why::UnsupportedCipher => {
            &["In a test: allow only AES-GCM, AES-CBC or ChaCha20 on the server or the client, and capture again."]
        }
        Why::Gap => &[
            "Capture again without loss: on the endpoint instead of a mirror port, with a larger buffer (tcpdump -B 16384) and whole \
             packets (-s 0).",
        ],
    }
}

/// Where a conversation shows that it is sealed, and what is known of it.
pub(crate) fn shown(c: &Conversation) -> (Stamp, String) {
    let Layer { opened, sealed, .. } = c.tls.unwrap_or_default();
    let (client, server) = hellos(c);
    let host = client.and_then(|hello| hello.sni.as_ref()).map(|sni| format!(" for {sni}")).unwrap_or_default();
    let chosen =
        server.map(|(_, hello)| format!(", {}, {}", tls::version_name(hello.version), tls::suite_shown(hello.suite)));
    let others = if opened > 0 { format!(", {opened} opened") } else { String::new() };
    let random = client.map(|hello| {
        let [a, b, c, d, ..] = hello.random;
        format!(", client random {:08x}...", u32::from_be_bytes([a, b, c, d]))
    });
    let (chosen, random) = (chosen.unwrap_or_default(), random.unwrap_or_default());
    let text = format!("{}{host}{chosen}: {}{others}{random}", path(c), count_closed(sealed));
    (server.map_or(c.first, |(at, _)| at), text)
}

fn count_closed(sealed: u64) -> String {
    if sealed == 1 { "1 record closed".to_owned() } else { format!("{sealed} records closed") }
}

/// The first ClientHello, and the ServerHello that counts with its time.
fn hellos(c: &Conversation) -> (Option<&ClientHello>, Option<(Stamp, &ServerHello)>) {
    let (mut client, mut server) = (None, None);
    for message in &c.messages {
        let Body::Tls(tls) = &message.body else { continue };
        match &tls.body {
            tls::Body::ClientHello(hello) if client.is_none() => client = Some(hello.as_ref()),
            tls::Body::ServerHello(hello) if server.is_none() && !hello.retry => {
                server = Some((message.at, hello.as_ref()));
            }
            _ => {}
        }
    }
    (client, server)
}
