//! `charter doc`.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::{CLEAN, Format, PROBLEMS, say, show};
use crate::compile;
use crate::doc::{Form, site};
use crate::input::Input;

/// Arguments of `charter doc`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 written, 1 problems found, 2 could not run.\n\n\
    Examples:\n  \
    charter doc\n  \
    charter doc --out public/contracts")]
pub(super) struct Doc {
    /// The folder that the pages are written to; `index.html` is the first.
    #[arg(long, default_value = "contracts-site", value_name = "DIR")]
    out: PathBuf,
    /// The repository's root, which holds `schemas/` and `openapi/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
}

impl Doc {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let input = Input::read(&self.root)?;
        let compiled = compile(&input);
        show(&compiled.problems, &input, Format::Text);
        let Some(contracts) = compiled.contracts else { return Ok(PROBLEMS) };
        let files = site(&self.root, &contracts, Form::Whole)?;
        fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot make `{}`", self.out.display()))?;
        for file in &files {
            let path = self.out.join(&file.name);
            fs::write(&path, &file.text)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        let first = self.out.join("index.html");
        say(&format!("{} pages written; open `{}`\n", files.len(), first.display()));
        Ok(CLEAN)
    }
}
