//! Which of the listed images are meant: by reference and by platform.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::config::Platform;
use crate::image::digest::Digest;
use crate::image::document::{Reading, digits};
use crate::image::error::{Error, Trouble};
use crate::image::index::{Candidate, Place, familiar};
use crate::image::manifest::Descriptor;
use crate::image::options::Other;
use crate::image::plan::{Loaded, Planned, load};

/// Names in one message at most.
const NAMED: usize = 20;

/// The images that are meant.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) images: Vec<Planned>,
    pub(super) others: Vec<Other>,
    /// Manifests that turned out to hold statements about images.
    pub(super) attestations: Vec<Descriptor>,
}

/// The candidates and what came of reading them.
struct Choice<'a> {
    candidates: &'a [Candidate],
    loaded: Vec<Option<Result<Loaded, Error>>>,
}

/// Chooses among the listed images, and reads their manifests and configs.
pub(super) fn choose(reading: &mut Reading<'_>, candidates: &[Candidate]) -> Result<Chosen, Error> {
    let mut choice = Choice { candidates, loaded: candidates.iter().map(|_| None).collect() };
    let meant = choice.referred(reading)?;
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &index in &meant {
        groups.entry(candidates[index].group).or_default().push(index);
    }
    let mut taken = BTreeSet::new();
    let mut refused = Vec::new();
    for group in groups.into_values() {
        match choice.of_group(reading, &group) {
            Ok(some) => taken.extend(some),
            Err(error) if error.trouble == Trouble::Cancelled => return Err(error),
            Err(error) => refused.push(error),
        }
    }
    if let Some(error) = refused.pop().filter(|_| taken.is_empty()) {
        return Err(error);
    }
    reading.notices.extend(refused.iter().map(ToString::to_string));
    choice.finish(reading, &taken)
}

impl Choice<'_> {
    fn load(&mut self, reading: &mut Reading<'_>, index: usize) -> &Result<Loaded, Error> {
        let candidate = &self.candidates[index];
        self.loaded[index].get_or_insert_with(|| load(reading, candidate))
    }

    /// The candidates of the reference that is asked for.
    fn referred(&mut self, reading: &mut Reading<'_>) -> Result<Vec<usize>, Error> {
        let all = 0..self.candidates.len();
        let Some(reference) = reading.options.reference else { return Ok(all.collect()) };
        let name = familiar(reference);
        let hex = reference.strip_prefix("sha256:").unwrap_or(reference);
        let starts = |digits: &str| hex.len() >= 6 && digits.starts_with(hex);
        let meant = |candidate: &Candidate| {
            let named = candidate.names.iter().any(|own| *own == name || *own == format!("{name}:latest"));
            let listed = match &candidate.place {
                Place::Listed(listed) => digits(&listed.config).is_some_and(starts),
                _ => false,
            };
            named || listed || candidate.digest.as_ref().is_some_and(|digest| starts(&digest.hex()))
        };
        let mut found: Vec<usize> = all.clone().filter(|&index| meant(&self.candidates[index])).collect();
        if found.is_empty() && hex.len() >= 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            for index in all {
                let Ok(Loaded::Image(planned)) = self.load(reading, index) else { continue };
                if planned.image.id.as_ref().is_some_and(|id| starts(&id.hex())) {
                    found.push(index);
                }
            }
        }
        if !found.is_empty() {
            return Ok(found);
        }
        let names: BTreeSet<String> = self.candidates.iter().map(called).collect();
        let message = format!("there is no image `{reference}` in it");
        Err(Error::new(Trouble::Choice, message).help(format!("there are {}", list(names))))
    }

    /// What an image's platform is told to be.
    fn platform(&mut self, reading: &mut Reading<'_>, index: usize) -> Option<Platform> {
        if let Some(platform) = &self.candidates[index].platform {
            return Some(platform.canonical());
        }
        match self.load(reading, index) {
            Ok(Loaded::Image(planned)) => Some(planned.image.platform.canonical()),
            _ => None,
        }
    }

    /// The candidates of a group that serve the platform that is asked for.
    fn of_group(&mut self, reading: &mut Reading<'_>, group: &[usize]) -> Result<Vec<usize>, Error> {
        let options = reading.options;
        if options.all_platforms {
            return Ok(self.present(reading, group));
        }
        if group.len() == 1 && options.platform.is_none() {
            return Ok(group.to_vec());
        }
        let mut platforms = Vec::new();
        for &index in group {
            // What is no image, or can't be read, is told of in the end.
            if let Some(platform) = self.platform(reading, index) {
                platforms.push((index, platform));
            }
        }
        let distinct: BTreeSet<&Platform> = platforms.iter().map(|(_, platform)| platform).collect();
        if distinct.is_empty() || (distinct.len() == 1 && options.platform.is_none()) {
            return Ok(group.to_vec());
        }
        let wanted = options.platform.unwrap_or(options.host);
        let reference = called(&self.candidates[group[0]]);
        let picked = pick(&platforms, wanted).map_err(|trouble| {
            let names = list(distinct.iter().map(ToString::to_string));
            Error::new(Trouble::Choice, format!("`{reference}` {trouble} {wanted}"))
                .help(format!("choose with --platform, or take all platforms: there are {names}"))
        });
        let missing = |own: &mut Self, reading: &mut Reading<'_>, index: &usize| matches!(own.load(reading, *index), Err(error) if error.trouble == Trouble::Missing);
        match picked {
            // An engine saves the index of all platforms, and of these only what it has.
            Ok(picked) if options.platform.is_none() && picked.iter().all(|index| missing(self, reading, index)) => {
                let there = self.present(reading, group);
                let distinct: BTreeSet<Option<Platform>> =
                    there.iter().map(|&index| self.platform(reading, index)).collect();
                if distinct.len() != 1 || there.iter().all(|index| missing(self, reading, index)) {
                    return Ok(picked);
                }
                reading
                    .notices
                    .push(format!("`{reference}` is listed for {wanted}, but it is not there: another is taken"));
                Ok(there)
            }
            picked => picked,
        }
    }

    /// Those whose manifests are there; all, if none is.
    fn present(&mut self, reading: &mut Reading<'_>, group: &[usize]) -> Vec<usize> {
        let absent = |own: &mut Self, reading: &mut Reading<'_>, index| matches!(own.load(reading, index), Err(error) if error.trouble == Trouble::Missing);
        let (gone, there): (Vec<usize>, Vec<usize>) =
            group.iter().partition(|&&index| absent(self, reading, index) && group.len() > 1);
        if there.is_empty() { gone } else { there }
    }

    /// Takes what was chosen out of what was read.
    fn finish(mut self, reading: &mut Reading<'_>, taken: &BTreeSet<usize>) -> Result<Chosen, Error> {
        let mut chosen = Chosen::default();
        let mut artefacts: BTreeMap<String, usize> = BTreeMap::new();
        for (index, candidate) in self.candidates.iter().enumerate() {
            if taken.contains(&index) {
                self.load(reading, index).as_ref().err().map_or(Ok(()), |error| stop(error.clone()))?;
            }
            match (self.loaded[index].take(), taken.contains(&index)) {
                (Some(Ok(Loaded::Image(planned))), true) => chosen.images.push(named(*planned, candidate)),
                (Some(Ok(Loaded::Artefact(kind))), _) => *artefacts.entry(kind).or_default() += 1,
                (Some(Ok(Loaded::Attestation)), _) => {
                    if let Place::Described(descriptor) = &candidate.place {
                        chosen.attestations.push((**descriptor).clone());
                    }
                }
                (Some(Err(error)), true) => reading.damaged.push(error),
                (loaded, _) => {
                    let told = match loaded {
                        Some(Ok(Loaded::Image(planned))) => Some(planned.image.platform),
                        _ => None,
                    };
                    let platform = candidate.platform.clone().or(told);
                    chosen.others.push(Other {
                        reference: called(candidate),
                        platform,
                        manifest: candidate.digest.clone(),
                    });
                }
            }
        }
        for (kind, count) in artefacts {
            reading.notices.push(format!("{count} of what is listed are no images but `{kind}`"));
        }
        Ok(chosen)
    }
}

fn stop(error: Error) -> Result<(), Error> {
    if error.trouble == Trouble::Cancelled { Err(error) } else { Ok(()) }
}

/// Why no candidate, or more than one, serves a platform.
fn pick(candidates: &[(usize, Platform)], wanted: &Platform) -> Result<Vec<usize>, &'static str> {
    let wanted = wanted.canonical();
    let same = |platform: &Platform| {
        platform.os == wanted.os
            && platform.architecture == wanted.architecture
            && (wanted.os_version.is_empty() || platform.os_version == wanted.os_version)
    };
    let near: Vec<&(usize, Platform)> = candidates.iter().filter(|(_, platform)| same(platform)).collect();
    let variants: BTreeSet<&str> = near.iter().map(|(_, platform)| platform.variant.as_str()).collect();
    // A processor runs what is made for those before it: v7, v6, v5.
    let number = |variant: &str| variant.strip_prefix('v').and_then(|digits| digits.parse::<u32>().ok()).unwrap_or(0);
    let older =
        variants.iter().copied().filter(|variant| number(variant) <= number(&wanted.variant)).max_by_key(|v| number(v));
    let variant = match older {
        _ if variants.contains(wanted.variant.as_str()) => wanted.variant.as_str(),
        Some(older) if !wanted.variant.is_empty() => older,
        _ if variants.len() == 1 && wanted.variant.is_empty() => variants.first().copied().unwrap_or_default(),
        _ if variants.is_empty() || !wanted.variant.is_empty() => return Err("has nothing for"),
        _ => return Err("has several variants for"),
    };
    let fits: Vec<&(usize, Platform)> = near.into_iter().filter(|(_, platform)| platform.variant == variant).collect();
    let versions: BTreeSet<&str> = fits.iter().map(|(_, platform)| platform.os_version.as_str()).collect();
    if versions.len() > 1 {
        return Err("has several versions for");
    }
    Ok(fits.iter().map(|(index, _)| *index).collect())
}

/// Gives an image the names that the source has for it.
fn named(mut planned: Planned, candidate: &Candidate) -> Planned {
    let image = &mut planned.image;
    let digest = image.manifest.as_ref().or(image.id.as_ref()).map(Digest::to_string);
    image.reference = candidate.names.first().cloned().or(digest).unwrap_or_default();
    image.names = candidate.names.iter().skip(1).cloned().collect();
    if let Some(told) = candidate.platform.as_ref().filter(|told| told.canonical() != image.platform.canonical()) {
        let os_version = told.os_version != image.platform.os_version;
        if !os_version || told.architecture != image.platform.architecture || told.os != image.platform.os {
            image.notices.push(format!("the index says {told}, the config {}", image.platform));
        }
    }
    planned
}

/// What a candidate is called.
fn called(candidate: &Candidate) -> String {
    let digest = || candidate.digest.as_ref().map(Digest::to_string);
    let config = || match &candidate.place {
        Place::Listed(listed) => listed.config.clone(),
        _ => "the image".to_owned(),
    };
    candidate.names.first().cloned().or_else(digest).unwrap_or_else(config)
}

fn list(names: impl IntoIterator<Item = String>) -> String {
    let mut names: Vec<String> = names.into_iter().collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let text = names.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_picked_as_containerd_does() {
        let check = |there: &[&str], wanted: &str, expected: Result<&[usize], &str>| {
            let there: Vec<(usize, Platform)> =
                there.iter().enumerate().map(|(index, text)| (index, text.parse().unwrap())).collect();
            let picked = pick(&there, &wanted.parse().unwrap());
            assert_eq!(picked.as_deref(), expected.as_ref().map(|e| &**e), "{wanted}");
        };
        check(&["linux/amd64", "linux/arm64"], "linux/arm64/v8", Ok(&[1]));
        check(&["linux/amd64", "linux/arm64"], "linux/riscv64", Err("has nothing for"));
        check(&["linux/arm/v5", "linux/arm/v6"], "linux/arm", Ok(&[1]));
        check(&["linux/arm/v7"], "linux/arm/v6", Err("has nothing for"));
        check(&["linux/amd64", "linux/amd64/v3"], "linux/amd64", Ok(&[0]));
        check(&["linux/amd64", "linux/amd64/v2"], "linux/amd64/v3", Ok(&[1]));
        check(&["linux/mips64le/a", "linux/mips64le/b"], "linux/mips64le", Err("has several variants for"));
        check(&["linux/amd64", "linux/amd64"], "linux/amd64", Ok(&[0, 1]));
    }
}
