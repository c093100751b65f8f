use super::{is_bake, read};
use crate::compose::Compose;
use crate::text::Source;

const HCL: &str = r#"
variable "TAG" { default = "x" }
group "default" { targets = ["api", "web"] }
target "_common" {
  args = { A = "1", B = 2 }
}
target "api" {
  inherits   = ["_common"]
  context    = "./api"
  dockerfile = "Dockerfile.prod"
  target     = "run"
  args       = { B = "3", C = TAG }
}
target "web" {
  context = "${TAG}/web"
}
target "in" {
  dockerfile-inline = <<-EOT
    FROM a
      RUN b
  EOT
}
"#;

fn show(compose: &Compose) -> Vec<String> {
    let inline = |source: &Source| format!("{:?}", &source.text()[source.mark() as usize..]);
    let show = |service: &crate::compose::Service| {
        let options = (&service.context, &service.dockerfile, &service.target);
        format!(
            "{} {options:?} {:?} {}",
            service.name,
            service.args,
            service.inline.as_ref().map(inline).unwrap_or_default()
        )
    };
    compose.services.iter().map(show).collect()
}

#[test]
fn targets_are_builds() {
    let bake = read(&Source::of("docker-bake.hcl", HCL));
    assert_eq!(
        show(&bake),
        [
            r#"api (Some("./api"), Some("Dockerfile.prod"), Some("run")) [("A", "1"), ("B", "3")] "#,
            r#"web (Some("${…}"), None, None) [] "#,
            r#"in (None, None, None) [] "FROM a\n  RUN b\n""#,
        ]
    );
    assert_eq!((bake.problems.len(), bake.unknown.len()), (0, 1));
    assert!(bake.unknown[0].message.starts_with("`context` of the target `web`"), "{:?}", bake.unknown);
    let inline = bake.services[2].inline.as_ref().unwrap();
    let place = inline.line_column(inline.text().find("RUN").unwrap() as u32);
    assert_eq!((place.line, place.column), (20, 7));
    let json =
        r#"{"target": {"api": {"context": "./api", "args": {"A": "1"}, "dockerfile-inline": "FROM a\nRUN b\n"}}}"#;
    let bake = read(&Source::of("docker-bake.json", json));
    assert_eq!(show(&bake), [r#"api (Some("./api"), None, None) [("A", "1")] "FROM a\nRUN b\n""#]);
}

#[test]
fn problems_have_their_place() {
    for (name, text) in
        [("docker-bake.hcl", "target \"a\" {\n  context = \n}\n"), ("docker-bake.json", "{\"target\": [}")]
    {
        let bake = read(&Source::of(name, text));
        assert_eq!((bake.services.len(), bake.problems.len()), (0, 1), "{name}");
    }
    for deep in ["[", "{", "(", "!", "-", "\"${", "a ? b : "] {
        read(&Source::of("docker-bake.hcl", &format!("target \"a\" {{ context = {} }}", deep.repeat(50_000))));
    }
    assert!(is_bake("x/docker-bake.hcl") && !is_bake("bake.hcl"));
    let endless = "target \"a\" { inherits = [\"b\"] }\ntarget \"b\" { inherits = [\"a\", \"b\", \"b\"] }\n";
    read(&Source::of("docker-bake.hcl", endless));
}
