//! A server of a few answers, for tests: each connection brings one request and gets one answer.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What one request gets.
pub(crate) struct ServerAnswer {
    /// All of it, its head too.
    pub bytes: Vec<u8>,
    /// How long the connection stays open afterwards without a word.
    pub hang: Duration,
}

impl ServerAnswer {
    /// A whole answer: status, lines of the head, contents.
    pub(crate) fn new(status: &str, head: &[&str], contents: &[u8]) -> Self {
        let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n", contents.len());
        for line in head {
            text.push_str(&format!("{line}\r\n"));
        }
        Self { bytes: [text.as_bytes(), b"\r\n", contents].concat(), hang: Duration::ZERO }
    }

    /// Its first bytes only.
    pub(crate) fn cut(mut self, missing: usize) -> Self {
        self.bytes.truncate(self.bytes.len() - missing);
        self
    }

    /// Nothing more, and no end.
    pub(crate) const fn hanging(mut self, time: Duration) -> Self {
        self.hang = time;
        self
    }
}

/// A server on this machine; its thread ends with the tests.
pub(crate) struct Server {
    /// `127.0.0.1:1234`.
    pub host: String,
    heads: Arc<Mutex<Vec<String>>>,
    /// Answers that came to their end here.
    ended: Arc<AtomicUsize>,
}

impl Server {
    /// Answers each request by its number and its head.
    pub(crate) fn start(answer: impl Fn(usize, &str) -> ServerAnswer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&heads), Arc::new(answer));
        let ended = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ended);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answer, count) = (Arc::clone(&seen), Arc::clone(&answer), Arc::clone(&count));
                thread::spawn(move || serve(stream.unwrap(), &seen, &*answer, &count));
            }
        });
        Self { host, heads, ended }
    }

    /// The heads of all requests, in order.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// How many answers came to their end here: all of one was sent, and its time was over.
    pub(crate) fn finished_answers(&self) -> usize {
        self.ended.load(Ordering::Relaxed)
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<String>>,
    answer: &dyn Fn(usize, &str) -> ServerAnswer,
    ended: &AtomicUsize,
) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count == 1) {
        head.push(byte[0]);
        // TLS begins so: there is none here.
        if head[0] == 0x16 {
            return;
        }
    }
    let mut head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut contents = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut contents).unwrap();
    head.push_str(&String::from_utf8(contents).unwrap());
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(head.clone());
        seen.len() - 1
    };
    let answer = answer(number, &head);
    let _ = stream.write_all(&answer.bytes);
    thread::sleep(answer.hang);
    ended.fetch_add(1, Ordering::Relaxed);
}
