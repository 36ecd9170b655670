//! The folder held against the registry.

use super::client::{Client, Registered, Verdict};
use super::push::Versions;
use super::{Contract, Outcome, Progress};

/// Says which contracts the registry lacks, and which it has in another version.
pub(super) fn diff(client: &Client, contracts: &[Contract]) -> anyhow::Result<Outcome> {
    let mut versions = Versions::default();
    let mut progress = Progress::new(contracts.len());
    let mut outcome = Outcome::Clean;
    for contract in contracts {
        progress.step(&contract.name);
        let name = &contract.name;
        let found = match versions.references(contract) {
            Some(references) => client.find(name, &contract.text, &references)?,
            None => None,
        };
        match (found, client.latest(name)?) {
            (Some(found), Some(latest)) if found.version == latest.version => {
                versions.add(name, found.version);
            }
            (Some(Registered { version, .. }), Some(latest)) => {
                versions.add(name, version);
                outcome = Outcome::Differs;
                let latest = latest.version;
                progress.line(&format!("behind  {name}: it is version {version} of {latest}"))?;
            }
            (_, Some(latest)) => {
                outcome = Outcome::Differs;
                progress.line(&format!("differs {name}: version {} is another", latest.version))?;
            }
            (_, None) => {
                outcome = Outcome::Differs;
                progress.line(&format!("missing {name}"))?;
            }
        }
    }
    Ok(outcome)
}

/// Asks whether each contract would be let in.
pub(super) fn compat(client: &Client, contracts: &[Contract]) -> anyhow::Result<Outcome> {
    let mut progress = Progress::new(contracts.len());
    let mut outcome = Outcome::Clean;
    for contract in contracts {
        progress.step(&contract.name);
        let name = &contract.name;
        match client.check(name, &contract.whole)? {
            Verdict::New => progress.line(&format!("new          {name}"))?,
            Verdict::Compatible => progress.line(&format!("compatible   {name}"))?,
            Verdict::Refused(reasons) => {
                outcome = Outcome::Differs;
                progress.line(&format!("incompatible {name}"))?;
                for reason in reasons {
                    progress.line(&format!("    {reason}"))?;
                }
            }
        }
    }
    Ok(outcome)
}
