//! A registry for tests: a few repositories in memory, the requests that it got, and what goes wrong.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::image::zoo::codec::{Codec, digest, noise};
use crate::image::zoo::layout::Picture;
use crate::image::zoo::tar::file;

/// What a registry does instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does not list its repositories.
    NoCatalog,
    /// So many requests are too many at first.
    Limited(usize),
    /// It never ends an answer with a layer.
    Hanging,
    /// It sends other bytes than the digest says.
    OtherBytes,
    /// The same, of layers alone.
    OtherLayers,
    /// It sends far more than the manifest says.
    TooLong,
}

#[derive(Default)]
struct State {
    /// Manifests by `repository:version`.
    manifests: BTreeMap<String, Vec<u8>>,
    tags: BTreeMap<String, Vec<String>>,
    blobs: BTreeMap<String, Vec<u8>>,
    requests: Vec<String>,
    /// Bytes of blobs that were sent.
    sent: u64,
    fault: Option<Fault>,
}

/// A registry on this machine; its threads end with the tests.
#[derive(Clone)]
pub(crate) struct Registry {
    /// `127.0.0.1:1234`.
    pub(crate) host: String,
    state: Arc<Mutex<State>>,
}

impl Registry {
    pub(crate) fn start(fault: Option<Fault>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State { fault, ..State::default() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        Self { host, state }
    }

    /// Adds an image of layers that these words make; equal words are equal layers.
    pub(crate) fn push(&self, repository: &str, tag: &str, words: &[&str]) {
        let layers: Vec<_> = words.iter().map(|word| vec![file(format!("app/{word}"), noise(word, 20_000))]).collect();
        let picture = Picture::of(repository, &layers, Codec::Gzip);
        let mut state = self.state.lock().unwrap();
        for blob in &picture.layers {
            state.blobs.insert(blob.digest.clone(), blob.bytes.clone());
        }
        let (config, manifest) = (picture.config(), picture.manifest());
        state.blobs.insert(digest(&config), config);
        state.manifests.insert(format!("{repository}:{}", digest(&manifest)), manifest.clone());
        state.manifests.insert(format!("{repository}:{tag}"), manifest);
        state.tags.entry(repository.to_owned()).or_default().push(tag.to_owned());
    }

    /// The paths that were asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Bytes of blobs that were sent, and those of all different blobs.
    pub(crate) fn sent_and_stored(&self) -> (u64, u64) {
        let state = self.state.lock().unwrap();
        (state.sent, state.blobs.values().map(|blob| blob.len() as u64).sum())
    }

    pub(crate) fn forget_requests(&self) {
        let mut state = self.state.lock().unwrap();
        (state.sent, state.requests) = (0, Vec::new());
    }

    pub(crate) fn mend(&self) {
        self.state.lock().unwrap().fault = None;
    }
}

/// A page of names: `n` after `last`, with a link to the next.
fn page(names: &[String], query: &str, path: &str, key: &str) -> (Vec<u8>, Option<String>) {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let last = value("last").unwrap_or_default();
    let rest: Vec<&String> = names.iter().filter(|name| name.as_str() > last).collect();
    // A registry may send fewer than are asked for.
    let shown: Vec<&String> = rest.iter().take(2).copied().collect();
    let next = (rest.len() > shown.len()).then(|| format!("<{path}?n=2&last={}>; rel=\"next\"", shown[1]));
    (json!({ key: shown }).to_string().into_bytes(), next)
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|count| count > 2) {
        // TLS begins so: there is none here.
        if head.as_bytes()[0] == 0x16 {
            return;
        }
    }
    let Some(address) = head.split(' ').nth(1).map(str::to_owned) else { return };
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let mut state = state.lock().unwrap();
    state.requests.push(address.clone());
    let fault = state.fault;
    let (mut status, mut link, mut extra, mut body) = ("200 OK", None, String::new(), Vec::new());
    if let Some(Fault::Limited(count @ 1..)) = fault {
        state.fault = Some(Fault::Limited(count - 1));
        (status, extra) = ("429 Too Many Requests", "Retry-After: 0\r\n".to_owned());
    } else if path == "/v2/_catalog" {
        let names: Vec<String> = state.tags.keys().cloned().collect();
        if fault == Some(Fault::NoCatalog) {
            status = "404 Not Found";
        } else {
            (body, link) = page(&names, query, path, "repositories");
        }
    } else if let Some(repository) = path.strip_prefix("/v2/").and_then(|path| path.strip_suffix("/tags/list")) {
        let mut tags = state.tags.get(repository).cloned().unwrap_or_default();
        tags.sort();
        (body, link) = page(&tags, query, path, "tags");
    } else if let Some((repository, version)) = path.trim_start_matches("/v2/").split_once("/manifests/") {
        match state.manifests.get(&format!("{repository}:{version}")) {
            Some(manifest) => body.clone_from(manifest),
            None => status = "404 Not Found",
        }
        extra.push_str("Content-Type: application/vnd.oci.image.manifest.v1+json\r\n");
    } else if let Some((_, digest)) = path.split_once("/blobs/") {
        match state.blobs.get(digest) {
            Some(blob) => body.clone_from(blob),
            None => status = "404 Not Found",
        }
        match fault {
            Some(Fault::OtherBytes) => body.reverse(),
            Some(Fault::OtherLayers) if body.len() > 10_000 => body.reverse(),
            Some(Fault::TooLong) => body.resize(body.len() + (64 << 20), 0),
            _ => {}
        }
        state.sent += body.len() as u64;
    } else {
        status = "404 Not Found";
    }
    drop(state);
    let link = link.map(|link| format!("Link: {link}\r\n")).unwrap_or_default();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{link}{extra}Content-Length: {length}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
    if fault == Some(Fault::Hanging) && path.contains("/blobs/") {
        thread::sleep(Duration::from_mins(2));
    }
    let _ = stream.write_all(&body);
}
