//! Compile-fail and compile-pass cases of the attributes.
//!
//! `TRYBUILD=overwrite cargo test -p jollycache-ui-tests` writes the compiler's texts anew.

mod lint_clean;

use std::path::Path;
use std::{fs, io};

/// At the breadth of what the attributes promise.
const FEWEST_FAIL_CASES: usize = 60;

#[test]
fn cases() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*/*.rs");
    cases.compile_fail("fail/*/*.rs");
}

/// Such texts differ with the installation: they are there only where the standard library's sources are.
#[test]
fn no_text_quotes_the_standard_library() -> io::Result<()> {
    let mut cases = 0;
    for folder in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fail"))? {
        for case in fs::read_dir(folder?.path())? {
            let path = case?.path();
            if path.extension().is_some_and(|extension| extension == "stderr") {
                cases += 1;
                assert!(!fs::read_to_string(&path)?.contains("$RUST"), "{} quotes std", path.display());
            }
        }
    }
    assert!(cases >= FEWEST_FAIL_CASES, "only {cases} cases");
    Ok(())
}
