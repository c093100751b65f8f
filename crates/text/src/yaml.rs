//! YAML text ─► documents of nodes with spans, and the problems in it. Owns aliases, tags, merge keys and the bounds of
//! all of them; knows no schema. Nothing is ever printed back: a change is an edit of the text.

mod edit;
mod read;
mod scalar;
mod tree;

pub use self::edit::{NewValue, YamlEditor};
pub use self::read::read;
pub use self::scalar::Scalar;
pub use self::tree::{NodeKind, Style, YamlEntry, YamlNode, YamlProblem, YamlTree};

#[cfg(test)]
mod tests;
