//! `charter new`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, Subcommand};

use super::{CLEAN, PROBLEMS, say};
use crate::scaffold::contracts::{self, Kind};
use crate::scaffold::plan::{Plan, Ready};
use crate::scaffold::service::{self, Wish};
use crate::scaffold::templates::Templates;

/// Arguments of `charter new`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 written, 1 something is there already or the contracts have problems, 2 could not run."
)]
pub(super) struct New {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A service: contracts, operations, a crate that decides and projects with tests, its place in the workspace.
    #[command(
        after_help = "Example:\n  charter new service orders --aggregate Order --commands PlaceOrder,CancelOrder \
        --events OrderPlaced,OrderCancelled --http"
    )]
    Service {
        /// What the service is called: small letters, in the plural.
        name: String,
        #[command(flatten)]
        context: About,
        #[command(flatten)]
        common: Common,
    },
    /// The contracts of a context, without a service.
    #[command(
        after_help = "Example:\n  charter new context order --aggregate Order --commands PlaceOrder --events OrderPlaced"
    )]
    Context {
        /// What the context is called: small letters.
        name: String,
        #[command(flatten)]
        context: About,
        #[command(flatten)]
        common: Common,
    },
    /// One more command of a context.
    #[command(after_help = "Example:\n  charter new command ShipOrder --context order")]
    Command(One),
    /// One more event of a context.
    #[command(after_help = "Example:\n  charter new event OrderShipped --context order")]
    Event(One),
    /// One more view of a context.
    #[command(after_help = "Example:\n  charter new view OrderHistoryView --context order")]
    View(One),
}

/// What a context is about.
#[derive(Debug, Args)]
struct About {
    /// What the context's rules are about, and consistent in: `Order`.
    #[arg(long)]
    aggregate: String,
    /// The context's name. Without it, the aggregate's in small letters.
    #[arg(long)]
    context: Option<String>,
    /// The commands, the first of which an aggregate begins with. Without any, one to open it and one to close it.
    #[arg(long, value_delimiter = ',', requires = "events")]
    commands: Vec<String>,
    /// The event of each command, in the same order.
    #[arg(long, value_delimiter = ',', requires = "commands")]
    events: Vec<String>,
    /// The views. Without any, one of the aggregate.
    #[arg(long, value_delimiter = ',')]
    views: Vec<String>,
    /// Write operations for commands and views to the OpenAPI document.
    #[arg(long)]
    http: bool,
}

/// One contract.
#[derive(Debug, Args)]
struct One {
    /// What it is called.
    name: String,
    /// The context that it belongs to.
    #[arg(long)]
    context: String,
    #[command(flatten)]
    common: Common,
}

/// What all have.
#[derive(Debug, Args)]
struct Common {
    /// The repository's root, which holds `schemas/`.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    /// A folder of templates that take the place of the built-in ones of the same names.
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    /// Write nothing; say what would be.
    #[arg(long)]
    dry_run: bool,
}

impl About {
    fn wish(&self, name: &str) -> Wish {
        Wish {
            name: name.to_owned(),
            aggregate: self.aggregate.clone(),
            context: self.context.clone(),
            commands: self.commands.clone(),
            events: self.events.clone(),
            views: self.views.clone(),
            http: self.http,
        }
    }
}

impl New {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let one = |kind: Kind, one: &One| {
            let templates = Templates::new(one.common.templates.as_deref());
            let plan =
                contracts::plan_one(&one.common.root, kind, &one.context, &one.name, &templates)?;
            carry_out(&plan, &one.common, After::Nothing)
        };
        match &self.what {
            What::Service { name, context, common } => {
                let templates = Templates::new(common.templates.as_deref());
                let plan = service::plan(&common.root, &context.wish(name), &templates)?;
                carry_out(&plan, common, After::Generate { service: name })
            }
            What::Context { name, context, common } => {
                anyhow::ensure!(
                    context.context.is_none() && !context.http,
                    "expected neither `--context` nor `--http` beside the context's name; `charter new service` has them"
                );
                let templates = Templates::new(common.templates.as_deref());
                let wish =
                    Wish { context: Some(name.clone()), ..context.wish(&format!("{name}s")) };
                carry_out(&contracts::plan_context(&wish, &templates)?, common, After::Nothing)
            }
            What::Command(command) => one(Kind::Command, command),
            What::Event(event) => one(Kind::Event, event),
            What::View(view) => one(Kind::View, view),
        }
    }
}

/// What comes when the files are written.
#[derive(Clone, Copy, Debug)]
enum After<'n> {
    /// The code is generated.
    Generate { service: &'n str },
    /// Nothing: the contracts are to be filled in first.
    Nothing,
}

fn carry_out(plan: &Plan, common: &Common, after: After<'_>) -> anyhow::Result<u8> {
    let root = &common.root;
    let ready = plan.ready(root)?;
    let mut out = std::io::stdout();
    out.write_all(ready.lines().as_bytes())?;
    if !ready.existing.is_empty() {
        let count = ready.existing.len();
        say(&format!(
            "nothing written: {count} of these files {} there already (`=`), and none is written over\n",
            if count == 1 { "is" } else { "are" }
        ));
        return Ok(PROBLEMS);
    }
    if common.dry_run {
        return Ok(CLEAN);
    }
    write(&ready, root)?;
    let After::Generate { service } = after else {
        say("written; fill in the words, then `charter generate`\n");
        return Ok(CLEAN);
    };
    let code = super::generate(false, root, super::Format::Text)?;
    if code == CLEAN {
        say(&format!(
            "next: `cargo test -p {service}-service`, fill in the words of the contracts, then the rules in `services/{service}/src/domain.rs`\n"
        ));
    }
    Ok(code)
}

/// Writes the files; Rust is brought into the workspace's format by its own tool.
fn write(ready: &Ready, root: &Path) -> anyhow::Result<()> {
    let rust = ready.write(root)?;
    if rust.is_empty() {
        return Ok(());
    }
    let formatted = Command::new("rustfmt").args(["--edition", "2024"]).args(&rust).status();
    if !formatted.is_ok_and(|status| status.success()) {
        say(
            "`rustfmt` did not run; `cargo fmt` brings the new files into the workspace's format\n",
        );
    }
    Ok(())
}
