//! The numbers of a tensor on the CPU, borrowed and not copied: what layers of our own read.

use std::ops::{Deref, Range};

use candle_core::{CpuStorage, Layout, Storage, Tensor, bail};

use super::Result;
use super::device::candle_alone;

/// On other devices there is nothing to borrow; where tests walk their way on the CPU, neither.
fn borrowable() -> Result<()> {
    if candle_alone() {
        bail!("a kernel of our own was reached where candle's alone are to run");
    }
    Ok(())
}

/// The values of a contiguous `f32` storage.
pub(super) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    borrowable()?;
    let values = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => bail!("this operation needs a contiguous tensor"),
    }
}

/// The values of a contiguous tensor on the CPU, borrowed for as long as this lives.
struct Values<G> {
    storage: G,
    range: Range<usize>,
}

impl<G: Deref<Target = Storage>> Deref for Values<G> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &*self.storage {
            Storage::Cpu(CpuStorage::F32(values)) => &values[self.range.clone()],
            _ => unreachable!("checked when it was borrowed"),
        }
    }
}

/// Borrows the values of a tensor; gradients are made contiguous before.
pub(super) fn values(tensor: &Tensor) -> Result<impl Deref<Target = [f32]> + '_> {
    borrowable()?;
    let (storage, layout) = tensor.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("this operation needs a contiguous tensor") };
    match &*storage {
        Storage::Cpu(CpuStorage::F32(_)) => Ok(Values { storage, range: start..end }),
        _ => bail!("this operation runs on 32-bit floats on the CPU"),
    }
}

/// Whether somebody may ask for the gradient of this tensor.
pub(super) fn is_tracked(x: &Tensor) -> bool {
    x.track_op() || x.is_variable()
}
