//! Which items of a list a shard looks at.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
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

/// The items of a shard, in the order in which they are looked at.
pub fn shard_items(items: &[FleetItem], shard: Shard) -> Vec<&FleetItem> {
    all_shards(items, shard.count).into_iter().nth(shard.index - 1).unwrap_or_default()
}

/// Items of one group that are placed together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Piece<'i> {
    weight: u64,
    /// Of two of one weight the first of the list comes first.
    order: Reverse<usize>,
    items: Vec<&'i FleetItem>,
}

/// The items of all shards. They follow from the list alone, so that all shards agree.
///
/// Images of one base, or of one repository where no base is known, stay together, as they share layers: groups go to the
/// part with the least to read, the largest first. A group that would make a part more than a tenth too large is cut.
pub fn all_shards(items: &[FleetItem], count: usize) -> Vec<Vec<&FleetItem>> {
    let mut groups: BTreeMap<(bool, &str), Vec<&FleetItem>> = BTreeMap::new();
    for item in items {
        groups.entry((item.is_image(), group(item))).or_default().push(item);
    }
    let part = weight(items.iter()).div_ceil(count.max(1) as u64).max(1);
    let most = part.saturating_add(part / 10);
    let piece =
        |(order, items): (usize, Vec<_>)| Piece { weight: weight(items.iter().copied()), order: Reverse(order), items };
    let mut pieces: BinaryHeap<Piece<'_>> = groups.into_values().enumerate().map(piece).collect();
    let mut parts: Vec<Vec<&FleetItem>> = vec![Vec::new(); count.max(1)];
    let mut loads: BinaryHeap<Reverse<(u64, usize)>> = (0..parts.len()).map(|index| Reverse((0, index))).collect();
    while let Some(Piece { mut weight, order, mut items }) = pieces.pop() {
        let Some(Reverse((load, index))) = loads.pop() else { break };
        if load.saturating_add(weight) > most && load < part && items.len() > 1 {
            let rest = items.split_off(fitting(&items, part - load));
            let rest_weight = self::weight(rest.iter().copied());
            weight = weight.saturating_sub(rest_weight);
            pieces.push(Piece { weight: rest_weight, order, items: rest });
        }
        loads.push(Reverse((load.saturating_add(weight), index)));
        if let Some(part) = parts.get_mut(index) {
            part.append(&mut items);
        }
    }
    parts
}

/// How many of the first items have at most a weight; at least one, and not all.
fn fitting(items: &[&FleetItem], most: u64) -> usize {
    let mut sum = 0_u64;
    let fits = |item: &&&FleetItem| {
        sum = sum.saturating_add(item.weight());
        sum <= most
    };
    items.iter().take_while(fits).count().clamp(1, items.len() - 1)
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
            assert!((18..=22).contains(&part.len()), "{}", part.len());
            all.extend(part);
        }
        all.sort();
        assert_eq!(all, items.iter().collect::<Vec<_>>());
        // A base is in one or two of them.
        for base in 0..5 {
            let has_base = |index| {
                let part = shard_items(&items, Shard { index, count: 4 });
                part.into_iter().any(|item| group(item) == format!("sha256:{base}"))
            };
            assert!((1..=4).filter(|index| has_base(*index)).count() <= 2, "base {base}");
        }
        // However many parts there are, all are about equal.
        for count in [2, 3, 5, 8, 16] {
            let weights = all_shards(&items, count).into_iter().map(|part| weight(part.into_iter()));
            let (least, most) =
                weights.fold((u64::MAX, 0), |(least, most), weight| (least.min(weight), most.max(weight)));
            let fair = weight(items.iter()) / count as u64;
            assert!(least * 10 >= fair * 7 && most * 10 <= fair * 13, "{count}: {least} to {most}, {fair}");
        }
    }

    #[test]
    fn one_large_group_is_cut() {
        let items: Vec<FleetItem> = (0..100).map(|number| image(format!("registry:a/b:{number:03}"), None)).collect();
        for index in 1..=4 {
            assert_eq!(shard_items(&items, Shard { index, count: 4 }).len(), 25);
        }
        // A large image weighs as much as many small ones.
        let size_of = |number| if number == 0 { 900_000_000 } else { 5_000_000 };
        let image = |number| FleetItem::Image {
            image: format!("registry:a/b{number:03}:1"),
            base: None,
            bytes: Some(size_of(number)),
        };
        let items: Vec<FleetItem> = (0..91).map(image).collect();
        let counts = [1, 2].map(|index| shard_items(&items, Shard { index, count: 2 }).len());
        assert_eq!(counts, [1, 90]);
        assert!(shard_items(&[], Shard { index: 3, count: 4 }).is_empty());
    }
}
