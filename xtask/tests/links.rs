//! The links of README and guides lead somewhere, wherever they are read: in the repository, on crates.io, in rustdoc.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the repository's files are on the web: crates.io resolves a relative link against the crate's folder.
const FILES: &str = "https://github.com/jollyjet/jollycache/blob/main/";

#[test]
fn the_readmes_links_are_absolute_and_lead_to_files() {
    for link in links(&read("README.md")) {
        let path = link.target.strip_prefix(FILES).unwrap_or_else(|| panic!("{link:?} is not absolute"));
        assert!(root().join(path).is_file(), "{link:?} leads to no file");
    }
}

#[test]
fn a_guides_links_lead_to_guides_that_rustdoc_knows() {
    let modules = read("jollycache/src/docs.rs");
    for entry in fs::read_dir(root().join("docs")).expect("the guides can be listed") {
        let name = entry.expect("the guides can be listed").file_name();
        let guide = format!("docs/{}", name.to_string_lossy());
        assert!(modules.contains(&format!("../guides/{}", name.to_string_lossy())), "{guide} is no module");
        for link in links(&read(&guide)) {
            assert!(root().join("docs").join(&link.target).is_file(), "{guide}: {link:?} leads to no file");
            // Else rustdoc would take the file's name for a page beside the module's.
            assert!(modules.contains(&format!("[{}]: crate::docs::", link.label)), "{guide}: {link:?}");
        }
    }
}

#[derive(Debug)]
struct Link {
    label: String,
    target: String,
}

/// The link definitions of a Markdown text, `[label]: target`, and its inline links that lead to files.
fn links(text: &str) -> Vec<Link> {
    let definitions = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    let inline = text.split('[').filter_map(|rest| {
        let (label, rest) = rest.split_once("](")?;
        let (target, _) = rest.split_once(')')?;
        (!label.contains('\n') && target.contains(".md")).then_some((label, target))
    });
    let link =
        |(label, target): (&str, &str)| Link { label: label.to_owned(), target: target.trim().to_owned() };
    definitions.chain(inline).map(link).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
