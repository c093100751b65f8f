//! Searches the passes of a rewrite that hold together.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::first_fault;
use super::rewrite_trials::{ProvedRewrite, RewriteTrials};
use crate::failure::Failure;
use crate::inputs::Evidence;
use crate::measure::equivalence::Original;
use crate::optimize::{Level, Optimized, Options, optimize};
use crate::proof::{Check, Figures, Proof, RejectedPass, Size};

/// Rewrites that a search builds.
const BUILDS: usize = 14;

/// Rewrites that are slower to rebuild, until no other is tried: each is measured with several builds.
const SLOWER: usize = 3;

/// Times that passes are left out and others come up in their place.
const ROUNDS: usize = 8;

/// Characters of a reason.
const REASON: usize = 160;

/// The state of a search.
pub(super) struct PassSearch<'s, 'g> {
    trials: RewriteTrials<'s, 'g>,
    original: &'g Original<'s>,
    evidence: &'g Evidence,
    proof: Proof,
    /// What was built, by its texts: its index among what was tried.
    known: BTreeMap<Vec<Vec<u8>>, usize>,
    /// The size of each rewrite that was tried.
    sizes: Vec<Size>,
    /// The passes that would act, each with its level.
    passes: Vec<(Level, &'static str)>,
    /// The rewrites that were measured.
    measured: BTreeSet<usize>,
    /// Whether what is slower to rebuild fails: only once a rewrite is proved that is.
    is_timed: bool,
    best: Option<BestRewrite>,
    /// Why the last rewrite that failed did.
    fault: String,
}

/// The rewrite with the most passes that is proved so far.
struct BestRewrite {
    optimized: Optimized,
    /// Its index among what was tried.
    tried: usize,
    figures: [Option<Figures>; 2],
    floor: Vec<(String, u64)>,
}

impl<'s, 'g> PassSearch<'s, 'g> {
    pub(super) fn new(
        trials: RewriteTrials<'s, 'g>,
        original: &'g Original<'s>,
        evidence: &'g Evidence,
        proof: Proof,
    ) -> Self {
        let (known, sizes, measured, fault) = (BTreeMap::new(), Vec::new(), BTreeSet::new(), String::new());
        Self {
            trials,
            original,
            evidence,
            proof,
            known,
            sizes,
            passes: Vec::new(),
            measured,
            is_timed: false,
            best: None,
            fault,
        }
    }

    /// Leaves out what is at fault, pass by pass, until the rest holds. Where the original does not work nothing can be
    /// proved, so that one rewrite is built, for its size.
    pub(super) fn run(&mut self) -> Result<(), Failure> {
        let mut options = self.trials.ground.options.clone();
        let mut holding = 0;
        let mut full = self.optimize(&options);
        self.passes = passes_with_levels(&full).collect();
        loop {
            let passes = passes(&full);
            match self.holds(full)? {
                _ if self.proof.broken_start.is_some() => return Ok(()),
                Some(false) => {}
                Some(true) => {
                    let Some(best) = self.best.take_if(|_| !self.is_timed) else { return Ok(()) };
                    if self.is_faster(best)? {
                        return Ok(());
                    }
                    // From here on a rewrite that is slower fails, also one that held so far.
                    (self.is_timed, holding) = (true, 0);
                }
                None => return self.leave(&passes[holding..]),
            }
            let fault = first_fault(passes.len(), holding, |count| {
                let only = passes[..count].iter().map(|pass| (*pass).to_owned()).collect();
                self.holds(self.optimize(&Options { only, ..options.clone() }))
            })?;
            let Some(at) = fault else { return self.leave(&passes[holding..]) };
            let reason = shortened(&self.fault);
            self.proof.rejected.push(RejectedPass { pass: passes[at].to_owned(), reason });
            options.skip.insert(passes[at].to_owned());
            holding = at;
            full = self.optimize(&options);
        }
    }

    /// What came of it.
    pub(super) fn close(mut self) -> ProvedRewrite {
        let optimized = self.best.take().map(|best| {
            [self.proof.before, self.proof.after] = best.figures;
            self.proof.floor = best.floor;
            best.optimized
        });
        if let Some(optimized) = &optimized {
            let contradicted = self.contradicted(optimized);
            self.proof.rejected.extend(contradicted);
        } else if self.proof.broken_start.is_none() {
            // What was proved and never measured is not written, so that it does not count as proved.
            for tried in self.proof.tried.iter_mut().filter(|tried| tried.proves()) {
                let why = "a rewrite with these passes was slower to rebuild, and this one was not measured".to_owned();
                tried.checks.push(Check::of("rebuild", Err(why)));
            }
        }
        self.trials.close(&mut self.proof);
        ProvedRewrite { proof: self.proof, optimized }
    }

    fn optimize(&self, options: &Options) -> Optimized {
        let ground = self.trials.ground;
        optimize(ground.inputs, ground.build, self.evidence, options)
    }

    /// Ends the search: what is proved so far is measured, and the passes that were not tried are noted.
    fn leave(&mut self, passes: &[&str]) -> Result<(), Failure> {
        if let Some(best) = self.best.take_if(|_| !self.is_timed) {
            self.is_faster(best)?;
        }
        let proved = self.best.as_ref().map(|best| self::passes(&best.optimized)).unwrap_or_default();
        let untried = passes.iter().filter(|pass| !proved.contains(pass));
        self.proof.untried = untried.map(|pass| (*pass).to_owned()).collect();
        Ok(())
    }

    /// Passes that refused because of what a container of the original showed, and that would act without it.
    fn contradicted(&self, optimized: &Optimized) -> Vec<RejectedPass> {
        let ground = self.trials.ground;
        let inputs = ground.inputs.with_sources(optimized.result());
        let mut options = ground.options.clone();
        let known = self.proof.rejected.iter().map(|known| &known.pass).chain(&self.proof.untried);
        options.skip.extend(known.cloned());
        let mut all = Vec::new();
        for _ in 0..ROUNDS {
            let acting = passes(&optimize(&inputs, ground.build, ground.evidence, &options));
            if acting.is_empty() {
                break;
            }
            for pass in acting {
                options.skip.insert(pass.to_owned());
                let reason = "it contradicts what a container of the original showed".to_owned();
                all.push(RejectedPass { pass: pass.to_owned(), reason });
            }
        }
        all
    }

    /// Whether a rewrite holds; nothing where the search ends. What is built twice is built once.
    fn holds(&mut self, optimized: Optimized) -> Result<Option<bool>, Failure> {
        let texts: Vec<Vec<u8>> = optimized.result().iter().map(|source| source.bytes().to_vec()).collect();
        let at = match self.known.get(&texts) {
            _ if optimized.changes().is_empty() => return Ok(Some(true)),
            Some(at) => *at,
            None if self.proof.tried.len() == BUILDS => return Ok(None),
            None => {
                let count = self.proof.tried.len() + 1;
                let result = optimized.result();
                let (mut tried, size) = self.trials.try_rewrite(self.original, &optimized.levels, result, count)?;
                tried.left_out = self.left_out(&optimized);
                self.sizes.push(size);
                self.known.insert(texts, self.proof.tried.len());
                self.proof.tried.push(tried);
                self.proof.tried.len() - 1
            }
        };
        let holds = self.proof.tried[at].holds();
        self.trials.show_sizes(holds.then_some(&self.sizes[at]), &mut self.proof);
        if self.proof.tried[at].proves() && !(self.is_timed && self.measured.contains(&at)) {
            let figures = [self.proof.before.clone(), self.proof.after.clone()];
            let best = BestRewrite { optimized, tried: at, figures, floor: Vec::new() };
            if !self.is_timed {
                self.best = Some(best);
            } else if !self.is_faster(best)?
                && self.proof.tried.iter().filter(|tried| tried.is_slower()).count() == SLOWER
            {
                return Ok(None);
            }
        }
        let tried = &self.proof.tried[at];
        if let Some(fault) = tried.fault() {
            self.fault = fault;
        }
        Ok(Some(tried.holds()))
    }

    /// Measures a rewrite that is proved: it is the best one where it is not slower to rebuild than the original.
    fn is_faster(&mut self, mut best: BestRewrite) -> Result<bool, Failure> {
        let mut tried = self.proof.tried[best.tried].clone();
        self.measured.insert(best.tried);
        let size = &self.sizes[best.tried];
        self.trials.show_sizes(Some(size), &mut self.proof);
        self.trials.measure((&mut tried, size), best.optimized.result(), &mut self.proof)?;
        self.proof.tried[best.tried] = tried;
        let tried = &self.proof.tried[best.tried];
        if let Some(fault) = tried.fault() {
            self.fault = fault;
            return Ok(false);
        }
        best.figures = [self.proof.before.clone(), self.proof.after.clone()];
        best.floor = std::mem::take(&mut self.proof.floor);
        self.best = Some(best);
        Ok(true)
    }

    /// The passes of its levels that a rewrite was built without.
    fn left_out(&self, optimized: &Optimized) -> Vec<String> {
        let ours: BTreeSet<&str> = passes(optimized).into_iter().collect();
        let highest = optimized.highest();
        let of_levels = self.passes.iter().filter(|(level, _)| Some(*level) <= highest);
        let names: BTreeSet<&str> = of_levels.map(|(_, pass)| *pass).collect();
        names.difference(&ours).map(|pass| (*pass).to_owned()).collect()
    }
}

/// The passes that did something, each once, in the order of their running.
fn passes(optimized: &Optimized) -> Vec<&'static str> {
    let mut passes: Vec<&str> = Vec::new();
    for (_, pass) in passes_with_levels(optimized) {
        if !passes.contains(&pass) {
            passes.push(pass);
        }
    }
    passes
}

/// The pass of each step, with its level.
fn passes_with_levels(optimized: &Optimized) -> impl Iterator<Item = (Level, &'static str)> {
    optimized.levels.iter().flat_map(|outcome| outcome.steps.iter().map(|step| (outcome.level, step.pass)))
}

/// A reason in one line.
fn shortened(fault: &str) -> String {
    let line = fault.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= REASON { line } else { line.chars().take(REASON - 1).chain(['…']).collect() }
}
