//! What one file tells about secrets, without telling them.

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretFactKind {
    /// A private key that nothing protects.
    PrivateKey,
    /// A private key with a passphrase.
    EncryptedKey,
    /// A store of keys (PKCS #12, JKS).
    KeyStore,
    /// A token of a well-known service: `GitHub token`.
    Token(&'static str),
    /// A login in a program's own file: `npm login`.
    Login(&'static str),
    /// The value of a variable whose name says secret.
    Variable,
    /// A password in a URL.
    Url,
}

impl SecretFactKind {
    /// As in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrivateKey => "private_key",
            Self::EncryptedKey => "encrypted_private_key",
            Self::KeyStore => "key_store",
            Self::Token(_) => "token",
            Self::Login(_) => "login",
            Self::Variable => "variable",
            Self::Url => "url",
        }
    }

    /// For people, without an article.
    pub const fn words(self) -> &'static str {
        match self {
            Self::PrivateKey => "private key",
            Self::EncryptedKey => "private key with a passphrase",
            Self::KeyStore => "key store",
            Self::Token(what) | Self::Login(what) => what,
            Self::Variable => "secret variable",
            Self::Url => "password in a URL",
        }
    }
}

/// A secret in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFact {
    /// What it is.
    pub(super) kind: SecretFactKind,
    /// Its line, the first is 1; `None` in files that have none.
    pub(super) line: Option<u32>,
    /// How all of its kind begin.
    pub(super) prefix: &'static str,
    /// Its bytes.
    pub(super) length: u32,
    /// What it is assigned to.
    pub(super) name: Option<Box<str>>,
}

impl SecretFact {
    /// About how many bytes it takes.
    pub(crate) fn heap(&self) -> usize {
        size_of::<Self>() + self.name.as_ref().map_or(0, |name| name.len())
    }
}
