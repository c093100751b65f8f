//! Which rule finds the instructions that leave files of a category in an image. Each row follows from the page of the
//! rule and the table of categories. Categories that no rule covers are missing (apt's archives, pnpm's store, conda's
//! packages).

/// Categories, and the rules that find the instructions that leave such files.
const ROWS: [(&str, &[&str]); 20] = [
    ("apk-cache", &["apk-cache-kept"]),
    ("apt-lists", &["apt-lists-kept"]),
    ("build-meta", &["build-tools-shipped", "single-stage-build"]),
    ("cargo-build", &["compiler-cache-kept"]),
    ("compilers", &["build-tools-shipped", "single-stage-build"]),
    ("composer-cache", &["composer-cache-kept"]),
    ("dev-caches", &["useless-context"]),
    ("editor-ci", &["useless-context"]),
    ("gem-cache", &["gem-cache-kept"]),
    ("go-cache", &["compiler-cache-kept"]),
    ("headers", &["build-tools-shipped", "single-stage-build"]),
    ("jvm-cache", &["compiler-cache-kept"]),
    ("npm-cache", &["npm-cache-kept"]),
    ("pip-cache", &["pip-cache-kept"]),
    ("poetry-cache", &["python-cache-kept"]),
    ("rpm-cache", &["dnf-cache-kept", "yum-cache-kept", "zypper-cache-kept"]),
    ("static-libs", &["build-tools-shipped", "single-stage-build"]),
    ("uv-cache", &["python-cache-kept"]),
    ("vcs", &["useless-context"]),
    ("yarn-cache", &["yarn-cache-kept"]),
];

/// The rule that finds the instructions that leave files of a category. `instruction` is the one that wrote them, on one
/// line; empty if it is not known.
pub fn rule_of_contents(category: &str, instruction: &str) -> Option<&'static str> {
    let (_, rules) = ROWS.iter().find(|(name, _)| *name == category)?;
    // The name of the tool decides between `yum-cache-kept` and `dnf-cache-kept`.
    let calls = |rule: &&&str| rule.split('-').next().is_some_and(|tool| instruction.contains(tool));
    let rule = rules.iter().find(calls).or(rules.first())?;
    let is_fetched = instruction.starts_with("RUN");
    (*rule != "useless-context" || !is_fetched).then_some(*rule)
}

/// The categories that a rule covers; none if its findings are not limited to them.
pub fn contents_of(rule: &str) -> impl Iterator<Item = &'static str> {
    let is_about = move |rules: &[&str]| rule != "useless-context" && rules.contains(&rule);
    ROWS.iter().filter(move |(_, rules)| is_about(rules)).map(|(category, _)| *category)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_categories_exist() {
        assert!(ROWS.is_sorted());
        for (category, rules) in ROWS {
            assert!(crate::image::all_categories().iter().any(|known| known.name == category), "{category}");
            assert!(rules.iter().all(|rule| crate::rules::find(rule).is_some()), "{rules:?}");
        }
    }

    #[track_caller]
    fn check(category: &str, instruction: &str, expected: Option<&str>) {
        assert_eq!(rule_of_contents(category, instruction), expected, "{category}, {instruction}");
    }

    #[test]
    fn the_instruction_selects_the_rule() {
        check("rpm-cache", "RUN yum install -y curl", Some("yum-cache-kept"));
        check("rpm-cache", "RUN zypper -n in curl", Some("zypper-cache-kept"));
        check("rpm-cache", "RUN microdnf install curl", Some("dnf-cache-kept"));
        check("rpm-cache", "RUN ./install", Some("dnf-cache-kept"));
        check("vcs", "COPY . .", Some("useless-context"));
        check("vcs", "RUN git clone https://a.b/c", None);
        check("vcs", "", Some("useless-context"));
        check("apt-cache", "RUN apt-get install -y curl", None);
        assert_eq!(contents_of("python-cache-kept").collect::<Vec<_>>(), ["poetry-cache", "uv-cache"]);
        assert_eq!(contents_of("useless-context").count(), 0);
    }
}
