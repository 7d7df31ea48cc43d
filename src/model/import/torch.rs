//! The tensors that a PyTorch pickle describes: state dicts, training checkpoints around them, and
//! whole modules.
//!
//! A state dict is a dictionary of tensors. A checkpoint keeps one under a key such as
//! `state_dict`. A whole module (`torch.save(model, …)`, which is how TorchXRayVision ships its
//! networks) is an object of an unknown class whose state holds `_modules`, `_parameters` and
//! `_buffers`, and those are walked like PyTorch's own `state_dict()` does. A tensor is a call of
//! `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …)`.
//!
//! Modules may share each other, so that a short file describes more names than there are atoms.
//! What lies below a module is counted once, however many name it; only what leads to a tensor is
//! walked, and every step is counted.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::ImportError;
use super::elements::Element;
use super::heap::{Heap, Id, Node};
use crate::limits::{FOREIGN_DEPTH, FOREIGN_NAME, FOREIGN_STEPS, FOREIGN_TENSORS, WEIGHT_BYTES};
use crate::model::import::memory::room;

/// Keys under which training programs keep the state dict, most telling first.
const WRAPPERS: [&str; 11] = [
    "state_dict",
    "model_state_dict",
    "model_state",
    "state_dict_ema",
    "model_ema",
    "ema",
    "model",
    "net",
    "network",
    "weights",
    "params",
];

/// Most sides of a tensor.
const MOST_SIDES: usize = 8;

/// A run of values in a PyTorch file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Storage {
    pub key: String,
    pub element: Element,
    /// Values that it is said to hold.
    pub count: usize,
}

/// A tensor as a view into a storage.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    pub storage: Storage,
    pub offset: usize,
    pub size: Vec<usize>,
    pub stride: Vec<usize>,
}

impl View {
    /// Number of values.
    #[must_use]
    pub(super) fn count(&self) -> usize {
        self.size.iter().product()
    }

    /// The bytes of its values in row-major order, whatever the strides are; `storage` are those of
    /// the storage.
    ///
    /// # Errors
    /// When there is no memory for them, or the storage is shorter than [`Self::extent`].
    pub(super) fn gather(&self, storage: &[u8]) -> Result<Vec<u8>, ImportError> {
        fn lay(size: &[usize], stride: &[usize], at: usize, take: &mut dyn FnMut(usize)) {
            match (size, stride) {
                ([n, size @ ..], [step, stride @ ..]) => (0..*n).for_each(|i| lay(size, stride, at + i * step, take)),
                _ => take(at),
            }
        }
        let width = self.storage.element.bytes();
        let mut out = room(self.count().saturating_mul(width))?;
        if self.extent() * width > storage.len() {
            return Err(ImportError::CutShort);
        }
        if self.contiguous() {
            out.extend_from_slice(&storage[self.offset * width..(self.offset + self.count()) * width]);
        } else if self.count() > 0 {
            let mut take = |at: usize| out.extend_from_slice(&storage[at * width..(at + 1) * width]);
            lay(&self.size, &self.stride, self.offset, &mut take);
        }
        Ok(out)
    }

    /// Values of the storage up to the last one that it sees.
    #[must_use]
    pub(super) fn extent(&self) -> usize {
        if self.count() == 0 {
            return 0;
        }
        self.size.iter().zip(&self.stride).map(|(size, stride)| (size - 1) * stride).sum::<usize>() + self.offset + 1
    }

    /// The values lie one after the other.
    #[must_use]
    pub(super) fn contiguous(&self) -> bool {
        let mut expected = 1;
        self.size.iter().zip(&self.stride).rev().all(|(&size, &stride)| {
            let fits = size == 1 || stride == expected;
            expected *= size;
            fits
        })
    }
}

/// What was found in a pickle.
#[derive(Debug)]
pub(super) struct Found {
    /// Name and tensor, in the file's order.
    pub views: Vec<(String, View)>,
    /// Where it was found, for the report.
    pub place: String,
}

/// The tensors of the outermost object.
pub(super) fn tensors(heap: &Heap, root: Id) -> Result<Found, ImportError> {
    let walk = Walk { heap, steps: Cell::new(0), below: RefCell::default() };
    match walk.search(root, 0)? {
        Some(found) if !found.views.is_empty() => Ok(found),
        _ => Err(ImportError::NoTensors),
    }
}

/// The type of every storage that the pickle names, by key: those of an optimizer too, which no
/// tensor of ours needs.
pub(super) fn storages(heap: &Heap) -> HashMap<&str, Element> {
    let reference = |node: &Node| match node {
        Node::Persistent(reference) => Some(*reference),
        _ => None,
    };
    let named = |reference: Id| {
        let [_, kind, key, ..] = heap.members(reference)? else { return None };
        Some((heap.text(*key)?, Element::of_torch(heap.global(*kind)?.1)?))
    };
    heap.nodes().iter().filter_map(reference).filter_map(named).collect()
}

struct Walk<'a> {
    heap: &'a Heap,
    /// Entries looked at so far.
    steps: Cell<usize>,
    /// Tensors in and below the modules that were counted.
    below: RefCell<HashMap<Id, usize>>,
}

impl Walk<'_> {
    fn search(&self, id: Id, depth: usize) -> Result<Option<Found>, ImportError> {
        if depth > 4 {
            return Ok(None);
        }
        if self.attribute(id, "_modules")?.is_some() {
            if self.tensors_below(id, 0)? > FOREIGN_TENSORS {
                return Err(ImportError::TooMany { what: "tensors", most: FOREIGN_TENSORS });
            }
            let mut views = Vec::new();
            self.module(id, "", &mut views)?;
            return Ok(Some(Found { views, place: format!("a whole module of the class {}", self.class_name(id)) }));
        }
        for key in WRAPPERS {
            if let Some(inner) = self.entry(id, key)?
                && let Some(found) = self.search(inner, depth + 1)?
                && !found.views.is_empty()
            {
                return Ok(Some(Found { place: format!("{}, under the key “{key}”", found.place), ..found }));
            }
        }
        let mut views = Vec::new();
        for (key, value) in self.entries(Some(id))? {
            if let Some(name) = self.heap.text(*key) {
                self.add("", name, *value, &mut views)?;
            }
        }
        Ok(Some(Found { views, place: "a state dict".into() }))
    }

    /// Counts what is looked at.
    fn step(&self, entries: usize) -> Result<(), ImportError> {
        self.steps.set(self.steps.get().saturating_add(entries + 1));
        if self.steps.get() > FOREIGN_STEPS { Err(ImportError::Tangled) } else { Ok(()) }
    }

    /// Entries of a dictionary that is there.
    fn entries(&self, id: Option<Id>) -> Result<&[(Id, Id)], ImportError> {
        let entries = id.and_then(|id| self.heap.entries(id)).unwrap_or_default();
        self.step(entries.len())?;
        Ok(entries)
    }

    fn entry(&self, id: Id, key: &str) -> Result<Option<Id>, ImportError> {
        self.step(self.heap.entries(id).map_or(0, <[_]>::len))?;
        Ok(self.heap.entry(id, key))
    }

    fn class_name(&self, id: Id) -> String {
        let Node::Object { class, .. } = self.heap.get(id) else { return String::new() };
        // `copyreg._reconstructor(class, object, None)` and `NEWOBJ` name the class in different
        // places.
        self.heap.global(*class).map(|(module, name)| format!("{module}.{name}")).unwrap_or_default()
    }

    /// An attribute of an object: an entry of its state's dictionary.
    fn attribute(&self, id: Id, name: &str) -> Result<Option<Id>, ImportError> {
        let Node::Object { state: Some(state), .. } = self.heap.get(id) else { return Ok(None) };
        if let Some(found) = self.entry(*state, name)? {
            return Ok(Some(found));
        }
        // (dictionary, slots)
        for part in self.heap.members(*state).unwrap_or_default() {
            if let Some(found) = self.entry(*part, name)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Parameters and buffers of a module itself.
    fn own(&self, id: Id) -> Result<impl Iterator<Item = (&str, Id)>, ImportError> {
        let [parameters, buffers] =
            [self.entries(self.attribute(id, "_parameters")?)?, self.entries(self.attribute(id, "_buffers")?)?];
        let all = parameters.iter().chain(buffers);
        Ok(all.filter_map(|(key, value)| Some((self.heap.text(*key)?, *value))))
    }

    /// The modules of a module, by name.
    fn children(&self, id: Id) -> Result<impl Iterator<Item = (&str, Id)>, ImportError> {
        let modules = self.entries(self.attribute(id, "_modules")?)?;
        Ok(modules.iter().filter_map(|(key, value)| Some((self.heap.text(*key)?, *value))))
    }

    /// Tensors in a module and below it; counted once for each module, however many name it.
    fn tensors_below(&self, id: Id, depth: usize) -> Result<usize, ImportError> {
        if depth > FOREIGN_DEPTH {
            return Err(ImportError::TooDeep { most: FOREIGN_DEPTH });
        }
        if let Some(known) = self.below.borrow().get(&id) {
            return Ok(*known);
        }
        let mut count = self.own(id)?.filter(|(_, value)| matches!(self.heap.get(*value), Node::Object { .. })).count();
        for (_, child) in self.children(id)? {
            count = count.saturating_add(self.tensors_below(child, depth + 1)?);
        }
        self.below.borrow_mut().insert(id, count);
        Ok(count)
    }

    /// The tensors of a module whose tensors were counted. It is not nested too deep then.
    fn module(&self, id: Id, prefix: &str, views: &mut Vec<(String, View)>) -> Result<(), ImportError> {
        for (name, value) in self.own(id)? {
            self.add(prefix, name, value, views)?;
        }
        for (name, child) in self.children(id)? {
            if self.below.borrow().get(&child).is_some_and(|tensors| *tensors > 0) {
                self.module(child, &format!("{}.", joined(prefix, name)?), views)?;
            }
        }
        Ok(())
    }

    fn add(&self, prefix: &str, name: &str, value: Id, views: &mut Vec<(String, View)>) -> Result<(), ImportError> {
        let name = joined(prefix, name)?;
        if let Some(view) = self.view(value, &name)? {
            if views.len() >= FOREIGN_TENSORS {
                return Err(ImportError::TooMany { what: "tensors", most: FOREIGN_TENSORS });
            }
            views.push((name, view));
        }
        Ok(())
    }

    /// The tensor that an object stands for, if it does.
    fn view(&self, id: Id, name: &str) -> Result<Option<View>, ImportError> {
        let (mut callable, mut args) = match self.heap.get(id) {
            Node::Object { class, args, .. } => (*class, *args),
            _ => return Ok(None),
        };
        // Parameters and subclasses wrap the call that makes the tensor; more than a few layers
        // deep nothing honest lies.
        for _ in 0..8 {
            let Some((module, function)) = self.heap.global(callable) else { return Ok(None) };
            let Some(given) = self.heap.members(args) else { return Ok(None) };
            let inner = match (module, function) {
                ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => return self.rebuild(given, None, name),
                ("torch._utils", "_rebuild_tensor_v3") => {
                    let dtype = given.get(6).and_then(|id| self.heap.global(*id)).map(|(_, dtype)| dtype);
                    return self.rebuild(given, dtype, name);
                }
                ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state")
                | ("torch.nn.parameter", "Parameter" | "Buffer")
                | ("torch.autograd.variable", "Variable") => given.first(),
                ("torch._tensor", "_rebuild_from_type_v2") => {
                    let (Some(inner), Some(inner_args)) = (given.first(), given.get(2)) else { return Ok(None) };
                    (callable, args) = (*inner, *inner_args);
                    continue;
                }
                ("torch._utils", function) if function.starts_with("_rebuild") => {
                    return Err(ImportError::Kind { name: name.into(), kind: function.to_owned() });
                }
                _ => return Ok(None),
            };
            match inner.map(|id| self.heap.get(*id)) {
                Some(Node::Object { class, args: given, .. }) => (callable, args) = (*class, *given),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    fn rebuild(&self, args: &[Id], dtype: Option<&str>, name: &str) -> Result<Option<View>, ImportError> {
        let odd = || ImportError::Damaged(format!("the tensor “{name}” is not described as PyTorch does"));
        let [storage, offset, size, stride, ..] = args else { return Err(odd()) };
        let Node::Persistent(reference) = self.heap.get(*storage) else { return Err(odd()) };
        let reference = self.heap.members(*reference).ok_or_else(odd)?;
        let [_, kind, key, _, count, view @ ..] = reference else { return Err(odd()) };
        let (_, kind) = self.heap.global(*kind).ok_or_else(odd)?;
        let dtype = dtype.unwrap_or(kind);
        let element =
            Element::of_torch(dtype).ok_or_else(|| ImportError::Kind { name: name.into(), kind: dtype.into() })?;
        let key = self.heap.text(*key).filter(|key| key.len() <= FOREIGN_NAME).ok_or_else(odd)?.to_owned();
        let mut count = self.heap.count(*count).ok_or_else(odd)?;
        if kind == "UntypedStorage" {
            count /= element.bytes();
        }
        // Files from before PyTorch 0.4 may say that the storage is a part of another one.
        let start = match view.first().and_then(|id| self.heap.members(*id)) {
            Some([_, start, ..]) => self.heap.count(*start).ok_or_else(odd)?,
            _ => 0,
        };
        let numbers = |id: &Id| -> Option<Vec<usize>> {
            let sides = self.heap.members(*id).filter(|sides| sides.len() <= MOST_SIDES)?;
            sides.iter().map(|id| self.heap.count(*id)).collect()
        };
        let (size, stride) = (numbers(size).ok_or_else(odd)?, numbers(stride).ok_or_else(odd)?);
        let offset = self.heap.count(*offset).and_then(|o| o.checked_add(start)).ok_or_else(odd)?;
        let view = View { storage: Storage { key, element, count }, offset, size, stride };
        check(&view).ok_or_else(odd)?;
        Ok(Some(view))
    }
}

/// A name behind its prefix.
fn joined(prefix: &str, name: &str) -> Result<String, ImportError> {
    if prefix.len() + name.len() > FOREIGN_NAME {
        return Err(ImportError::Damaged(format!("the name of a tensor has more than {FOREIGN_NAME} letters")));
    }
    Ok(format!("{prefix}{name}"))
}

/// The view lies within its storage and within the budget.
fn check(view: &View) -> Option<()> {
    let most = WEIGHT_BYTES as usize / 4;
    let fits = view.size.len() == view.stride.len() && view.size.len() <= MOST_SIDES && view.storage.count <= most;
    let count = view.size.iter().try_fold(1usize, |all, n| all.checked_mul(*n))?;
    if !fits || count > most {
        return None;
    }
    let mut last = view.offset;
    for (&size, &stride) in view.size.iter().zip(&view.stride) {
        last = last.checked_add(size.saturating_sub(1).checked_mul(stride)?)?;
    }
    (count == 0 || last < view.storage.count).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(offset: usize, size: &[usize], stride: &[usize]) -> View {
        let storage = Storage { key: "0".into(), element: Element::F32, count: 12 };
        View { storage, offset, size: size.to_vec(), stride: stride.to_vec() }
    }

    #[test]
    fn a_transposed_view_is_read_in_its_own_order() {
        let transposed = view(1, &[2, 3], &[1, 4]);
        let values: Vec<u8> = (0..12u8).flat_map(|v| f32::from(v).to_le_bytes()).collect();
        let gathered = |view: View| Element::F32.to_f32(&view.gather(&values).unwrap()).unwrap();
        assert_eq!(transposed.extent(), 11);
        assert_eq!(gathered(transposed), [1.0, 5.0, 9.0, 2.0, 6.0, 10.0]);
        assert_eq!(gathered(view(2, &[2, 2], &[2, 1])), [2.0, 3.0, 4.0, 5.0]);
        assert!(view(1, &[2, 3], &[1, 4]).gather(&values[..40]).is_err());
        assert!(!view(1, &[2, 3], &[1, 4]).contiguous() && view(0, &[3, 4], &[4, 1]).contiguous());
    }

    #[test]
    fn a_view_of_nothing_takes_no_time_whatever_its_sides_are() {
        let empty = view(0, &[1 << 40, 0], &[0, 0]);
        assert!(empty.gather(&[]).unwrap().is_empty() && empty.extent() == 0);
    }

    #[test]
    fn memory_that_is_not_there_is_a_sentence() {
        let error = room::<f32>(usize::MAX / 8).unwrap_err().to_string();
        assert!(error.contains("not enough memory"), "{error}");
    }

    #[test]
    fn a_view_beyond_its_storage_is_refused() {
        assert!(check(&view(0, &[3, 4], &[4, 1])).is_some());
        assert!(check(&view(1, &[3, 4], &[4, 1])).is_none());
        assert!(check(&view(0, &[usize::MAX, 2], &[1, 1])).is_none());
        assert!(check(&view(0, &[2, 2], &[usize::MAX, 1])).is_none());
        assert!(check(&view(0, &[1 << 40], &[0])).is_none());
    }
}
