//! The options of one attribute: known, allowed there, given once, and their values read. What depends on the function is
//! `validate`'s.

mod duration;
mod given;
mod read;
mod setting;
mod skipped;
mod table;
mod value;

use proc_macro2::{Span, TokenStream};

pub(crate) use self::given::Given;
pub(crate) use self::setting::Setting;
pub(crate) use self::skipped::Skipped;
pub(crate) use self::table::{OptionName, SPECS, Spec};
use crate::attribute::Macro;
use crate::diagnostics::{Errors, did_you_mean, quoted};
use crate::parse::{self, Arg};

/// The options of one attribute.
pub(crate) struct Options {
    entries: Vec<Entry>,
    /// Whether every option is known and allowed. Otherwise one that seems to be missing may be a misspelt one.
    pub(crate) complete: bool,
}

/// One option.
pub(crate) struct Entry {
    pub(crate) spec: &'static Spec,
    pub(crate) given: Given,
    /// `None` if the value is wrong.
    setting: Option<Setting>,
}

impl Options {
    /// Reads what `macro_` takes; what it does not take, what is there twice and wrong values go to `errors`.
    pub(crate) fn read(macro_: Macro, tokens: TokenStream, errors: &mut Errors) -> Self {
        let before = errors.count();
        let mut options = Options { entries: Vec::new(), complete: true };
        for arg in parse::args(tokens, errors) {
            match options.spec_of(macro_, &arg) {
                Ok(spec) => {
                    let given = Given { name: arg.name, form: spec.form, value: arg.value };
                    options.entries.push(Entry { spec, given, setting: None });
                }
                Err(problem) => errors.push(arg.name.span(), problem),
            }
        }
        options.complete = errors.count() == before;
        options.entries.sort_by_key(|entry| entry.spec.option);
        for Entry { spec, given, setting } in &mut options.entries {
            *setting = errors.keep((spec.read)(given));
        }
        options
    }

    /// The row of the option, or why it cannot be here.
    fn spec_of(&self, macro_: Macro, arg: &Arg) -> Result<&'static Spec, String> {
        let name = arg.name.to_string();
        match table::find(&name) {
            None => Err(unknown(macro_, &name)),
            Some(spec) if !spec.is_on(macro_) => Err(misplaced(macro_, spec)),
            Some(spec) if self.has(spec.option) => Err(format!("`{name}` is given twice: remove one")),
            Some(spec) => Ok(spec),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn has(&self, option: OptionName) -> bool {
        self.entry(option).is_some()
    }

    /// Whether the option is given, and its value is wrong.
    pub(crate) fn is_unreadable(&self, option: OptionName) -> bool {
        self.entry(option).is_some_and(|entry| entry.setting.is_none())
    }

    /// Where the option's name stands.
    pub(crate) fn span(&self, option: OptionName) -> Option<Span> {
        self.entry(option).map(|entry| entry.given.name.span())
    }

    fn entry(&self, option: OptionName) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.spec.option == option)
    }

    /// What the options set, in the order of the table.
    pub(crate) fn take_settings(&mut self) -> Vec<Setting> {
        self.entries.iter_mut().filter_map(|entry| entry.setting.take()).collect()
    }

    /// The options whose values are right.
    pub(crate) fn into_readable(self) -> impl Iterator<Item = Entry> {
        self.entries.into_iter().filter(|entry| entry.setting.is_some())
    }
}

fn unknown(macro_: Macro, name: &str) -> String {
    let names = || SPECS.iter().filter(|spec| spec.is_on(macro_)).map(|spec| spec.name);
    format!(
        "`#[{}]` has no option `{name}`{}\noptions: {}",
        macro_.name(),
        did_you_mean(name, names()),
        quoted(names()),
    )
}

fn misplaced(macro_: Macro, spec: &Spec) -> String {
    let what = if macro_ == Macro::Config { "is set on each method, in" } else { "is an option of" };
    format!("`#[{}]` does not take `{}`: it {what} {}", macro_.name(), spec.name, spec.places())
}
