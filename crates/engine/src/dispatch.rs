//! The engine trait and its object-safe face, so that the front end holds a plain list of engines.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    Access, Act, BadPath, Context, Denial, Descriptor, Head, Ingested, Need, Outcome, Package, Plain, Reject,
    Reply, Scope, Sent, Site, Takes, Upload,
};

/// One package ecosystem. Pure: no clock, no I/O, no async.
pub trait Engine: Send + Sync + 'static {
    /// The engine's own typed grammar: a parsed request.
    type Op: Send + Sync + 'static;

    /// The engine's fixed facts.
    fn descriptor(&self) -> &'static Descriptor;

    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    fn parse(&self, head: &Head<'_>) -> Result<Self::Op, BadPath>;

    /// What must be looked up before the operation can be answered.
    fn need<'o>(&self, op: &'o Self::Op) -> Need<'o>;

    /// Whether a package has what the operation asks for: which of [`Need::OneOf`] is meant.
    fn holds(&self, op: &Self::Op, package: &Package) -> bool {
        let _ = (op, package);
        true
    }

    /// Which rendering of the view the operation asks for, when its answer is a document that depends on
    /// nothing but view and context: such documents are cached under this number. `None`: not cached.
    fn variant(&self, op: &Self::Op) -> Option<u32> {
        let _ = op;
        None
    }

    /// Whether the operation is an updater's poll: rollouts are looked at then, for the installation that asks
    /// ([`crate::Poller`]). Its answer is no document ([`Engine::variant`]).
    fn is_poll(&self, op: &Self::Op) -> bool {
        let _ = op;
        false
    }

    /// Answers a read. A caller with bad or missing credentials never gets here: see [`Engine::refuse`].
    fn reply(&self, op: &Self::Op, context: &Context<'_>, access: &Access<'_>) -> Reply;

    /// What a token of the registry must be good for to be used for the operation. Asked only of engines whose
    /// [`Descriptor::registry`] says that they have such tokens.
    fn scope(&self, op: &Self::Op) -> Option<Scope> {
        let _ = op;
        None
    }

    /// The header in which the ecosystem's clients are shown a word of warning beside an answer, where they show any:
    /// the caller's licence is about to expire.
    fn warning(&self, op: &Self::Op, text: &str) -> Option<(HeaderName, HeaderValue)> {
        let _ = (op, text);
        None
    }

    /// Puts a refusal into the form that the ecosystem's clients show.
    fn refuse(&self, op: &Self::Op, site: Site<'_>, denial: &Denial) -> Plain;

    /// Puts a grammar error into the form that the ecosystem's clients show.
    fn bad_path(&self, error: &BadPath) -> Plain;

    /// What kind of body an operation takes, by its head. Asked only of methods that have one; a small document
    /// unless the engine says otherwise.
    ///
    /// # Errors
    /// The answer to a head that announces another kind of body.
    fn takes(&self, _op: &Self::Op, _head: &Head<'_>) -> Result<Takes, Plain> {
        Ok(Takes::Document { limit: self.descriptor().body_limit })
    }

    /// Which effect an operation with this body asks for. A file is read and checked here, as by
    /// [`Engine::ingest`]; where there is one, this runs where blocking is allowed.
    ///
    /// # Errors
    /// The answer to a body that makes no sense.
    fn act(&self, op: &Self::Op, context: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain> {
        let _ = (op, context, sent);
        Ok(Act::Read)
    }

    /// Tells the client about an effect that was carried out, or why not.
    fn render(&self, op: &Self::Op, context: &Context<'_>, outcome: &Outcome) -> Reply;

    /// The name of the file of the same release that one of this name is read together with: a signature and what was
    /// signed. Whichever comes second is shown what was taken from the other ([`Upload::companion`]).
    fn companion(&self, filename: &str) -> Option<String> {
        let _ = filename;
        None
    }

    /// Where the engine has what its clients ask the JSON:API for by this file name, among the artifacts of a product
    /// (by id or code): a path below the engine's root. It is asked for where no such artifact was uploaded.
    fn beside_artifacts(&self, filename: &str, product: &str) -> Option<Beside> {
        let _ = (filename, product);
        None
    }

    /// Reads an upload whose name ends in one of [`Descriptor::ingests`].
    ///
    /// # Errors
    /// [`Reject`] with a reason for the vendor.
    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        let _ = upload;
        Ok(Ingested::default())
    }
}

/// What an engine has beside the artifacts of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Its path below the engine's root.
    pub path: String,
    /// Whether it is a feed, which goes before an uploaded one where the vendor wants [`crate::Feeds::Generated`].
    pub is_feed: bool,
}

/// A parsed request together with its engine: the object-safe face of [`Engine::Op`].
pub trait Call: Send + Sync {
    /// See [`Engine::need`].
    fn need(&self) -> Need<'_>;
    /// See [`Engine::holds`].
    fn holds(&self, package: &Package) -> bool;
    /// See [`Engine::variant`].
    fn variant(&self) -> Option<u32>;
    /// See [`Engine::is_poll`].
    fn is_poll(&self) -> bool;
    /// See [`Engine::reply`].
    fn reply(&self, context: &Context<'_>, access: &Access<'_>) -> Reply;
    /// See [`Engine::scope`].
    fn scope(&self) -> Option<Scope>;
    /// See [`Engine::warning`].
    fn warning(&self, text: &str) -> Option<(HeaderName, HeaderValue)>;
    /// See [`Engine::refuse`].
    fn refuse(&self, site: Site<'_>, denial: &Denial) -> Plain;
    /// See [`Engine::takes`].
    ///
    /// # Errors
    /// The answer to a head that announces another kind of body.
    fn takes(&self, head: &Head<'_>) -> Result<Takes, Plain>;
    /// See [`Engine::act`].
    ///
    /// # Errors
    /// The answer to a body that makes no sense.
    fn act(&self, context: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain>;
    /// See [`Engine::render`].
    fn render(&self, context: &Context<'_>, outcome: &Outcome) -> Reply;
}

/// The object-safe face of [`Engine`].
pub trait AnyEngine: Send + Sync + 'static {
    /// See [`Engine::descriptor`].
    fn descriptor(&self) -> &'static Descriptor;
    /// Parses a request head and binds it to this engine. Those of updaters are shown no headers: what they read of a
    /// request depends on its path and query alone.
    ///
    /// # Errors
    /// The finished answer to a request outside the grammar.
    fn call<'e>(&'e self, head: &Head<'_>) -> Result<Arc<dyn Call + 'e>, Plain>;
    /// See [`Engine::companion`].
    fn companion(&self, filename: &str) -> Option<String>;
    /// See [`Engine::beside_artifacts`].
    fn beside_artifacts(&self, filename: &str, product: &str) -> Option<Beside>;
    /// See [`Engine::ingest`].
    ///
    /// # Errors
    /// [`Reject`] with a reason for the vendor.
    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject>;
}

struct Bound<'e, E: Engine> {
    engine: &'e E,
    op: E::Op,
}

impl<E: Engine> Call for Bound<'_, E> {
    fn need(&self) -> Need<'_> {
        self.engine.need(&self.op)
    }
    fn holds(&self, package: &Package) -> bool {
        self.engine.holds(&self.op, package)
    }
    fn variant(&self) -> Option<u32> {
        self.engine.variant(&self.op)
    }
    fn is_poll(&self) -> bool {
        self.engine.is_poll(&self.op)
    }
    fn reply(&self, context: &Context<'_>, access: &Access<'_>) -> Reply {
        self.engine.reply(&self.op, context, access)
    }
    fn scope(&self) -> Option<Scope> {
        self.engine.scope(&self.op)
    }
    fn warning(&self, text: &str) -> Option<(HeaderName, HeaderValue)> {
        self.engine.warning(&self.op, text)
    }
    fn refuse(&self, site: Site<'_>, denial: &Denial) -> Plain {
        self.engine.refuse(&self.op, site, denial)
    }
    fn takes(&self, head: &Head<'_>) -> Result<Takes, Plain> {
        self.engine.takes(&self.op, head)
    }
    fn act(&self, context: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain> {
        self.engine.act(&self.op, context, sent)
    }
    fn render(&self, context: &Context<'_>, outcome: &Outcome) -> Reply {
        self.engine.render(&self.op, context, outcome)
    }
}

impl<E: Engine> AnyEngine for E {
    fn descriptor(&self) -> &'static Descriptor {
        Engine::descriptor(self)
    }
    fn call<'e>(&'e self, head: &Head<'_>) -> Result<Arc<dyn Call + 'e>, Plain> {
        let none = HeaderMap::new();
        let head = if self.descriptor().updates { Head { headers: &none, ..*head } } else { *head };
        match self.parse(&head) {
            Ok(op) => Ok(Arc::new(Bound { engine: self, op })),
            Err(error) => Err(self.bad_path(&error)),
        }
    }
    fn companion(&self, filename: &str) -> Option<String> {
        Engine::companion(self, filename)
    }
    fn beside_artifacts(&self, filename: &str, product: &str) -> Option<Beside> {
        Engine::beside_artifacts(self, filename, product)
    }
    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        Engine::ingest(self, upload)
    }
}

/// The engines a server runs: the one list that adding an engine touches.
#[derive(Clone, Copy)]
pub struct Engines(&'static [&'static dyn AnyEngine]);

impl Engines {
    /// A list of engines, in the order in which they are shown.
    pub const fn new(engines: &'static [&'static dyn AnyEngine]) -> Self {
        Self(engines)
    }
    /// The engine of a key.
    pub fn get(self, key: &str) -> Option<&'static dyn AnyEngine> {
        self.0.iter().copied().find(|engine| engine.descriptor().key == key)
    }
    /// The engine that has something beside the artifacts of a product under this name, and what.
    pub fn beside_artifacts(self, filename: &str, product: &str) -> Option<(&'static str, Beside)> {
        self.0
            .iter()
            .find_map(|engine| Some((engine.descriptor().key, engine.beside_artifacts(filename, product)?)))
    }
    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = &'static dyn AnyEngine> {
        self.0.iter().copied()
    }
}
