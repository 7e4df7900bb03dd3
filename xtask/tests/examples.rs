//! Every public function that a user calls has an example in its documentation.

use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, Type, Visibility};

/// The types whose public functions are looked at.
const TYPES: [&str; 42] = [
    "Audit",
    "Cache",
    "CacheBuilder",
    "CallStatusLayer",
    "ClientIp",
    "Decision",
    "EncryptionKey",
    "Error",
    "Events",
    "Invalidation",
    "Invalidator",
    "InvalidatorBuilder",
    "Key",
    "KeyBuilder",
    "Keyring",
    "Limit",
    "LockBuilder",
    "LockGuard",
    "MemoryBackend",
    "Namespace",
    "Pattern",
    "Policy",
    "Question",
    "RateLimitLayer",
    "RateLimiter",
    "RateLimiterBuilder",
    "RedisBackend",
    "RedisBuilder",
    "ResponseCacheLayer",
    "ResponseCacheLayerBuilder",
    "ResponseTimeLayer",
    "Route",
    "Session",
    "SessionHandle",
    "SessionId",
    "SessionService",
    "SessionServiceBuilder",
    "Tag",
    "TowerSessionStore",
    "WarmUp",
    "WarmUpBuilder",
    "WriteGuard",
];
/// The functions that belong to no type.
const FUNCTIONS: [&str; 4] = ["bypass", "install", "refresh", "scope"];

/// A documented function: its name, and whether its documentation has an example.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    has_example: bool,
}

#[test]
fn every_function_that_a_user_calls_has_an_example() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../jollycache/src");
    let functions: Vec<_> = files_below(&source).iter().flat_map(|path| functions_of(path)).collect();
    let found = |name: &str| functions.iter().any(|function| function.name.starts_with(name));
    for name in TYPES.map(|name| format!("{name}::")).iter().map(String::as_str).chain(FUNCTIONS) {
        assert!(found(name), "{name} has no public function: was it renamed?");
    }
    let without: Vec<_> = functions.iter().filter(|function| !function.has_example).collect();
    let names: Vec<_> = without.iter().map(|function| function.name.as_str()).collect();
    assert!(
        names.is_empty(),
        "{} of {} have no example:\n{}",
        names.len(),
        functions.len(),
        names.join("\n")
    );
}

#[test]
fn a_function_without_an_example_is_found() {
    let source = r"
        impl Cache {
            /// Has one.
            /// ```
            /// f();
            /// ```
            pub fn documented(&self) {}
            /// Has none.
            pub fn bare(&self) {}
            #[doc(hidden)]
            pub fn hidden(&self) {}
            pub(crate) fn inner(&self) {}
        }
        impl Clone for Cache { fn clone(&self) -> Self { Cache } }
        impl Other { pub fn not_listed(&self) {} }
        pub fn scope() {}
        pub fn helper() {}
    ";
    let found = |name: &str, has_example| Function { name: name.to_owned(), has_example };
    let expected = [found("Cache::documented", true), found("Cache::bare", false), found("scope", false)];
    assert_eq!(functions_in(source, Path::new("")), expected);
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the sources can be read");
    let paths = entries.map(|entry| entry.expect("the sources can be read").path());
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn functions_of(path: &Path) -> Vec<Function> {
    let source = fs::read_to_string(path).expect("the sources can be read");
    functions_in(&source, path.parent().expect("a file is in a folder"))
}

/// The listed functions of a source file; `folder` is where its `include_str!` begins.
fn functions_in(source: &str, folder: &Path) -> Vec<Function> {
    let file = syn::parse_file(source).expect("the sources parse");
    let mut functions = Vec::new();
    for item in &file.items {
        match item {
            Item::Fn(function) if FUNCTIONS.iter().any(|name| function.sig.ident == name) => {
                functions.extend(public("", &function.vis, &function.sig, &function.attrs, folder));
            }
            Item::Impl(block) if block.trait_.is_none() => {
                let Some(owner) = listed(&block.self_ty) else { continue };
                for item in &block.items {
                    if let ImplItem::Fn(function) = item {
                        let prefix = format!("{owner}::");
                        functions.extend(public(
                            &prefix,
                            &function.vis,
                            &function.sig,
                            &function.attrs,
                            folder,
                        ));
                    }
                }
            }
            _ => {}
        }
    }
    functions
}

fn listed(of: &Type) -> Option<String> {
    let Type::Path(path) = of else { return None };
    let name = path.path.segments.last()?.ident.to_string();
    TYPES.contains(&name.as_str()).then_some(name)
}

fn public(
    prefix: &str,
    visibility: &Visibility,
    signature: &syn::Signature,
    attributes: &[Attribute],
    folder: &Path,
) -> Option<Function> {
    let documented = matches!(visibility, Visibility::Public(_)) && !attributes.iter().any(is_hidden);
    let name = format!("{prefix}{}", signature.ident);
    let has_example = attributes.iter().any(|attribute| documentation(attribute, folder).contains("```"));
    documented.then_some(Function { name, has_example })
}

fn is_hidden(attribute: &Attribute) -> bool {
    matches!(&attribute.meta, Meta::List(list) if list.path.is_ident("doc") && list.tokens.to_string() == "hidden")
}

/// The text of a `#[doc = …]`, also one that is included from a file.
fn documentation(attribute: &Attribute, folder: &Path) -> String {
    let Meta::NameValue(pair) = &attribute.meta else { return String::new() };
    let text = |expression: &Expr| match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    match &pair.value {
        Expr::Macro(included) if included.mac.path.is_ident("include_str") => {
            let path =
                included.mac.parse_body::<syn::LitStr>().expect("include_str! takes a literal").value();
            fs::read_to_string(folder.join(path)).expect("an included file is there")
        }
        value if pair.path.is_ident("doc") => text(value).unwrap_or_default(),
        _ => String::new(),
    }
}
