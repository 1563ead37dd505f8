//! A bad line: a bridge in user space that loses frames, sends some twice and lets others wait. It does what netem does
//! where the kernel has it, and it does the same every time.

use super::network::Between;
use nrpcsniff_samples::SplitMix64;
use pcap::{Active, Capture, Direction, Error};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a frame that waits is held back.
const DELAY: Duration = Duration::from_millis(3);

/// What happens to frames, in parts of a thousand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trouble {
    pub lost: u64,
    pub twice: u64,
    pub late: u64,
}

/// The bridge between both cables of a [`Between`], until it is dropped.
pub(crate) struct Bridge {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Bridge {
    /// Begins to bridge; when this returns it does.
    pub(crate) fn start(net: &Between, trouble: Trouble) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let directions = [("m0", "m1", 1), ("m1", "m0", 2)];
        let threads = directions.map(|(from, to, seed)| {
            let (stopped, (ready, wait)) = (Arc::clone(&stop), channel());
            let thread = net.middle.inside(move || {
                let (mut from, mut to) = (open(from), open(to));
                from.direction(Direction::In).unwrap();
                ready.send(()).unwrap();
                carry(&mut from, &mut to, trouble, SplitMix64::new(seed), &stopped)
            });
            wait.recv().unwrap();
            thread
        });
        Self { stop, threads: threads.into() }
    }

    /// Stops; gives the number of frames that had trouble.
    pub(crate) fn end(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).map(|thread| thread.join().unwrap()).sum()
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

fn open(interface: &str) -> Capture<Active> {
    let capture = Capture::from_device(interface).unwrap().promisc(true).immediate_mode(true).timeout(1);
    capture.open().unwrap().setnonblock().unwrap()
}

fn carry(
    from: &mut Capture<Active>,
    to: &mut Capture<Active>,
    trouble: Trouble,
    mut rng: SplitMix64,
    stop: &AtomicBool,
) -> u64 {
    let (mut late, mut count): (VecDeque<(Instant, Vec<u8>)>, _) = (VecDeque::new(), 0);
    while !stop.load(Ordering::Relaxed) {
        while late.front().is_some_and(|(due, _)| *due <= Instant::now()) {
            to.sendpacket(late.pop_front().unwrap().1).unwrap();
        }
        let frame = match from.next_packet() {
            Ok(packet) => packet.data.to_vec(),
            Err(Error::TimeoutExpired) => {
                std::thread::sleep(Duration::from_micros(200));
                continue;
            }
            Err(error) => panic!("{error}"),
        };
        let Trouble { lost, twice, late: held } = trouble;
        // ARP is left alone: it is not what is tested, and slow to mend.
        let chance = if frame.get(12..14) == Some(&[8, 6]) { 1000 } else { rng.below(1000) };
        count += u64::from(chance < lost + twice + held);
        if chance < lost {
            continue;
        }
        if chance < lost + twice {
            to.sendpacket(&*frame).unwrap();
        } else if chance < lost + twice + held {
            late.push_back((Instant::now() + DELAY, frame));
            continue;
        }
        to.sendpacket(frame).unwrap();
    }
    count
}
