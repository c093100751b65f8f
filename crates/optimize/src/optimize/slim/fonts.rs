//! Fonts, which full images contain with their graphics libraries (`fonts-dejavu-core`, `fontconfig`) and slim images
//! lack.

use crate::data;
use crate::optimize::pass_input::PassInput;
use crate::optimize::reached_sources::LazyReach;
use crate::sources::patterns;

/// Debian packages of fonts that the program draws with.
pub(super) fn packages(input: &PassInput) -> &'static [&'static str] {
    let reach = LazyReach::new(input);
    let holds = |words: &[&str]| input.evidence.holding(words).any(|(path, _)| reach.may_run(path));
    let dependencies = || input.built_projects().iter().flat_map(|project| &project.dependencies);
    let has = |names: &str| {
        names.split(' ').any(|name| dependencies().any(|dependency| dependency.name.eq_ignore_ascii_case(name)))
    };
    let drawn = dependencies()
        .any(|dependency| data::PYTHON_PACKAGES.has(&dependency.name.to_ascii_lowercase(), "fonts"))
        || patterns::of("draws with fonts of the system")
            .any(|pattern| has(pattern.argument) && holds(&[pattern.text]));
    match (drawn, holds(&patterns::words("names a font of the system").collect::<Vec<_>>())) {
        (true, _) => &["fontconfig", "fonts-dejavu-core"],
        (false, true) => &["fonts-dejavu-core"],
        _ => &[],
    }
}
