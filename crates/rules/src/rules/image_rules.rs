//! Rules about built images: what they can ask, and how they report. Their pages have `subject: image`.

use super::{Check, Rule};
use crate::finding::Severity;
use crate::image::packages::ImagePackages;
use crate::image::secrets::{Secret, SecretPlace};
use crate::image::{
    CategoryClass, CategoryLayer, CategoryUse, EntryId, EntryKind, Image, ImageTree, LossGroup, MemberOutcome, PathId,
    WORTH_IN_IMAGE, WasteKind, all_categories, worth_a_finding,
};

crate::rules::family! {
    of_image
    "image-development-files" => |cx, out| check_contents(cx, false, out);
    "image-leftover-files" => |cx, out| check_contents(cx, true, out);
    "image-healthcheck-missing" => image_healthcheck_missing;
    "image-labels-missing" => image_labels_missing;
    "image-runs-as-root" => image_runs_as_root;
    "image-secret-in-config" => image_secret_in_config;
    "image-secret-in-layer" => image_secret_in_layer;
    "image-setuid-file" => image_setuid_file;
    "image-world-writable" => image_world_writable;
    "image-deleted" => |cx, out| check_waste(cx, WasteKind::Deleted, out);
    "image-metadata-only" => |cx, out| check_waste(cx, WasteKind::MetadataOnly, out);
    "image-overwritten" => |cx, out| check_waste(cx, WasteKind::Overwritten, out);
    "image-same-layer-duplicate" => |cx, out| check_waste(cx, WasteKind::SameLayerDuplicate, out);
}

/// A built image, as a rule sees it, with secrets masked in its texts.
#[derive(Clone, Copy, Debug)]
pub struct ImageContext<'a> {
    /// The image.
    pub image: &'a Image,
    /// Its final tree.
    pub tree: &'a ImageTree,
    /// Its packages; `None` if they were not determined.
    pub packages: Option<&'a ImagePackages>,
    /// Its secrets.
    pub secrets: &'a [Secret],
    /// How many of its lowest layers belong to the base image.
    pub base: usize,
    /// What is stored and not in the final tree.
    pub loss_groups: &'a [LossGroup],
    /// What is not needed at run time.
    pub categories: &'a [CategoryUse],
    /// The instruction of each layer on one line; empty if it is not known.
    pub instructions: &'a [String],
}

/// A finding of a rule in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFinding {
    /// The rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: &'static str,
    /// The path that it is about; `None` for findings in the config.
    pub path: Option<PathId>,
    /// The layer that added it.
    pub layer: Option<usize>,
    /// The step of the history that added it.
    pub step: Option<usize>,
    /// The bytes that it costs; `None` if it costs none.
    pub cost: Option<ImageCost>,
}

/// What contents of an image cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageCost {
    /// How they were lost; `None` for files that are not needed at run time.
    pub lost: Option<WasteKind>,
    /// The category of files that are not needed at run time.
    pub category: Option<&'static str>,
    /// The rule for Dockerfiles that finds the cause.
    pub rule: Option<&'static str>,
    /// The layer that made them useless, if it is another one.
    pub by: Option<usize>,
    /// Whether the base image stores them whatever the layers above it do.
    pub is_base: bool,
    /// The number of files.
    pub files: u64,
    /// Bytes of contents.
    pub bytes: u64,
    /// Their share of the compressed layers; `None` if it is not known.
    pub compressed: Option<u64>,
}

/// The check function of a rule about images.
pub type ImageCheck = fn(&ImageContext<'_>, &mut Vec<ImageFinding>);

/// The findings of one rule.
pub(super) fn of_rule(rule: &Rule, context: &ImageContext<'_>) -> Vec<ImageFinding> {
    let mut findings = Vec::new();
    if let Check::Image(check) = rule.check {
        check(context, &mut findings);
    }
    for finding in &mut findings {
        finding.rule = rule.name;
        // What only another base image can save is no task for the Dockerfile.
        let is_base = finding.cost.as_ref().is_some_and(|cost| cost.is_base);
        finding.severity = if is_base { Severity::Info } else { rule.metadata().severity };
    }
    findings
}

impl ImageContext<'_> {
    /// The members of the final tree that are not from the base image, with their paths.
    pub(super) fn members_above_base(&self) -> impl Iterator<Item = (PathId, EntryId)> {
        let base = self.base;
        self.tree.members().filter(move |(_, id)| id.layer as usize >= base)
    }

    /// The instruction of a layer on one line; empty if it is not known.
    pub(super) fn instruction(&self, layer: usize) -> &str {
        self.instructions.get(layer).map_or("", String::as_str)
    }

    /// Whether a package owns a path.
    pub(super) fn is_packaged(&self, path: PathId) -> bool {
        self.packages.is_some_and(|packages| packages.owner(path).is_some())
    }
}

impl ImageFinding {
    /// A finding about a path.
    pub(super) fn at(path: PathId, layer: usize, message: String, help: &'static str) -> Self {
        Self { path: Some(path), layer: Some(layer), ..Self::of_config(message, help) }
    }

    /// A finding about the config.
    pub(super) fn of_config(message: String, help: &'static str) -> Self {
        let (path, layer, step, cost) = (None, None, None, None);
        Self { rule: "", severity: Severity::Info, message, help, path, layer, step, cost }
    }
}

// Files of a built image that are not needed at run time: see `rules/image-leftover-files.md` and
// `rules/image-development-files.md`.

fn check_contents(cx: &ImageContext<'_>, is_waste: bool, out: &mut Vec<ImageFinding>) {
    for category_use in worth_a_finding(cx.categories) {
        let category = category_use.category;
        if (category.class == CategoryClass::Waste) != is_waste {
            continue;
        }
        let layers = || above_base(category_use, cx.base);
        let Some(most) = layers().max_by_key(|layer| layer.bytes) else { continue };
        let bytes: u64 = layers().map(|layer| layer.bytes).sum();
        // A part of a category is assumed to compress as the whole does.
        let share = |compressed: u64| match category_use.bytes {
            0 => 0,
            all => (u128::from(compressed) * u128::from(bytes) / u128::from(all)) as u64,
        };
        let cost = ImageCost {
            lost: None,
            category: Some(&category.name),
            rule: rule_of_category(category_use, cx.base, |layer| cx.instruction(layer)),
            by: None,
            is_base: false,
            files: layers().map(|layer| layer.files).sum(),
            bytes,
            compressed: category_use.compressed.map(share),
        };
        let path = category_use.places.first().map_or(PathId::ROOT, |place| place.path);
        let message = format!("files of the category `{}` are not needed at run time", category.name);
        out.push(ImageFinding {
            cost: Some(cost),
            ..ImageFinding::at(path, most.layer as usize, message, &category.fix)
        });
    }
}

fn above_base(category_use: &CategoryUse, base: usize) -> impl Iterator<Item = &CategoryLayer> {
    category_use.layers.iter().filter(move |layer| layer.layer as usize >= base)
}

/// The rule for Dockerfiles that finds what leaves such files; `None` if all of them are from the base image, of so many
/// layers. `instruction` gives that of a layer on one line.
pub fn rule_of_category<'a>(
    category_use: &CategoryUse,
    base: usize,
    instruction: impl Fn(usize) -> &'a str,
) -> Option<&'static str> {
    let most = above_base(category_use, base).max_by_key(|layer| layer.bytes)?;
    rule_of_contents(&category_use.category.name, instruction(most.layer as usize))
}

/// The rule about built images that finds files of a category; `None` for categories that are never findings.
pub fn image_rule_of_category(category: &str) -> Option<&'static str> {
    match all_categories().iter().find(|known| known.name == category)?.class {
        CategoryClass::Waste => Some("image-leftover-files"),
        CategoryClass::Trim | CategoryClass::Toolchain => Some("image-development-files"),
        CategoryClass::Optional => None,
    }
}

fn image_healthcheck_missing(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let config = &cx.image.config;
    let starts = config.entrypoint.is_some() || config.cmd.is_some();
    // `HEALTHCHECK NONE` is a decision too.
    if starts && !config.exposed_ports.is_empty() && config.healthcheck.is_none() {
        let message = "no HEALTHCHECK: the engine does not notice when the service fails".to_owned();
        out.push(ImageFinding::of_config(message, "add `HEALTHCHECK CMD` with a program that the image contains"));
    }
}

/// The labels that record which sources an image was built from.
const WANTED: [&str; 2] = ["org.opencontainers.image.source", "org.opencontainers.image.revision"];

fn image_labels_missing(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let labels = &cx.image.config.labels;
    let is_missing = |name: &&str| labels.get(*name).is_none_or(|value| value.trim().is_empty());
    let missing: Vec<String> = WANTED.into_iter().filter(is_missing).map(|name| format!("`{name}`")).collect();
    if !missing.is_empty() {
        let message = format!("labels for the source of the image are missing: {}", missing.join(", "));
        out.push(ImageFinding::of_config(message, "set them in the build: `docker build --label …`"));
    }
}

fn image_runs_as_root(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let config = &cx.image.config;
    let user = config.user.as_deref().unwrap_or_default();
    let name = user.split(':').next().unwrap_or_default();
    let starts = config.entrypoint.is_some() || config.cmd.is_some();
    // A base image for others starts no program of its own.
    if starts && !config.exposed_ports.is_empty() && matches!(name, "" | "root" | "0") {
        let message = "the service runs as root".to_owned();
        out.push(ImageFinding::of_config(message, "create a user for it and set it with USER"));
    }
}

fn image_secret_in_config(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    for secret in cx.secrets.iter().filter(|secret| secret.sure) {
        let (place, step) = match secret.place {
            SecretPlace::File { .. } => continue,
            SecretPlace::Environment => ("the environment".to_owned(), None),
            SecretPlace::Label => ("a label".to_owned(), None),
            SecretPlace::History(step) => (format!("step {} of the history", step + 1), Some(step)),
        };
        let name = secret.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
        let message = format!("{place} contains a secret: {}{name}", secret.kind.words());
        let help = "revoke it; pass it when the container starts, or to one step with `RUN --mount=type=secret`";
        out.push(ImageFinding { step, ..ImageFinding::of_config(message, help) });
    }
}

fn image_secret_in_layer(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    for secret in cx.secrets.iter().filter(|secret| secret.sure) {
        let SecretPlace::File { entry, path, line, fate } = secret.place else { continue };
        let layer = entry.layer as usize;
        let place = line.map(|line| format!(":{line}")).unwrap_or_default();
        let mut message = format!("`/{}{place}` contains a secret: {}", cx.image.paths.text(path), secret.kind.words());
        if let MemberOutcome::Unlinked { by } | MemberOutcome::Lost { by, .. } = fate {
            message.push_str(&format!("; layer {} hides it, but layer {} still contains it", by + 1, layer + 1));
        }
        let help = "revoke it, and pass it only to the step that needs it: `RUN --mount=type=secret`";
        out.push(ImageFinding::at(path, layer, message, help));
    }
}

fn image_setuid_file(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    for (path, id) in cx.members_above_base() {
        let entry = cx.image.entry(id);
        let runs_as_owner = entry.kind == EntryKind::File && entry.mode.is_setid() && entry.mode.is_executable();
        if !runs_as_owner || cx.is_packaged(path) {
            continue;
        }
        let message = format!(
            "`/{}` is setuid or setgid: it runs with the rights of its owner or group, no matter who starts it",
            cx.image.paths.text(path)
        );
        out.push(ImageFinding::at(path, id.layer as usize, message, "remove the bits: `chmod ug-s`"));
    }
}

fn image_world_writable(cx: &ImageContext<'_>, out: &mut Vec<ImageFinding>) {
    let is_open = |path| {
        let entry = cx.tree.at(path).map(|id| cx.image.entry(id));
        entry.is_some_and(|entry| entry.kind == EntryKind::Directory && entry.mode.is_world_writable())
    };
    for (path, id) in cx.members_above_base() {
        let entry = cx.image.entry(id);
        let open = matches!(entry.kind, EntryKind::File | EntryKind::Directory) && entry.mode.is_world_writable();
        // Paths below a writable directory are covered by its finding.
        if !open || cx.is_packaged(path) || is_open(cx.image.paths.parent(path)) {
            continue;
        }
        let message = format!("any user in the container can write to `/{}`", cx.image.paths.text(path));
        let help = "make the user that writes it its owner (`COPY --chown=…`), or run `chmod o-w`";
        out.push(ImageFinding::at(path, id.layer as usize, message, help));
    }
}

// Waste of a built image: see `rules/image-deleted.md` and the pages of the other kinds.

fn check_waste(cx: &ImageContext<'_>, how: WasteKind, out: &mut Vec<ImageFinding>) {
    // What the layers of the base image did is for its maintainers to fix.
    let is_reported =
        |group: &&LossGroup| group.how == how && group.bytes >= WORTH_IN_IMAGE && group.by as usize >= cx.base;
    for group in cx.loss_groups.iter().filter(is_reported) {
        let (owner, by) = (group.owner as usize, group.by as usize);
        let is_base = (group.waste_layer as usize) < cx.base;
        let (what, help) = words(how, is_base);
        let message = format!("`/{}` is {what}", cx.image.paths.text(group.path));
        let cost = ImageCost {
            lost: Some(how),
            category: None,
            rule: rule_of_waste(group, cx.base, cx.instruction(by)),
            by: (by != owner).then_some(by),
            is_base,
            files: group.files,
            bytes: group.bytes,
            compressed: group.compressed,
        };
        out.push(ImageFinding { cost: Some(cost), ..ImageFinding::at(group.path, owner, message, help) });
    }
}

/// What is wrong, and what to do.
const fn words(how: WasteKind, is_base: bool) -> (&'static str, &'static str) {
    match how {
        WasteKind::Deleted if is_base => (
            "deleted, but the base image still stores it: the image does not get smaller",
            "use a smaller base image, or leave it",
        ),
        WasteKind::Overwritten if is_base => (
            "overwritten, but the base image still stores the earlier version",
            "use a base image that already contains the new version",
        ),
        WasteKind::Deleted => (
            "deleted in a later layer, but still stored",
            "delete it in the step that creates it, or create it in another stage",
        ),
        WasteKind::Overwritten => ("overwritten in a later layer, but still stored", "write it only once"),
        WasteKind::MetadataOnly => (
            "stored again to change its owner, mode or time",
            "set owner and mode in the step that writes it: `COPY --chown=… --chmod=…`, or the same RUN",
        ),
        WasteKind::SameLayerDuplicate => ("stored twice in one layer", "rebuild the image with a current builder"),
    }
}

/// The rule for Dockerfiles that finds what makes such waste; `None` if the instruction is of another kind. `base`:
/// layers of the base image; `instruction`: what lost it, on one line.
pub fn rule_of_waste(group: &LossGroup, base: usize, instruction: &str) -> Option<&'static str> {
    let is_base = |layer: u32| (layer as usize) < base;
    match group.how {
        _ if is_base(group.by) || is_base(group.waste_layer) => None,
        WasteKind::Deleted => Some("deleted-in-later-layer"),
        WasteKind::MetadataOnly if instruction.contains("chown") || instruction.contains("chmod") => {
            Some("recursive-chown")
        }
        WasteKind::MetadataOnly | WasteKind::Overwritten | WasteKind::SameLayerDuplicate => None,
    }
}

// Which rule finds the instructions that leave files of a category in an image. Each row follows from the page of the
// rule and the table of categories. Categories that no rule covers are missing (apt's archives, pnpm's store, conda's
// packages).

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
    fn rules_of_waste_exist() {
        for rule in ["deleted-in-later-layer", "recursive-chown"] {
            assert!(crate::rules::find(rule).is_some(), "{rule}");
        }
    }

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
