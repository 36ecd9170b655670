//! `client-typescript`: the client of the HTTP contract as a package for browsers and Node.

mod context;
mod operations;
mod schemas;
mod sockets;
mod text;

use heck::ToKebabCase;
use serde_json::json;

use super::Files;
use super::text::banner;
use crate::ir::{Contracts, Gateway};
use text::TsFile;

const ROOT: &str = "client-typescript";

/// What every client rests on, the same for all contracts.
const TRANSPORT: &str = include_str!("../../../templates/client-typescript/transport.ts");
const STREAM: &str = include_str!("../../../templates/client-typescript/stream.ts");
/// What every client on a socket rests on.
const SOCKETS: &str = include_str!("../../../templates/client-typescript/sockets.ts");

/// The package's files.
pub(super) fn emit(contracts: &Contracts, gateway: &Gateway, files: &mut Files) {
    let mut add = |path: &str, text: String| files.add(format!("{ROOT}/{path}"), text);
    let on_sockets = sockets::file(contracts, gateway);
    add("package.json", package(gateway, on_sockets.is_some()));
    add("tsconfig.json", tsconfig());
    add("src/transport.ts", copied(TRANSPORT));
    add("src/stream.ts", copied(STREAM));
    add("src/schemas.ts", schemas::file(gateway).finish());
    add("src/client.ts", operations::file(contracts, gateway).finish());
    let mut shown = Vec::new();
    for context in &contracts.contexts {
        if let Some(file) = context::file(gateway, contracts, context) {
            add(&format!("src/contexts/{}.ts", context.name), file.finish());
            shown.push(context.name.as_str());
        }
    }
    add("src/index.ts", index(gateway, &shown, on_sockets.is_some()).finish());
    if let Some(file) = on_sockets {
        add("src/sockets.ts", copied(SOCKETS));
        add("src/socket-client.ts", file.finish());
    }
}

fn package(gateway: &Gateway, has_sockets: bool) -> String {
    let mut package = json!({
        "name": format!("{}-client", gateway.title.to_kebab_case()),
        "version": gateway.version,
        "description": format!("The client of {}, generated from its contract", gateway.title),
        "type": "module",
        "sideEffects": false,
        "engines": { "node": ">=18" },
        "exports": {
            ".": { "types": "./dist/index.d.ts", "default": "./dist/index.js" },
            "./*": { "types": "./dist/*.d.ts", "default": "./dist/*.js" },
        },
        "files": ["dist", "src"],
        "scripts": { "prepare": "tsc -p ." },
        "devDependencies": { "typescript": "^5.9.3" },
    });
    if has_sockets {
        // Given by those who open sockets; who does not has no need of it.
        package["peerDependencies"] = json!({ "socket.io-client": "^4.7.0" });
        package["peerDependenciesMeta"] = json!({ "socket.io-client": { "optional": true } });
    }
    pretty(&package)
}

fn tsconfig() -> String {
    pretty(&json!({
        "compilerOptions": {
            "target": "ES2022",
            "module": "NodeNext",
            "lib": ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
            "types": [],
            "strict": true,
            "noUncheckedIndexedAccess": true,
            "exactOptionalPropertyTypes": true,
            "noImplicitOverride": true,
            "noUnusedLocals": true,
            "noUnusedParameters": true,
            "declaration": true,
            "sourceMap": true,
            "rootDir": "src",
            "outDir": "dist",
        },
        "include": ["src"],
    }))
}

fn pretty(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("JSON stays JSON");
    text.push('\n');
    text
}

fn copied(template: &str) -> String {
    format!("{}\n\n{template}", banner("//", "the compiler's templates"))
}

/// What the package gives: a namespace for each context, whose types may share names.
fn index(gateway: &Gateway, contexts: &[&str], has_sockets: bool) -> TsFile {
    let mut file = TsFile::from_source(&gateway.file);
    for name in contexts {
        file.line(&format!(
            "export * as {} from \"./contexts/{name}.js\";",
            text::identifier(name)
        ));
    }
    file.line("export { Client } from \"./client.js\";");
    file.line("export * from \"./schemas.js\";");
    if has_sockets {
        file.line("export { SocketClient } from \"./socket-client.js\";");
        file.line(
            "export type { Applied, Io, SendOptions, Socket, SocketOptions, Sockets } from \"./sockets.js\";",
        );
    }
    file.line(
        "export { type JoinOptions, type Message, type Standing, Streams } from \"./stream.js\";",
    );
    file.line("export { Problem } from \"./transport.js\";");
    file.line(
        "export type { CallOptions, CommandOptions, ConditionalOptions, Credentials, ReadOptions, Settings, Unawaited } from \
         \"./transport.js\";",
    );
    file
}
