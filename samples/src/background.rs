//! What else happens on a network while a story is told, and has nothing to do with it.

use crate::dns::{A, Record};
use crate::http;
use crate::net::{Host, Network};
use crate::time::MILLISECOND;

/// How long before the story the others begin, in ms.
const BEFORE: u64 = 300;

impl Network {
    /// Others resolve a name, leave a connection idle and ask a web server for its health: before the story and during it, never
    /// after its end, because a capture that goes on tells that nothing more came.
    pub(crate) fn background(&self) {
        let (now, start) = (self.now(), self.world().start);
        let end = self.world().events.iter().map(|event| event.at).max().unwrap_or(start);
        let loss = self.world().vary.as_mut().map(|vary| std::mem::take(&mut vary.variation.loss));
        let [desk, web, balancer] = ["10.1.3.77", "10.1.3.80", "10.1.3.4"].map(|ip| self.host(ip).linux());
        self.set_clock(start - BEFORE * MILLISECOND);
        let idle = self.connect(&desk, &web, 8443);
        self.sometime(end, 50);
        self.looks_up(&desk, &self.host("10.1.3.2").linux());
        self.sometime(end, 150);
        self.health_check(&balancer, &web);
        if end > start + 2_000 * MILLISECOND {
            self.at((end - start) / MILLISECOND / 2);
            idle.keepalive(crate::tcp::Side::Server);
        }
        let mut world = self.world();
        world.now = now;
        if let (Some(vary), Some(loss)) = (&mut world.vary, loss) {
            vary.variation.loss = loss;
        }
    }

    /// The clock goes to some time before the story's end; if the story is short, to so many milliseconds after the earliest.
    fn sometime(&self, end: u64, after: u64) {
        let start = self.world().start;
        let room = (end - start).saturating_sub(BEFORE * MILLISECOND) / MILLISECOND;
        let later = self.world().vary.as_mut().map_or(0, |vary| vary.rng.below(room + 1));
        self.set_clock(start - BEFORE * MILLISECOND + (after + later) * MILLISECOND);
    }

    fn set_clock(&self, at: u64) {
        let mut world = self.world();
        world.now = at;
        world.exact = true;
    }

    fn looks_up(&self, who: &Host, resolver: &Host) {
        let name = "time.example.org";
        self.resolve(who, resolver, name, A, &[Record::address(name, "10.1.3.9")]);
    }

    fn health_check(&self, balancer: &Host, web: &Host) {
        let tcp = self.connect(balancer, web, 80);
        tcp.client(http::get("/health").host("web.example.org").agent("health check"));
        tcp.wait(1).server(http::response(200).json("{\"up\":true}")).client_fin();
    }
}
