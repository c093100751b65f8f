//! Opens what a request goes over. TCP is the HTTP client's own; everything else stands here.

use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

use super::endpoint::{Address, Ssh};
use super::wire::{Line, Wire};

/// Bytes of what ssh says that are kept.
const SAID: usize = 4 << 10;

/// What the program at the other end says about itself.
pub(super) type ProgramMessages = Arc<Mutex<Vec<u8>>>;

/// Opens sockets, named pipes, ssh.
#[derive(Debug)]
pub(super) struct Dial {
    pub way: Address,
    pub ssh: PathBuf,
    pub connect: Duration,
    pub messages: ProgramMessages,
}

impl Connector<()> for Dial {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Connection>, ureq::Error> {
        let (line, program) = match &self.way {
            #[cfg(unix)]
            Address::Socket(path) => (Line::open(path)?, None),
            #[cfg(windows)]
            Address::Pipe(path) => (Line::open(path)?, None),
            Address::Ssh(target) => {
                let mut command = self.command(target);
                let (line, mut child) = Line::spawn(&mut command)?;
                if let Some(stderr) = child.stderr.take() {
                    let messages = Arc::clone(&self.messages);
                    thread::spawn(move || listen(stderr, &messages));
                }
                (line, Some(child))
            }
            _ => return Err(io::Error::from(io::ErrorKind::Unsupported).into()),
        };
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Connection { buffers, wire: Wire::new(line, program) }))
    }
}

impl Dial {
    /// As docker calls it.
    fn command(&self, target: &Ssh) -> Command {
        let mut command = Command::new(&self.ssh);
        command.arg("-T").arg("-o").arg(format!("ConnectTimeout={}", self.connect.as_secs().max(1)));
        if let Some(user) = &target.user {
            command.arg("-l").arg(user);
        }
        if let Some(port) = target.port {
            command.arg("-p").arg(port.to_string());
        }
        command.arg("--").arg(&target.host).arg("docker");
        if let Some(socket) = &target.socket {
            command.arg("--host").arg(quoted(&format!("unix://{socket}")));
        }
        command.arg("system").arg("dial-stdio").stderr(Stdio::piped());
        command
    }
}

/// A word for the shell at the other end.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Keeps the beginning of what is said, and hears the rest.
fn listen(mut from: impl Read, messages: &ProgramMessages) {
    let mut buffer = [0; 1024];
    while let Ok(count) = from.read(&mut buffer) {
        if count == 0 {
            break;
        }
        let mut messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
        let room = SAID.saturating_sub(messages.len());
        messages.extend(&buffer[..count.min(room)]);
    }
}

/// A wire as the HTTP client uses it.
pub(super) struct Connection {
    buffers: LazyBuffers,
    wire: Wire,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.wire.fmt(out)
    }
}

/// The limit as the wire takes it.
fn limit(timeout: &NextTimeout) -> Option<Duration> {
    timeout.not_zero().map(|limit| *limit)
}

fn failed(error: io::Error, timeout: &NextTimeout) -> ureq::Error {
    if error.kind() == io::ErrorKind::TimedOut { ureq::Error::Timeout(timeout.reason) } else { error.into() }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let timeout = timeout.for_write();
        let output = &self.buffers.output()[..amount];
        self.wire.write(output, limit(&timeout)).map_err(|error| failed(error, &timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let timeout = timeout.for_read();
        let input = self.buffers.input_append_buf();
        let count = self.wire.read(input, limit(&timeout)).map_err(|error| failed(error, &timeout))?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        self.wire.is_open()
    }
}

/// Looks nothing up: there is no network.
#[derive(Debug)]
pub(super) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(std::net::SocketAddr::from(([127, 0, 0, 1], 80)));
        Ok(addresses)
    }
}
