//! From the folder to the registry.

use std::collections::HashMap;

use anyhow::Context;

use super::client::{Client, Reference, Registered, Verdict};
use super::{Contract, Outcome, Progress};

/// Registers what the registry lacks. A refusal does not stop the others, but for those that name the refused one.
pub(super) fn push(client: &Client, contracts: &[Contract]) -> anyhow::Result<Outcome> {
    let mut versions = Versions::default();
    let mut progress = Progress::new(contracts.len());
    let mut outcome = Outcome::Clean;
    for contract in contracts {
        progress.step(&contract.name);
        let name = &contract.name;
        let Some(references) = versions.references(contract) else {
            progress.line(&format!("skipped     {name}: it names one that was refused"))?;
            outcome = Outcome::Differs;
            continue;
        };
        let (word, found) = match client.find(name, &contract.text, &references)? {
            Some(found) => ("unchanged", found),
            None => match client.register(name, &contract.text, &references)? {
                Ok(()) => {
                    let found = client.find(name, &contract.text, &references)?;
                    ("registered", found.context("a schema that was registered is not found")?)
                }
                Err(reason) => {
                    progress.line(&format!("refused     {name}: {reason}"))?;
                    outcome = Outcome::Differs;
                    continue;
                }
            },
        };
        let Registered { id, version, .. } = found;
        progress.line(&format!("{word:<11} {name} version {version} id {id}"))?;
        versions.add(name, version);
    }
    Ok(outcome)
}

/// Says what [`push`] would do.
pub(super) fn rehearse(client: &Client, contracts: &[Contract]) -> anyhow::Result<Outcome> {
    let mut versions = Versions::default();
    let mut progress = Progress::new(contracts.len());
    let mut outcome = Outcome::Clean;
    for contract in contracts {
        progress.step(&contract.name);
        let name = &contract.name;
        let found = match versions.references(contract) {
            Some(references) => client.find(name, &contract.text, &references)?,
            // What it names is not there as it is here, so neither is it.
            None => None,
        };
        if let Some(Registered { id, version, .. }) = found {
            progress.line(&format!("unchanged   {name} version {version} id {id}"))?;
            versions.add(name, version);
            continue;
        }
        match client.check(name, &contract.whole)? {
            Verdict::New => progress.line(&format!("would come  {name}: a new subject"))?,
            Verdict::Compatible => {
                progress.line(&format!("would come  {name}: compatible with what is there"))?;
            }
            Verdict::Refused(reasons) => {
                outcome = Outcome::Differs;
                progress.line(&format!("refused     {name}: {}", reasons.join(", ")))?;
            }
        }
    }
    Ok(outcome)
}

/// The versions under which contracts stand in the registry.
#[derive(Default)]
pub(super) struct Versions(HashMap<String, u64>);

impl Versions {
    pub(super) fn add(&mut self, name: &str, version: u64) {
        self.0.insert(name.to_owned(), version);
    }

    /// The references of a contract; none where the registry lacks one of them.
    pub(super) fn references(&self, contract: &Contract) -> Option<Vec<Reference>> {
        let reference = |name: &String| {
            let version = *self.0.get(name)?;
            Some(Reference { name: name.clone(), version })
        };
        contract.references.iter().map(reference).collect()
    }
}
