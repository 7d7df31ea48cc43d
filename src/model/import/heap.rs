//! What a pickle describes: a table of plain objects that refer to each other by number.
//!
//! Cycles and deep nesting cost neither leaks nor stack. A call stays an object that remembers what
//! was to be called.

/// Number of an object in its [`Heap`].
pub(super) type Id = u32;

/// One object of a pickle.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    /// Bytes and numbers too long to be of use here.
    Opaque,
    Tuple(Vec<Id>),
    /// Lists and sets.
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or function, by name only.
    Global {
        module: String,
        name: String,
    },
    /// What a class or function would have made of its arguments.
    Object {
        class: Id,
        args: Id,
        state: Option<Id>,
        items: Vec<(Id, Id)>,
    },
    /// A reference to something outside the pickle: a tensor's storage.
    Persistent(Id),
}

/// The objects of one pickle.
#[derive(Debug, Default)]
pub(super) struct Heap {
    pub(super) nodes: Vec<Node>,
    /// Functions that the file wanted to have called, beside those that tensors and dictionaries
    /// need.
    pub uncalled: Vec<String>,
}

impl Heap {
    /// The object of this number.
    #[must_use]
    pub(super) fn get(&self, id: Id) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::None)
    }

    /// All objects, in the order in which they were made.
    #[must_use]
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The text of an object that is one.
    #[must_use]
    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of an object that is a whole one and fits.
    #[must_use]
    pub(super) fn count(&self, id: Id) -> Option<usize> {
        match self.get(id) {
            Node::Int(value) => usize::try_from(*value).ok(),
            _ => None,
        }
    }

    /// Members of a tuple or list.
    #[must_use]
    pub(super) fn members(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Node::Tuple(members) | Node::List(members) => Some(members),
            _ => None,
        }
    }

    /// Entries of a dictionary, ordered or not.
    #[must_use]
    pub(super) fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Node::Dict(entries) => Some(entries),
            Node::Object { items, .. } => Some(items),
            _ => None,
        }
    }

    /// The value of a text key.
    #[must_use]
    pub(super) fn entry(&self, id: Id, key: &str) -> Option<Id> {
        self.entries(id)?.iter().find(|(k, _)| self.text(*k) == Some(key)).map(|(_, v)| *v)
    }

    /// `module.name` of a class or function.
    #[must_use]
    pub(super) fn global(&self, id: Id) -> Option<(&str, &str)> {
        match self.get(id) {
            Node::Global { module, name } => Some((module, name)),
            _ => None,
        }
    }
}
