//! What a package costs with all that it needs: the packages that only it reaches are those that it dominates
//! (Lengauer and Tarjan, 1979).

use super::result::{Package, PackageReason, Size};

/// Steps that all closures together may take; a Debian desktop needs a million.
const STEPS: usize = 20_000_000;

const NONE: u32 = u32::MAX;

/// Fills [`Package::exclusive`], [`Package::closure`] and [`Package::orphan`]; false when not all closures could be
/// followed. `marked` tells whose manager says that nobody asked for it.
pub(super) fn fill(packages: &mut [Package], marked: impl Fn(usize) -> bool) -> bool {
    let roots = roots(packages);
    let tree = Dominators::new(packages, &roots);
    let mut sums: Vec<Size> = packages.iter().map(|package| package.size).collect();
    for &node in tree.order.iter().rev() {
        let above = tree.above[node as usize];
        if above != NONE {
            let size = sums[node as usize];
            sums[above as usize] += size;
        }
    }
    let (mut steps, mut whole) = (STEPS, true);
    let needs = NeedsGraph::new(packages);
    let mut seen = vec![NONE; packages.len()];
    for &root in &roots {
        let is_outside = |other: &u32| !tree.is_below(*other, root);
        if !packages[root as usize].needed_by.iter().any(is_outside) {
            packages[root as usize].exclusive = Some(sums[root as usize]);
        }
        packages[root as usize].closure = needs.reachable_size(root, &mut seen, &mut steps);
        whole &= packages[root as usize].closure.is_some();
    }
    for (index, package) in packages.iter_mut().enumerate() {
        if tree.number[index] == NONE {
            // Packages that need each other explain nothing where no manager marks them.
            package.orphan = marked(index);
            package.why = if package.orphan { PackageReason::Dependency } else { PackageReason::Unknown };
        }
    }
    whole
}

/// Where reasons begin: what was asked for, what the system cannot do without, and what nothing tells of.
fn roots(packages: &[Package]) -> Vec<u32> {
    let begins = |package: &Package| package.essential || package.why != PackageReason::Dependency;
    (0..).zip(packages).filter(|(_, package)| begins(package)).map(|(index, _)| index).collect()
}

/// Who needs whom, side by side in memory: closures go over it again and again.
struct NeedsGraph {
    /// Where each package's needs begin, and where the last one's end.
    starts: Vec<u32>,
    targets: Vec<u32>,
    sizes: Vec<Size>,
}

impl NeedsGraph {
    fn new(packages: &[Package]) -> Self {
        let (mut starts, mut targets) = (vec![0], Vec::new());
        for package in packages {
            targets.extend_from_slice(&package.needs);
            starts.push(targets.len() as u32);
        }
        Self { starts, targets, sizes: packages.iter().map(|package| package.size).collect() }
    }

    /// All that a package reaches; `None` when there are no steps left.
    fn reachable_size(&self, root: u32, seen: &mut [u32], steps: &mut usize) -> Option<Size> {
        let (mut sum, mut todo) = (Size::default(), vec![root]);
        seen[root as usize] = root;
        while let Some(node) = todo.pop() {
            let node = node as usize;
            sum += self.sizes[node];
            let needs = &self.targets[self.starts[node] as usize..self.starts[node + 1] as usize];
            *steps = steps.checked_sub(1 + needs.len())?;
            for &next in needs {
                if std::mem::replace(&mut seen[next as usize], root) != root {
                    todo.push(next);
                }
            }
        }
        Some(sum)
    }
}

/// The tree of dominators below a node that stands above all roots.
struct Dominators {
    /// In the order in which they were reached.
    order: Vec<u32>,
    /// By package: its place in the order; [`NONE`] for what no root reaches.
    number: Vec<u32>,
    /// By package: the nearest package that all ways from a root go through.
    above: Vec<u32>,
    /// By package: where its part of the tree of dominators begins and ends.
    begin: Vec<u32>,
    end: Vec<u32>,
}

/// The forest of the algorithm, by place in the order; 0 stands above all roots.
struct Forest {
    ancestor: Vec<u32>,
    label: Vec<u32>,
    semi: Vec<u32>,
}

impl Forest {
    /// The node with the smallest semidominator on the way up.
    fn smallest(&mut self, node: u32) -> u32 {
        if self.ancestor[node as usize] == NONE {
            return node;
        }
        // The way up, without the tree's root; then shortened from above.
        let (mut way, mut at) = (Vec::new(), node);
        while self.ancestor[self.ancestor[at as usize] as usize] != NONE {
            way.push(at);
            at = self.ancestor[at as usize];
        }
        for at in way.into_iter().rev() {
            let above = self.ancestor[at as usize];
            let (mine, theirs) = (self.label[at as usize], self.label[above as usize]);
            if self.semi[theirs as usize] < self.semi[mine as usize] {
                self.label[at as usize] = theirs;
            }
            self.ancestor[at as usize] = self.ancestor[above as usize];
        }
        self.label[node as usize]
    }
}

impl Dominators {
    fn new(packages: &[Package], roots: &[u32]) -> Self {
        let (order, parent, number) = depth_first(packages, roots);
        let count = order.len() + 1;
        let all: Vec<u32> = (0..count as u32).collect();
        let mut forest = Forest { ancestor: vec![NONE; count], label: all.clone(), semi: all };
        let mut is_root = vec![false; packages.len()];
        for &root in roots {
            is_root[root as usize] = true;
        }
        let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut above = vec![0; count];
        for place in (1..count as u32).rev() {
            let package = order[place as usize - 1] as usize;
            let mut semi = if is_root[package] { 0 } else { parent[place as usize] };
            for &from in &packages[package].needed_by {
                let from = number[from as usize];
                if from != NONE {
                    let smallest = forest.smallest(from);
                    semi = semi.min(forest.semi[smallest as usize]);
                }
            }
            forest.semi[place as usize] = semi;
            buckets[semi as usize].push(place);
            let up = parent[place as usize];
            forest.ancestor[place as usize] = up;
            for node in std::mem::take(&mut buckets[up as usize]) {
                let smallest = forest.smallest(node);
                above[node as usize] = if forest.semi[smallest as usize] < up { smallest } else { up };
            }
        }
        for place in 1..count {
            if above[place] != forest.semi[place] {
                above[place] = above[above[place] as usize];
            }
        }
        Self::of_places(packages.len(), order, number, &above)
    }

    fn of_places(packages: usize, order: Vec<u32>, number: Vec<u32>, places: &[u32]) -> Self {
        let mut sizes = vec![1_u32; places.len()];
        for place in (1..places.len()).rev() {
            sizes[places[place] as usize] += sizes[place];
        }
        // Each part begins after what its siblings before took.
        let mut next = vec![0_u32; places.len()];
        let (mut above, mut begin, mut end) = (vec![NONE; packages], vec![0; packages], vec![0; packages]);
        next[0] = 1;
        for place in 1..places.len() {
            let (package, up) = (order[place - 1] as usize, places[place] as usize);
            (begin[package], end[package]) = (next[up], next[up] + sizes[place]);
            next[place] = next[up] + 1;
            next[up] += sizes[place];
            if up > 0 {
                above[package] = order[up - 1];
            }
        }
        Self { order, number, above, begin, end }
    }

    /// Whether all ways to a package go through another one; true for what no root reaches.
    fn is_below(&self, node: u32, root: u32) -> bool {
        let (node, root) = (node as usize, root as usize);
        self.number[node] == NONE || (self.begin[root] <= self.begin[node] && self.begin[node] < self.end[root])
    }
}

/// Packages in the order of a walk from the roots; their parents' places, by place; places, by package. Places count
/// from 1.
fn depth_first(packages: &[Package], roots: &[u32]) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let (mut order, mut parent, mut number) = (Vec::new(), vec![0], vec![NONE; packages.len()]);
    for &root in roots {
        if number[root as usize] != NONE {
            continue;
        }
        order.push(root);
        parent.push(0);
        number[root as usize] = order.len() as u32;
        let mut todo = vec![(root, 0)];
        while let Some((node, index)) = todo.last_mut() {
            let Some(&next) = packages[*node as usize].needs.get(*index) else {
                todo.pop();
                continue;
            };
            *index += 1;
            let from = number[*node as usize];
            if number[next as usize] == NONE {
                order.push(next);
                parent.push(from);
                number[next as usize] = order.len() as u32;
                todo.push((next, 0));
            }
        }
    }
    (order, parent, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::packages::draft::PackageDraft;
    use crate::image::packages::result::Ecosystem;
    use crate::image::path::PathId;

    fn graph(text: &str) -> Vec<Package> {
        let lines: Vec<(&str, &str)> = text.split(',').map(|line| line.trim().split_once(':').unwrap()).collect();
        let place =
            |name: &str| lines.iter().position(|(other, _)| other.trim_start_matches('*') == name).unwrap() as u32;
        let mut packages = Vec::new();
        for (name, needs) in &lines {
            let mut package = PackageDraft::unnamed(Ecosystem::Dpkg, PathId::ROOT, 0).package;
            package.name = name.trim_start_matches('*').into();
            package.why = if name.starts_with('*') { PackageReason::Asked } else { PackageReason::Dependency };
            package.size.bytes = 1 << packages.len();
            package.needs = needs.split_whitespace().map(place).collect();
            packages.push(package);
        }
        for index in 0..packages.len() {
            for need in packages[index].needs.clone() {
                packages[need as usize].needed_by.push(index as u32);
            }
        }
        packages
    }

    /// `*a: b` is asked for and needs b; the answer has each root's own share, its whole closure, and the orphans.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut packages = graph(text);
        assert!(fill(&mut packages, |_| true));
        let names = |bytes: u64| -> String {
            packages
                .iter()
                .enumerate()
                .filter(|(index, _)| bytes >> index & 1 == 1)
                .map(|(_, package)| &*package.name)
                .collect()
        };
        let texts = packages.iter().filter_map(|package| {
            let exclusive = package.exclusive.map_or("-".to_owned(), |size| names(size.bytes));
            let closure = package.closure.map(|size| names(size.bytes));
            match closure {
                Some(closure) => Some(format!("{} {exclusive} {closure}", package.name)),
                None => package.orphan.then(|| format!("{} orphan", package.name)),
            }
        });
        assert_eq!(texts.collect::<Vec<_>>().join(", "), expected);
    }

    #[test]
    fn shares_exclude_packages_that_others_need() {
        check("*a: b, b: c, c:, *d: c", "a ab abc, d d cd");
        check("*a: b c, b: d, c: d, d:", "a abcd abcd");
        check("*a: b, b: a c, c: b", "a abc abc");
        check("*a: b, *b:", "a a ab, b - b");
        check("*a:, b: c, c: b, d:", "a a a, b orphan, c orphan, d orphan");
        check("*a: b e, b: c, c: d, d: b, e: d, *f: e", "a a abcde, f f bcdef");
    }

    #[test]
    fn chains_and_cycles_are_followed_without_recursion() {
        let mut packages = graph("*a:");
        for index in 1..50_000_u32 {
            let mut package = packages[0].clone();
            package.why = PackageReason::Dependency;
            package.needed_by = vec![index - 1, 49_999];
            package.needs = if index == 49_999 { (1..50_000).collect() } else { vec![index + 1] };
            packages.push(package);
        }
        packages[0].needs = vec![1];
        assert!(fill(&mut packages, |_| true));
        assert_eq!(packages[0].exclusive.map(|size| size.bytes), Some(50_000));
    }
}
