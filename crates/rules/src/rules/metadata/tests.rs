use super::*;

const GOOD: &str = "---\nsummary: lists stay\nseverity: warning  # of four\ncategory: size\nkind: costs\ngroups: []\n\
    confidence: high\nbasis: computed\nsubject: dockerfile\nneeds: [context.names, projects]\nwants: []\nfix: sometimes\nchanges: [run, +user]\n\
    status: stable\nsince: 0.1.0\naliases: [DL3009, apt-lists]\n---\n# x\n";

fn problems(page: String) -> Vec<String> {
    Metadata::read(page.leak()).1
}

#[test]
fn a_page_is_read() {
    let (metadata, problems) = Metadata::read(GOOD);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(metadata.summary, "lists stay");
    assert_eq!(metadata.severity, Severity::Warning);
    assert_eq!(metadata.needs.iter().collect::<Vec<_>>(), [Need::ContextNames, Need::Projects]);
    assert_eq!(metadata.aliases, ["DL3009", "apt-lists"]);
    assert!(metadata.on_by_default());
    assert_eq!(body(GOOD), "# x\n");
}

#[test]
fn typos_are_problems() {
    assert_eq!(problems(GOOD.replace("category: size", "category: sise")).len(), 1);
    assert_eq!(problems(GOOD.replace("category: size", "kategory: size")).len(), 2);
    assert_eq!(problems(GOOD.replace("fix: sometimes\n", ""))[0], "`fix` is missing");
    assert_eq!(problems(GOOD.replace("projects", "project")).len(), 1);
    assert_eq!(problems(GOOD.replace("+user", "+users")).len(), 1);
    assert_eq!(problems(GOOD.replace("fix: sometimes", "fix: never")).len(), 1);
    assert_eq!(problems(GOOD.replace("0.1.0", "soon")), ["`since: soon` is not a version"]);
    assert_eq!(problems(GOOD.replace("[DL3009, apt-lists]", "DL3009")), ["`aliases` must be a list in brackets"]);
    assert_eq!(problems(GOOD.replace("groups: []\n", "groups: []\ngroups: []\n")), ["`groups` is given twice"]);
    assert_eq!(problems(GOOD.replace("lists stay", "lists stay.")), ["`summary` must not end with a full stop"]);
    assert_eq!(problems("# x\n".into()).len(), 16);
}

#[test]
fn style_and_opt_in_groups_are_off() {
    for page in [
        GOOD.replace("category: size", "category: style"),
        GOOD.replace("groups: []", "groups: [pinning]"),
        GOOD.replace("status: stable", "status: preview"),
    ] {
        assert!(!Metadata::read(page.leak()).0.on_by_default());
    }
}
