//! Registries that refuse, fail, dawdle and break off.

use std::io::Read;
use std::time::Duration;

use super::test_server::{Server, ServerAnswer};
use super::{BlobCache, BlobUse, Limits, Registry, RegistryOptions, RegistryReference, Repository, repositories};
use crate::failure::{Failure, FailureKind};
use crate::image::Store;
use crate::image::{Algorithm, Digest};

const INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

fn options() -> RegistryOptions {
    let limits = Limits {
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(400),
        retries: 2,
        pause: Duration::from_secs(2),
        document: 1 << 10,
    };
    RegistryOptions { limits, ..RegistryOptions::default() }
}

fn registry(server: &Server, options: &RegistryOptions) -> Registry {
    let reference: RegistryReference = format!("{}/app:v1", server.host).parse().unwrap();
    Registry::new(&reference, options).unwrap()
}

fn index() -> ServerAnswer {
    ServerAnswer::new("200 OK", &["Content-Type: application/vnd.oci.image.index.v1+json"], INDEX.as_bytes())
}

fn some_digest() -> Digest {
    format!("sha256:{}", "0a".repeat(32)).parse().unwrap()
}

#[test]
fn temporary_failures_are_retried() {
    let server = Server::start(|number, _| match number {
        0 => ServerAnswer::new("429 Too Many Requests", &["Retry-After: 0"], b""),
        1 => ServerAnswer::new("503 Service Unavailable", &[], b""),
        _ => index(),
    });
    let document = registry(&server, &options()).manifest("v1").unwrap();
    assert_eq!(document.bytes, INDEX.as_bytes());
    assert_eq!(document.media_type, "application/vnd.oci.image.index.v1+json");
    let heads = server.heads();
    assert_eq!(heads.len(), 3);
    assert!(heads[0].starts_with("GET /v2/app/manifests/v1 HTTP/1.1"), "{}", heads[0]);
}

#[test]
fn a_manifest_of_one_platform_is_an_image_unless_it_is_of_schema_1() {
    for (media_type, is_image) in [
        ("application/vnd.oci.image.manifest.v1+json", true),
        ("application/vnd.docker.distribution.manifest.v2+json", true),
        ("application/vnd.docker.distribution.manifest.v1+json", false),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", false),
    ] {
        let server = Server::start(move |_, _| {
            let text = format!(r#"{{"schemaVersion":2,"mediaType":"{media_type}","layers":[]}}"#);
            ServerAnswer::new("200 OK", &[], text.as_bytes())
        });
        let reference: RegistryReference = format!("{}/app:v1", server.host).parse().unwrap();
        assert_eq!(Repository::open(&reference, &options()).is_ok(), is_image, "{media_type}");
    }
}

/// A server that lists three names in pages of two, and answers the second request as it is told.
fn pages(second: &'static str) -> Server {
    Server::start(move |number, head| {
        let next = "Link: </v2/_catalog?last=b&n=2>; rel=\"next\"";
        match number {
            0 => ServerAnswer::new("200 OK", &[next], br#"{"repositories":["a","b"]}"#),
            _ if second == "repeat" => ServerAnswer::new("200 OK", &[next], br#"{"repositories":["a","b"]}"#),
            _ => {
                assert!(head.starts_with("GET /v2/_catalog?last=b&n=2 "), "{head}");
                ServerAnswer::new("200 OK", &[], second.as_bytes())
            }
        }
    })
}

#[test]
fn all_pages_of_a_catalogue_are_read() {
    let names = |second| repositories(&pages(second).host, &options());
    assert_eq!(names(r#"{"repositories":["c"]}"#).unwrap(), ["a", "b", "c"]);
    assert_eq!(names(r#"{"repositories":null}"#).unwrap(), ["a", "b"]);
    assert!(names("repeat").unwrap_err().what.contains("repeats pages of the list of repositories"));
    assert!(names("<html>").unwrap_err().what.contains("is not valid JSON"));
    let refusing = Server::start(|_, _| ServerAnswer::new("404 Not Found", &[], b""));
    let error = repositories(&refusing.host, &options()).unwrap_err();
    assert!(error.what.contains("does not list its repositories"), "{error}");
    assert!(error.help.contains("/REPOSITORY`"), "{}", error.help);
}

#[test]
fn blobs_are_fetched_once_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let contents = b"a layer";
    let digest = Digest::of(Algorithm::Sha256, contents);
    let server = Server::start(move |_, _| ServerAnswer::new("200 OK", &[], contents));
    let registry = registry(&server, &options());
    let blobs = BlobCache::new(folder.path(), 1 << 20);
    let read = |digest: &Digest, size| {
        let mut text = Vec::new();
        let fetch = || registry.blob(digest, 0).map(|blob| (blob.size(), blob));
        let opened = blobs.open(digest, size, || fetch().map(|(bytes, blob)| (Box::new(blob) as _, bytes)));
        opened?.unwrap().read_to_end(&mut text).unwrap();
        Ok::<_, Failure>(text)
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(read(&digest, Some(7)).unwrap(), contents));
        }
    });
    assert_eq!(server.heads().len(), 1);
    assert_eq!(blobs.uses(), BlobUse { fetched_bytes: 7, reused_bytes: 21 });
    // What the digest or the manifest does not say is not kept.
    assert!(read(&some_digest(), None).unwrap_err().what.contains("with digest"));
    let other = Digest::of(Algorithm::Sha512, contents);
    assert!(read(&other, Some(3)).unwrap_err().what.contains("whose manifest says"));
    assert_eq!(read(&other, Some(7)).unwrap(), contents);
    let files = || {
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("sha"))
    };
    let left = folder.path().join(".dockopt-left");
    std::fs::write(&left, "x").unwrap();
    let run = blobs.begin_run().unwrap();
    assert_eq!((files().count(), left.exists()), (2, false));
    // Another run is at work: what is not finished is left to it.
    std::fs::write(&left, "x").unwrap();
    drop(blobs.begin_run().unwrap());
    assert!(left.exists());
    drop(run);

    // A blob that was damaged meanwhile is fetched again.
    let path = folder.path().join(digest.to_string().replace(':', "-"));
    std::fs::write(&path, "a loser").unwrap();
    std::fs::File::open(&path).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(read(&digest, Some(7)).unwrap(), contents);
    std::fs::write(&path, "").unwrap();
    assert_eq!(read(&digest, Some(7)).unwrap(), contents);
    // Neither is a link followed, nor is a blob stored where it cannot be.
    std::fs::remove_file(&path).unwrap();
    #[cfg(unix)]
    {
        std::fs::create_dir(path.with_extension("lock")).unwrap();
        let fetch = || panic!("nothing is fetched that cannot be stored");
        assert!(blobs.open(&digest, Some(7), fetch).unwrap().is_none());
        std::fs::remove_dir(path.with_extension("lock")).unwrap();
        let other = folder.path().join("other");
        std::fs::write(&other, "precious").unwrap();
        std::os::unix::fs::symlink(&other, path.with_extension("lock")).unwrap();
        assert!(blobs.open(&digest, Some(7), fetch).unwrap().is_none());
        assert_eq!(std::fs::read(&other).unwrap(), b"precious");
        std::fs::remove_file(path.with_extension("lock")).unwrap();
    }
    read(&digest, Some(7)).unwrap();
}

#[test]
fn blobs_make_room_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, head| {
        let contents = if head.contains("sha256") { &b"a layer"[..] } else { b"another" };
        ServerAnswer::new("200 OK", &[], contents)
    });
    let registry = registry(&server, &options());
    let small = BlobCache::new(folder.path(), 10);
    let open = |digest: &Digest| {
        let fetch = || registry.blob(digest, 0).map(|blob| (Box::new(blob) as _, Some(7)));
        small.open(digest, Some(7), fetch).unwrap().is_some()
    };
    let count = || {
        std::fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("sha"))
    };
    assert!(open(&Digest::of(Algorithm::Sha256, b"a layer")) && open(&Digest::of(Algorithm::Sha512, b"another")));
    assert_eq!(count().count(), 1, "both have no room");
    let fetch = || panic!("nothing is fetched that has no room");
    assert!(small.open(&some_digest(), Some(20), fetch).unwrap().is_none());
}

#[track_caller]
fn refused(status: &str, head: &[&str], contents: &str, kind: FailureKind, requests: usize) -> String {
    let (status, contents) = (status.to_owned(), contents.to_owned());
    let head: Vec<String> = head.iter().map(|line| (*line).to_owned()).collect();
    let server = Server::start(move |_, _| {
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        ServerAnswer::new(&status, &head, contents.as_bytes())
    });
    let error = registry(&server, &options()).manifest("v1").unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert_eq!(server.heads().len(), requests, "{error}");
    format!("{}: {}", error.what, error.help).replace(&server.host, "HOST")
}

#[test]
fn a_refusal_says_what_to_do() {
    let missing = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
    assert_eq!(
        refused("404 Not Found", &[], missing, FailureKind::Missing, 1),
        "`app:v1` not found in the registry `HOST` (manifest unknown): check the name and tag; a private repository looks the same without access to it"
    );
    assert_eq!(
        refused("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"x\""], "", FailureKind::Denied, 2),
        "the registry `HOST` denies anonymous access to `HOST/app`, and no credentials were found: log in with `docker login HOST`"
    );
    let limited = refused("429 Too Many Requests", &["Retry-After: 3600"], "", FailureKind::Limited, 1);
    assert!(limited.contains("retry in 3600 s, as the server asks; wait, or log in"), "{limited}");
    let failing = refused("500 Internal Server Error", &[], "<html>", FailureKind::Broken, 3);
    assert!(failing.contains("returned 500 Internal Server Error for `app:v1` (3 attempts)"), "{failing}");
    let around = refused("307 Temporary Redirect", &["Location: /v2/app/manifests/v1"], "", FailureKind::Broken, 6);
    assert!(around.contains("redirects in a loop"), "{around}");
    let large = refused("200 OK", &[], &"x".repeat(2000), FailureKind::Broken, 1);
    assert!(large.contains("sent more than"), "{large}");
    let digest = format!("Docker-Content-Digest: {}", some_digest());
    let changed = refused("200 OK", &[&digest], INDEX, FailureKind::Broken, 1);
    assert!(changed.contains("expected sha256:0a0a"), "{changed}");
}

#[test]
fn silent_servers_are_not_waited_for() {
    let server = Server::start(|_, _| ServerAnswer::new("200 OK", &[], b"").cut(1).hanging(Duration::from_mins(1)));
    let error = registry(&server, &options()).manifest("v1").unwrap_err();
    assert_eq!(error.kind, FailureKind::Unreachable, "{error}");
    assert!(error.what.ends_with("did not answer within 400 ms"), "{error}");
    assert_eq!((server.heads().len(), server.finished_answers()), (1, 0), "one request, whose answer has not ended");

    let closed: RegistryReference = "127.0.0.1:1/app".parse().unwrap();
    let error = Registry::new(&closed, &options()).unwrap().manifest("v1").unwrap_err();
    assert_eq!(error.kind, FailureKind::Unreachable, "{error}");
    assert!(error.what.contains("cannot be reached: Connection refused"), "{error}");

    let nowhere: RegistryReference = "dockopt.invalid/app".parse().unwrap();
    let error = Registry::new(&nowhere, &options()).unwrap().manifest("v1").unwrap_err();
    assert_eq!(error.kind, FailureKind::Unreachable, "{error}");
}

fn blob() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_le_bytes).collect()
}

/// The part that is asked for, as good registries send it.
fn part(head: &str) -> ServerAnswer {
    let blob = blob();
    let range =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    let Some(range) = range else { return ServerAnswer::new("200 OK", &[], &blob) };
    let from: usize = range.trim_end_matches('-').parse().unwrap();
    let content_range = format!("Content-Range: bytes {from}-{}/{}", blob.len() - 1, blob.len());
    ServerAnswer::new("206 Partial Content", &[&content_range], &blob[from..])
}

#[test]
fn reading_resumes_after_a_broken_transfer() {
    let whole = |server: &Server| {
        let mut bytes = Vec::new();
        let mut blob = registry(server, &options()).blob(&some_digest(), 0).unwrap();
        assert_eq!(blob.size(), Some(400_000));
        blob.read_to_end(&mut bytes).map(|_| bytes)
    };
    let server = Server::start(|number, head| if number == 0 { part(head).cut(123_456) } else { part(head) });
    assert!(whole(&server).unwrap() == blob());
    assert!(server.heads()[1].to_ascii_lowercase().contains("range: bytes=276544-\r\n"), "{}", server.heads()[1]);

    // One that stops sending, and one that knows no parts.
    let stalled = |number, head: &str| match number {
        0 => part(head).cut(100_000).hanging(Duration::from_secs(20)),
        _ => ServerAnswer::new("200 OK", &[], &blob()),
    };
    assert!(whole(&Server::start(stalled)).unwrap() == blob());

    let server = Server::start(|_, head| part(head).cut(1000));
    let error = whole(&server).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionAborted);
    assert!(error.to_string().contains("was interrupted"), "{error}");
    assert_eq!(server.heads().len(), 3);

    let chunked = |_, _: &str| ServerAnswer {
        bytes: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwor".to_vec(),
        hang: Duration::ZERO,
    };
    let server = Server::start(chunked);
    let mut blob = registry(&server, &options()).blob(&some_digest(), 0).unwrap();
    assert!(blob.read_to_end(&mut Vec::new()).is_err());
}

fn configured(server: &Server, entry: &str) -> (tempfile::TempDir, RegistryOptions) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(r#"{{"auths": {{"{}": {entry}}}}}"#, server.host);
    std::fs::write(folder.path().join("config.json"), text).unwrap();
    let options = RegistryOptions { configuration: Some(folder.path().to_owned()), ..options() };
    (folder, options)
}

/// A registry that wants a token, which it gives out itself for `me:secret`, or for the identity token `lasting`.
fn guarded() -> Server {
    Server::start(|_, head| {
        let host =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("host: ").map(str::to_owned)).unwrap();
        let lower = head.to_ascii_lowercase();
        if head.starts_with("GET /token?") {
            let known = lower.contains("authorization: basic bwu6c2vjcmv0\r\n");
            assert!(head.contains("scope=repository%3Aapp%3Apull&service=the%20shop"), "{head}");
            return if known {
                ServerAnswer::new("200 OK", &[], br#"{"token":"fresh"}"#)
            } else {
                ServerAnswer::new("401 No", &[], b"")
            };
        }
        if head.starts_with("POST /token ") {
            assert!(head.contains("grant_type=refresh_token") && head.contains("refresh_token=lasting"), "{head}");
            return ServerAnswer::new("200 OK", &[], br#"{"access_token":"fresh"}"#);
        }
        if lower.contains("authorization: bearer fresh\r\n") {
            return index();
        }
        let wanted = format!(
            "WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"the shop\",scope=\"repository:app:pull\""
        );
        ServerAnswer::new("401 Unauthorized", &[&wanted], b"")
    })
}

#[test]
fn a_token_is_fetched_with_what_docker_knows() {
    let server = guarded();
    let (_folder, options) = configured(&server, r#"{"auth": "bWU6c2VjcmV0"}"#);
    let registry_ = registry(&server, &options);
    registry_.manifest("v1").unwrap();
    registry_.manifest("v1").unwrap();
    assert_eq!(server.heads().len(), 4, "the token serves again");

    let (_folder, options) = configured(&server, r#"{"identitytoken": "lasting"}"#);
    registry(&server, &options).manifest("v1").unwrap();

    let (_folder, options) = configured(&server, r#"{"auth": "bWU6d3Jvbmc="}"#);
    let error = registry(&server, &options).manifest("v1").unwrap_err();
    assert_eq!(error.kind, FailureKind::Denied);
    assert!(error.what.contains("denies user `me` (password from the Docker configuration)"), "{error}");
    assert!(!format!("{error:?}").contains("wrong"), "{error:?}");
}

#[test]
fn others_get_no_credentials() {
    let other = Server::start(|_, _| index());
    let target = other.host.clone();
    let server = Server::start(move |_, head| {
        if !head.to_ascii_lowercase().contains("authorization: basic") {
            return ServerAnswer::new("401 No", &["WWW-Authenticate: Basic realm=x"], b"");
        }
        ServerAnswer::new("307 Elsewhere", &[&format!("Location: http://{target}/blob?signed")], b"")
    });
    let (_folder, options) = configured(&server, r#"{"auth": "bWU6c2VjcmV0"}"#);
    registry(&server, &options).manifest("v1").unwrap();
    let head = other.heads().remove(0);
    assert!(head.starts_with("GET /blob?signed ") && !head.to_ascii_lowercase().contains("authorization"), "{head}");

    // A token's giver that is somebody else gets no password in the clear.
    let wanted = "WWW-Authenticate: Bearer realm=\"http://dockopt.invalid/token\"";
    let greedy = Server::start(move |_, _| ServerAnswer::new("401 No", &[wanted], b""));
    let (_folder, options) = configured(&greedy, r#"{"auth": "bWU6c2VjcmV0"}"#);
    let error = registry(&greedy, &options).manifest("v1").unwrap_err();
    assert!(error.what.ends_with("`http://dockopt.invalid`, which does not use HTTPS"), "{error}");
}

#[test]
fn a_registry_is_a_store() {
    let server = Server::start(|_, head| match head {
        _ if head.contains("/manifests/v1 ") => index(),
        _ if head.contains("/blobs/") => ServerAnswer::new("200 OK", &[], b"blob"),
        _ => ServerAnswer::new("404 Not Found", &[], b""),
    });
    let reference = format!("{}/app:v1", server.host).parse().unwrap();
    let store = Repository::open(&reference, &options()).unwrap();
    let text = |opened: Option<crate::image::OpenPart<'_>>| {
        let mut text = String::new();
        opened.unwrap().read.read_to_string(&mut text).unwrap();
        text
    };
    assert_eq!(server.heads().len(), 1, "nothing is fetched before it is wanted");
    let index = text(store.open("index.json").unwrap());
    assert!(
        index.contains(&store.digest().to_string()) && index.contains(&format!("\"size\":{}", INDEX.len())),
        "{index}"
    );
    let top = format!("blobs/sha256/{}", store.digest().hex());
    assert_eq!(text(store.manifest(&top).unwrap()), INDEX);
    assert_eq!(server.heads().len(), 1);
    let name = format!("blobs/sha256/{}", "0a".repeat(32));
    assert_eq!(text(store.open(&name).unwrap()), "blob");
    assert!(store.manifest(&name).unwrap().is_none());
    assert!(store.open("manifest.json").unwrap().is_none());
}
