//! Whether a window opens and OpenGL answers, for `pellucid doctor`.

use std::sync::mpsc::channel;

use eframe::egui;
use eframe::glow::HasContext as _;

/// A window that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the window could not be opened ({0})")]
pub struct NoWindow(String);

/// Closes after its first frame.
struct OneFrame;

impl eframe::App for OneFrame {
    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        ui.send_viewport_cmd(egui::ViewportCommand::Close);
    }
}

/// Opens a hidden window, draws one frame, and yields what OpenGL says of itself.
///
/// # Errors
/// When there is no window or no OpenGL.
pub fn first_frame() -> Result<String, NoWindow> {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default().with_visible(false).with_inner_size([64.0, 64.0]),
        renderer: eframe::Renderer::Glow,
        ..Default::default()
    };
    let (sender, receiver) = channel();
    let start = move |cc: &eframe::CreationContext<'_>| {
        if let Some(gl) = &cc.gl {
            let version = gl.version();
            let family = if version.is_embedded { "OpenGL ES" } else { "OpenGL" };
            let (major, minor, vendor) = (version.major, version.minor, version.vendor_info.trim());
            let _ = sender.send(format!("{family} {major}.{minor} {vendor}").trim_end().to_owned());
        }
        Box::new(OneFrame) as Box<dyn eframe::App>
    };
    eframe::run_native("pellucid doctor", options, Box::new(|cc| Ok(start(cc))))
        .map_err(|error| NoWindow(error.to_string()))?;
    receiver.recv().map_err(|_| NoWindow("the window came without OpenGL".into()))
}
