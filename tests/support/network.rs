//! Real networks for tests: namespaces with virtual cables between them, made as root and gone afterwards.

use super::shout;
use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::net::Ipv4Addr;
use std::process::{Command, id};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

/// The client of every [`Cable`].
pub(crate) const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
/// Its server.
pub(crate) const SERVER: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
/// The server behind a [`Router`].
pub(crate) const FAR_SERVER: Ipv4Addr = Ipv4Addr::new(10, 9, 1, 2);

/// True if this process may make networks and these programs are installed; says so if not.
pub(crate) fn possible(programs: &[&str]) -> bool {
    let installed = |program: &&str| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
    };
    let missing: Vec<_> = ["ip", "tc", "ethtool", "nft", "sysctl", "tcpdump"]
        .iter()
        .chain(programs)
        .filter(|program| !installed(program))
        .collect();
    if !missing.is_empty() {
        shout(&format!("SKIPPED: {missing:?} not installed, and no real packets are sent"));
        return false;
    }
    let Some(network) = Namespace::try_new() else {
        shout("SKIPPED: no network namespaces here (not root, or a container without CAP_NET_ADMIN)");
        return false;
    };
    let refused = network.refused();
    if let Some(what) = &refused {
        shout(&format!("SKIPPED: this kernel does not do '{what}', and no real packets are sent"));
    }
    refused.is_none()
}

/// A network of its own.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    pub(crate) fn new() -> Self {
        Self::try_new().unwrap()
    }

    /// The first of the things that these tests ask of the kernel that it does not do, if there is one.
    fn refused(&self) -> Option<String> {
        let rules = tempfile::NamedTempFile::new().unwrap();
        let copy = "table netdev t {\nchain c { type filter hook ingress device a0 priority 0; dup to \"b0\"; }\n}\n";
        let track =
            "table inet t {\nchain c {\ntype filter hook forward priority 0\nct state established accept\n}\n}\n";
        std::fs::write(&rules, format!("{copy}{track}")).unwrap();
        let (nft, loose) = (format!("nft -f {}", rules.path().display()), "net.netfilter.nf_conntrack_tcp_loose=0");
        let wishes = [
            "ip link add a0 type veth peer name b0",
            "sysctl -q -w net.ipv6.conf.a0.disable_ipv6=1",
            "ethtool -K a0 tx off tso off gso off gro off",
            "tc qdisc replace dev a0 root pfifo limit 10",
            &nft,
            &format!("sysctl -q -w {loose}"),
        ];
        let fails = |wish: &&&str| {
            let mut words = wish.split(' ');
            let program = words.next().unwrap_or_default();
            !self.command(program).args(words).output().is_ok_and(|output| output.status.success())
        };
        wishes.iter().find(fails).map(ToString::to_string)
    }

    fn try_new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("nrpcsniff-{}-{}", id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let made = Command::new("ip").args(["netns", "add", &name]).output().ok()?.status.success();
        let made = made.then_some(Self { name })?;
        made.ip("link set lo up");
        Some(made)
    }

    /// A program in this network.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Runs a program with these arguments (parted by blanks), which must succeed; gives what it printed.
    pub(crate) fn run(&self, program: &str, arguments: &str) -> String {
        let output = self.command(program).args(arguments.split(' ')).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// As [`Namespace::run`], for `ip`.
    pub(crate) fn ip(&self, arguments: &str) {
        self.run("ip", arguments);
    }

    /// Does this in a thread that lives in this network.
    pub(crate) fn inside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let door = File::open(format!("/run/netns/{}", self.name)).unwrap();
        thread::spawn(move || {
            setns(door, CloneFlags::CLONE_NEWNET).unwrap();
            work()
        })
    }

    /// Switches an interface on, without IPv6, whose own messages would be noise, and without help by the "hardware":
    /// checksums are right and segments small, as on a real cable.
    fn set_up(&self, interface: &str, address: Option<Ipv4Addr>) {
        self.run("sysctl", &format!("-q -w net.ipv6.conf.{interface}.disable_ipv6=1"));
        if let Some(address) = address {
            self.ip(&format!("address add {address}/24 dev {interface}"));
        }
        self.run("ethtool", &format!("-K {interface} tx off tso off gso off gro off"));
        self.ip(&format!("link set {interface} up"));
    }

    /// A mirror port: an interface on which everything goes out that this one sends and receives. Packets that go out get
    /// their time once, for all who look; those that come in get one for each. They stand in one queue, so that all see
    /// them in the same order, whichever core they come from.
    pub(crate) fn mirror(&self, interface: &str) -> &'static str {
        self.ip("link add mirror type veth peer name witness");
        self.set_up("mirror", None);
        self.run("tc", "qdisc replace dev mirror root pfifo limit 10000");
        self.ip("link set witness arp off");
        self.set_up("witness", None);
        let rule = |hook| {
            format!("chain {hook} {{ type filter hook {hook} device {interface} priority 0; dup to \"mirror\"; }}")
        };
        self.nft(&format!("table netdev mirror {{\n{}\n{}\n}}\n", rule("ingress"), rule("egress")));
        "mirror"
    }

    /// Gives these rules to nft(8).
    pub(crate) fn nft(&self, rules: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, rules).unwrap();
        self.run("nft", &format!("-f {}", file.path().display()));
    }

    /// A virtual cable to another network; neither end has an address yet.
    fn connect(&self, interface: &str, other: &Self, far: &str) {
        self.ip(&format!("link add {interface} type veth peer name {far} netns {}", other.name));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Threads that are still inside keep it alive, without a name.
        let _ = Command::new("ip").args(["netns", "delete", &self.name]).output();
    }
}

/// A client and a server with a cable between them: `c0` and `s0`.
pub(crate) struct Cable {
    pub client: Namespace,
    pub server: Namespace,
}

impl Cable {
    pub(crate) fn new() -> Self {
        let cable = Self { client: Namespace::new(), server: Namespace::new() };
        cable.client.connect("c0", &cable.server, "s0");
        cable.client.set_up("c0", Some(CLIENT));
        cable.server.set_up("s0", Some(SERVER));
        cable
    }
}

/// A client (`c0`) and a server (`s0`), and between them a machine with two cables (`m0` to the client, `m1` to the
/// server) over which nothing goes by itself.
pub(crate) struct Between {
    pub client: Namespace,
    pub middle: Namespace,
    pub server: Namespace,
}

impl Between {
    pub(crate) fn new() -> Self {
        let between = Self { client: Namespace::new(), middle: Namespace::new(), server: Namespace::new() };
        between.client.connect("c0", &between.middle, "m0");
        between.server.connect("s0", &between.middle, "m1");
        between.client.set_up("c0", Some(CLIENT));
        between.server.set_up("s0", Some(SERVER));
        between.middle.set_up("m0", None);
        between.middle.set_up("m1", None);
        between
    }
}

/// A client and a server ([`FAR_SERVER`]) behind a router.
pub(crate) struct Router {
    pub client: Namespace,
    pub middle: Namespace,
    pub server: Namespace,
}

impl Router {
    pub(crate) fn new() -> Self {
        let net = Self { client: Namespace::new(), middle: Namespace::new(), server: Namespace::new() };
        let (near, far) = (Ipv4Addr::new(10, 9, 0, 254), Ipv4Addr::new(10, 9, 1, 254));
        net.client.connect("c0", &net.middle, "r0");
        net.server.connect("s0", &net.middle, "r1");
        net.client.set_up("c0", Some(CLIENT));
        net.server.set_up("s0", Some(FAR_SERVER));
        net.middle.set_up("r0", Some(near));
        net.middle.set_up("r1", Some(far));
        net.client.ip(&format!("route add default via {near}"));
        net.server.ip(&format!("route add default via {far}"));
        net.middle.run("sysctl", "-q -w net.ipv4.ip_forward=1");
        net
    }
}
