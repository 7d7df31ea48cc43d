//! The speed that a reader feels, with the viewer's own threads and the files of a real size: the
//! first image after the start, a click on a listed radiograph, a press on `PageDown` 600 times, a
//! folder of 10,000 files, memory, and that nothing is drawn while nothing changes.
//!
//! `cargo bench --bench reading`, or with words behind `--` those of `start`, `click`, `pages`,
//! `list` alone. Beside each figure stands what is asked of it. The files are made first, into a
//! folder that is removed at the end: 600 radiographs of 2,048 × 2,500 pixels take 6 GB, so that
//! fewer pixels are taken unless `full` is among the words. What a graphics card adds to a frame is
//! in none of the figures but that of the start, which needs a display.

#[path = "../tests/spec/dicom_bytes.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod dicom_bytes;
mod window;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use dicom_bytes::{EXPLICIT, Object};
use pellucid::app::command::StudyCommand;
use window::Window;

/// As in the program: planes of tens of megabytes come and go.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Columns and rows of a radiograph.
const FULL: [u16; 2] = [2048, 2500];
/// The same where 600 of them are made.
const SMALL: [u16; 2] = [1024, 1250];
const PAGES: usize = 600;
const LISTED: usize = 10_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| {
        let named = |word: &&String| ["start", "click", "pages", "list"].contains(&word.as_str());
        words.iter().any(|word| word == name) || !words.iter().any(|word| named(&word))
    };
    let folder = tempfile::tempdir().expect("a folder for the files");
    if wanted("start") {
        start(folder.path());
    }
    if wanted("click") {
        click(folder.path());
    }
    if wanted("pages") {
        let size = if words.iter().any(|word| word == "full") { FULL } else { SMALL };
        pages(folder.path(), size);
    }
    if wanted("list") {
        list(folder.path());
    }
}

/// The program itself, from its start until an image is drawn, five times.
fn start(folder: &Path) {
    if !pellucid::app::has_display() {
        println!("first image after the start: not measured, there is no display");
        return;
    }
    let image = radiographs(&folder.join("start"), FULL, 1);
    let mut times: Vec<Duration> = (0..5).filter_map(|_| drawn_after(&image, folder)).collect();
    times.sort();
    match times.first() {
        Some(best) => println!("first image after the start: best {best:.1?} of {times:.1?} (asked for: 500 ms)"),
        None => println!("first image after the start: the program did not say that it drew one"),
    }
}

/// One start with settings of its own.
fn drawn_after(image: &Path, folder: &Path) -> Option<Duration> {
    let began = Instant::now();
    let mut program = Process::new(env!("CARGO_BIN_EXE_pellucid"))
        .arg(image)
        .envs(["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"].map(|name| (name, folder.join("account"))))
        .env("RUST_LOG", "pellucid=info")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let said = program.stderr.take().into_iter().flat_map(|pipe| BufReader::new(pipe).lines().map_while(Result::ok));
    let drawn = said.into_iter().any(|line| line.contains("the first image is drawn"));
    let time = began.elapsed();
    let _ = program.kill();
    let _ = program.wait();
    drawn.then_some(time)
}

/// Radiographs of the list, none of which was decoded ahead, clicked one after the other.
fn click(folder: &Path) {
    let mut window = Window::open(vec![radiographs(&folder.join("click"), FULL, 60)]);
    window.until(|w| w.is_shown() && !w.state.busy()).expect("the first one is analysed");
    let (mut shown, mut sharp) = (Vec::new(), Vec::new());
    for at in (7..60).step_by(7) {
        let entry = window.state.images[at].clone();
        assert!(!window.state.stack.cache.holds(&entry, 0), "it was decoded ahead");
        let clicked = Instant::now();
        window.command(StudyCommand::ShowImage(entry, 0));
        window.until(Window::is_shown).expect("it is decoded");
        shown.push(clicked.elapsed());
        // The sample of the screen's size comes from a thread of its own.
        let (mut made, mut last) = (window.caches.made(), clicked.elapsed());
        let rest = Instant::now();
        while rest.elapsed() < Duration::from_millis(200) {
            window.frame();
            if window.caches.made() != made {
                (made, last) = (window.caches.made(), clicked.elapsed());
            }
        }
        sharp.push(last);
        window.until(|w| !w.state.busy());
    }
    let middle = |times: &mut Vec<Duration>| {
        times.sort();
        format!("{:.1?} in the middle, longest {:.1?}", times[times.len() / 2], times[times.len() - 1])
    };
    println!(
        "click on a radiograph of {} × {}, 12 bits: shown after {} (asked for: 100 ms); last texture of image and map \
         after {}",
        FULL[0],
        FULL[1],
        middle(&mut shown),
        middle(&mut sharp)
    );
    at_rest(&mut window);
}

/// What is drawn once everything is decoded, analysed and in its place.
fn at_rest(window: &mut Window) {
    if window.rest() {
        println!(
            "  frames drawn in 5 s with nothing to do: {} (asked for: 0)",
            window.as_asked(Duration::from_secs(5))
        );
    } else {
        println!("  it never came to rest (asked for: no frame without a reason)");
    }
}

/// Through 600 radiographs, each asked for once the one before is on screen, thumbnails beside them.
fn pages(folder: &Path, size: [u16; 2]) {
    let mut window = Window::open(vec![radiographs(&folder.join("pages"), size, PAGES)]);
    window.until(|w| w.is_shown() && w.state.images.len() == PAGES).expect("they are listed");
    window.times();
    let (began, mut longest) = (Instant::now(), Duration::ZERO);
    for _ in 1..PAGES {
        let asked = Instant::now();
        window.command(StudyCommand::NextImage);
        window.until(Window::is_shown).expect("the next one is decoded");
        // It is drawn.
        window.frame();
        longest = longest.max(asked.elapsed());
    }
    let rate = (PAGES - 1) as f64 / began.elapsed().as_secs_f64();
    println!(
        "PageDown through {PAGES} radiographs of {} × {}: {rate:.1} a second (asked for: 10), longest wait {longest:.1?}",
        size[0], size[1]
    );
    println!("  {}; kept {}; {}", window.times(), window.memory(), of_process());
    at_rest(&mut window);
}

/// A folder of images of all kinds and of other files, read before by the system.
fn list(folder: &Path) {
    let folder = mixed(&folder.join("list"));
    for time in ["the first time", "again"] {
        let began = Instant::now();
        let mut window = Window::open(vec![folder.clone()]);
        window.until(|w| !w.state.scanning && !w.state.images.is_empty()).expect("they are listed");
        let images = window.state.images.len();
        println!("{LISTED} files listed {time}: {images} images after {:.1?} (asked for: 5 s)", began.elapsed());
    }
}

/// So many radiographs of one patient, each a study of its own.
fn radiographs(folder: &Path, [columns, rows]: [u16; 2], many: usize) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder for the radiographs");
    let (width, height) = (usize::from(columns), usize::from(rows));
    let mut seed = 1_u32;
    let mut noise = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 26) as u16
    };
    let lung = |x: f32, y: f32| (x / 0.16).powi(2) + (y / 0.3).powi(2) < 1.0;
    let value = |i: usize| {
        let (x, y) = ((i % width) as f32 / width as f32 - 0.5, (i / width) as f32 / height as f32 - 0.5);
        if lung(x - 0.2, y) || lung(x + 0.2, y) { 900.0 } else { 2600.0 - 900.0 * (x * x + y * y) }
    };
    let greys: Vec<u16> = (0..width * height).map(|i| value(i) as u16).collect();
    for number in 0..many {
        let pixels = greys.iter().flat_map(|grey| (grey + noise()).to_le_bytes()).collect();
        let object = chest(columns, rows, number).pixels("OW", 2, pixels);
        fs::write(folder.join(format!("{number}.dcm")), object.file(EXPLICIT)).expect("a radiograph");
    }
    folder.to_owned()
}

/// The header of a radiograph.
fn chest(columns: u16, rows: u16, number: usize) -> Object {
    Object::new(columns, rows, 16)
        .bits(12, 11, false)
        .text((8, 0x16), "UI", "1.2.840.10008.5.1.4.1.1.1.1")
        .text((8, 0x18), "UI", &format!("2.25.3.{number}"))
        .text((8, 0x20), "DA", &format!("20{:02}{:02}{:02}", number / 336, number / 28 % 12 + 1, number % 28 + 1))
        .text((8, 0x60), "CS", "DX")
        .text((0x10, 0x20), "LO", "4711")
        .text((0x10, 0x10), "PN", "DOE^JANE")
        .text((0x18, 0x15), "CS", "CHEST")
        .text((0x18, 0x5101), "CS", "PA")
        .text((0x20, 0xD), "UI", &format!("2.25.1.{number}"))
        .text((0x20, 0xE), "UI", &format!("2.25.2.{number}"))
}

/// Four of ten are DICOM in series of a hundred, four are images of other kinds, two are no images.
fn mixed(folder: &Path) -> PathBuf {
    for part in 0..20 {
        fs::create_dir_all(folder.join(part.to_string())).expect("a folder for the files");
    }
    for number in 0..LISTED {
        // Copies would be listed once: every image has its number in its first row.
        let bit = |x: u32| number >> (x / 4) & 1 == 1;
        let value = |x: u32, y: u32| if y < 8 && bit(x) { 255 } else { (x + y) as u8 };
        let grey = image::GrayImage::from_fn(64, 64, |x, y| image::Luma([value(x, y)]));
        let folder = folder.join((number / 500).to_string());
        let path = |ending: &str| folder.join(format!("{number}{ending}"));
        match number % 10 {
            0..4 => {
                let object = chest(64, 64, number)
                    .text((8, 0x60), "CS", "CT")
                    .text((0x20, 0xD), "UI", &format!("2.25.1.{}", number / 1000))
                    .text((0x20, 0xE), "UI", &format!("2.25.2.{}", number / 250))
                    .text((0x20, 0x13), "IS", &number.to_string());
                let ending = if number % 2 == 0 { ".dcm" } else { "" };
                fs::write(path(ending), object.pixels("OW", 2, vec![0; 8192]).file(EXPLICIT)).expect("a slice");
            }
            4 | 5 => grey.save(path(".png")).expect("an image"),
            6 => grey.save(path(".jpeg")).expect("an image"),
            7 => grey.save(path(".tif")).expect("an image"),
            8 => fs::write(path(".txt"), "no image").expect("a text"),
            _ => fs::write(path(""), [number as u8; 3000]).expect("something else"),
        }
    }
    folder.to_owned()
}

/// What the process takes, where the system tells.
fn of_process() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    };
    match (of("VmRSS:"), of("VmHWM:")) {
        (Some(now), Some(most)) => format!("the process has {} MiB, at most {}", now >> 10, most >> 10),
        _ => "what the process takes, the system does not tell".to_owned(),
    }
}
