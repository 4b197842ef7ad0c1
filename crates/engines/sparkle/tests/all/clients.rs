//! Models of what Sparkle and WinSparkle do with a feed, made from their sources: which item they take.

use std::cmp::Ordering;

use roxmltree::{Document, Node};

const NAMESPACE: &str = "http://www.andymatuschak.org/xml-namespaces/sparkle";

/// An item as the clients read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) version: String,
    pub(crate) short: String,
    pub(crate) url: String,
    pub(crate) signature: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) channel: Option<String>,
    pub(crate) minimum_system: Option<String>,
    pub(crate) hardware: Option<String>,
    pub(crate) phased: Option<String>,
    /// There, and for those below which version.
    pub(crate) critical: Option<Option<String>>,
    pub(crate) notes: Option<String>,
    /// The text and its format.
    pub(crate) description: Option<(String, Option<String>)>,
    pub(crate) deltas: Vec<(String, String)>,
}

/// The items of a feed, which has to be RSS.
pub(crate) fn items(text: &str) -> Vec<Item> {
    let document = Document::parse(text).unwrap();
    let rss = document.root_element();
    assert_eq!((rss.tag_name().name(), rss.attribute("version")), ("rss", Some("2.0")));
    let channel = rss.children().find(|node| node.has_tag_name("channel")).unwrap();
    channel.children().filter(|node| node.has_tag_name("item")).map(read).collect()
}

fn read(item: Node<'_, '_>) -> Item {
    let of_sparkle = |name: &'static str| item.children().find(|node| node.has_tag_name((NAMESPACE, name)));
    let text = |name| of_sparkle(name).and_then(|node| node.text()).map(str::to_owned);
    let attribute =
        |node: Node<'_, '_>, name: &'static str| node.attribute((NAMESPACE, name)).map(str::to_owned);
    let enclosures: Vec<_> = item.children().filter(|node| node.has_tag_name("enclosure")).collect();
    assert_eq!(enclosures.len(), 1);
    let deltas = of_sparkle("deltas").into_iter().flat_map(|node| node.children().filter(Node::is_element));
    let from = |node| (attribute(node, "deltaFrom").unwrap(), node.attribute("url").unwrap().to_owned());
    let description = item.children().find(|node| node.has_tag_name("description"));
    // Old clients read the version from the enclosure, newer ones from the item.
    let version = text("version").unwrap();
    assert_eq!(attribute(enclosures[0], "version").unwrap(), version);
    Item {
        version,
        short: text("shortVersionString").unwrap(),
        url: enclosures[0].attribute("url").unwrap().to_owned(),
        signature: attribute(enclosures[0], "edSignature"),
        os: attribute(enclosures[0], "os"),
        channel: text("channel"),
        minimum_system: text("minimumSystemVersion"),
        hardware: text("hardwareRequirements"),
        phased: text("phasedRolloutInterval"),
        critical: of_sparkle("criticalUpdate").map(|node| attribute(node, "version")),
        notes: text("releaseNotesLink"),
        description: description
            .map(|node| (node.text().unwrap_or_default().to_owned(), attribute(node, "format"))),
        deltas: deltas.map(from).collect(),
    }
}

/// A Mac with a program on it.
pub(crate) struct Mac<'a> {
    pub(crate) running: &'a str,
    pub(crate) system: &'a str,
    pub(crate) channels: &'a [&'a str],
}

impl<'a> Mac<'a> {
    pub(crate) fn running(running: &'a str) -> Self {
        Self { running, system: "26.1", channels: &[] }
    }
}

/// What Sparkle offers: of the items for a Mac, for its system and of no channel or an allowed one, the one with the
/// highest version, where that is higher than what runs.
pub(crate) fn mac<'i>(items: &'i [Item], mac: &Mac<'_>) -> Option<&'i Item> {
    let mut best: Option<&Item> = None;
    for item in items {
        let is_for_mac = item.os.as_deref().is_none_or(|os| os == "macos");
        let system = item.minimum_system.as_deref();
        let system_is_ok = system.is_none_or(|minimum| compare(minimum, mac.system) != Ordering::Greater);
        let channel_is_ok = item.channel.as_deref().is_none_or(|channel| mac.channels.contains(&channel));
        let is_better = best.is_none_or(|best| compare(&best.version, &item.version) == Ordering::Less);
        if is_for_mac && system_is_ok && channel_is_ok && is_better {
            best = Some(item);
        }
    }
    best.filter(|item| compare(mac.running, &item.version) == Ordering::Less)
}

/// What WinSparkle offers: the first item for Windows or for Windows on its arch, else the first of all, where that is
/// higher than what runs.
pub(crate) fn windows<'i>(items: &'i [Item], running: &str, arch: &str) -> Option<&'i Item> {
    let own = format!("windows-{arch}");
    let is_own = |item: &&Item| item.os.as_deref().is_some_and(|os| os == "windows" || os == own);
    let found = items.iter().find(is_own).or(items.first())?;
    (compare(running, &found.version) == Ordering::Less).then_some(found)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Separator,
}

fn kind(c: char) -> Kind {
    match c {
        '0'..='9' => Kind::Number,
        c if c == '.' || c.is_whitespace() || c.is_ascii_punctuation() => Kind::Separator,
        _ => Kind::Text,
    }
}

fn parts(version: &str) -> Vec<(Kind, String)> {
    let mut parts: Vec<(Kind, String)> = Vec::new();
    for c in version.chars() {
        match parts.last_mut() {
            Some((last, text)) if *last == kind(c) && kind(c) != Kind::Separator => text.push(c),
            _ => parts.push((kind(c), c.to_string())),
        }
    }
    parts
}

/// `SUStandardVersionComparator`: runs of digits, of letters and single separators are compared one by one.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (parts(one), parts(other));
    for ((left, a), (right, b)) in one.iter().zip(&other) {
        let order = match (left, right) {
            (Kind::Number, Kind::Number) => a.parse::<u64>().unwrap().cmp(&b.parse().unwrap()),
            (Kind::Text, Kind::Text) => a.cmp(b),
            (Kind::Separator, Kind::Separator) => Ordering::Equal,
            (Kind::Text, _) => Ordering::Less,
            (_, Kind::Text) => Ordering::Greater,
            (Kind::Number, _) => Ordering::Greater,
            (_, Kind::Number) => Ordering::Less,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    let rest = |longer: &[(Kind, String)], at: usize| longer.get(at).map(|(kind, _)| *kind);
    match (rest(&one, other.len()), rest(&other, one.len())) {
        (Some(Kind::Text), _) => Ordering::Less,
        (Some(_), _) => Ordering::Greater,
        (_, Some(Kind::Text)) => Ordering::Greater,
        (_, Some(_)) => Ordering::Less,
        (None, None) => Ordering::Equal,
    }
}

#[test]
fn versions_compare_as_sparkle_s_own_tests_say() {
    for (lower, higher) in
        [("1.0", "1.1"), ("1.0", "1.0.1"), ("1.0b1", "1.0"), ("1.5.5", "1.5.6a1"), ("9", "10")]
    {
        assert_eq!(compare(lower, higher), Ordering::Less, "{lower} {higher}");
        assert_eq!(compare(higher, lower), Ordering::Greater, "{lower} {higher}");
    }
    assert_eq!(compare("1.0.0", "1.0.0"), Ordering::Equal);
}
