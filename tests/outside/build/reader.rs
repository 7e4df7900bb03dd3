//! The function that reads: `#[cacheable]`.

use std::fmt::Write as _;

use rand::RngExt;
use rand::rngs::StdRng;

use crate::draw::{Returns, one_in, pick, returns};

/// How a function takes an id and a name.
pub(crate) struct Arguments {
    generics: &'static str,
    parameters: &'static str,
    /// The id and the name inside the function, as `u64` and `&str`.
    id: &'static str,
    name: &'static str,
    /// The same in a template.
    id_part: &'static str,
    name_part: &'static str,
    call: &'static str,
}

const ARGUMENTS: [Arguments; 7] = [
    Arguments {
        generics: "",
        parameters: "id: u64, name: String",
        id: "id",
        name: "&name",
        id_part: "id",
        name_part: "name",
        call: "id, name.clone()",
    },
    Arguments {
        generics: "",
        parameters: "id: &u64, name: &str",
        id: "*id",
        name: "name",
        id_part: "id",
        name_part: "name",
        call: "&id, &name",
    },
    Arguments {
        generics: "",
        parameters: "(id, name): (u64, String)",
        id: "id",
        name: "&name",
        id_part: "id",
        name_part: "name",
        call: "(id, name.clone())",
    },
    Arguments {
        generics: "",
        parameters: "Query { id, name }: Query",
        id: "id",
        name: "&name",
        id_part: "id",
        name_part: "name",
        call: "Query { id, name: name.clone() }",
    },
    Arguments {
        generics: "<T: KeyPart + Copy + Into<u64> + Send + Sync>",
        parameters: "id: T, name: impl AsRef<str> + KeyPart + Send + Sync",
        id: "id.into()",
        name: "name.as_ref()",
        id_part: "id",
        name_part: "name",
        call: "id, name.as_str()",
    },
    Arguments {
        generics: "",
        parameters: "id: u64, name: Option<&str>",
        id: "id",
        name: "name.unwrap_or_default()",
        id_part: "id",
        name_part: "name",
        call: "id, Some(name.as_str())",
    },
    Arguments {
        generics: "",
        parameters: "query: Query",
        id: "query.id",
        name: "&query.name",
        id_part: "query.id",
        name_part: "query.name",
        call: "Query { id, name: name.clone() }",
    },
];

#[derive(Clone, Copy, PartialEq)]
enum Receiver {
    Free,
    Reference,
    Shared,
    TraitDefault,
    AsyncTrait,
    Config,
}

const RECEIVERS: [Receiver; 6] = [
    Receiver::Free,
    Receiver::Reference,
    Receiver::Shared,
    Receiver::TraitDefault,
    Receiver::AsyncTrait,
    Receiver::Config,
];

/// What the writers and the model must know of the reader.
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is drawn by itself")]
pub(crate) struct Reader {
    pub(crate) number: u32,
    receiver: Receiver,
    arguments: &'static Arguments,
    returns: Returns,
    skips: bool,
    pub(crate) default_key: bool,
    pub(crate) hashed: bool,
    tenant: bool,
    pub(crate) region: bool,
    pub(crate) tags: bool,
    none_stored: bool,
    unless: bool,
    condition: bool,
    ttl_only: bool,
    pub(crate) version: bool,
    pub(crate) schema: Option<u32>,
    /// The rest of the options, as they are written.
    options: Vec<String>,
}

impl Reader {
    pub(crate) fn draw(number: u32, rng: &mut StdRng) -> Self {
        let receiver = RECEIVERS[number as usize % RECEIVERS.len()];
        let default_key = one_in(rng, 5);
        let arguments = match &ARGUMENTS[number as usize / 2 % ARGUMENTS.len()] {
            // `#[async_trait]` hides patterns from the attributes, and the compiler says so.
            pattern if receiver == Receiver::AsyncTrait && pattern.parameters.contains(['(', '{']) => {
                &ARGUMENTS[6]
            }
            arguments => arguments,
        };
        let returns = returns(rng, number);
        let mut reader = Reader {
            number,
            receiver,
            arguments,
            skips: one_in(rng, 4),
            default_key,
            hashed: !default_key && one_in(rng, 5),
            tenant: !default_key
                && matches!(receiver, Receiver::Reference | Receiver::Shared)
                && one_in(rng, 2),
            region: one_in(rng, 2),
            tags: default_key || rng.random_range(0..3) < 2,
            none_stored: returns.none && one_in(rng, 2),
            unless: one_in(rng, 4),
            condition: one_in(rng, 4),
            ttl_only: !default_key && one_in(rng, 8),
            version: one_in(rng, 3),
            schema: one_in(rng, 4).then(|| rng.random_range(1..1000)),
            options: Vec::new(),
            returns,
        };
        reader.options = reader.draw_options(rng);
        reader
    }

    /// The key that writers name, with these placeholders for id and name.
    pub(crate) fn key(&self, id: &str, name: &str) -> String {
        let tenant = if self.tenant { ":3" } else { "" };
        format!("g{}{tenant}:{}", self.number, self.parts(id, name))
    }

    fn parts(&self, id: &str, name: &str) -> String {
        let hash = if self.hashed { " | hash" } else { "" };
        format!("{{{id}}}:{{{name}{hash}}}")
    }

    fn own_key(&self) -> String {
        let tenant = if self.tenant { ":{self.tenant}" } else { "" };
        let parts = self.parts(self.arguments.id_part, self.arguments.name_part);
        format!("g{}{tenant}:{parts}", self.number)
    }

    /// Options that do not change what the model expects of a call after the other.
    fn draw_options(&self, rng: &mut StdRng) -> Vec<String> {
        let mut options = Vec::new();
        let ttl = pick(
            rng,
            &["", "ttl = \"1h\"", "ttl = Duration::from_secs(3600)", "ttl = |value| lifetime(value)"],
        );
        options.push(ttl.to_owned());
        if one_in(rng, 3) {
            options.push("jitter = \"10%\"".to_owned());
        }
        options.push(pick(rng, &["", "", "stale = \"10m\"", "stale = Duration::from_secs(60)"]).to_owned());
        if one_in(rng, 2) {
            let mode = pick(rng, &["cluster", "local", "off"]);
            options.push(format!("single_flight = \"{mode}\""));
        }
        if self.ttl_only {
            options.push("consistency = \"ttl\"".to_owned());
        } else if one_in(rng, 3) {
            options.push(format!("consistency = \"{}\"", pick(rng, &["strict", "bounded"])));
        }
        if one_in(rng, 3) {
            let choices: &[&str] = if self.returns.fails { &["bypass", "propagate"] } else { &["bypass"] };
            options.push(format!("on_error = \"{}\"", pick(rng, choices)));
        }
        options.push(pick(rng, &["", "timeout = \"20s\"", "timeout = Duration::from_secs(20)"]).to_owned());
        options.push(pick(rng, &["", "", "", "crate = ::jollycache"]).to_owned());
        options.retain(|option| !option.is_empty());
        options
    }

    fn attribute(&self) -> String {
        let n = self.number;
        let mut options = self.options.clone();
        let mut add = |yes: bool, option: String| {
            if yes {
                options.push(option);
            }
        };
        add(!self.default_key, format!("key = \"{}\"", self.own_key()));
        add(self.region && self.receiver != Receiver::Config, format!("cache = \"r{n}\""));
        add(self.receiver == Receiver::Reference, "with = self.cache".to_owned());
        let id = self.arguments.id_part;
        add(self.tags, format!("tags = [\"t{n}\", \"t{n}:{{{id}}}\"]"));
        add(self.none_stored, "none_ttl = \"1h\"".to_owned());
        add(self.unless, "unless = |value| value.bad".to_owned());
        add(self.condition, format!("condition = {} != 0", self.arguments.id));
        add(self.version, "version = ret.version".to_owned());
        add(self.schema.is_some(), format!("schema = {}", self.schema.unwrap_or_default()));
        // Beside two of its fields, whatever else the query holds is left out.
        let rest = !self.default_key && id.starts_with("query.");
        let skipped = [(self.skips, "trace"), (rest, "query")];
        let skipped: Vec<_> = skipped.into_iter().filter_map(|(yes, name)| yes.then_some(name)).collect();
        add(!skipped.is_empty(), format!("skip({})", skipped.join(", ")));
        options.sort_by_key(|option| option.len() % 7);
        format!("#[cacheable({})]", options.join(", "))
    }

    /// The function, with what it stands in.
    pub(crate) fn item(&self) -> String {
        let Arguments { generics, parameters, id, name, .. } = *self.arguments;
        let trace = if self.skips { ", trace: &str" } else { "" };
        let returned = self.returns.spelling;
        let body = format!(
            "-> {returned} {{ {} load({}, {id}, {name}).await }}",
            if self.skips { "note(trace);" } else { "" },
            self.number
        );
        let attribute = self.attribute();
        let method = |receiver: &str| {
            format!("{attribute} async fn read{generics}({receiver}, {parameters}{trace}) {body}")
        };
        let fields = "pub(crate) struct Repo { tenant: u8, cache: Cache }";
        match self.receiver {
            Receiver::Free => format!("{attribute} async fn read{generics}({parameters}{trace}) {body}"),
            Receiver::Reference => format!("{fields} impl Repo {{ {} }}", method("&self")),
            Receiver::Shared => format!("{fields} impl Repo {{ {} }}", method("self: Arc<Self>")),
            Receiver::TraitDefault => {
                format!(
                    "{fields} trait Reads: Send + Sync {{ {} }} impl Reads for Repo {{}}",
                    method("&self")
                )
            }
            Receiver::AsyncTrait => {
                let declared = format!("async fn read{generics}(&self, {parameters}{trace}) -> {returned};");
                format!(
                    "{fields} #[async_trait::async_trait] trait Reads {{ {declared} }}
                     #[async_trait::async_trait] impl Reads for Repo {{ {} }}",
                    method("&self")
                )
            }
            Receiver::Config => {
                let region =
                    if self.region { format!("cache = \"r{}\", ", self.number) } else { String::new() };
                let config = format!("#[cache_config({region}with = self.cache, ttl = \"2h\")]");
                format!("{fields} {config} impl Repo {{ {} }}", method("&self"))
            }
        }
    }

    /// The closure that calls it.
    pub(crate) fn call(&self) -> String {
        let trace = if self.skips { ", &trace()" } else { "" };
        let arguments = format!("{}{trace}", self.arguments.call);
        let call = match self.receiver {
            Receiver::Free => format!("read({arguments})"),
            Receiver::Shared => format!("Arc::clone(&repo).read({arguments})"),
            Receiver::Reference | Receiver::TraitDefault | Receiver::AsyncTrait | Receiver::Config => {
                format!("repo.read({arguments})")
            }
        };
        if self.receiver == Receiver::Free {
            return format!("call(|id, name| async move {{ {call}.await.into_answer() }})");
        }
        format!(
            "{{ let repo = Arc::new(Repo {{ tenant: 3, cache: cache.clone() }});
               call(move |id, name| {{ let repo = Arc::clone(&repo);
                   async move {{ let _ = (repo.tenant, &repo.cache); {call}.await.into_answer() }} }}) }}"
        )
    }

    /// A call of it in the body of a writer that has `id` and `name`; empty for methods.
    pub(crate) fn inner_call(&self) -> String {
        match (self.receiver, self.skips) {
            (Receiver::Free, false) => format!("let _ = read({}).await;", self.arguments.call),
            _ => String::new(),
        }
    }

    /// What the model knows of it.
    pub(crate) fn spec(&self) -> String {
        let mut spec = String::from("ReaderSpec {");
        let fields = [
            ("none", self.returns.none),
            ("fails", self.returns.fails),
            ("none_stored", self.none_stored),
            ("unless", self.unless),
            ("condition", self.condition),
            ("tags", self.tags && !self.ttl_only),
            ("ttl_only", self.ttl_only),
        ];
        for (name, value) in fields {
            let _ = write!(spec, "{name}: {value}, ");
        }
        spec + "}"
    }
}
