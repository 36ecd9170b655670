//! `charter new`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, Subcommand};

use super::{CLEAN, PROBLEMS, say};
use crate::scaffold::contracts::{self, Kind};
use crate::scaffold::names::{self, Aggregate};
use crate::scaffold::plan::{Plan, Ready};
use crate::scaffold::project::{self, Platform};
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
    /// A project: a workspace of its own on the platform, with a first service, in a new folder.
    #[command(
        after_help = "Asks for what is not given where there is a terminal.\n\nExamples:\n  \
        charter new project shop --platform-path ../charter\n  \
        charter new project shop --aggregate Order --commands PlaceOrder,CancelOrder --events OrderPlaced,OrderCancelled"
    )]
    Project(Project),
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

/// A project.
#[derive(Debug, Args)]
struct Project {
    /// What the project and its folder are called: small letters.
    name: Option<String>,
    /// A checkout of the platform to build on, instead of published crates of this version.
    #[arg(long, value_name = "PATH")]
    platform_path: Option<PathBuf>,
    /// What the first service is called. Without it, the aggregate's name in the plural.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// What the first service's rules are about, and consistent in. Without it, `Task`.
    #[arg(long)]
    aggregate: Option<String>,
    /// The first context's name. Without it, the aggregate's in small letters.
    #[arg(long)]
    context: Option<String>,
    #[command(flatten)]
    messages: Messages,
    /// The folder in which the project's folder is made.
    #[arg(long, default_value = ".", value_name = "DIR")]
    root: PathBuf,
    #[command(flatten)]
    how: How,
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
    #[command(flatten)]
    messages: Messages,
    /// Write operations for commands and views to the OpenAPI document.
    #[arg(long)]
    http: bool,
}

/// What a context's messages and views are called.
#[derive(Debug, Args)]
struct Messages {
    /// The commands, the first of which an aggregate begins with. Without any, one to open it and one to close it.
    #[arg(long, value_delimiter = ',', requires = "events")]
    commands: Vec<String>,
    /// The event of each command, in the same order.
    #[arg(long, value_delimiter = ',', requires = "commands")]
    events: Vec<String>,
    /// The views. Without any, one of the aggregate.
    #[arg(long, value_delimiter = ',')]
    views: Vec<String>,
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
    #[command(flatten)]
    how: How,
}

/// How it is done.
#[derive(Debug, Args)]
struct How {
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
            commands: self.messages.commands.clone(),
            events: self.messages.events.clone(),
            views: self.messages.views.clone(),
            http: self.http,
        }
    }
}

impl New {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        let one = |kind: Kind, one: &One| {
            let templates = Templates::new(one.common.how.templates.as_deref());
            let plan =
                contracts::plan_one(&one.common.root, kind, &one.context, &one.name, &templates)?;
            carry_out(&plan, &one.common.root, &one.common.how, After::Nothing)
        };
        match &self.what {
            What::Project(project) => project.run(),
            What::Service { name, context, common } => {
                let templates = Templates::new(common.how.templates.as_deref());
                let plan = service::plan(&common.root, &context.wish(name), &templates)?;
                carry_out(&plan, &common.root, &common.how, After::Generate(&next(name)))
            }
            What::Context { name, context, common } => {
                anyhow::ensure!(
                    context.context.is_none() && !context.http,
                    "expected neither `--context` nor `--http` beside the context's name; `charter new service` has them"
                );
                let templates = Templates::new(common.how.templates.as_deref());
                let wish =
                    Wish { context: Some(name.clone()), ..context.wish(&format!("{name}s")) };
                let plan = contracts::plan_context(&wish, &templates)?;
                carry_out(&plan, &common.root, &common.how, After::Nothing)
            }
            What::Command(command) => one(Kind::Command, command),
            What::Event(event) => one(Kind::Event, event),
            What::View(view) => one(Kind::View, view),
        }
    }
}

/// What there is to do with a new service.
fn next(service: &str) -> String {
    format!(
        "next: `cargo test -p {service}-service`, fill in the words of the contracts, then the rules in `services/{service}/src/domain.rs`\n"
    )
}

impl Project {
    fn run(&self) -> anyhow::Result<u8> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => ask("What is the project called?", "")?,
        };
        anyhow::ensure!(
            !name.is_empty(),
            "expected a project's name, found none: `charter new project shop`"
        );
        let checkout = match &self.platform_path {
            Some(path) => Some(path.clone()),
            None => Some(ask("Where is a checkout of the platform? (none: published crates)", "")?)
                .filter(|path| !path.is_empty())
                .map(PathBuf::from),
        };
        let aggregate = match &self.aggregate {
            Some(aggregate) => aggregate.clone(),
            None => ask("What is its first service about?", "Task")?,
        };
        anyhow::ensure!(
            !self.root.join("schemas").exists(),
            "expected a folder outside of any workspace, found `schemas` in `{}`; go elsewhere, or name another folder with `--root`",
            self.root.display()
        );
        let service = match &self.service {
            Some(service) => service.clone(),
            None => Aggregate::new(&names::type_name(&aggregate, "an aggregate")?).plural.kebab,
        };
        let platform = match &checkout {
            Some(path) => Platform::checkout(path, &self.root)?,
            None => Platform::Published,
        };
        let first = Wish {
            name: service,
            aggregate,
            context: self.context.clone(),
            commands: self.messages.commands.clone(),
            events: self.messages.events.clone(),
            views: self.messages.views.clone(),
            http: true,
        };
        let templates = Templates::new(self.how.templates.as_deref());
        let plan = project::plan(&name, &platform, &first, &templates)?;
        let here = self.root == Path::new(".");
        let folder = if here { PathBuf::from(&name) } else { self.root.join(&name) };
        let next =
            format!("next: `cd {}`, `cargo run`, `cargo test --workspace`\n", folder.display());
        carry_out(&plan, &folder, &self.how, After::Generate(&next))
    }
}

/// The answer to a question, where there is a terminal to ask at; `default` without an answer, or nobody to ask.
fn ask(question: &str, default: &str) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(default.to_owned());
    }
    let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
    say(&format!("{question}{shown} "));
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default } else { answer }.to_owned())
}

/// What comes when the files are written.
#[derive(Clone, Copy, Debug)]
enum After<'n> {
    /// The code is generated; then these words are said.
    Generate(&'n str),
    /// Nothing: the contracts are to be filled in first.
    Nothing,
}

fn carry_out(plan: &Plan, root: &Path, how: &How, after: After<'_>) -> anyhow::Result<u8> {
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
    if how.dry_run {
        return Ok(CLEAN);
    }
    write(&ready, root)?;
    let After::Generate(next) = after else {
        say("written; fill in the words, then `charter generate`\n");
        return Ok(CLEAN);
    };
    let code = super::generate(false, root, super::Format::Text)?;
    if code == CLEAN {
        say(next);
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
