//! Engines for tests: `toy` and `plain`, the same grammar, one with and one without HTTP/2, and the real
//! registry.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue, Method, StatusCode};
use keyway_engine::{
    Access, Act, AnyEngine, BadPath, BadPoll, Caching, Challenge, Context, Denial, Descriptor, Document,
    Engine, Engines, FileReply, Files, Head, Ingested, KeyError, Need, Outcome, Plain, Poll, Publication,
    Query, Reject, Reply, Sent, Site, Takes, Told, Transfer, Update, Upload, View,
};
use keyway_versions::Scheme;

/// The local address of connections in pure tests.
#[allow(dead_code, reason = "the pure tests use it, the socket tests do not")]
pub(crate) const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10));

/// An engine whose packages are `/{name}` and whose files are `/{name}/{file}`.
#[derive(Debug)]
pub(crate) struct Toy(&'static Descriptor);

/// All of them.
pub(crate) const ENGINES: Engines = Engines::new(&LIST);

static LIST: [&dyn AnyEngine; 3] = [&TOY, &PLAIN, &keyway_engine_oci::OciEngine];

static TOY: Toy = Toy(&TOY_FACTS);
static PLAIN: Toy = Toy(&PLAIN_FACTS);
static TOY_FACTS: Descriptor = descriptor("toy", true);
static PLAIN_FACTS: Descriptor = descriptor("plain", false);

const fn descriptor(key: &'static str, http2: bool) -> Descriptor {
    Descriptor {
        key,
        name: "Toy",
        scheme: Scheme::Semver,
        challenge: Challenge::License,
        http2,
        normalise,
        ingests: &[],
        body_limit: 1024,
        redirects: true,
        registry: false,
        updates: true,
        newest_tag: None,
        setup: "",
    }
}

fn normalise(key: &str) -> Result<String, KeyError> {
    Ok(key.to_lowercase())
}

/// A parsed request.
#[derive(Debug)]
pub(crate) enum Op {
    Ping,
    Panic,
    WhoAmI,
    LogIn,
    Names,
    Package(String),
    /// An updater's poll.
    Update(String, Box<Result<Poll, BadPoll>>),
    File(String, String),
    Push(String, String),
}

impl Engine for Toy {
    type Op = Op;

    fn descriptor(&self) -> &'static Descriptor {
        self.0
    }
    fn parse(&self, head: &Head<'_>) -> Result<Op, BadPath> {
        let segments: Vec<&str> = head.segments().collect();
        match (head.method, segments.as_slice()) {
            (&Method::PUT, ["-", "login"]) => Ok(Op::LogIn),
            (&Method::PUT, [name, file]) => Ok(Op::Push((*name).to_owned(), (*file).to_owned())),
            (&Method::GET | &Method::HEAD, ["-", "ping"]) => Ok(Op::Ping),
            (&Method::GET, ["-", "panic"]) => Ok(Op::Panic),
            (&Method::GET | &Method::HEAD, ["-", "whoami"]) => Ok(Op::WhoAmI),
            (&Method::GET | &Method::HEAD, [""]) => Ok(Op::Names),
            (&Method::GET | &Method::HEAD, [name, "-update"]) => {
                let query = Query(head.query);
                let poll = Poll::read(query.first("version").as_deref(), query);
                Ok(Op::Update((*name).to_owned(), Box::new(poll)))
            }
            (&Method::GET | &Method::HEAD, [name]) => Ok(Op::Package((*name).to_owned())),
            (&Method::GET | &Method::HEAD, [name, file]) => {
                Ok(Op::File((*name).to_owned(), (*file).to_owned()))
            }
            (&Method::GET | &Method::HEAD, _) => Err(BadPath::Unknown),
            _ => Err(BadPath::Method),
        }
    }
    fn need<'o>(&self, op: &'o Op) -> Need<'o> {
        match op {
            Op::Ping | Op::Panic | Op::LogIn => Need::Nothing,
            Op::WhoAmI => Need::Caller,
            Op::Push(..) => Need::Publisher,
            Op::Names => Need::Names,
            Op::Package(name) | Op::File(name, _) | Op::Update(name, ..) => Need::Package { key: name },
        }
    }
    fn variant(&self, op: &Op) -> Option<u32> {
        matches!(op, Op::Package(_)).then_some(0)
    }
    fn is_poll(&self, op: &Op) -> bool {
        matches!(op, Op::Update(..))
    }
    fn reply(&self, op: &Op, context: &Context<'_>, access: &Access<'_>) -> Reply {
        match (op, access) {
            (Op::Panic, _) => panic!("the toy was told to"),
            (Op::WhoAmI, _) => text(StatusCode::OK, context.caller),
            (Op::Package(_), Access::Package(view)) => package(context, view),
            (Op::File(_, file), Access::Package(view)) => file_of(view, file),
            (Op::Update(_, asked), Access::Package(view)) => update(asked.as_ref().as_ref(), context, view),
            (Op::Names, Access::Names(names)) => {
                let names: Vec<&str> = names.0.iter().map(|name| name.normalised.as_str()).collect();
                text(StatusCode::OK, &names.join(" "))
            }
            (_, Access::Absent) => text(StatusCode::NOT_FOUND, "absent"),
            _ => text(StatusCode::OK, "pong"),
        }
    }
    fn refuse(&self, _: &Op, _: Site<'_>, denial: &Denial) -> Plain {
        denied(denial)
    }
    fn bad_path(&self, error: &BadPath) -> Plain {
        let status = match error {
            BadPath::Unknown => StatusCode::NOT_FOUND,
            BadPath::Method => StatusCode::METHOD_NOT_ALLOWED,
            BadPath::Malformed(_) => StatusCode::BAD_REQUEST,
        };
        Plain::status(status).body("text/plain", error.to_string())
    }
    fn takes(&self, op: &Op, _: &Head<'_>) -> Result<Takes, Plain> {
        Ok(match op {
            Op::Push(..) => Takes::File { limit: 1 << 20 },
            _ => Takes::Document { limit: self.0.body_limit },
        })
    }
    fn act(&self, op: &Op, _: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain> {
        match op {
            Op::Push(package, filename) => {
                if sent.file.as_ref().is_none_or(|file| file.size == 0) {
                    return Err(Plain::status(StatusCode::BAD_REQUEST).body("text/plain", "an empty file"));
                }
                Ok(Act::Publish(Box::new(publication(package, filename))))
            }
            Op::LogIn => {
                let password = String::from_utf8_lossy(&sent.around.document).into_owned();
                Ok(Act::LogIn { user: String::new(), password: keyway_base::Secret::new(password) })
            }
            _ => Ok(Act::Read),
        }
    }
    fn render(&self, _: &Op, _: &Context<'_>, outcome: &Outcome) -> Reply {
        match outcome {
            Outcome::LoggedIn { token } => text(StatusCode::CREATED, token.expose()),
            large @ Outcome::TooLarge { .. } => text(StatusCode::PAYLOAD_TOO_LARGE, &format!("{large:?}")),
            other => text(StatusCode::OK, &format!("{other:?}")),
        }
    }
    fn ingest(&self, _: &mut Upload<'_>) -> Result<Ingested, Reject> {
        Ok(Ingested::default())
    }
}

fn publication(package: &str, filename: &str) -> Publication {
    Publication {
        package: package.to_owned(),
        version: "2.0.0".to_owned(),
        filename: filename.to_owned(),
        filetype: None,
        media_type: "application/octet-stream",
        platform: None,
        description: None,
        notice: None,
        tags: Vec::new(),
        files: Files::One,
        manifests: Vec::new(),
    }
}

fn text(status: StatusCode, text: &str) -> Reply {
    Plain::status(status).body("text/plain", text.to_owned()).into()
}

fn denied(denial: &Denial) -> Plain {
    let refused = Plain::status(denial.reason.status()).body("text/plain", denial.message.clone());
    refused.reason(&denial.message)
}

fn package(context: &Context<'_>, view: &View<'_>) -> Reply {
    if let Some(denial) = view.denial {
        return denied(denial).into();
    }
    let versions: Vec<String> = view.releases().map(|(_, release)| release.version.to_string()).collect();
    let body = format!("{} at {}: {}", view.package.name, context.base, versions.join(" "));
    Reply::Document(Document {
        media_type: "text/plain",
        body: body.repeat(100).into(),
        caching: Caching::Revalidate,
        transfer: Transfer::Negotiated,
        vary: "Accept, Authorization, Accept-Encoding",
    })
}

/// The version that is offered, or nothing, and where.
fn update(poll: Result<&Poll, &BadPoll>, context: &Context<'_>, view: &View<'_>) -> Reply {
    let (told, version) = match (poll, view.denial) {
        (_, Some(denial)) => (Told::refused(denial), None),
        (Err(error), _) => (Told::misread(error), None),
        (Ok(poll), _) => {
            let decision = view.upgrade(poll, None, |_| Some(()));
            let version = decision.offer.as_ref().map(|offer| offer.release.version.to_string());
            (decision.told(poll, Some("linux")), version)
        }
    };
    let answer = match version {
        Some(version) => Plain::status(StatusCode::OK).body("text/plain", version),
        None => Plain::status(StatusCode::NO_CONTENT),
    };
    let base = HeaderValue::try_from(context.base).expect("an address is a header value");
    let answer = answer.with(HeaderName::from_static("x-base"), base);
    Reply::Update(Box::new(Update { answer, told }))
}

fn file_of(view: &View<'_>, name: &str) -> Reply {
    let found = view.releases().find_map(|(release, found)| {
        let artifact = View::artifacts(found).find(|(_, artifact)| artifact.filename == name)?;
        Some(FileReply { release, artifact: artifact.0, media_type: None, attachment: true })
    });
    match (found, view.denial) {
        (Some(file), _) => Reply::File(file),
        (None, Some(denial)) => denied(denial).into(),
        (None, None) => text(StatusCode::NOT_FOUND, "no such file"),
    }
}
