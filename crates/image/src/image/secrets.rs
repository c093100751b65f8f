//! Secrets in an image: in the contents of its files, in all layers, those that a later layer deletes among them (they are
//! still stored, and everybody who pulls the image can read them), and in its config and history. What a value is never
//! gets in here: only whose it is, how all of its kind begin, and its length.
//!
//! What is found is meant to be right: published code (packages, their tests and documents) holds no secrets, and words
//! that stand for a value are none.

mod credentials;
mod fact;
mod pem;
mod place;
mod result;
mod scan;
#[cfg(test)]
mod tests;
mod watcher;

pub use self::fact::{SecretFact, SecretFactKind};
pub use self::result::{Secret, SecretPlace, work_out};
pub(crate) use self::watcher::Watcher;
