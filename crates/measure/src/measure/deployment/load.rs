//! Clients that ask a server all the time, and count what is lost.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ureq::{Agent, SendBody};

use super::target::{SERVER, Target, client};
use crate::deployment::{RequestCount, RequestKind};

/// For one answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Bytes of a body that are sent.
const BODY: usize = 600;

/// Between two requests of a client; behind one that was lost.
const PAUSES: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(50)];

/// How long a slow request takes where no path is slow: its body comes in parts.
const SLOW: Duration = Duration::from_secs(3);

/// Clients of each kind.
const CLIENTS: [(RequestKind, usize); 5] = [
    (RequestKind::New, 3),
    (RequestKind::Kept, 3),
    (RequestKind::Post, 1),
    (RequestKind::Slow, 2),
    (RequestKind::WebSocket, 1),
];

/// What clients counted.
#[derive(Debug, Default)]
pub(super) struct LoadCounts {
    pub(super) requests: BTreeMap<RequestKind, RequestCount>,
    /// Answers by the address of the server that gave them.
    pub(super) servers: BTreeMap<String, u64>,
}

/// Clients that ask until they are stopped.
#[derive(Debug)]
pub(super) struct RequestLoad {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    clients: Vec<JoinHandle<LoadCounts>>,
}

/// A client's errand.
struct Client {
    kind: RequestKind,
    target: Target,
    start: Instant,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
}

impl RequestLoad {
    /// Starts the clients; times are counted from `start`.
    pub(super) fn start(target: &Target, start: Instant) -> Self {
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let kinds = CLIENTS.into_iter().flat_map(|(kind, count)| std::iter::repeat_n(kind, count));
        let kinds = kinds.filter(|kind| *kind != RequestKind::WebSocket || target.websocket.is_some());
        let clients = kinds.map(|kind| {
            let (stop, sent) = (Arc::clone(&stop), Arc::clone(&sent));
            let client = Client { kind, target: target.clone(), start, stop, sent };
            std::thread::spawn(move || client.run())
        });
        Self { clients: clients.collect(), stop, sent }
    }

    /// Requests that were sent so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Lets the clients end what they began, and adds up what they counted.
    pub(super) fn stop(mut self) -> LoadCounts {
        self.stop.store(true, Ordering::Relaxed);
        let mut counts = LoadCounts::default();
        for client in self.clients.drain(..) {
            let Ok(more) = client.join() else { continue };
            for (kind, count) in more.requests {
                counts.requests.entry(kind).or_default().add(count);
            }
            for (server, count) in more.servers {
                *counts.servers.entry(server).or_default() += count;
            }
        }
        counts
    }
}

impl Drop for RequestLoad {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Client {
    fn run(self) -> LoadCounts {
        let (mut count, mut servers) = (RequestCount::default(), BTreeMap::new());
        let agent = client(PATIENCE, self.kind == RequestKind::Kept);
        while !self.stop.load(Ordering::Relaxed) {
            let lost = match self.ask(&agent) {
                Ok(server) => {
                    count.answered += 1;
                    if let Some(server) = server {
                        *servers.entry(server).or_default() += 1;
                    }
                    false
                }
                Err(what) => {
                    count.lose(what, seconds_since(self.start));
                    true
                }
            };
            self.sent.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(PAUSES[usize::from(lost)]);
        }
        LoadCounts { requests: BTreeMap::from([(self.kind, count)]), servers }
    }

    /// The address of the server that answered, where the answer has it; or what came instead of an answer.
    fn ask(&self, agent: &Agent) -> Result<Option<String>, String> {
        let target = &self.target;
        let url = target.url(&target.path);
        let host = target.host.as_str();
        let answer = match self.kind {
            RequestKind::New | RequestKind::Kept => agent.get(&url).header("Host", host).call(),
            RequestKind::Post => agent.post(&url).header("Host", host).send(&vec![b'x'; BODY][..]),
            RequestKind::Slow if target.slow.is_some() => {
                let path = target.slow.as_deref().unwrap_or_default();
                agent.get(target.url(path)).header("Host", host).call()
            }
            RequestKind::Slow => {
                let mut body = SlowBody::default();
                let request = agent.post(&url).header("Host", host).header("Content-Length", SlowBody::LENGTH);
                request.send(SendBody::from_reader(&mut body))
            }
            RequestKind::WebSocket => return self.hold_socket(),
        };
        let mut answer = answer.map_err(|error| loss(&error))?;
        let server = answer.headers().get(SERVER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let status = answer.status().as_u16();
        let body = io::copy(&mut answer.body_mut().as_reader(), &mut io::sink());
        match (body, status) {
            (Err(error), _) => Err(broken(error.kind()).to_owned()),
            // A program that cannot do what is asked says so, with each version.
            (Ok(_), 500..) if status != 501 => Err(format!("answers of status {status}")),
            (Ok(_), _) => Ok(server),
        }
    }

    /// Opens a socket of the web and holds it until it is cut.
    fn hold_socket(&self) -> Result<Option<String>, String> {
        let target = &self.target;
        let path = target.websocket.as_deref().unwrap_or_default();
        let mut stream = TcpStream::connect(target.address).map_err(|error| broken(error.kind()).to_owned())?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: \
             13\r\nSec-WebSocket-Key: ZG9ja29wdCB2ZXJpZnkhIQ==\r\n\r\n",
            target.host
        );
        stream.write_all(request.as_bytes()).map_err(|error| broken(error.kind()).to_owned())?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).map_err(|error| broken(error.kind()).to_owned())?;
        if !head.ends_with(b" 101") {
            let status = String::from_utf8_lossy(&head[9..]).into_owned();
            return Err(format!("answers of status {status} instead of 101"));
        }
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        let mut bytes = [0; 4096];
        while !self.stop.load(Ordering::Relaxed) {
            match stream.read(&mut bytes) {
                Ok(0) => return Err("sockets that were closed".to_owned()),
                Ok(_) => {}
                Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind()) => {}
                Err(error) => return Err(broken(error.kind()).to_owned()),
            }
        }
        Ok(None)
    }
}

/// A body whose bytes come over seconds.
#[derive(Default)]
struct SlowBody {
    count: u8,
}

impl SlowBody {
    const LENGTH: &str = "6";
    const BYTES: u8 = 6;
}

impl Read for SlowBody {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(first) = bytes.first_mut() else { return Ok(0) };
        if self.count == Self::BYTES {
            return Ok(0);
        }
        if self.count > 0 {
            std::thread::sleep(SLOW / u32::from(Self::BYTES - 1));
        }
        self.count += 1;
        *first = b'x';
        Ok(1)
    }
}

/// Seconds since the script began; below nothing before that.
pub(super) fn seconds_since(start: Instant) -> f64 {
    let now = Instant::now();
    now.saturating_duration_since(start).as_secs_f64() - start.saturating_duration_since(now).as_secs_f64()
}

/// What came instead of an answer.
fn loss(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => broken(error.kind()).to_owned(),
        ureq::Error::Timeout(_) => format!("without an answer within {} s", PATIENCE.as_secs()),
        ureq::Error::ConnectionFailed => broken(io::ErrorKind::ConnectionRefused).to_owned(),
        ureq::Error::Protocol(_) => "connections that ended before the answer".to_owned(),
        error => format!("with the error {error}"),
    }
}

fn broken(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::AddrNotAvailable => {
            "refused connections"
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            "connections that were reset"
        }
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "without an answer in time",
        _ => "connections that ended before the answer",
    }
}
