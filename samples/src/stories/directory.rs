//! LDAP: a server that asks its directory who somebody is, and whether the password is right.

use super::{Sample, community};
use crate::file::Format;
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

pub(super) const SAMPLES: &[Sample] = &[Sample {
    name: "ldap-bind-refused",
    story: "The account by which the Sametime server binds at Active Directory is locked out. It tries again after a minute, and the \
            answer is the same.",
    see: "Result code 49, which says nothing, and \"data 775\" in the text beside it, which says why.",
    rules: &["ldap-bind-refused"],
    format: || Format::pcapng().link(Link::Vlan(7)).interface("eth1"),
    tell: locked,
}];

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
