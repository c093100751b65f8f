//! A rule about secrets of builds whose names in the compose file and in the Dockerfile differ.

use std::collections::BTreeSet;

use crate::build::Build;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::finding::{Findings, Severity};
use crate::rules::ComposeContext;
use crate::rules::shared::secret_mounts::{SecretMount, secret_mounts};

crate::rules::family! {
    of_compose
    "compose-build-secret-unmatched" => build_secret_unmatched;
}

/// A secret that a build passes.
struct PassedSecret {
    id: String,
    place: Option<ComposePlace>,
}

/// A secret that a RUN mounts and the service does not pass, or the other way round.
fn build_secret_unmatched(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services().filter(|service| service.is_built) {
        let (Some(section), Some(input)) = (service.value.get("build"), &service.image) else { continue };
        let build = Build::new(input);
        let needed: BTreeSet<usize> = build.needed_stages().map(|stage| stage.index).collect();
        let Some(mounts) = secret_mounts(&build, &|stage| needed.contains(&stage)) else { continue };
        let Some(passed) = passed_secrets(section.get("secrets")) else { continue };
        let unused: Vec<&PassedSecret> =
            passed.iter().filter(|secret| mounts.iter().all(|mount| mount.id != secret.id)).collect();
        let is_missing = |mount: &&SecretMount| {
            let is_needed = mount.is_required || !mount.is_asked || !unused.is_empty();
            is_needed && passed.iter().all(|secret| secret.id != mount.id)
        };
        let file = input.file.source().name();
        if let Some(mount) = mounts.iter().find(is_missing) {
            let SecretMount { id, line, is_required, .. } = mount;
            let what = if *is_required { "the build fails" } else { "the RUN gets an empty place for it" };
            let name = service.name;
            let message = format!(
                "the build of `{name}` does not pass the secret `{id}`, which line {line} of `{file}` mounts: {what}"
            );
            let place = unused.first().and_then(|secret| secret.place).or(section.place).or(service.place);
            let Some(finding) = cx.finding(place, message) else { continue };
            let finding = match unused.first() {
                Some(secret) => {
                    finding.help(format!("one name is meant: `{}` is passed, and no RUN mounts it", secret.id))
                }
                None => finding.help(format!(
                    "add it to `build.secrets`, and to `secrets` of the file: `{id}: {{environment: …}}`"
                )),
            };
            let is_sure = *is_required || !unused.is_empty();
            out.push(if is_sure { finding } else { finding.lowered(Severity::Warning) });
            continue;
        }
        for secret in unused {
            let message = format!(
                "the build of `{}` passes the secret `{}`, and no RUN of `{file}` mounts it",
                service.name, secret.id
            );
            let Some(finding) = cx.finding(secret.place.or(section.place), message) else { continue };
            let help =
                format!("mount it where it is needed (`RUN --mount=type=secret,id={}`), or leave it out", secret.id);
            out.push(finding.help(help).lowered(Severity::Warning));
        }
    }
}

/// The secrets of a build by their names in the Dockerfile: `target`, or else that of the secret; `None` where a variable
/// decides.
fn passed_secrets(list: Option<&ComposeValue>) -> Option<Vec<PassedSecret>> {
    let secret = |item: &ComposeValue| {
        let long = item.get("target").or_else(|| item.get("source")).and_then(ComposeValue::as_text);
        let id = item.as_text().or(long)?;
        (!id.contains('$')).then(|| PassedSecret { id: id.to_owned(), place: item.place })
    };
    list.and_then(ComposeValue::as_list).unwrap_or_default().iter().map(secret).collect()
}
