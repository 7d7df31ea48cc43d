//! The views of the window as a PNG file, for its owner alone: it shows a patient.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use crossbeam_channel::bounded;
use egui::{ColorImage, Rect};

use crate::app::state::view_capture::AREA;
use crate::files::writing;

/// What lies over the views is gone after so long.
const SETTLE: Duration = Duration::from_millis(250);
/// A window that draws answers within this.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until the views are drawn alone, and writes them into `folder`. Not on the thread of the
/// window.
pub(super) fn views(ctx: &egui::Context, folder: &Path) -> anyhow::Result<PathBuf> {
    std::thread::sleep(SETTLE);
    let (sender, receiver) = bounded(1);
    ctx.request_screenshot(move |image| {
        let _ = sender.send(image);
    });
    ctx.request_repaint();
    let image: Arc<ColorImage> = receiver.recv_timeout(PATIENCE).context("the window was not drawn")?;
    let area = ctx.data(|data| data.get_temp::<Rect>(egui::Id::unique(AREA))).context("there is no view")?;
    let part = cut(&image, area, ctx.pixels_per_point()).context("no view is in sight")?;
    let path = free_name(folder);
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    write(&path, &part)?;
    Ok(path)
}

/// The part of an image of the window that lies in `area`, in points.
fn cut(image: &ColorImage, area: Rect, pixels_per_point: f32) -> Option<ColorImage> {
    let [width, height] = image.size;
    let on = |at: f32, side: usize| (at * pixels_per_point).round().clamp(0.0, side as f32) as usize;
    let (left, right) = (on(area.left(), width), on(area.right(), width));
    let (top, bottom) = (on(area.top(), height), on(area.bottom(), height));
    if right <= left || bottom <= top {
        return None;
    }
    let rows = image.pixels.chunks_exact(width).skip(top).take(bottom - top);
    let pixels = rows.flat_map(|row| row[left..right].iter().copied()).collect();
    Some(ColorImage::new([right - left, bottom - top], pixels))
}

/// A name of the time, which names nobody, for a file that is not there yet.
fn free_name(folder: &Path) -> PathBuf {
    let stem = chrono::Local::now().format("view %Y-%m-%d %H.%M.%S").to_string();
    let named = |number: u32| {
        let number = if number > 1 { format!(" ({number})") } else { String::new() };
        folder.join(format!("{stem}{number}.png"))
    };
    (1..10_000).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(1))
}

/// Writes an image of the screen for its owner alone.
pub(super) fn write(path: &Path, screenshot: &ColorImage) -> anyhow::Result<()> {
    let [width, height] = screenshot.size;
    let bytes = screenshot.pixels.iter().flat_map(|p| [p.r(), p.g(), p.b()]).collect();
    let image = image::RgbImage::from_raw(width as u32, height as u32, bytes);
    let image = image.ok_or_else(|| anyhow!("the screenshot has no size"))?;
    let put = || -> anyhow::Result<()> {
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, image::ImageFormat::Png)?;
        Ok(writing::private(path, png.get_ref())?)
    };
    put().with_context(|| format!("the screenshot could not be written to {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Color32, pos2};

    #[test]
    fn the_views_are_cut_out_at_the_resolution_of_the_screen() {
        let pixels = (0..200).map(|i| Color32::from_gray(i as u8)).collect();
        let image = ColorImage::new([20, 10], pixels);
        let part = cut(&image, Rect::from_min_max(pos2(1.0, 2.0), pos2(4.0, 9.0)), 2.0).unwrap();
        assert_eq!(part.size, [6, 6]);
        assert_eq!((part.pixels[0], part.pixels[35]), (Color32::from_gray(82), Color32::from_gray(187)));
        assert!(cut(&image, Rect::from_min_max(pos2(30.0, 2.0), pos2(40.0, 9.0)), 2.0).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owner_s_alone_and_never_replaces_another() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let first = free_name(folder.path());
        write(&first, &ColorImage::new([2, 2], vec![Color32::RED; 4])).unwrap();
        assert_eq!(std::fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(image::open(&first).unwrap().into_rgb8().get_pixel(1, 1).0, [255, 0, 0]);
        assert_ne!(free_name(folder.path()), first);
    }
}
