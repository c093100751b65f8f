//! The engine asked by dockopt itself: what it says of an image is what its own client says.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use dockopt::engine;
use dockopt::image;
use dockopt::load::image::{Bytes, ImagePlace, SourceOptions, open};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::{Built, Engine, Image};

/// A context of two steps, without a base; each call has another content, so that no two images have one id.
pub(super) fn context() -> tempfile::TempDir {
    static CONTEXTS: AtomicU32 = AtomicU32::new(0);
    let number = CONTEXTS.fetch_add(1, Ordering::Relaxed);
    let context = tempfile::tempdir().unwrap();
    let text = "FROM scratch\nLABEL is=\"a test\"\nCOPY a /a\nCOPY b /b\nCMD [\"/a\"]\n";
    fs::write(context.path().join("Dockerfile"), text).unwrap();
    fs::write(context.path().join("a"), "a".repeat(100_000)).unwrap();
    fs::write(context.path().join("b"), format!("{} {number}", std::process::id())).unwrap();
    context
}

fn built(client: &Engine) -> Image<'_> {
    let context = context();
    let (image, Built { .. }) = client.image(context.path());
    image
}

#[test]
fn an_engine_says_what_its_client_says() {
    let Some(client) = Engine::find() else { return };
    let image = built(&client);
    let engine = engine::Engine::connect(&engine::EngineOptions::of_process()).unwrap();
    assert_eq!(engine.version().version, client.text(&["version", "--format", "{{.Server.Version}}"]));
    let inspect = |format: &str| client.text(&["image", "inspect", "--format", format, &image.tag]);

    let image_found = engine.find(&image.tag, None).unwrap().unwrap();
    assert_eq!(image_found.id, inspect("{{.Id}}"));
    assert_eq!(image_found.tags, std::slice::from_ref(&image.tag));
    assert_eq!(image_found.labels["is"], "a test");
    assert_eq!(image_found.created, inspect("{{.Created}}"));
    assert_eq!(image_found.size.to_string(), inspect("{{.Size}}"));
    assert_eq!(image_found.platform.architecture, inspect("{{.Architecture}}"));
    assert_eq!(image_found.diff_ids.len(), 2);
    assert_eq!(
        engine.find(&image_found.id, None).unwrap().map(|same| same.diff_ids),
        Some(image_found.diff_ids.clone())
    );
    assert_eq!(engine.find("dockopt-test:none", None).unwrap(), None);

    let images = engine.images().unwrap();
    let listed = images.iter().find(|listed| listed.tags.contains(&image.tag)).unwrap();
    assert_eq!((&listed.id, &listed.labels), (&image_found.id, &image_found.labels));

    let history = engine.history(&image.tag, None).unwrap();
    let steps: Vec<&str> = history.iter().map(|step| step.created_by.split(' ').next().unwrap()).collect();
    assert_eq!(steps, ["LABEL", "COPY", "COPY", "CMD"]);
    assert!(history[1].size >= 100_000, "{history:?}");
    assert_eq!(engine.history("dockopt-test:none", None).unwrap_err().kind, dockopt::failure::FailureKind::Missing);
    assert_eq!(engine.save("dockopt-test:none", None).unwrap_err().kind, dockopt::failure::FailureKind::Missing);
}

#[test]
fn an_image_comes_from_the_engine_as_it_is() {
    let Some(client) = Engine::find() else { return };
    let image = built(&client);
    let opened = open(&image.tag, &SourceOptions::of_process()).unwrap();
    assert_eq!(opened.place, ImagePlace::Engine);
    assert!(
        opened.sentence.starts_with(&format!("image `{}` in the engine at unix://", image.tag)),
        "{}",
        opened.sentence
    );
    let Bytes::Stream(stream) = opened.bytes else { panic!("{:?}", opened.bytes) };
    let read = image::read_forward(stream, &image::ImageOptions::default()).unwrap();
    assert_eq!(read.images.len(), 1, "{read:?}");
    let saved_image = &read.images[0];
    let diff_ids: Vec<String> =
        saved_image.layers.iter().map(|layer| layer.diff_id.as_ref().unwrap().to_string()).collect();
    let layers = client.text(&["image", "inspect", "--format", "{{json .RootFS.Layers}}", &image.tag]);
    assert_eq!(diff_ids, serde_json::from_str::<Vec<String>>(&layers).unwrap());
    let id = client.text(&["image", "inspect", "--format", "{{.Id}}", &image.tag]);
    let ids = [saved_image.id.as_ref(), saved_image.manifest.as_ref()]
        .map(|id| id.map(ToString::to_string).unwrap_or_default());
    assert!(ids.contains(&id), "{ids:?} {id}");

    // Docker saves all tags of a name that has none: `latest` is meant.
    let name = format!("dockopt-test-tags-{}", std::process::id());
    for tag in ["latest", "2"] {
        client.text(&["tag", &image.tag, &format!("{name}:{tag}")]);
    }
    let opened = open(&name, &SourceOptions::of_process()).unwrap();
    let Bytes::Stream(stream) = opened.bytes else { panic!("{:?}", opened.bytes) };
    let read = image::read_forward(stream, &image::ImageOptions::default()).unwrap();
    client.text(&["image", "rm", &format!("{name}:latest"), &format!("{name}:2")]);
    assert_eq!((read.images.len(), &read.images[0].id), (1, &saved_image.id));

    let missing = open("docker:dockopt-test:none", &SourceOptions::of_process()).unwrap_err();
    assert!(missing.what.ends_with("has no image `dockopt-test:none`"), "{missing}");
}

/// TLS before the engine's socket, for clients with a certificate of `folder`'s authority: one request each connection.
fn with_tls(folder: &Path, socket: &'static str) -> String {
    let chain: Vec<_> = CertificateDer::pem_file_iter(folder.join("cert.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(builder.with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            // A client that is refused here is told so by TLS.
            let _ = pass_on(StreamOwned::new(connection, stream.unwrap()), socket);
        }
    });
    host
}

fn pass_on(mut tls: StreamOwned<ServerConnection, TcpStream>, socket: &str) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        tls.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    head.truncate(head.len() - 2);
    head.extend(b"Connection: close\r\n\r\n");
    let mut engine = UnixStream::connect(socket)?;
    engine.write_all(&head)?;
    std::io::copy(&mut engine, &mut tls)?;
    tls.conn.send_close_notify();
    tls.flush()
}

#[test]
fn an_engine_is_reached_with_tls() {
    let Some(client) = Engine::find() else { return };
    let Some(socket) = ["/var/run/docker.sock"].into_iter().find(|path| Path::new(path).exists()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("tests/engine/registry").arg("certificates").arg(folder.path()).status().unwrap();
    assert!(status.success());
    let options = engine::EngineOptions {
        host: Some(format!("tcp://{}", with_tls(folder.path(), socket))),
        tls_verify: true,
        certificates: Some(folder.path().to_owned()),
        ..engine::EngineOptions::default()
    };
    let image = built(&client);
    let engine = engine::Engine::connect(&options).unwrap();
    let mut saved = engine.save(&image.tag, None).unwrap();
    let length = std::io::copy(&mut saved, &mut std::io::sink()).unwrap();
    assert!(length > 100_000, "{length}");

    // Without a certificate of one's own, and with an authority that did not sign the engine's.
    fs::remove_file(folder.path().join("cert.pem")).unwrap();
    let error = engine::Engine::connect(&options).unwrap_err();
    assert_eq!(error.kind, dockopt::failure::FailureKind::Denied, "{error}");
    let strangers = engine::EngineOptions { certificates: Some(folder.path().join("none")), ..options };
    let error = engine::Engine::connect(&strangers).unwrap_err();
    assert_eq!(error.kind, dockopt::failure::FailureKind::Denied, "{error}");
    assert!(error.what.contains("UnknownIssuer"), "{error}");
}
