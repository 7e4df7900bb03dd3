//! Every option is documented on each attribute that takes it: a line with its default, and an example that compiles.

use crate::attribute::Macro;
use crate::options::SPECS;

const DOCS: [(Macro, &str); 4] = [
    (Macro::Cacheable, include_str!("../../docs/cacheable.md")),
    (Macro::Put, include_str!("../../docs/cache_put.md")),
    (Macro::Evict, include_str!("../../docs/cache_evict.md")),
    (Macro::Config, include_str!("../../docs/cache_config.md")),
];

/// The option and the default of each row of the table of options.
fn rows(docs: &str) -> Vec<(&str, &str)> {
    docs.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(row_of).collect()
}

fn row_of(line: &str) -> Option<(&str, &str)> {
    let name = line.split(|c: char| !c.is_ascii_lowercase() && c != '_').next()?;
    let default = line.strip_suffix(" |")?.rsplit(" | ").next()?;
    Some((name, default))
}

/// The code of the examples, but for those that do not compile.
fn examples(docs: &str) -> String {
    let blocks = docs.split("```").skip(1).step_by(2);
    blocks.filter(|block| block.starts_with('\n')).collect()
}

/// Whether an attribute in `code` has the option.
fn has(code: &str, option: &str) -> bool {
    code.match_indices(option).any(|(at, _)| {
        let before = code[..at].trim_end().ends_with(['(', ',']);
        before && code[at + option.len()..].trim_start().starts_with(['=', '(', ',', ')'])
    })
}

#[test]
fn every_option_has_a_line_with_its_default_and_an_example() {
    for (macro_, docs) in DOCS {
        let (rows, examples) = (rows(docs), examples(docs));
        for spec in SPECS.iter().filter(|spec| spec.is_on(macro_)) {
            let (attribute, option) = (macro_.name(), spec.name);
            let default = rows.iter().find(|(name, _)| *name == option).map(|(_, default)| *default);
            assert!(default.is_some_and(|default| !default.is_empty()), "{attribute}: no line on {option}");
            assert!(has(&examples, option), "{attribute}: no example with {option}");
        }
    }
}

#[test]
fn every_line_is_of_an_option() {
    for (macro_, docs) in DOCS {
        for (name, _) in rows(docs) {
            let known = SPECS.iter().any(|spec| spec.name == name && spec.is_on(macro_));
            assert!(known, "{}: no option {name}", macro_.name());
        }
    }
}
