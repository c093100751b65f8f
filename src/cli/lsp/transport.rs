//! Messages over standard input and output (LSP 3.17, "Base Protocol"), within limits: what a client says of a length is not believed.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;
use lsp_server::{Connection, Message, Notification};
use serde_json::json;

/// Bytes of a line of a header.
const HEADER: u64 = 8 << 10;

/// Lines of a header.
const LINES: usize = 32;

/// Bytes of a message: more than any text that is looked at.
const LONGEST: u64 = 128 << 20;

/// How long the last words of the server may take to be read.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The method of the notification that takes the place of a message which cannot be read.
pub(super) const UNREADABLE: &str = "$/dockopt/unreadable";

/// The threads of a connection.
pub(super) struct Transport {
    /// Why the input ended; nothing where it just did.
    ended: Receiver<Option<String>>,
    written: Receiver<()>,
}

/// Why a message is not read.
enum ReadFailure {
    /// The next may be.
    Message(String),
    /// Where the next begins is not known.
    Input(String),
}

/// Begins to read and write.
pub(super) fn connect() -> (Connection, Transport) {
    let (sender, outgoing) = bounded::<Message>(0);
    let (incoming, receiver) = bounded::<Message>(0);
    let (say_ended, ended) = channel();
    let (say_written, written) = channel();
    thread::spawn(move || {
        let mut stdout = io::stdout().lock();
        for message in outgoing {
            if message.write(&mut stdout).is_err() {
                break;
            }
        }
        let _ = say_written.send(());
    });
    thread::spawn(move || {
        let mut stdin = BufReader::new(io::stdin().lock());
        let why = loop {
            let message = match read_message(&mut stdin) {
                Ok(Some(message)) => message,
                Ok(None) => break None,
                Err(ReadFailure::Input(why)) => break Some(why),
                Err(ReadFailure::Message(why)) => {
                    Notification::new(UNREADABLE.to_owned(), json!({ "why": why })).into()
                }
            };
            let is_last = matches!(&message, Message::Notification(notification) if notification.method == "exit");
            if incoming.send(message).is_err() || is_last {
                break None;
            }
        };
        let _ = say_ended.send(why);
    });
    (Connection { sender, receiver }, Transport { ended, written })
}

impl Transport {
    /// Waits until the last words are written, but not for a client that reads nothing; why the input ended, where that was not the
    /// client's will.
    pub(super) fn end(self) -> Option<String> {
        let _ = self.written.recv_timeout(LAST_WORDS);
        self.ended.try_recv().ok().flatten()
    }
}

/// The next message; `None` at the end of the input.
fn read_message(input: &mut impl BufRead) -> Result<Option<Message>, ReadFailure> {
    let Some(length) = read_header(input)? else { return Ok(None) };
    if length > LONGEST {
        return Err(ReadFailure::Input(format!("a message has {length} bytes, {LONGEST} at most are read")));
    }
    let mut bytes = Vec::new();
    let read = input.take(length).read_to_end(&mut bytes);
    if read.is_err() || bytes.len() as u64 != length {
        return Err(ReadFailure::Input(format!("the input ends within a message of {length} bytes")));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| ReadFailure::Message(error.to_string()))
}

/// The length that a header says; `None` at the end of the input.
fn read_header(input: &mut impl BufRead) -> Result<Option<u64>, ReadFailure> {
    let mut length = None;
    for _ in 0..LINES {
        let mut line = Vec::new();
        input.take(HEADER).read_until(b'\n', &mut line).map_err(|error| ReadFailure::Input(error.to_string()))?;
        if line.is_empty() {
            return Ok(None);
        }
        if !line.ends_with(b"\n") {
            return Err(ReadFailure::Input("a line of a header has no end".to_owned()));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            return length.map(Some).ok_or_else(|| ReadFailure::Input("a header has no `Content-Length`".to_owned()));
        }
        let Some((name, value)) = text.split_once(':') else {
            return Err(ReadFailure::Input("a line of a header has no name".to_owned()));
        };
        if name.trim().eq_ignore_ascii_case("content-length") {
            let number = value.trim().parse();
            length =
                Some(number.map_err(|_| ReadFailure::Input("`Content-Length` is not a number of bytes".to_owned()))?);
        }
    }
    Err(ReadFailure::Input(format!("a header has more than {LINES} lines")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(input: &[u8]) -> String {
        match read_message(&mut &*input) {
            Ok(message) => format!("{:?}", message.is_some()),
            Err(ReadFailure::Message(why)) => format!("message: {why}"),
            Err(ReadFailure::Input(why)) => why,
        }
    }

    #[test]
    fn lengths_are_not_believed() {
        for (input, why) in [
            (&b"Content-Length: 99999999999\r\n\r\n{}"[..], "a message has 99999999999 bytes"),
            (b"Content-Length: 18446744073709551615\r\n\r\n", "a message has 18446744073709551615 bytes"),
            (b"Content-Length: 18446744073709551616\r\n\r\n", "`Content-Length` is not a number of bytes"),
            (b"Content-Length: -1\r\n\r\n", "`Content-Length` is not a number of bytes"),
            (b"Content-Length: 9\r\n\r\n{}", "the input ends within a message of 9 bytes"),
            (b"X: y\r\n\r\n{}", "a header has no `Content-Length`"),
            (b"nonsense\r\n\r\n", "a line of a header has no name"),
            (b"Content-Length: 2\r\n\r\n[]", "message: "),
            (b"Content-Length: 2\r\n\r\n\xff\xff", "message: "),
            (b"", "false"),
            (b"content-length: 41\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":1}", "true"),
        ] {
            let failure = failure(input);
            assert!(failure.starts_with(why), "{:?}: {failure}", String::from_utf8_lossy(input));
        }
        assert_eq!(failure(&vec![b'a'; 20_000]), "a line of a header has no end");
        assert_eq!(failure(&b"a: b\r\n".repeat(100)), "a header has more than 32 lines");
    }
}
