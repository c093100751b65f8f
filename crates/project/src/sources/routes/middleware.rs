//! What packages of npm ask before each request: those of `data/node_middleware.tsv` let all requests pass, any other may
//! ask for a login.

use super::login::{asks_for_login, node_import};
use crate::data;
use crate::sources::code;
use crate::sources::values::literal;

/// Whether an argument of `use` may refuse requests: its name says that it asks for a login, or a package makes it that is
/// not known to let all pass.
pub(super) fn may_refuse(text: &str, argument: &str) -> bool {
    asks_for_login(argument) || package_of(text, argument).is_some_and(|package| !lets_pass(&package))
}

/// The package whose function a call is made of: `require("a")(…)`, `a(…)` and `a.b(…)` with an import of `a`.
fn package_of(text: &str, argument: &str) -> Option<String> {
    let (callee, _) = code::call(argument.trim())?;
    let required = callee.strip_prefix("require").and_then(code::bracketed).and_then(literal);
    let name = callee.split(['.', '(']).next().unwrap_or(callee);
    let package = required.map(str::to_owned).or_else(|| node_import(text, name).map(|(specifier, _)| specifier))?;
    // Sources of the program itself.
    let is_source =
        package.starts_with(['.', '/', '~', '#']) || package.starts_with("@/") || package.starts_with("src/");
    (!is_source).then_some(package)
}

fn lets_pass(specifier: &str) -> bool {
    let specifier = specifier.strip_prefix("node:").unwrap_or(specifier);
    let parts = if specifier.starts_with('@') { 2 } else { 1 };
    let package = specifier.match_indices('/').nth(parts - 1).map_or(specifier, |(end, _)| &specifier[..end]);
    data::NODE_MIDDLEWARE.contains(specifier) || data::NODE_MIDDLEWARE.contains(package)
}
