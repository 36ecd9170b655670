//! Finding the steps that change nothing, so that decoding can take the fast path there.

use super::compile::Draft;
use super::{Action, Step, StepId};

/// The steps, with [`StepId::SAME`] wherever a whole subtree keeps its bytes.
///
/// A step keeps them if it does by itself and all steps below it do. With recursion that is the greatest such set: all
/// are taken to keep until one below is seen not to.
pub(super) fn reduce(drafts: Vec<Draft>, root: StepId) -> (Vec<Step>, StepId) {
    let mut keeps: Vec<bool> = drafts.iter().map(|draft| draft.keeps).collect();
    loop {
        let mut changed = false;
        // Parts mostly follow their wholes, so that going backwards settles most in one round.
        for (index, draft) in drafts.iter().enumerate().rev() {
            let kept = |part: &StepId| *part == StepId::SAME || keeps[part.0 as usize];
            if keeps[index] && !parts(&draft.step).iter().all(kept) {
                keeps[index] = false;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    // The steps that stay close ranks.
    let mut places = Vec::with_capacity(drafts.len());
    let mut next = 0;
    for kept in &keeps {
        places.push(if *kept { StepId::SAME } else { StepId(next) });
        next += u32::from(!kept);
    }
    let place = |id: StepId| match id {
        StepId::SAME => id,
        StepId(index) => places[index as usize],
    };
    let steps = drafts
        .into_iter()
        .zip(&keeps)
        .filter(|(_, kept)| !**kept)
        .map(|(draft, _)| moved(draft.step, place))
        .collect();
    (steps, place(root))
}

fn parts(step: &Step) -> Vec<StepId> {
    match step {
        Step::Promote(_) | Step::Enum(_) | Step::Refuse(_) => Vec::new(),
        Step::Array { items, .. } => vec![*items],
        Step::Map { values, .. } => vec![*values],
        Step::Record(actions) => {
            actions.iter().filter(|action| action.field != Action::SKIP).map(Action::step).collect()
        }
        Step::Union(branches) => branches.iter().flatten().map(|(_, step)| *step).collect(),
        Step::Into { step, .. } => vec![*step],
        Step::OutOf(branches) => branches.to_vec(),
    }
}

fn moved(step: Step, place: impl Fn(StepId) -> StepId) -> Step {
    match step {
        Step::Promote(_) | Step::Enum(_) | Step::Refuse(_) => step,
        Step::Array { items, least } => Step::Array { items: place(items), least },
        Step::Map { values, least } => Step::Map { values: place(values), least },
        Step::Record(mut actions) => {
            for action in &mut actions {
                if action.field != Action::SKIP {
                    action.step = place(action.step()).0;
                }
            }
            Step::Record(actions)
        }
        Step::Union(mut branches) => {
            for (_, step) in branches.iter_mut().flatten() {
                *step = place(*step);
            }
            Step::Union(branches)
        }
        Step::Into { branch, step } => Step::Into { branch, step: place(step) },
        Step::OutOf(branches) => Step::OutOf(branches.into_iter().map(place).collect()),
    }
}
