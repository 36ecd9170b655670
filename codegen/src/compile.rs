//! The whole way from files to the representation.

use crate::contexts;
use crate::gateway;
use crate::input::Input;
use crate::ir::{Contracts, TypeId};
use crate::problem::{Problem, Problems};
use crate::project;
use crate::types::{self, METADATA, SHARED};

/// What a run makes of its input.
#[derive(Debug)]
pub struct Compiled {
    /// The contracts; `None` where a problem is an error.
    pub contracts: Option<Contracts>,
    /// All problems, sorted by file and place.
    pub problems: Vec<Problem>,
}

/// Reads, resolves and checks the contracts.
#[must_use]
pub fn compile(input: &Input) -> Compiled {
    let mut problems = Problems::default();
    if input.is_project {
        project::check(&input.schemas, &mut problems);
    }
    let parsed = types::parse(&input.schemas, &mut problems);
    let types = types::lower(&parsed, &mut problems);
    let contexts = contexts::build(&parsed, &types, input.version(), &mut problems);
    let openapi = input.openapi.as_ref();
    let gateway = openapi.and_then(|file| gateway::build(file, &types, &contexts, &mut problems));
    let contracts = Contracts {
        is_project: input.is_project,
        shared: (0..types.defs.len())
            .map(TypeId)
            .filter(|id| types.def(*id).namespace == SHARED)
            .collect(),
        metadata: types.find(METADATA),
        types: types.defs,
        contexts,
        gateway,
    };
    let contracts = (problems.errors() == 0).then_some(contracts);
    Compiled { contracts, problems: problems.into_sorted() }
}
