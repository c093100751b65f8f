//! Which images of an index serve a platform, as containerd chooses them.

use std::collections::BTreeSet;

use crate::image::config::Platform;

/// The candidates that serve a platform, or why none or more than one does.
pub(in crate::image) fn pick(candidates: &[(usize, Platform)], wanted: &Platform) -> Result<Vec<usize>, &'static str> {
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
        _ if variants.is_empty() || !wanted.variant.is_empty() => return Err("has no image for"),
        _ => return Err("has several variants for"),
    };
    let fits: Vec<&(usize, Platform)> = near.into_iter().filter(|(_, platform)| platform.variant == variant).collect();
    let versions: BTreeSet<&str> = fits.iter().map(|(_, platform)| platform.os_version.as_str()).collect();
    if versions.len() > 1 {
        return Err("has several versions for");
    }
    Ok(fits.iter().map(|(index, _)| *index).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_picked_as_containerd_does() {
        let check = |names: &[&str], wanted: &str, expected: Result<&[usize], &str>| {
            let platforms: Vec<(usize, Platform)> =
                names.iter().enumerate().map(|(index, text)| (index, text.parse().unwrap())).collect();
            let picked = pick(&platforms, &wanted.parse().unwrap());
            assert_eq!(picked.as_deref(), expected.as_ref().map(|e| &**e), "{wanted}");
        };
        check(&["linux/amd64", "linux/arm64"], "linux/arm64/v8", Ok(&[1]));
        check(&["linux/amd64", "linux/arm64"], "linux/riscv64", Err("has no image for"));
        check(&["linux/arm/v5", "linux/arm/v6"], "linux/arm", Ok(&[1]));
        check(&["linux/arm/v7"], "linux/arm/v6", Err("has no image for"));
        check(&["linux/amd64", "linux/amd64/v3"], "linux/amd64", Ok(&[0]));
        check(&["linux/amd64", "linux/amd64/v2"], "linux/amd64/v3", Ok(&[1]));
        check(&["linux/mips64le/a", "linux/mips64le/b"], "linux/mips64le", Err("has several variants for"));
        check(&["linux/amd64", "linux/amd64"], "linux/amd64", Ok(&[0, 1]));
    }
}
