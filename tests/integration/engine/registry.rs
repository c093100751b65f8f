//! A real registry with TLS and a password: what the engine pushes is what dockopt reads.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dockopt::failure::FailureKind;
use dockopt::image;
use dockopt::load::image::{Bytes, ImagePlace, SourceOptions, open};
use dockopt::remote;
use dockopt::remote::Repository;

use super::api::context;
use super::{Engine, PATIENCE, left_out};

/// A running registry; it ends with the test, and leaves nothing.
pub(super) struct Registry {
    program: Child,
    folder: tempfile::TempDir,
    host: String,
}

impl Registry {
    /// The registry that `tests/run` found; `None`, said on standard output, when there is none.
    pub(super) fn start() -> Option<Self> {
        if env::var_os("DOCKOPT_REGISTRY").is_none_or(|program| program.is_empty()) {
            left_out("DOCKOPT_REGISTRY names no registry");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("tests/engine/registry");
        command.arg("serve").arg(folder.path()).env("USER", "me").env("PASSWORD", "secret");
        let mut registry = Self { program: command.spawn().unwrap(), folder, host: String::new() };
        let start = Instant::now();
        while registry.host.is_empty() {
            assert!(start.elapsed() < PATIENCE, "no registry: {}", registry.log());
            std::thread::sleep(Duration::from_millis(50));
            let log = registry.log();
            let port = log.split_once("listening on 127.0.0.1:").and_then(|(_, rest)| rest.split_once(','));
            registry.host = port.map(|(port, _)| format!("127.0.0.1:{port}")).unwrap_or_default();
        }
        Some(registry)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A folder of docker's configuration with this password.
    fn configuration(&self, password: &str) -> PathBuf {
        let folder = self.folder.path().join(format!("as-{password}"));
        fs::create_dir_all(&folder).unwrap();
        let auth = STANDARD.encode(format!("me:{password}"));
        let text = format!(r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#, self.host);
        fs::write(folder.join("config.json"), text).unwrap();
        folder
    }

    /// Sends an image of an engine; bytes of its layers, as the registry stores them.
    pub(super) fn push(&self, engine: &Engine, tag: &str) -> Vec<u64> {
        let name = Named(engine, format!("{}/dockopt/{}", self.host, tag.replace(':', "-")));
        engine.text(&["tag", tag, &name.1]);
        let configuration = self.configuration("secret");
        engine.text(&["--config", configuration.to_str().unwrap(), "push", "--quiet", &name.1]);
        let repository = Repository::open(&name.1.parse().unwrap(), &self.options()).unwrap();
        let options = image::ImageOptions { contents: false, ..image::ImageOptions::default() };
        let read = image::read(&repository, &options).unwrap();
        read.images[0].layers.iter().map(|layer| layer.blob_bytes).collect()
    }

    fn options(&self) -> remote::RegistryOptions {
        remote::RegistryOptions {
            ca: vec![self.folder.path().join("ca.pem")],
            configuration: Some(self.configuration("secret")),
            ..remote::RegistryOptions::default()
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.program.kill().unwrap();
        self.program.wait().unwrap();
    }
}

/// A name in the engine, taken away with the test.
struct Named<'e>(&'e Engine, String);

impl Drop for Named<'_> {
    fn drop(&mut self) {
        self.0.run(&["image", "rm", "--force", &self.1]);
    }
}

#[test]
fn pushed_images_are_read_completely() {
    let Some(client) = Engine::find() else { return };
    let Some(registry) = Registry::start() else { return };
    let context = context();
    let (image, _) = client.image(context.path());
    let name = Named(&client, format!("{}/dockopt/app:v1", registry.host));
    client.text(&["tag", &image.tag, &name.1]);
    let configuration = registry.configuration("secret");
    let pushed = client.text(&["--config", configuration.to_str().unwrap(), "push", &name.1]);
    let digest = pushed.split_once("digest: ").unwrap().1.split(' ').next().unwrap().to_owned();

    let repository = Repository::open(&name.1.parse().unwrap(), &registry.options()).unwrap();
    assert_eq!(repository.digest().to_string(), digest);
    for contents in [false, true] {
        let before = registry.log().matches("/blobs/").count();
        let options = image::ImageOptions { contents, verify: image::Verify::Full, ..image::ImageOptions::default() };
        let read = image::read(&repository, &options).unwrap();
        assert!(read.damaged.is_empty(), "{:?}", read.damaged);
        let pulled_image = &read.images[0];
        assert_eq!(pulled_image.manifest.as_ref().unwrap().to_string(), digest);
        assert_eq!(pulled_image.layers.len(), 2);
        let layers = client.text(&["image", "inspect", "--format", "{{json .RootFS.Layers}}", &image.tag]);
        let diff_ids: Vec<String> =
            pulled_image.layers.iter().map(|layer| layer.diff_id.as_ref().unwrap().to_string()).collect();
        assert_eq!(diff_ids, serde_json::from_str::<Vec<String>>(&layers).unwrap());
        let files: usize = pulled_image.layers.iter().map(|layer| layer.entries.len()).sum();
        assert_eq!(files, if contents { 2 } else { 0 });
        // Sizes need the config only, contents the layers too. A request may stand twice in the log.
        let blobs = registry.log().matches("/blobs/").count() - before;
        assert!(contents || blobs <= 3, "{blobs}");
    }

    let by_digest = format!("registry:{}/dockopt/app@{digest}", registry.host);
    let options = SourceOptions { remote: registry.options(), ..SourceOptions::default() };
    let opened = open(&by_digest, &options).unwrap();
    assert_eq!(opened.place, ImagePlace::Registry);
    assert!(matches!(opened.bytes, Bytes::Store(_)));
    assert_eq!(opened.sentence, format!("image `{}` in the registry {}", &by_digest[9..], registry.host));

    // No file and no engine has it: the registry is asked last, and what was tried is said.
    let bare = open(&name.1, &options).unwrap();
    assert_eq!(bare.place, ImagePlace::Registry);
    assert!(bare.tried.last().unwrap().starts_with("cannot connect to a Docker engine"), "{:?}", bare.tried);
}

#[test]
fn a_registry_refuses_with_reasons() {
    let Some(registry) = Registry::start() else { return };
    let refused = |options: &remote::RegistryOptions| {
        let name = format!("{}/dockopt/none:v1", registry.host);
        let error = Repository::open(&name.parse().unwrap(), options).unwrap_err();
        (error.kind, format!("{}: {}", error.what, error.help).replace(&registry.host, "HOST"))
    };
    let good = registry.options();
    let (kind, text) = refused(&good);
    assert_eq!(kind, FailureKind::Missing, "{text}");
    assert!(text.starts_with("`dockopt/none:v1` not found in the registry `HOST` (manifest unknown)"), "{text}");

    let wrong = remote::RegistryOptions { configuration: Some(registry.configuration("guess")), ..good.clone() };
    let (kind, text) = refused(&wrong);
    assert_eq!(kind, FailureKind::Denied, "{text}");
    assert!(text.contains("denies user `me`") && text.contains("docker login HOST"), "{text}");
    assert!(!text.contains("guess"), "{text}");

    let (kind, text) = refused(&remote::RegistryOptions { configuration: None, ..good.clone() });
    assert_eq!(kind, FailureKind::Denied, "{text}");
    assert!(text.contains("no credentials were found"), "{text}");

    let (kind, text) = refused(&remote::RegistryOptions { ca: Vec::new(), ..good.clone() });
    assert_eq!(kind, FailureKind::Unreachable, "{text}");
    assert!(text.contains("is not trusted: UnknownIssuer") && text.contains("--registry-ca"), "{text}");

    let insecure = remote::RegistryOptions { ca: Vec::new(), insecure: vec![registry.host.clone()], ..good.clone() };
    assert_eq!(refused(&insecure).0, FailureKind::Missing);
    let folder = registry.folder.path().join("certs.d").join(&registry.host);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(registry.folder.path().join("ca.pem"), folder.join("ca.crt")).unwrap();
    let certificates = vec![registry.folder.path().join("certs.d")];
    assert_eq!(refused(&remote::RegistryOptions { ca: Vec::new(), certificates, ..good }).0, FailureKind::Missing);
}
