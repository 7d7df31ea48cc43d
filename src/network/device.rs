//! Which processor the networks run on, chosen at run time.

use std::env;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use candle_core::Device;

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// CUDA or Metal where this build and this machine have it, else the CPU.
    #[default]
    Auto,
    Cpu,
    Cuda,
    Metal,
}

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error("“{0}” is no device; choose auto, cpu, cuda or metal")]
    Unknown(String),
    #[error(
        "this build of Pellucid has no {name} support; use --device cpu, or build with `cargo build --release --features {feature}`"
    )]
    NotBuilt { name: &'static str, feature: &'static str },
    #[error("{name} was asked for but cannot be started: {cause}; use --device cpu")]
    Unavailable { name: &'static str, cause: String },
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "metal" => Ok(Self::Metal),
            _ => Err(DeviceError::Unknown(text.into())),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        })
    }
}

impl DeviceChoice {
    /// Opens the device; `auto` never fails.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda => {
                named("CUDA", "cuda", candle_core::utils::cuda_is_available(), cfg!(feature = "cuda"), Device::new_cuda)
            }
            Self::Metal => named(
                "Metal",
                "metal",
                candle_core::utils::metal_is_available(),
                cfg!(feature = "metal"),
                Device::new_metal,
            ),
            Self::Auto => Ok(Self::Cuda.open().or_else(|_| Self::Metal.open()).unwrap_or(Device::Cpu)),
        }
    }
}

/// Environment variable for tests: with the value `candle`, candle's kernels run on the CPU too.
pub const KERNELS: &str = "PELLUCID_KERNELS";

/// Whether the kernels of this crate compute on the device: the blocked layout and the fused loops.
///
/// They are made for the CPU. On CUDA and Metal the same layers are composed of candle's
/// operations. With [`KERNELS`] set to `candle` they are composed on the CPU as well, and a kernel
/// of this crate that is reached all the same is an error, so that tests walk the way of a graphics
/// processor on machines that have none. Read once a process.
pub fn own_kernels_run(device: &Device) -> bool {
    device.is_cpu() && !candle_alone()
}

/// Whether [`KERNELS`] asks for candle's kernels alone.
pub fn candle_alone() -> bool {
    static ALONE: OnceLock<bool> = OnceLock::new();
    *ALONE.get_or_init(|| env::var_os(KERNELS).is_some_and(|value| value == "candle"))
}

fn named(
    name: &'static str,
    feature: &'static str,
    available: bool,
    built: bool,
    open: impl FnOnce(usize) -> candle_core::Result<Device>,
) -> Result<Device, DeviceError> {
    if !built {
        return Err(DeviceError::NotBuilt { name, feature });
    }
    if !available {
        return Err(DeviceError::Unavailable { name, cause: "no such device was found".into() });
    }
    open(0).map_err(|error| DeviceError::Unavailable { name, cause: error.to_string() })
}

/// Name for people: `CPU`, `CUDA 0`, `Metal 0`.
pub fn name(device: &Device) -> String {
    match device.location() {
        candle_core::DeviceLocation::Cpu => "CPU".into(),
        candle_core::DeviceLocation::Cuda { gpu_id } => format!("CUDA {gpu_id}"),
        candle_core::DeviceLocation::Metal { gpu_id } => format!("Metal {gpu_id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda, DeviceChoice::Metal] {
            assert_eq!(choice.to_string().parse::<DeviceChoice>().unwrap(), choice);
        }
        assert!("gpu".parse::<DeviceChoice>().is_err());
    }

    #[test]
    #[cfg(not(feature = "cuda"))]
    fn cuda_in_a_build_without_it_says_what_to_do() {
        let message = DeviceChoice::Cuda.open().unwrap_err().to_string();
        assert!(message.contains("--device cpu") && message.contains("--features cuda"), "{message}");
    }

    #[test]
    fn auto_always_finds_a_device() {
        DeviceChoice::Auto.open().unwrap();
    }

    /// The specification of this crate, walked once more the way that CUDA and Metal go.
    #[test]
    fn every_layer_network_and_gradient_holds_where_candle_s_kernels_run_alone() {
        if candle_alone() {
            return;
        }
        let output = std::process::Command::new(env::current_exe().unwrap())
            .args(["--test-threads", "2"])
            .env(KERNELS, "candle")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let passed = said.lines().filter(|line| line.ends_with("... ok")).count();
        assert!(
            output.status.success(),
            "{}",
            said.lines().filter(|l| !l.ends_with("... ok")).collect::<Vec<_>>().join("\n")
        );
        assert!(passed > 80, "only {passed} tests ran");
    }
}
