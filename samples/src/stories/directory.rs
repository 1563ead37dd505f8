//! LDAP: a server that asks its directory who somebody is, and whether the password is right.

use super::{Sample, community};
use crate::file::Format;
use crate::http;
use crate::ldap::{self, Scope};
use crate::link::Link;
use crate::net::{Host, Network};
use crate::tcp::Tcp;
use crate::tls::Tls;

pub(super) const WORKING: &[Sample] = &[
    Sample {
        name: "ldap-working",
        story: "Two users sign on to chat. The community server keeps a connection to its directory on which it has signed on itself: \
                there it looks up who has this mail address. Whether the password is right it asks on a second connection, by a bind \
                as that user.",
        see: "Nothing to report: four binds that are granted, two searches that find one entry each.",
        rules: &[],
        format: || Format::pcap().nanoseconds(),
        tell: working,
    },
    Sample {
        name: "ldap-starttls",
        story: "The same with StartTLS: on the port of LDAP each connection asks for it, is granted it, and goes on inside TLS 1.2 and 1.3.",
        see: "Nothing to report; request and answer in clear, then the same messages as in ldap-working. The capture holds the keys.",
        rules: &[],
        format: || Format::pcapng().keys().interface("eth0"),
        tell: start_tls,
    },
];

pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "ldap-bind-refused",
        story: "The account by which the Sametime server binds at Active Directory is locked out. It tries again after a minute, and the \
                answer is the same.",
        see: "Result code 49, which says nothing, and \"data 775\" in the text beside it, which says why.",
        rules: &["ldap-bind-refused"],
        format: || Format::pcapng().link(Link::Vlan(7)).interface("eth1"),
        tell: locked,
    },
    Sample {
        name: "ldap-login-bind-refused",
        story: "A user logs in at Domino's web server, which asks Active Directory whether the password is right; the account is locked out. \
                Domino shows the form again, which says nothing of that.",
        see: "Between the form and the same form again: a bind as the user, 49 with data 775.",
        rules: &["ldap-login-bind-refused"],
        format: || Format::pcapng().interface("eth0"),
        tell: |net| waits(net, |net| asks_password(net, 49, ldap::LOCKED)),
    },
    Sample {
        name: "ldap-nobody-found",
        story: "A user logs in at Domino's web server by his mail address; Directory Assistance looks for that in cn, and finds nobody.",
        see: "A search that is answered by success and no entry, between the form and the same form again.",
        rules: &["ldap-nobody-found"],
        format: || Format::pcap().nanoseconds(),
        tell: |net| waits(net, |net| looks_for(net, &ldap::search_done(1, 0, ""))),
    },
    Sample {
        name: "ldap-referral",
        story: "The base of Domino's Directory Assistance lies in another domain of Active Directory, which refers to that; Domino does not \
                follow, and the login fails.",
        see: "Result code 10 to a search, between the form and the same form again.",
        rules: &["ldap-search-refused"],
        format: || Format::pcap().link(Link::Sll),
        tell: |net| {
            waits(net, |net| looks_for(net, &ldap::search_done(1, 10, REFERRAL)));
        },
    },
    Sample {
        name: "ldap-starttls-refused",
        story: "A Sametime server asks Active Directory for TLS, which has no certificate: unavailable, and the connection ends.",
        see: "Result code 52 to StartTLS: Error initializing SSL/TLS.",
        rules: &["ldap-starttls-refused"],
        format: || Format::pcapng().interface("eth0"),
        tell: no_certificate,
    },
];

const REFERRAL: &str = "0000202B: RefErr: DSID-031007F9, data 0, 1 access points";
const SERVICE: &str = "cn=sametime,ou=services,o=Example";
const PEOPLE: &str = "ou=people,o=Example";
const USERS: [&str; 2] = ["ann.smith", "bob.stone"];

/// OpenLDAP.
fn directory(net: &Network) -> Host {
    net.host("10.1.0.30").linux().ttl(63)
}

fn working(net: &Network) {
    let dial = || net.connect(&community(net), &directory(net), ldap::PORT);
    told(&dial(), &dial(), 1);
}

fn start_tls(net: &Network) {
    let dial = |settings: &Tls| {
        let tcp = net.connect(&community(net), &directory(net), ldap::PORT);
        tcp.wait(2).client(ldap::start_tls(1)).wait(1).server(ldap::start_tls_result(1, 0, ""));
        tcp.tls(settings)
    };
    // The community server does not compare names, as Java's LDAP did not until 2018.
    let settings = [Tls::v12("ldap.example.com"), Tls::v13("ldap.example.com")].map(Tls::trusts_any_name);
    let [lookups, proofs] = settings.each_ref().map(dial);
    told(&lookups, &proofs, 2);
}

/// Both users, on these connections, whose next message has that id.
fn told(lookups: &Tcp, proofs: &Tcp, first: u8) {
    lookups.wait(2).client(ldap::bind(first, SERVICE, "constructed")).wait(1).server(ldap::bind_result(first, 0, ""));
    proofs.wait(2).client(ldap::bind(first, SERVICE, "constructed")).wait(1).server(ldap::bind_result(first, 0, ""));
    for (id, user) in (first + 1..).zip(USERS) {
        let (name, mail) = (format!("uid={user},{PEOPLE}"), format!("{user}@example.com"));
        lookups.wait_secs(3).client(ldap::search(id, PEOPLE, Scope::Subtree, ["mail", &mail])).wait(1);
        lookups
            .server([ldap::entry(id, &name, &[["cn", user], ["mail", &mail]]), ldap::search_done(id, 0, "")].concat());
        proofs.wait(4).client(ldap::bind(id, &name, "a password")).wait(2).server(ldap::bind_result(id, 0, ""));
    }
    for tcp in [lookups, proofs] {
        tcp.wait_secs(5).client(ldap::unbind(first + 3)).client_fin();
    }
}

fn locked(net: &Network) {
    for _ in 0..2 {
        let tcp = net.connect(&community(net), &net.host("10.1.0.31").ttl(127), ldap::PORT);
        tcp.client(ldap::bind(1, SERVICE, "its password")).wait(3);
        tcp.server(ldap::bind_result(1, 49, ldap::LOCKED)).wait(1).client_fin();
        net.wait_secs(60);
    }
}

/// A user fills in Domino's form; Domino asks its directory meanwhile, and then shows the form again; twice.
fn waits(net: &Network, asks: impl Fn(&Network)) {
    const FORM: &str = "<html><body><form method=post action=\"/names.nsf?Login\"><input name=Username><input name=Password type=password></form>";
    let web = super::browser(net).open(&super::mail(net), 80, "mail.example.com");
    for _ in 0..2 {
        let form = [("Username", "ann.smith@example.com"), ("Password", "not a real one")];
        web.wait(4_000).ask(http::post("/names.nsf?Login").form(&form));
        asks(net);
        web.reply(http::response(200).html(FORM).header("Server", "Lotus-Domino"));
    }
    web.wait(900).tcp().client_fin();
}

/// Domino calls its directory.
fn from_domino(net: &Network) -> Tcp {
    net.connect(&super::mail(net), &directory(net), ldap::PORT)
}

fn asks_password(net: &Network, code: u8, text: &str) {
    let tcp = from_domino(net);
    tcp.client(ldap::bind(1, "ann.smith@example.com", "not a real one"))
        .wait(3)
        .server(ldap::bind_result(1, code, text));
    tcp.wait(1).client_fin();
}

fn looks_for(net: &Network, answer: &[u8]) {
    let tcp = from_domino(net);
    tcp.client(ldap::search(1, PEOPLE, Scope::Subtree, ["cn", "ann.smith@example.com"])).wait(3).server(answer);
    tcp.wait(1).client_fin();
}

fn no_certificate(net: &Network) {
    const TEXT: &str = "00000000: LdapErr: DSID-0C090F78, comment: Error initializing SSL/TLS, data 0, v4563";
    for _ in 0..2 {
        let tcp = net.connect(&community(net), &net.host("10.1.0.31").ttl(127), ldap::PORT);
        tcp.wait(2).client(ldap::start_tls(1)).wait(2).server(ldap::start_tls_result(1, 52, TEXT)).wait(1).client_fin();
        net.wait_secs(60);
    }
}
