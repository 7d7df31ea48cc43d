//! Textures of one painter, each with the inputs it was made of.
//!
//! A texture that is no longer shown is used again for the next image: the graphics card is not
//! asked for memory at every move of a window.

use std::sync::Arc;

use egui::{ColorImage, Context, TextureHandle, TextureOptions};

use super::made::Made;

/// Most textures kept for reuse.
const SPARE: usize = 6;

/// A texture that may be shared by several views.
pub(super) type Texture = Arc<TextureHandle>;

/// Textures by the inputs that they were made of.
pub(super) struct Textures<K> {
    shown: Made<K, Texture>,
    spare: Vec<TextureHandle>,
    made: u64,
}

impl<K> Default for Textures<K> {
    fn default() -> Self {
        Self { shown: Made::default(), spare: Vec::new(), made: 0 }
    }
}

impl<K: PartialEq> Textures<K> {
    /// The texture that was made of `key`.
    pub(super) fn get(&mut self, key: &K) -> Option<Texture> {
        self.shown.get(key)
    }

    /// Makes the texture of `key`, in the place of one that is no longer shown if there is one.
    pub(super) fn make(&mut self, ctx: &Context, key: K, image: ColorImage, options: TextureOptions) -> Texture {
        self.made += 1;
        let texture = Arc::new(match self.spare.pop() {
            Some(mut handle) => {
                handle.set(image, options);
                handle
            }
            None => ctx.load_texture("view", image, options),
        });
        self.shown.put(key, texture.clone());
        texture
    }

    /// How many textures were made so far.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// At the end of every frame. A texture that something else still holds is not used again.
    pub(super) fn sweep(&mut self) {
        self.spare.extend(self.shown.sweep().into_iter().filter_map(Arc::into_inner));
        self.spare.truncate(SPARE);
    }
}
