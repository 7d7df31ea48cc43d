//! The textures of the views, each with the inputs it was made of.
//!
//! Whatever was not asked for in a frame is forgotten at its end; its texture is used again for the next picture.
//! The grey work runs on a small pool of its own, so that it never queues behind the network.

use std::sync::Arc;

use egui::{ColorImage, Context, TextureHandle, TextureOptions};
use rayon::ThreadPool;

use crate::imaging::Plane;

/// Most textures kept for reuse.
const SPARE: usize = 6;

/// A made thing, the inputs it was made of, and whether this frame asked for it.
struct Entry<K, V> {
    key: K,
    value: V,
    used: bool,
}

/// A few made things. Looking through a handful is quicker than hashing their keys.
pub(super) struct Made<K, V>(Vec<Entry<K, V>>);

impl<K, V> Default for Made<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V: Clone> Made<K, V> {
    pub fn get(&mut self, key: &K) -> Option<V> {
        let entry = self.0.iter_mut().find(|e| e.key == *key)?;
        entry.used = true;
        Some(entry.value.clone())
    }

    pub fn put(&mut self, key: K, value: V) {
        self.0.push(Entry { key, value, used: true });
    }

    /// Forgets what was not asked for since the last call, and yields it.
    fn sweep(&mut self) -> Vec<V> {
        let (kept, gone) = std::mem::take(&mut self.0).into_iter().partition(|e: &Entry<K, V>| e.used);
        self.0 = kept;
        self.0.iter_mut().for_each(|e| e.used = false);
        gone.into_iter().map(|e: Entry<K, V>| e.value).collect()
    }
}

/// Everything that was made for the screen.
pub struct Pictures {
    pub(super) samples: Made<super::film::SampleKey, Arc<Plane>>,
    pub(super) films: Made<super::film::FilmKey, Texture>,
    pub(super) maps: Made<super::map::MapKey, Texture>,
    pub(super) contours: Made<super::map::ContourKey, super::map::Contours>,
    spare: Vec<TextureHandle>,
    pool: Option<ThreadPool>,
    /// How many textures were made, for tests and benches.
    pub made: u64,
}

/// A texture that may be shared by several views.
pub(super) type Texture = Arc<TextureHandle>;

impl Default for Pictures {
    fn default() -> Self {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .thread_name(|i| format!("pellucid-display-{i}"))
            .build()
            // Without threads of its own the work is done where it is asked for.
            .ok();
        Self {
            samples: Made::default(),
            films: Made::default(),
            maps: Made::default(),
            contours: Made::default(),
            spare: Vec::new(),
            pool,
            made: 0,
        }
    }
}

impl Pictures {
    /// Runs grey work on the display's own threads.
    pub(super) fn install<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// A texture of `image`, in the place of one that is no longer shown if there is one.
    pub(super) fn texture(&mut self, ctx: &Context, image: ColorImage, options: TextureOptions) -> Texture {
        self.made += 1;
        Arc::new(match self.spare.pop() {
            Some(mut handle) => {
                handle.set(image, options);
                handle
            }
            None => ctx.load_texture("view", image, options),
        })
    }

    /// At the end of every frame.
    pub fn sweep(&mut self) {
        self.samples.sweep();
        self.contours.sweep();
        let gone = self.films.sweep().into_iter().chain(self.maps.sweep());
        self.spare.extend(gone.filter_map(Arc::into_inner));
        self.spare.truncate(SPARE);
    }
}
