//! Which processor the networks run on, chosen at run time.

use std::fmt;
use std::str::FromStr;

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
}
