//! Whether a refusal of Compose holds whatever the variables without a value hold. It does where its text names none of
//! them, and where it stays when others stand in for them.

use super::error::{GapKind, ProjectError, ProjectGap};
use super::files::{ProjectFiles, ProjectNeed};
use super::interpolate::UnsetVariable;
use super::request::{Leniency, ProjectRequest};
use super::value::ComposePlace;
use super::{ComposeProject, Reading, project};

/// Where the texts are that name variables without a value.
pub(super) struct MissingValues {
    places: Vec<ComposePlace>,
}

impl MissingValues {
    /// Those of variables that stand for nothing, and of required ones.
    pub(super) fn new(unset: &[UnsetVariable], gaps: &[ProjectGap]) -> Self {
        let gaps = gaps.iter().filter(|gap| gap.kind == GapKind::Variable).map(|gap| gap.error.place);
        Self { places: unset.iter().map(|variable| variable.place).chain(gaps).flatten().collect() }
    }

    /// Whether a place is in such a text.
    fn hold(&self, place: Option<ComposePlace>) -> bool {
        let is_in =
            |place: ComposePlace, text: &ComposePlace| text.file == place.file && text.span.contains(place.span);
        place.is_some_and(|place| self.places.iter().any(|text| is_in(place, text)))
    }

    /// Whether an error is one of a text that names one of them, and whose form is right.
    pub(super) fn may_answer(&self, error: &ProjectError) -> bool {
        !error.is_of_form && self.hold(error.place)
    }

    /// Whether an error may go with a value of one of them.
    ///
    /// # Errors
    /// The files that must be known first.
    pub(super) fn decide(
        &self,
        error: &ProjectError,
        request: &ProjectRequest,
        files: &ProjectFiles,
    ) -> Result<bool, Vec<ProjectNeed>> {
        if error.is_of_form || self.places.is_empty() {
            return Ok(false);
        }
        if self.hold(error.place) || request.leniency != Leniency::Gaps {
            return Ok(true);
        }
        let errors = errors_of_trial(request, files)?;
        Ok(!errors.iter().any(|other| other.equals(error)))
    }
}

/// What Compose refuses where others stand in for the variables.
fn errors_of_trial(request: &ProjectRequest, files: &ProjectFiles) -> Result<Vec<ProjectError>, Vec<ProjectNeed>> {
    match project(&ProjectRequest { leniency: Leniency::Trial, ..request.clone() }, files) {
        Reading::Needs(needs) => Err(needs),
        Reading::Refused { error, .. } => Ok(vec![*error]),
        Reading::Read(project) => Ok(project.gaps.into_iter().map(|gap| gap.error).collect()),
    }
}

/// The project, whose gaps say whether they are certain.
pub(super) fn of_project(mut project: Box<ComposeProject>, request: &ProjectRequest, files: &ProjectFiles) -> Reading {
    let missing = MissingValues::new(&project.unset, &project.gaps);
    let lacks_files = project.gaps.iter().any(|gap| matches!(gap.kind, GapKind::File | GapKind::RemoteFile));
    let mut errors = None;
    for gap in project.gaps.iter_mut().filter(|gap| gap.kind != GapKind::Value) {
        let is_in_text = missing.hold(gap.error.place);
        gap.is_certain = !is_in_text;
        let is_tried = gap.kind == GapKind::Reference && !is_in_text && request.leniency == Leniency::Gaps;
        if gap.kind == GapKind::Reference && (lacks_files || request.lacks_files) {
            gap.is_certain = false;
        } else if is_tried && !missing.places.is_empty() {
            if errors.is_none() {
                match errors_of_trial(request, files) {
                    Ok(known) => errors = Some(known),
                    Err(needs) => return Reading::Needs(needs),
                }
            }
            gap.is_certain = errors.iter().flatten().any(|other| other.equals(&gap.error));
        }
    }
    Reading::Read(project)
}
