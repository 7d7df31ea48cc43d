//! Why an image is outside the population that a model was measured on: what was found, and the
//! English sentence for it, which is what files hold.

/// What speaks against an image.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Outside {
    #[error("The patient is {age}; this model was measured on {patients} only.")]
    Age { age: String, patients: String },
    #[error("The file says {what}; this model was measured on {wanted} only.")]
    Attribute { what: String, wanted: String },
    #[error("The image is unlike those that this model was measured on: {patients}.")]
    Unlike { patients: String },
    #[error("The image is unlike those that this model was measured on.")]
    UnlikeAll,
}
