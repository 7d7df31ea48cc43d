//! What a report draws (SCOORD and SCOORD3D, PS3.3 C.18.6, C.18.9), with the finding that it belongs
//! to and the images that it was drawn on.
//!
//! A graphic names its image by an item inside it, written there or pointed to (C.17.3.2.5); one in the
//! patient names none. It is called by the measurement group that it stands in (tracking identifier,
//! else finding: PS3.16 TID 1410, 1411, 1501), else by the nearest item around it that says something.

use std::collections::HashMap;
use std::sync::Arc;

use super::findings::{FINDING, MEASUREMENT_GROUP, TRACKING_IDENTIFIER, cut, detail, is_one_of, is_said};
use super::item::{Graphic, Value};
use super::reference::Reference;
use super::tree::{ReportItem, ReportTree};
use crate::limits;

/// Most characters of a name, and most details of one finding.
const WORDS: usize = 200;
const DETAILS: usize = 12;
/// Most images that a graphic names.
const IMAGES: usize = 32;

/// One graphic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReportGraphic {
    pub finding: Arc<FindingOfGraphics>,
    pub graphic: Graphic,
    pub images: Vec<Reference>,
}

/// What graphics belong to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FindingOfGraphics {
    /// Number of its item in the tree.
    pub item: String,
    pub name: String,
    /// What was found, and what was measured.
    pub details: Vec<String>,
}

/// All graphics of a report, in its order; of all points together as many as of one image are drawn.
pub(super) fn graphics(tree: &ReportTree) -> Vec<ReportGraphic> {
    let is_graphic = |item: &ReportItem| matches!(item.value, Value::Graphic(_));
    if !tree.items.iter().any(is_graphic) {
        return Vec::new();
    }
    let numbers: HashMap<&str, usize> =
        tree.items.iter().enumerate().map(|(at, item)| (item.number.as_str(), at)).collect();
    let mut known: HashMap<usize, Arc<FindingOfGraphics>> = HashMap::new();
    let mut around: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    let mut points = limits::ANNOTATION_POINTS;
    for (at, item) in tree.items.iter().enumerate() {
        around.truncate(item.depth);
        if let Value::Graphic(graphic) = &item.value {
            let Some(rest) = points.checked_sub(graphic.points.len()) else { break };
            points = rest;
            let of = anchor(tree, &around).unwrap_or(at);
            let finding = known.entry(of).or_insert_with(|| Arc::new(finding(tree, of))).clone();
            found.push(ReportGraphic { finding, graphic: graphic.clone(), images: images(tree, &numbers, at) });
        }
        around.push(at);
    }
    found
}

/// The item that a graphic belongs to, among those around it.
fn anchor(tree: &ReportTree, around: &[usize]) -> Option<usize> {
    let nearest = |is: &dyn Fn(&ReportItem) -> bool| around.iter().rev().copied().find(|at| is(&tree.items[*at]));
    nearest(&|item| is_one_of(item, &[MEASUREMENT_GROUP]))
        .or_else(|| nearest(&is_said))
        .or_else(|| nearest(&|item| item.depth > 0 && !item.name().is_empty()))
}

fn finding(tree: &ReportTree, at: usize) -> FindingOfGraphics {
    let item = &tree.items[at];
    let children = || tree.children(at).map(|child| &tree.items[child]);
    let value_of = |code: &str| {
        let value = children().find(|child| is_one_of(child, &[code])).map(|child| cut(&child.value.words(), WORDS));
        value.filter(|words| !words.is_empty())
    };
    let is_group = is_one_of(item, &[MEASUREMENT_GROUP]);
    let (identifier, kind) = (value_of(TRACKING_IDENTIFIER), value_of(FINDING));
    let name = match &item.value {
        _ if is_group => identifier.or_else(|| kind.clone()),
        Value::Code(_) => Some(cut(&item.value.words(), WORDS)),
        _ => None,
    };
    let name = name.filter(|words| !words.is_empty()).unwrap_or_else(|| cut(item.name(), WORDS));
    let said = children().filter(|child| child.relationship != "HAS OBS CONTEXT" && is_said(child)).map(detail);
    let own = (!is_group && is_said(item)).then(|| detail(item));
    let mut details: Vec<String> = own.into_iter().chain(said).take(DETAILS).collect();
    details.retain(|words| !words.is_empty() && *words != name);
    FindingOfGraphics { item: item.number.clone(), name, details }
}

/// The images that a graphic was drawn on: those in it, and those that it points to.
fn images(tree: &ReportTree, numbers: &HashMap<&str, usize>, at: usize) -> Vec<Reference> {
    let image = |child: usize| match &tree.items[child].value {
        Value::Object(reference) => Some(reference.clone()),
        Value::Item(number) => match &tree.items[*numbers.get(number.as_str())?].value {
            Value::Object(reference) => Some(reference.clone()),
            _ => None,
        },
        _ => None,
    };
    tree.children(at).filter_map(image).take(IMAGES).collect()
}
