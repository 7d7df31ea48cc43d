//! The findings of a structured report: what was measured or seen, with who or what said it.
//!
//! A number, a code or a text of the content is a finding; what only describes another item
//! (observation context, concept modifiers, acquisition context, PS3.3 C.17.3.2.4) is not one, but
//! becomes its observer, algorithm or detail. Measurement groups of TID 1500 give their findings the
//! tracking identifier, the finding and the site (PS3.16 TID 1410, 1411, 1501); algorithms are those
//! of TID 4019. Reports of other templates (CAD, dose) are read by the same rule.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::item::Value;
use super::reference::Reference;
use super::tree::{ReportItem, ReportTree};

/// Most findings of a report.
const MOST: usize = 10_000;
/// Most details of one finding, and most characters of each.
const DETAILS: (usize, usize) = (12, 160);
/// Most observers and most references of one finding.
const OBSERVERS: usize = 8;
const REFERENCES: usize = 32;
/// Most characters of a group, an observer or an algorithm.
const WORDS: usize = 200;

/// Concepts of TID 4019, algorithm identification.
mod algorithm {
    pub(super) const NAME: &str = "111001";
    pub(super) const VERSION: &str = "111003";
    pub(super) const PARAMETERS: &str = "111002";
    pub(super) const FAMILY: &str = "111000";
    pub(super) const MANUFACTURER: &str = "122405";
}

const OBSERVER_TYPE: &str = "121005";
const PERSON_NAME: &str = "121008";
const DEVICE: &str = "121007";
const DEVICE_NAME: &str = "121013";
const DEVICE_UID: &str = "121012";
pub(super) const TRACKING_IDENTIFIER: &str = "112039";
const TRACKING_UID: &str = "112040";
pub(super) const FINDING: &str = "121071";
pub(super) const MEASUREMENT_GROUP: &str = "125007";

/// What a report says of something.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Finding {
    /// Number of its item in the tree.
    pub item: String,
    /// The measurement group, or the heading, that it stands in: its tracking identifier, else what
    /// was found.
    pub group: String,
    /// What is measured or judged.
    pub name: String,
    /// What of it: mean, 5th percentile, maximum … as its own modifiers say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<String>,
    pub value: String,
    pub unit: String,
    /// Persons and devices that say so.
    pub observers: Vec<String>,
    /// Name and version of the algorithm, where one is named.
    pub algorithm: String,
    /// Site, method, derivation and other modifiers: `Finding Site: Right lung`.
    pub details: Vec<String>,
    /// The images and other objects that it is about.
    #[serde(serialize_with = "all")]
    pub references: Vec<Arc<Reference>>,
}

/// With their first frames: an object that thousands of findings name stands whole in the content.
fn all<S: Serializer>(references: &[Arc<Reference>], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(references.iter().map(|one| one.in_short()))
}

impl Finding {
    /// What is measured, with what of it: `Probability, Mean`.
    #[must_use]
    pub fn title(&self) -> String {
        std::iter::once(&self.name).chain(&self.modifiers).map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// What items around a finding say of it.
#[derive(Clone, Default)]
struct Context {
    group: String,
    observers: Vec<String>,
    algorithm: String,
    details: Vec<String>,
    references: Vec<Arc<Reference>>,
}

/// A tree that is walked; an object that many findings name is kept once.
struct Walk<'a> {
    tree: &'a ReportTree,
    objects: HashMap<usize, Arc<Reference>>,
    found: Vec<Finding>,
}

/// All findings, in the order of the report.
#[must_use]
pub fn findings(tree: &ReportTree) -> Vec<Finding> {
    let mut walk = Walk { tree, objects: HashMap::new(), found: Vec::new() };
    if !tree.items.is_empty() {
        walk.visit(0, &Context::default());
    }
    walk.found
}

impl Walk<'_> {
    fn visit(&mut self, at: usize, around: &Context) {
        if self.found.len() >= MOST {
            return;
        }
        let tree = self.tree;
        let item = &tree.items[at];
        let context = self.context_of(at, around);
        if at > 0 && is_said(item) {
            // Objects that only a graphic inside it names are its own, too.
            let mut references = context.references.clone();
            self.named_below(at, &mut references);
            self.found.push(Finding {
                item: item.number.clone(),
                group: context.group.clone(),
                name: item.name().to_owned(),
                modifiers: own_modifiers(tree, at),
                value: item.value.words(),
                unit: item.value.unit().to_owned(),
                observers: context.observers.clone(),
                algorithm: context.algorithm.clone(),
                details: context.details.clone(),
                references,
            });
        }
        for child in tree.children(at) {
            if !describes(&tree.items[child]) {
                self.visit(child, &context);
            }
        }
    }

    /// The object that an item names.
    fn object(&mut self, at: usize) -> Option<Arc<Reference>> {
        let Value::Object(reference) = &self.tree.items[at].value else { return None };
        Some(self.objects.entry(at).or_insert_with(|| Arc::new(reference.clone())).clone())
    }

    /// What is known of what lies in an item: what holds around it, and what its own children say.
    fn context_of(&mut self, at: usize, around: &Context) -> Context {
        let tree = self.tree;
        let item = &tree.items[at];
        let children: Vec<&ReportItem> = tree.children(at).map(|child| &tree.items[child]).collect();
        let value_of = |code: &str| {
            let child = children.iter().find(|child| is_one_of(child, &[code]))?;
            Some(cut(&child.value.words(), WORDS)).filter(|words| !words.is_empty())
        };
        let is_group = is_one_of(item, &[MEASUREMENT_GROUP]);
        // A new group begins with nothing of the one before it; objects named by a heading hold for all
        // that is in it.
        let mut context = around.clone();
        let finding =
            children.iter().find(|child| is_one_of(child, &[FINDING])).map(|child| cut(&child.value.words(), WORDS));
        if let Some(name) = value_of(TRACKING_IDENTIFIER).or_else(|| finding.filter(|_| is_group)) {
            context.group = name;
        } else if item.value == Value::Container && context.group.is_empty() && item.depth > 0 && !is_group {
            context.group = cut(item.name(), WORDS);
        }
        let observers = observers(&children);
        if !observers.is_empty() {
            context.observers = observers;
        }
        if let Some(name) = value_of(algorithm::NAME) {
            let version = value_of(algorithm::VERSION).unwrap_or_default();
            context.algorithm = if version.is_empty() { name } else { format!("{name} {version}") };
            let parameters = children.iter().filter(|child| is_one_of(child, &[algorithm::PARAMETERS]));
            let more = parameters.map(|child| detail(child));
            context.details.retain(|words| !words.starts_with("Algorithm Parameters"));
            context.details.extend(more);
        }
        for at in tree.children(at) {
            let child = &tree.items[at];
            let is_context = is_one_of(child, &[TRACKING_IDENTIFIER, TRACKING_UID]) || is_of_algorithm(child);
            if child.relationship == "HAS CONCEPT MOD" && !is_context && !matches!(child.value, Value::Container) {
                context.details.push(modifier(tree, at));
            }
            match &child.value {
                Value::Object(_) if context.references.len() < REFERENCES => context.references.extend(self.object(at)),
                // What is measured in a region is measured on the image of the region.
                Value::Graphic(_) => self.named_below(at, &mut context.references),
                _ => {}
            }
        }
        context.details.truncate(DETAILS.0);
        context.references.truncate(REFERENCES);
        context
    }

    /// The objects named by what lies in an item, as far as that is no finding of its own.
    fn named_below(&mut self, at: usize, references: &mut Vec<Arc<Reference>>) {
        for child in self.tree.children(at) {
            if references.len() < REFERENCES
                && let Some(object) = self.object(child)
                && !references.contains(&object)
            {
                references.push(object);
            }
            if matches!(self.tree.items[child].value, Value::Graphic(_)) {
                self.named_below(child, references);
            }
        }
    }
}

/// Whether an item is a finding by itself.
pub(super) fn is_said(item: &ReportItem) -> bool {
    let of_group = [TRACKING_IDENTIFIER, TRACKING_UID];
    let says = matches!(item.value, Value::Number { .. } | Value::Code(_) | Value::Text(_));
    says && !is_one_of(item, &of_group) && !is_of_algorithm(item)
}

/// Whether an item only describes the one that it lies in.
fn describes(item: &ReportItem) -> bool {
    matches!(item.relationship.as_str(), "HAS OBS CONTEXT" | "HAS CONCEPT MOD" | "HAS ACQ CONTEXT")
}

pub(super) fn is_one_of(item: &ReportItem, values: &[&str]) -> bool {
    item.concept.as_ref().is_some_and(|concept| values.iter().any(|value| concept.is_dcm(value)))
}

fn is_of_algorithm(item: &ReportItem) -> bool {
    use algorithm::{FAMILY, MANUFACTURER, NAME, PARAMETERS, VERSION};
    is_one_of(item, &[NAME, VERSION, PARAMETERS, FAMILY, MANUFACTURER])
}

/// The values of the modifiers that stand in an item itself.
fn own_modifiers(tree: &ReportTree, at: usize) -> Vec<String> {
    let own = tree.children(at).map(|child| &tree.items[child]);
    let own = own.filter(|child| child.relationship == "HAS CONCEPT MOD" && !is_of_algorithm(child));
    own.take(4).map(|child| cut(&child.value.words(), WORDS)).filter(|words| !words.is_empty()).collect()
}

/// A modifier with those that it has itself: `Finding Site: Lung, Right`.
fn modifier(tree: &ReportTree, at: usize) -> String {
    let own = tree.children(at).map(|child| &tree.items[child]).filter(|child| child.relationship == "HAS CONCEPT MOD");
    let words = own.take(4).fold(detail(&tree.items[at]), |words, child| format!("{words}, {}", child.value.words()));
    cut(&words, DETAILS.1)
}

pub(super) fn detail(item: &ReportItem) -> String {
    let (name, unit) = (item.name(), item.value.unit());
    let value = item.value.words();
    let value = if unit.is_empty() { value } else { format!("{value} {unit}") };
    cut(&if name.is_empty() { value } else { format!("{name}: {value}") }, DETAILS.1)
}

pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Persons and devices that the observation context names (PS3.16 TID 1001–1004).
fn observers(children: &[&ReportItem]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let context = children.iter().filter(|child| child.relationship == "HAS OBS CONTEXT");
    let mut device_without_name = None;
    for child in context {
        if is_one_of(child, &[PERSON_NAME, DEVICE_NAME]) {
            all.push(child.value.words());
            device_without_name = None;
        } else if is_one_of(child, &[OBSERVER_TYPE]) {
            // A device may be named by nothing but its UID.
            all.extend(device_without_name.take());
            let is_device = matches!(&child.value, Value::Code(code) if code.is_dcm(DEVICE));
            device_without_name = is_device.then(|| child.value.words());
        } else if is_one_of(child, &[DEVICE_UID]) && device_without_name.is_some() {
            device_without_name = Some(child.value.words());
        }
    }
    all.extend(device_without_name);
    all.retain(|name| !name.is_empty());
    all.dedup();
    all.truncate(OBSERVERS);
    all.iter().map(|name| cut(name, WORDS)).collect()
}
