//! Syntax to model: everything that can be rejected is rejected here, and all of it in one pass.

mod arguments;
mod cover;
mod duration;
mod options;
mod placeholder;
mod skip;
mod target;
mod template;
mod values;

use proc_macro2::TokenStream;
use syn::Expr;

use self::arguments::Arguments;
pub(crate) use self::options::{Given, Options};
use self::skip::Beside;
use self::template::Kind;
use crate::diagnostics::Errors;
use crate::model::{Annotation, Exhaustive, Key, Lifetime, NoneTtl, Site, Target, Template, Ttl, When};
use crate::options::Macro;
use crate::parse::{self, Function};

/// The most tags that an entry can carry, as the runtime has it.
const MAX_TAGS: usize = 64;

pub(crate) use self::target::target;
pub(crate) use self::values::check_shared;

/// The annotation that `args` and `function` make; what is wrong with them goes to `errors`.
pub(crate) fn annotation(
    macro_: Macro,
    args: TokenStream,
    function: &Function,
    target: &Target,
    errors: &mut Errors,
) -> Option<Annotation> {
    let before = errors.count();
    let args = parse::args(args, errors);
    let options = Options::read(macro_, args, errors);
    let complete = errors.count() == before;
    let arguments = Arguments::of(macro_, &function.sig, target);
    let mut reader = Reader { macro_, options, complete, arguments, errors };
    let annotation = reader.annotation();
    reader.errors.is_empty().then_some(annotation)
}

/// Takes the options one by one.
struct Reader<'e> {
    macro_: Macro,
    options: Options,
    /// Whether every option could be read: else what seems to be missing may be what was misspelt.
    complete: bool,
    arguments: Arguments,
    errors: &'e mut Errors,
}

impl Reader<'_> {
    fn annotation(&mut self) -> Annotation {
        let mut site = Site::default();
        self.needs();
        let ttl = self.ttl(&mut site);
        let stale = self.lifetime_into("stale", &mut site.stale_ms);
        let timeout = self.lifetime_into("timeout", &mut site.timeout_ms);
        site.region = self.take("cache", values::region);
        site.jitter = self.take("jitter", values::jitter);
        site.single_flight = self.take("single_flight", values::single_flight);
        let grace = self.lifetime_into("grace", &mut site.grace_ms);
        site.consistency = self.take("consistency", values::consistency);
        site.schema = self.take("schema", values::schema);
        let key_given = self.options.has("key");
        let key_template = self.template("key", Kind::Key);
        let (key, exhaustive) = self.key(key_given, key_template);
        let annotation = Annotation {
            macro_: self.macro_,
            root: self.take("crate", values::path),
            ttl,
            stale,
            timeout,
            grace,
            version: self.take("version", values::version),
            with: self.take("with", values::any),
            tags: self.tags(),
            pattern: self.template("pattern", Kind::Pattern),
            none_ttl: self.none_ttl(),
            condition: self.take("condition", values::condition),
            unless: self.take("unless", values::unless),
            propagate: self.propagate(),
            all: self.options.take("all", self.errors, values::flag).is_some(),
            when: self.when(),
            key,
            exhaustive,
            site,
        };
        self.no_ret_before(&annotation);
        annotation
    }

    fn take<T>(&mut self, name: &str, read: impl FnOnce(&Given) -> syn::Result<T>) -> Option<T> {
        self.options.take(name, self.errors, read)
    }

    /// What an attribute cannot do without.
    fn needs(&mut self) {
        if !self.complete {
            return;
        }
        let span = self.arguments.function.span();
        let has = |name| self.options.has(name);
        let problem = match self.macro_ {
            Macro::Put if !has("key") => {
                "`#[cache_put]` needs the key to store under: `key = \"product:{ret.id}\"`"
            }
            Macro::Evict if !["key", "tags", "pattern", "all"].into_iter().any(has) => {
                "`#[cache_evict]` needs to know what to evict: `key = \"…\"`, `tags = [\"…\"]`, `pattern = \"…*\"` or \
                 `all`"
            }
            _ => "",
        };
        if !problem.is_empty() {
            self.errors.push(span, problem);
        }
        if let Some(all) = self.options.span("all")
            && !self.options.has("cache")
        {
            self.errors.push(all, "`all` needs the region that it empties: `cache = \"product\", all`");
        }
    }

    fn ttl(&mut self, site: &mut Site) -> Option<Ttl> {
        match self.take("ttl", values::ttl)? {
            values::TtlValue::Lifetime(Lifetime::Millis(ms)) => {
                site.ttl_ms = Some(ms);
                None
            }
            values::TtlValue::Lifetime(Lifetime::Expr(expr)) => Some(Ttl::Expr(expr)),
            values::TtlValue::ByValue(closure) => Some(Ttl::ByValue(closure)),
        }
    }

    fn lifetime_into(&mut self, name: &str, fixed: &mut Option<u64>) -> Option<Expr> {
        match self.take(name, values::lifetime)? {
            Lifetime::Millis(ms) => {
                *fixed = Some(ms);
                None
            }
            Lifetime::Expr(expr) => Some(expr),
        }
    }

    fn none_ttl(&mut self) -> Option<NoneTtl> {
        let span = self.options.span("none_ttl")?;
        let lifetime = self.take("none_ttl", values::lifetime)?;
        Some(NoneTtl { span, lifetime })
    }

    fn propagate(&mut self) -> Option<proc_macro2::Span> {
        let span = self.options.span("on_error")?;
        let mode = self.take("on_error", |given| values::choice(given, &["bypass", "propagate"]))?;
        (mode == "propagate").then_some(span)
    }

    fn when(&mut self) -> When {
        match self.take("when", |given| values::choice(given, &["after", "before", "around"])) {
            Some("before") => When::Before,
            Some("around") => When::Around,
            _ => When::After,
        }
    }

    fn template(&mut self, name: &str, kind: Kind) -> Option<Template> {
        let text = self.take(name, values::text)?;
        template::template(&text, kind, &self.arguments, self.errors)
    }

    fn tags(&mut self) -> Vec<Template> {
        let texts = self.take("tags", values::texts).unwrap_or_default();
        // An eviction may name any number of them.
        if let Some(over) = texts.get(MAX_TAGS).filter(|_| self.macro_ != Macro::Evict) {
            let found = texts.len();
            self.errors.push_on(over, format!("`tags` has {found} tags, an entry can carry {MAX_TAGS}"));
        }
        let tags =
            texts.iter().filter_map(|text| template::template(text, Kind::Tag, &self.arguments, self.errors));
        tags.collect()
    }

    fn key(&mut self, given: bool, template: Option<Template>) -> (Option<Key>, Vec<Exhaustive>) {
        if self.macro_ != Macro::Cacheable {
            return (template.map(Key::Template), Vec::new());
        }
        let before = self.errors.count();
        let skipped = self.take("skip", values::skipped).unwrap_or_default();
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
        if self.complete && self.errors.count() == before {
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
                "`when = \"before\"` evicts before the call, and `unless` looks at what it returned: use `condition`, \
                 or `when = \"after\"`",
            );
        }
    }
}
