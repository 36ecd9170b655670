//! What can't be asked ends with 2 and one line that says why.

use std::net::TcpListener;
use std::process::Command;

fn unable(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_charterctl"));
    command.args(arguments).env_remove("CHARTER_URL").env_remove("CHARTER_API_KEY");
    let output = command.output().expect("it runs");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn a_platform_that_is_away_is_named() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let said = unable(&["status", "--url", &url]);
    assert!(said.starts_with("charterctl: ") && said.contains(&url), "{said}");
}

#[test]
fn an_address_that_is_none_is_named() {
    let said = unable(&["status", "--url", "localhost"]);
    assert!(said.contains("`--url` should be `http://host:port`, found `localhost`"), "{said}");
}
