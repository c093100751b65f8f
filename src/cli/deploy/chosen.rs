//! The services that a user names.

use crate::audit::ServiceReplacement;
use crate::cli::output::CommandFailure;
use crate::inputs::Inputs;
use crate::settings::closest;

/// The services that are asked for.
pub(super) fn chosen(
    replacements: Vec<ServiceReplacement>,
    services: &[String],
    inputs: &Inputs,
) -> Result<Vec<ServiceReplacement>, CommandFailure> {
    for service in services {
        if replacements.iter().any(|replacement| replacement.service == *service) {
            continue;
        }
        let projects = inputs.composes.iter().filter_map(|compose| compose.reading.project.as_ref());
        let mut all = projects.flat_map(|project| project.services());
        if all.any(|(name, _)| name == service) {
            return Err(CommandFailure::Because {
                what: format!("`{service}` is not replaced: it runs a server of others, or ends by itself"),
                help: None,
            });
        }
        let names: Vec<&str> = replacements.iter().map(|replacement| replacement.service.as_str()).collect();
        return Err(CommandFailure::Because {
            what: format!("no service is called `{service}`"),
            help: closest(service, &names).map(|near| format!("did you mean `{near}`?")),
        });
    }
    let is_chosen = |replacement: &ServiceReplacement| services.is_empty() || services.contains(&replacement.service);
    Ok(replacements.into_iter().filter(is_chosen).collect())
}
