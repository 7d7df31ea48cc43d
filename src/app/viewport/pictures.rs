//! The textures of the views, each with the inputs it was made of.
//!
//! Whatever was not asked for in a frame is forgotten at its end; its texture is used again for the next picture.
//! The grey work runs on a small pool of its own, so that it never queues behind the network.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{ColorImage, Context, TextureHandle, TextureOptions};
use rayon::ThreadPool;

use crate::imaging::Plane;

use super::super::state::PaneIndex;
use super::film::FilmKey;
use super::sampler::Sampler;

/// Most textures kept for reuse.
const SPARE: usize = 6;

/// A made thing, the inputs it was made of, and whether this frame asked for it.
struct Entry<K, V> {
    key: K,
    value: V,
    used: bool,
}

/// A few made things. Looking through a handful is quicker than hashing their keys.
pub(in crate::app) struct Made<K, V>(Vec<Entry<K, V>>);

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
    pub(super) films: Made<FilmKey, Texture>,
    pub(super) maps: Made<super::map::MapKey, Texture>,
    pub(super) placed: Made<super::map::PlacedKey, Arc<Plane>>,
    pub(super) contours: Made<super::map::PlacedKey, super::map::Contours>,
    pub(super) patches: Made<super::patches::PatchKey, Arc<Vec<crate::explain::superpixels::Run>>>,
    pub(super) tops: Made<super::source::TopKey, f32>,
    /// Samples of a training run with their maps.
    pub(in crate::app) cards: Made<super::super::panels::training::samples::CardKey, Texture>,
    pub(super) sampler: Sampler,
    /// What each view showed last, and whether this frame asked for it.
    last: HashMap<PaneIndex, (FilmKey, Texture, bool)>,
    spare: Vec<TextureHandle>,
    pool: Option<ThreadPool>,
    /// How many textures were made, for tests and benches.
    pub made: u64,
}

/// A texture that may be shared by several views.
pub(in crate::app) type Texture = Arc<TextureHandle>;

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
            placed: Made::default(),
            contours: Made::default(),
            patches: Made::default(),
            tops: Made::default(),
            cards: Made::default(),
            sampler: Sampler::default(),
            last: HashMap::new(),
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
    pub(in crate::app) fn texture(&mut self, ctx: &Context, image: ColorImage, options: TextureOptions) -> Texture {
        self.made += 1;
        Arc::new(match self.spare.pop() {
            Some(mut handle) => {
                handle.set(image, options);
                handle
            }
            None => ctx.load_texture("view", image, options),
        })
    }

    /// Keeps what a view shows now.
    pub(super) fn remember(&mut self, pane: PaneIndex, key: FilmKey, texture: Texture) {
        self.last.insert(pane, (key, texture, true));
    }

    /// What a view showed last.
    pub(super) fn last(&mut self, pane: PaneIndex) -> Option<(FilmKey, Texture)> {
        let (key, texture, used) = self.last.get_mut(&pane)?;
        *used = true;
        Some((key.clone(), texture.clone()))
    }

    /// At the start of every frame: takes in what was sampled.
    pub fn receive(&mut self) {
        for (key, plane) in self.sampler.receive() {
            self.samples.put(key, plane);
        }
    }

    /// At the end of every frame.
    pub fn sweep(&mut self) {
        self.samples.sweep();
        self.contours.sweep();
        self.patches.sweep();
        self.tops.sweep();
        self.placed.sweep();
        self.last.retain(|_, (.., used)| std::mem::take(used));
        let gone = self.films.sweep().into_iter().chain(self.maps.sweep()).chain(self.cards.sweep());
        self.spare.extend(gone.filter_map(Arc::into_inner));
        self.spare.truncate(SPARE);
    }
}
