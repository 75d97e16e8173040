//! The command: what it writes, what it leaves alone, what it says.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const GREETING: &str = "#[derive(serde::Serialize, serde::Deserialize)]
pub struct Request;

#[rpcnet::service]
pub trait Greeting {
    async fn greet(&self, request: Request) -> Result<String, String>;
}
";

/// A crate with one definition.
struct Crate(TempDir);

impl Crate {
    fn new(definition: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("src")).expect("a folder");
        let created = Self(folder);
        created.write("src/greeting.rpc.rs", definition);
        created
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().expect("a folder")).expect("a folder");
        fs::write(self.path(path), text).expect("a file");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn generate(&self, arguments: &[&str]) -> Output {
        let input = ["--input", "src/greeting.rpc.rs"];
        self.run(&[&input, arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rpcnet-gen"));
        command.args(arguments).current_dir(self.0.path()).output().expect("a command that runs")
    }

    /// The generated files, in the order of their names.
    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.path("src/generated/greeting")).into_iter().flatten();
        let mut names: Vec<_> =
            names.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_run_says_what_it_wrote_and_how_to_use_it() {
    let greeting = Crate::new(GREETING);
    let said = stdout(&greeting.generate(&[]));
    let expected = "📦 Generating code for service: Greeting
  ✅ Generated server: src/generated/greeting/server.rs
  ✅ Generated client: src/generated/greeting/client.rs
  ✅ Generated types: src/generated/greeting/types.rs
  ✅ Generated module: src/generated/greeting/mod.rs

✨ Code generation complete!

📝 Add the following to your code to use the generated service:
    #[path = \"generated/greeting/mod.rs\"]
    mod greeting;
    use greeting::*;
";
    assert_eq!(said, expected);
    assert_eq!(greeting.files(), ["client.rs", "mod.rs", "server.rs", "types.rs"]);
}

#[test]
fn a_second_run_writes_nothing() {
    let greeting = Crate::new(GREETING);
    stdout(&greeting.generate(&[]));
    let modified = |path: &str| fs::metadata(greeting.path(path)).and_then(|data| data.modified()).expect("a date");
    let before = modified("src/generated/greeting/mod.rs");
    let said = stdout(&greeting.generate(&[]));
    assert!(said.contains("✅ Up to date client:"), "{said}");
    assert_eq!(modified("src/generated/greeting/mod.rs"), before);
}

#[test]
fn each_option_asks_for_its_file_and_several_for_several() {
    let check = |options: &[&str], files: &[&str], uses: &[&str]| {
        let greeting = Crate::new(GREETING);
        stdout(&greeting.generate(options));
        assert_eq!(greeting.files(), files, "{options:?}");
        let module = greeting.read("src/generated/greeting/mod.rs");
        for part in ["client", "server", "types"] {
            let is_used = uses.contains(&part);
            assert_eq!(module.contains(&format!("pub mod {part};")), is_used, "{options:?}\n{module}");
            assert_eq!(module.contains(&format!("pub use {part}::*;")), is_used, "{options:?}\n{module}");
        }
    };
    check(&["--types-only"], &["mod.rs", "types.rs"], &["types"]);
    check(&["--client-only"], &["client.rs", "mod.rs"], &["client"]);
    check(&["--server-only"], &["mod.rs", "server.rs"], &["server"]);
    check(&["--server-only", "--client-only"], &["client.rs", "mod.rs", "server.rs"], &["client", "server"]);
    check(&["--client-only", "--types-only"], &["client.rs", "mod.rs", "types.rs"], &["client", "types"]);
}

#[test]
fn a_check_passes_over_current_files_and_shows_what_is_stale() {
    let greeting = Crate::new(GREETING);
    let missing = greeting.generate(&["--check"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(greeting.files().is_empty(), "a check writes nothing");

    stdout(&greeting.generate(&[]));
    assert!(stdout(&greeting.generate(&["--check"])).contains("4 generated files are up to date"));

    greeting.write("src/greeting.rpc.rs", &GREETING.replace("struct Request;", "struct Request(u8);"));
    let stale = greeting.generate(&["--check"]);
    assert_eq!(stale.status.code(), Some(1));
    let said = String::from_utf8_lossy(&stale.stdout).into_owned();
    assert!(said.contains("--- src/generated/greeting/types.rs (committed)\n+++ src/generated/greeting/types.rs"));
    assert!(said.contains("-pub struct Request;\n+pub struct Request(u8);\n"), "{said}");
    assert!(said.contains("❌ stale: 1 of 4 generated files"), "{said}");
    assert!(greeting.read("src/generated/greeting/types.rs").contains("pub struct Request;"));
}

#[test]
fn a_file_that_people_wrote_is_left_alone_and_nothing_else_is_written() {
    let greeting = Crate::new(GREETING);
    greeting.write("src/generated/greeting/types.rs", "// mine\n");
    let said = stderr(&greeting.generate(&[]));
    let expected = "Error: rpcnet-gen overwrites no file that it did not write: move it away, or choose another output
  src/generated/greeting/types.rs
";
    assert_eq!(said, expected);
    assert_eq!(greeting.read("src/generated/greeting/types.rs"), "// mine\n");
    assert_eq!(greeting.files(), ["types.rs"]);
    let checked = String::from_utf8_lossy(&greeting.generate(&["--check"]).stdout).into_owned();
    assert!(checked.contains("--- src/generated/greeting/types.rs (not written by rpcnet-gen)\n"), "{checked}");
}

#[test]
fn what_an_earlier_run_wrote_is_not_deleted_but_told() {
    let greeting = Crate::new(GREETING);
    stdout(&greeting.generate(&[]));
    let said = stdout(&greeting.generate(&["--client-only", "--types-only"]));
    assert!(said.contains("⚠️  Left alone, the module names it no more: src/generated/greeting/server.rs"), "{said}");
    assert_eq!(greeting.files(), ["client.rs", "mod.rs", "server.rs", "types.rs"]);
}

#[test]
fn every_mistake_is_shown_with_its_file_its_line_and_its_token() {
    let greeting = Crate::new(
        "use super::Missing;
#[rpcnet::service]
trait Greeting {
    async fn greet(request: String) -> Result<String, String>;
}
",
    );
    let said = stderr(&greeting.generate(&[]));
    let expected = "Error: this path leaves the file, and generated code stands elsewhere: write it from `crate::`, or `pub(crate)`
 --> src/greeting.rpc.rs:1:5
  |
1 | use super::Missing;
  |     ^^^^^

Error: generated code stands in a module of its own, where a private trait is out of reach: write `pub trait`, or `pub(crate) trait`
 --> src/greeting.rpc.rs:3:1
  |
3 | trait Greeting {
  | ^^^^^

Error: a method is called on the value that serves: write `fn greet(&self, ..)`
 --> src/greeting.rpc.rs:4:14
  |
4 |     async fn greet(request: String) -> Result<String, String>;
  |              ^^^^^
";
    assert_eq!(said, expected);
    assert!(!greeting.path("src/generated").exists());
}

#[test]
fn what_would_mean_something_else_in_another_file_is_refused_at_its_token() {
    let check = |definition: &str, place: &str, text: &str| {
        let greeting = Crate::new(
            &definition.replace("SERVICE", "#[rpcnet::service] pub trait S { async fn f(&self, a: A) -> R; }"),
        );
        let said = stderr(&greeting.generate(&[]));
        assert!(said.contains(&format!("greeting.rpc.rs:{place}\n")), "{said}");
        assert!(said.contains(text), "{said}");
        assert_eq!(said.matches("Error").count(), 1, "{said}");
    };
    check("SERVICE\npub mod a { type B = super::super::C; }", "2:22", "leaves the file");
    check("SERVICE\npub(super) struct B;", "2:5", "`pub(crate)`");
    check("SERVICE\npub mod files;", "2:9", "beside the generated one");
    check("SERVICE\npub mod types {}", "2:9", "has this name");
    check("struct A;\nSERVICE", "2:55", "`A` is private to the generated `types.rs`");
    check("mod a { pub struct A; }\nuse self::a::A;\nSERVICE", "3:55", "`A` is private");
    check("#[cfg(test)]\nSERVICE", "1:1", "put the condition on the `mod`");
    check("SERVICE\npub struct 3;", "2:12", "expected identifier");
}

#[test]
fn inputs_that_are_missing_or_define_no_service_are_told_by_name() {
    let greeting = Crate::new("pub struct Request;");
    assert_eq!(stderr(&greeting.run(&["-i", "none.rpc.rs"])), "Error: Input file 'none.rpc.rs' does not exist\n");
    let said = stderr(&greeting.generate(&[]));
    let expected = "defines no service: put `#[rpcnet::service]` on a trait that stands in no `mod`";
    assert_eq!(said, format!("Error: `src/greeting.rpc.rs` {expected}\n"));
}

#[test]
fn two_definitions_of_one_service_are_refused() {
    let greeting = Crate::new(GREETING);
    fs::copy(greeting.path("src/greeting.rpc.rs"), greeting.path("src/again.rpc.rs")).expect("a copy");
    let said = stderr(&greeting.generate(&["--input", "src/again.rpc.rs"]));
    assert!(said.contains("the folder `greeting` would be written for `src/greeting.rpc.rs` and again for"), "{said}");
    assert!(!Path::new(&greeting.path("src/generated")).exists());
}
