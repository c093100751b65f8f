//! Silent traps: what BuildKit reads without a word, but hardly as it is meant. Each is looked for so narrowly that an
//! ordinary file has none.

mod continuation;
mod directive;
mod word;

pub(super) use self::continuation::check_lines;
pub(super) use self::directive::check_directives;
pub(super) use self::word::{bare_dashes, check_line};

#[cfg(test)]
mod tests;
