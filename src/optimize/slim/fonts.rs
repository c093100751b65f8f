//! Fonts, which the full images have with their graphics libraries (`fonts-dejavu-core`, `fontconfig`) and slim ones lack.

use crate::optimize::reach::Reach;
use crate::optimize::scene::Scene;
use crate::sources::patterns;

/// Dependencies that draw with the system's fonts, and what a source calls then; nothing where each use draws text.
const DRAWN: [(&str, &str); 6] = [
    ("canvas", "fillText("),
    ("@napi-rs/canvas", "fillText("),
    ("skia-canvas", "fillText("),
    ("sharp", "<text"),
    ("weasyprint", ""),
    ("cairosvg", ""),
];

/// Debian packages of fonts that the program draws with.
pub(super) fn packages(scene: &Scene) -> &'static [&'static str] {
    let reach = Reach::new(scene);
    let holds = |words: &[&str]| scene.evidence.holding(words).any(|(path, _)| reach.may_run(path));
    let dependencies = || scene.projects().iter().flat_map(|project| &project.dependencies);
    let drawn = DRAWN.iter().any(|(name, call)| {
        dependencies().any(|one| one.name.eq_ignore_ascii_case(name)) && (call.is_empty() || holds(&[call]))
    });
    match (drawn, holds(&patterns::words("names a font of the system").collect::<Vec<_>>())) {
        (true, _) => &["fontconfig", "fonts-dejavu-core"],
        (false, true) => &["fonts-dejavu-core"],
        _ => &[],
    }
}
