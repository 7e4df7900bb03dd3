//! Syntax to model: everything that can be rejected is rejected here, and all of it in one pass.

mod arguments;
mod cover;
mod placeholder;
mod skip;
mod target;
mod template;

use proc_macro2::TokenStream;
use syn::LitStr;

use self::arguments::Arguments;
use self::skip::Beside;
pub(crate) use self::target::target;
use crate::attribute::Macro;
use crate::diagnostics::Errors;
use crate::model::{Annotation, Exhaustive, Key, Target, Template, TemplateKind, When};
use crate::options::{OptionName, Options, Setting, Skipped};
use crate::parse::Function;

/// The most tags that an entry can carry, as the runtime has it.
const MAX_TAGS: usize = 64;

/// The annotation that `args` and `function` make; what is wrong with them goes to `errors`.
pub(crate) fn annotation(
    macro_: Macro,
    args: TokenStream,
    function: &Function,
    target: &Target,
    errors: &mut Errors,
) -> Option<Annotation> {
    let options = Options::read(macro_, args, errors);
    let arguments = Arguments::of(macro_, &function.sig, target);
    let mut reader = Reader { macro_, options, arguments, errors };
    let annotation = reader.annotation();
    reader.errors.is_empty().then_some(annotation)
}

/// Sees the options together with the function.
struct Reader<'e> {
    macro_: Macro,
    options: Options,
    arguments: Arguments,
    errors: &'e mut Errors,
}

impl Reader<'_> {
    fn annotation(&mut self) -> Annotation {
        self.needs();
        let mut annotation = self.empty();
        let mut key = None;
        let mut skipped = (!self.options.is_unreadable(OptionName::Skip)).then(Vec::new);
        for setting in self.options.take_settings() {
            match setting {
                Setting::Constant(constant) => annotation.constants.push(constant),
                Setting::Setter(setter) => annotation.setters.push(setter),
                Setting::Condition(expr) => annotation.condition = Some(expr),
                Setting::Unless(expr) => annotation.unless = Some(expr),
                Setting::When(when) => annotation.when = when,
                Setting::Crate(path) => annotation.root = Some(path),
                Setting::Key(text) => key = self.template(&text, TemplateKind::Key),
                Setting::Tags(texts) => annotation.tags = self.tags(&texts),
                Setting::Pattern(text) => annotation.pattern = self.template(&text, TemplateKind::Pattern),
                Setting::Skip(names) => skipped = Some(names),
                Setting::Default => {}
            }
        }
        (annotation.key, annotation.exhaustive) = self.key(key, skipped);
        self.no_ret_before(&annotation);
        annotation
    }

    fn empty(&self) -> Annotation {
        Annotation {
            macro_: self.macro_,
            root: None,
            constants: Vec::new(),
            condition: None,
            unless: None,
            setters: Vec::new(),
            when: When::After,
            key: None,
            exhaustive: Vec::new(),
            tags: Vec::new(),
            pattern: None,
        }
    }

    /// What an attribute cannot do without.
    fn needs(&mut self) {
        use OptionName::{All, Cache, Key, Pattern, Tags};

        if !self.options.complete {
            return;
        }
        let has = |option| self.options.has(option);
        let problem = match self.macro_ {
            Macro::Put if !has(Key) => {
                Some("`#[cache_put]` needs the key to store under: `key = \"product:{ret.id}\"`")
            }
            Macro::Evict if ![Key, Tags, Pattern, All].into_iter().any(has) => Some(
                "`#[cache_evict]` needs what to evict: `key = \"…\"`, `tags = [\"…\"]`, `pattern = \"…*\"` or `all`",
            ),
            _ => None,
        };
        if let Some(problem) = problem {
            self.errors.push(self.arguments.function.span(), problem);
        }
        if let Some(all) = self.options.span(All)
            && !has(Cache)
        {
            self.errors.push(all, "`all` needs the region that it empties: `cache = \"product\", all`");
        }
    }

    fn template(&mut self, text: &LitStr, kind: TemplateKind) -> Option<Template> {
        template::template(text, kind, &self.arguments, self.errors)
    }

    fn tags(&mut self, texts: &[LitStr]) -> Vec<Template> {
        // An eviction may name any number of them.
        if let Some(over) = texts.get(MAX_TAGS).filter(|_| self.macro_ != Macro::Evict) {
            let found = texts.len();
            self.errors.push_on(over, format!("`tags` has {found} tags, an entry can carry {MAX_TAGS}"));
        }
        texts.iter().filter_map(|text| self.template(text, TemplateKind::Tag)).collect()
    }

    /// The key, and what the compiler is to check of it. `skipped` is `None` if it could not be read.
    fn key(
        &mut self,
        template: Option<Template>,
        skipped: Option<Vec<Skipped>>,
    ) -> (Option<Key>, Vec<Exhaustive>) {
        if self.macro_ != Macro::Cacheable {
            return (template.map(Key::Template), Vec::new());
        }
        let given = self.options.has(OptionName::Key);
        let before = self.errors.count();
        let all_known = self.options.complete && skipped.is_some();
        let skipped = skipped.unwrap_or_default();
        let beside = match &template {
            Some(template) => Beside::Template(template),
            None if given => Beside::Unknown,
            None => Beside::Default,
        };
        skip::check(&skipped, beside, &self.arguments, self.errors);
        let Some(template) = template else {
            let key = (!given).then(|| Key::Default(cover::default_key(&skipped, &self.arguments)));
            return (key, Vec::new());
        };
        let mut exhaustive = Vec::new();
        if all_known && self.errors.count() == before {
            exhaustive = cover::forgotten(&template, &skipped, &self.arguments, self.errors);
            cover::forgotten_parameters(&template, &skipped, &self.arguments, self.errors);
        }
        (Some(Key::Template(template)), exhaustive)
    }

    /// Before the call there is no returned value.
    fn no_ret_before(&mut self, annotation: &Annotation) {
        if annotation.when != When::Before {
            return;
        }
        let key = match &annotation.key {
            Some(Key::Template(template)) => Some(template),
            _ => None,
        };
        let templates = key.into_iter().chain(&annotation.tags).chain(&annotation.pattern);
        for template in templates.filter(|template| template.uses_ret()) {
            self.errors.push(
                template.span,
                "`when = \"before\"` evicts before the call, when there is no `ret` yet: use arguments here, or \
                 `when = \"after\"`",
            );
        }
        if let Some(unless) = &annotation.unless {
            self.errors.push_on(unless,
                "`when = \"before\"` evicts before the call, and `unless` is evaluated over what it returned: use `condition`, \
                 or `when = \"after\"`",
            );
        }
    }
}
