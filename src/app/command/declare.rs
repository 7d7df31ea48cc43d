//! One declaration a command: its variant, its words, its key, and whether it stands in the list of
//! commands.
//!
//! A command that needs no further word is listed by being declared: menus, keys and the F1 table
//! read the list, and nothing is kept beside the enum that could be forgotten. A command with
//! further words is declared with their types. It has no key, because a key could not say them; the
//! compiler refuses a third word there. Where the further word is one of a few values, `in` names
//! them, and each is a command of the list.

/// Declares the commands of one group: `enum`, `listed` and `info`.
macro_rules! commands {
    (
        $(#[$meta:meta])*
        pub enum $name:ident of $group:ident {
            $(
                $(#[$doc:meta])*
                $variant:ident $( ( $($bind:tt : $ty:ty),+ ) )? $( in $values:expr )? => $words:expr
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        pub enum $name {
            $( $(#[$doc])* $variant $( ( $($ty),+ ) )? ),*
        }

        impl $name {
            /// Every command that needs no further word, in the order of the menus and of the key
            /// table.
            pub fn listed() -> Vec<Self> {
                let mut listed = Vec::new();
                $( listed.extend(commands!(@list $variant $( ( $($ty),+ ) )? $( in $values )?)); )*
                listed
            }

            /// Names a listed command in files, whatever its words are.
            pub fn id(&self) -> String {
                format!("{}({self:?})", stringify!($name).trim_end_matches("Command"))
            }

            /// Label, tooltip, key and group; the key is the one that it has now.
            pub fn info(&self) -> $crate::app::command::CommandInfo {
                let (label, tooltip, key) = match self {
                    $( Self::$variant $( ( $($bind),+ ) )? => {
                        commands!(@words $words, $( ( $($ty),+ ) )? $( in $values )?)
                    } )*
                };
                let group = $crate::app::command::CommandGroup::$group;
                let key = key.map_or(std::borrow::Cow::Borrowed(""), |key| {
                    $crate::app::command::current_keys::current(key, || self.id())
                });
                let [label, tooltip] = [label, tooltip].map($crate::language::translated);
                $crate::app::command::CommandInfo { label, tooltip, key, group }
            }
        }
    };
    (@list $variant:ident) => { [Self::$variant] };
    (@list $variant:ident ($ty:ty) in $values:expr) => { $values.into_iter().map(Self::$variant) };
    (@list $variant:ident ($($ty:ty),+)) => { std::iter::empty::<Self>() };
    (@words $words:expr, ($($ty:ty),+)) => {{
        let (label, tooltip): (&'static str, &'static str) = $words;
        (label, tooltip, None)
    }};
    (@words $words:expr, $($rest:tt)*) => {{
        let (label, tooltip, key): (&'static str, &'static str, &'static str) = $words;
        (label, tooltip, Some(key))
    }};
}

pub(super) use commands;
