//! Which items of a list a shard looks at.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::item::{FleetItem, bare_name};
use crate::settings::image_repository;

/// Shards that a list is cut into at most.
const MOST: usize = 10_000;

/// A part of a list: `2/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// Its number, from 1.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

impl Shard {
    /// The one part of a list that is not cut.
    pub const WHOLE: Self = Self { index: 1, count: 1 };
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parts {
            Some((index, count)) if (1..=count).contains(&index) && count <= MOST => Ok(Self { index, count }),
            _ => Err(format!("expected `I/N` with I from 1 to N, such as `2/4`; N is at most {MOST}")),
        }
    }
}

/// The items of a shard, in the order in which they are looked at. It follows from the list alone, so that all shards agree.
///
/// Images of one base, or of one repository where no base is known, stay together, as they share layers; a group that is
/// larger than a part is cut. Groups go to the part with the least to read, the largest first.
pub fn shard_items(items: &[FleetItem], shard: Shard) -> Vec<&FleetItem> {
    let mut groups: BTreeMap<(bool, &str), Vec<&FleetItem>> = BTreeMap::new();
    for item in items {
        groups.entry((item.is_image(), group(item))).or_default().push(item);
    }
    let part = weight(items.iter()).div_ceil(shard.count as u64).max(1);
    let mut pieces: Vec<(u64, Vec<&FleetItem>)> = Vec::new();
    for group in groups.into_values() {
        let all = weight(group.iter().copied());
        let mut piece = (0_u64, Vec::new());
        // Pieces of one group are about equal, and none is larger than a part.
        let most = all.div_ceil(all.div_ceil(part).max(1));
        for item in group {
            if piece.0 > 0 && piece.0.saturating_add(item.weight()) > most {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.0 = piece.0.saturating_add(item.weight());
            piece.1.push(item);
        }
        pieces.push(piece);
    }
    pieces.sort_by_key(|(weight, _)| Reverse(*weight));
    let mut parts: Vec<(u64, Vec<&FleetItem>)> = vec![(0, Vec::new()); shard.count];
    for (weight, piece) in pieces {
        if let Some(least) = parts.iter_mut().min_by_key(|(weight, _)| *weight) {
            least.0 = least.0.saturating_add(weight);
            least.1.extend(piece);
        }
    }
    parts.into_iter().nth(shard.index - 1).map(|(_, items)| items).unwrap_or_default()
}

/// What items weigh together.
fn weight<'i>(items: impl Iterator<Item = &'i FleetItem>) -> u64 {
    items.fold(0, |sum, item| sum.saturating_add(item.weight()))
}

/// What an item shares layers by: its base, else its repository; a folder shares none.
fn group(item: &FleetItem) -> &str {
    match item {
        FleetItem::Folder { folder } => folder,
        FleetItem::Image { base: Some(base), .. } => base,
        FleetItem::Image { image, .. } => image_repository(bare_name(image)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(image: String, base: Option<usize>) -> FleetItem {
        FleetItem::Image { image, base: base.map(|base| format!("sha256:{base}")), bytes: Some(15_000_000) }
    }

    #[test]
    fn shards_are_read() {
        assert_eq!("2/4".parse(), Ok(Shard { index: 2, count: 4 }));
        for text in ["", "0/4", "5/4", "1", "1/0", "a/b", "1/99999999", "-1/4"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn each_item_is_in_one_shard_and_bases_stay_together() {
        let mut items: Vec<FleetItem> =
            (0..60).map(|number| image(format!("registry:a/{number:02}:1"), Some(number % 5))).collect();
        items.extend((0..20).map(|number| FleetItem::Folder { folder: format!("f{number:02}") }));
        items.sort();
        let mut all = Vec::new();
        for index in 1..=4 {
            let part = shard_items(&items, Shard { index, count: 4 });
            assert!((15..=25).contains(&part.len()), "{}", part.len());
            all.extend(part);
        }
        all.sort();
        assert_eq!(all, items.iter().collect::<Vec<_>>());
        for base in 0..5 {
            let of_base = |index| {
                let part = shard_items(&items, Shard { index, count: 4 });
                part.into_iter().any(|item| group(item) == format!("sha256:{base}"))
            };
            assert_eq!((1..=4).filter(|index| of_base(*index)).count(), 1, "base {base}");
        }
    }

    #[test]
    fn one_large_group_is_cut() {
        let items: Vec<FleetItem> = (0..100).map(|number| image(format!("registry:a/b:{number:03}"), None)).collect();
        for index in 1..=4 {
            assert_eq!(shard_items(&items, Shard { index, count: 4 }).len(), 25);
        }
        // A large image weighs as much as many small ones.
        let size = |number| if number == 0 { 900_000_000 } else { 5_000_000 };
        let sized = |number| FleetItem::Image {
            image: format!("registry:a/b{number:03}:1"),
            base: None,
            bytes: Some(size(number)),
        };
        let items: Vec<FleetItem> = (0..91).map(sized).collect();
        let sizes = [1, 2].map(|index| shard_items(&items, Shard { index, count: 2 }).len());
        assert_eq!(sizes, [1, 90]);
        assert!(shard_items(&[], Shard { index: 3, count: 4 }).is_empty());
    }
}
