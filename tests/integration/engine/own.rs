//! dockopt's own image: static, small, another user than root, and it does its main job.

use std::path::Path;

use super::{Engine, is_full};

#[test]
fn the_own_image_does_the_main_job() {
    // Two minutes of compiling.
    let Some(engine) = is_full().then(Engine::find).flatten() else { return };
    let (image, _) = engine.image(Path::new("."));
    let user = engine.text(&["image", "inspect", "--format", "{{.Config.User}}", &image.tag]);
    assert_eq!(user, "65532:65532");
    assert!(image.size() < 12_000_000, "{}", image.size());

    let fixture = Path::new("fixtures/task-tracker").canonicalize().unwrap();
    let volume = format!("{}:/src:ro", fixture.display());
    let output =
        engine.text(&["run", "--rm", "--volume", &volume, &image.tag, "audit", "backend", "--fail-on", "none"]);
    assert!(output.contains("backend/Dockerfile   Python (uv), 1 stage"), "{output}");
}
