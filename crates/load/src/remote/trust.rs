//! Whose certificates are trusted, and what one shows of oneself.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, parse_pem};

/// Bytes of a file of certificates.
const LARGEST: u64 = 4 << 20;

/// Files of one folder that are looked at.
const FILES: usize = 100;

/// What is trusted: the system's certificates (those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where set) and these. Those of
/// browsers, which are compiled in, where neither has any.
pub(crate) fn authorities(certificates: &[Certificate<'static>]) -> RootCerts {
    static SYSTEM: OnceLock<Vec<Certificate<'static>>> = OnceLock::new();
    let system = SYSTEM.get_or_init(|| {
        let certificates = rustls_native_certs::load_native_certs().certs;
        certificates.iter().map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned()).collect()
    });
    if system.is_empty() && certificates.is_empty() {
        return RootCerts::WebPki;
    }
    RootCerts::Specific(Arc::new(system.iter().chain(certificates).cloned().collect()))
}

/// The certificates of a file (PEM).
///
/// # Errors
/// One sentence: the file cannot be read, or has none.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let mut certificates = Vec::new();
    for item in parse_pem(&read(path)?) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(format!("`{}` is not a PEM certificate file: {error}", path.display())),
        }
    }
    if certificates.is_empty() {
        return Err(format!("`{}` contains no PEM certificate", path.display()));
    }
    Ok(certificates)
}

/// A client certificate and its key.
///
/// # Errors
/// One sentence: a file cannot be read, or is not what it should be.
pub(crate) fn client_certificate(certificate: &Path, key: &Path) -> Result<ClientCert, String> {
    let chain = certificates(certificate)?;
    let wrong = |error| format!("`{}` is not a PEM private key: {error}", key.display());
    Ok(ClientCert::new_with_certs(&chain, PrivateKey::from_pem(&read(key)?).map_err(wrong)?))
}

/// What a folder of `certs.d` has for a registry: `*.crt` are trusted, `NAME.cert` with `NAME.key` are shown.
///
/// # Errors
/// One sentence: a file cannot be read, or is not what it should be.
pub(super) fn of_registry(folder: &Path) -> Result<(Vec<Certificate<'static>>, Option<ClientCert>), String> {
    let mut files: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries.take(FILES).filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => return Ok((Vec::new(), None)),
    };
    files.sort();
    let ends_with = |path: &Path, ending: &str| path.extension().is_some_and(|extension| extension == ending);
    let mut trusted = Vec::new();
    let mut identity = None;
    for path in &files {
        if ends_with(path, "crt") {
            trusted.extend(certificates(path)?);
        } else if ends_with(path, "cert") && identity.is_none() {
            identity = Some(client_certificate(path, &path.with_extension("key"))?);
        }
    }
    Ok((trusted, identity))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error| format!("`{}` cannot be read: {error}", path.display());
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
