//! A stack as a reader goes through it, with the viewer's own threads: 500 slices of a CT scrolled
//! from end to end, and an angiogram of 1,000 frames that plays.
//!
//! `cargo bench --bench stack`. A gap is a frame of the screen in which the image that was asked for
//! is not there. The files are made first, into a folder that is removed at the end.

#[path = "../tests/spec/dicom_bytes.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod dicom_bytes;

#[expect(dead_code, reason = "`reading.rs` uses the rest")]
mod window;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dicom_bytes::{EXPLICIT, Object};
use pellucid::app::command::StudyCommand;
use window::Window;

/// As in the program: planes come and go.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIDE: u16 = 512;
const SLICES: usize = 500;
const FRAMES: usize = 1000;

fn main() {
    let folder = tempfile::tempdir().expect("a folder for the files");
    let (ct, xa) = (ct(folder.path()), xa(folder.path()));
    scroll(&ct);
    play(&xa);
}

/// Through the stack a slice a frame, and back, at once after opening and again when all is decoded.
fn scroll(path: &Path) {
    let mut window = Window::open(vec![path.to_owned()]);
    let first = window.until(Window::is_shown);
    println!("CT of {SLICES} slices: first one after {first:.1?}");
    window.times();
    for (name, rests) in [("at once", false), ("all decoded", true)] {
        if rests {
            let decoded = window.until(|w| w.state.stack.cache.len() >= SLICES);
            println!("  decoded: {decoded:.1?} later; {}", window.memory());
        }
        for (way, by) in [("on", 1), ("back", -1)] {
            let start = Instant::now();
            let mut gaps = 0;
            window.times();
            for _ in 1..SLICES {
                window.command(StudyCommand::Scroll(by));
                window.frame();
                gaps += usize::from(!window.is_shown());
            }
            let rate = SLICES as f64 / start.elapsed().as_secs_f64();
            println!("  {name}, {way}: {rate:.0} slices a second, {gaps} gaps; {}", window.times());
            window.until(Window::is_shown);
        }
    }
}

/// Once through in the time of the file (25 frames a second), then at four times its speed.
fn play(path: &Path) {
    let mut window = Window::open(vec![path.to_owned()]);
    let first = window.until(Window::is_shown);
    println!("XA of {FRAMES} frames: first one after {first:.1?}");
    for speed in [1.0, 4.0] {
        window.command(StudyCommand::SetSpeed(speed));
        window.command(StudyCommand::FirstImage);
        window.until(Window::is_shown);
        window.command(StudyCommand::TogglePlay);
        let (start, mut shown, mut gaps, mut last) = (Instant::now(), 0, 0, 0);
        window.times();
        loop {
            window.frame();
            let at = window.state.current().map_or(0, |(_, index)| index);
            gaps += usize::from(!window.is_shown());
            if at < last || start.elapsed() > Duration::from_mins(3) {
                break;
            }
            shown += usize::from(at > last);
            last = at;
        }
        let seconds = start.elapsed().as_secs_f64();
        let asked = 25.0 * f64::from(speed);
        println!(
            "  {asked:.0} frames a second asked for: {:.1} of the stack a second, {shown} of {FRAMES} shown, {gaps} \
             frames of the screen waited; {}; {}",
            FRAMES as f64 / seconds,
            window.times(),
            window.memory()
        );
        window.command(StudyCommand::TogglePlay);
    }
}

/// Slices of noise around an ellipse, in single files.
fn ct(folder: &Path) -> PathBuf {
    let folder = folder.join("ct");
    fs::create_dir_all(&folder).expect("a folder for the slices");
    for slice in 0..SLICES {
        let pixels: Vec<u8> = values(slice).flat_map(u16::to_le_bytes).collect();
        let object = Object::new(SIDE, SIDE, 16)
            .bits(12, 11, false)
            .text((8, 0x16), "UI", "1.2.840.10008.5.1.4.1.1.2")
            .text((8, 0x18), "UI", &format!("2.25.1.{slice}"))
            .text((8, 0x60), "CS", "CT")
            .text((0x20, 0xD), "UI", "2.25.1")
            .text((0x20, 0xE), "UI", "2.25.1.0.1")
            .text((0x20, 0x13), "IS", &slice.to_string())
            .text((0x20, 0x32), "DS", &format!("-200\\-200\\{slice}"))
            .text((0x20, 0x37), "DS", "1\\0\\0\\0\\1\\0")
            .text((0x28, 0x1052), "DS", "-1024")
            .text((0x28, 0x1053), "DS", "1");
        fs::write(folder.join(format!("{slice}.dcm")), object.pixels("OW", 2, pixels).file(EXPLICIT)).expect("a slice");
    }
    folder
}

/// One file of many frames of 40 ms.
fn xa(folder: &Path) -> PathBuf {
    let path = folder.join("xa.dcm");
    let pixels: Vec<u8> = (0..FRAMES).flat_map(|frame| values(frame).map(|value| (value >> 4) as u8)).collect();
    let object = Object::new(SIDE, SIDE, 8)
        .frames(FRAMES)
        .text((8, 0x16), "UI", "1.2.840.10008.5.1.4.1.1.12.1")
        .text((8, 0x60), "CS", "XA")
        .text((0x18, 0x1063), "DS", "40");
    fs::write(&path, object.pixels("OB", 1, pixels).file(EXPLICIT)).expect("an angiogram");
    path
}

/// 12-bit values of an image: an ellipse that moves, and noise.
fn values(number: usize) -> impl Iterator<Item = u16> {
    let side = usize::from(SIDE);
    let mut seed = number as u32 + 1;
    (0..side * side).map(move |i| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (x, y) = ((i % side) as f32 - 256.0 - (number % 100) as f32, (i / side) as f32 - 256.0);
        let inside = (x / 180.0).powi(2) + (y / 140.0).powi(2) < 1.0;
        (if inside { 1060 } else { 30 }) + (seed >> 26) as u16
    })
}
