//! Tables, configurations, lists, and arrays of a training.

use super::Seed;
use crate::readers::{CONFIG, Reader};

const STRINGS: &str = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n\
                       0.png,Effusion|Lump,0,11,058Y,M,PA\n\
                       1.png,No Finding,0,12,061Y,F,PA\n\
                       2.png,Hernia|Nodule,1,11,058Y,M,AP\n\
                       \"3.png\",Mass,0,13,020Y,F,LL\n\
                       nothing.png,Mass,0,14,020Y,F,PA\n";

const COLUMNS: &str = "Path,Sex,Age,Frontal/Lateral,Effusion,Mass,Nodule\n\
                       images/Effusion/0.png,Female,68,Frontal,1.0,,-1.0\n\
                       images/Mass/1.png,Male,58,Frontal,,1.0,0.0\n\
                       5.png,Male,58,Lateral,0,0,1\n";

const SPLIT: &str = "image,patient,split\nimages/Effusion/0.png,11,train\nimages/Mass/1.png,12,validation\n\
                     images/Nodule/2.png,13,test\n3.png,14,train\n";

const CONFIGURATION: &str = "folders = [\"images\"]\nvalidation = 0.3\npatient = ['^(\\d+)_']";

pub(crate) fn all() -> Vec<Seed> {
    vec![
        Seed::of(Reader::Table, "table of label strings", STRINGS),
        Seed::of(Reader::Table, "table of columns", COLUMNS),
        Seed::of(Reader::Split, "split", SPLIT),
        Seed::of(Reader::Labels, "list of labels", "Effusion\nMass\n\nNodule\n"),
        Seed::of(Reader::Labels, "JSON list of labels", r#"["Effusion", "", "Mass"]"#),
        Seed::of(Reader::Config, "training of folders", CONFIG.replace("DATA", CONFIGURATION)),
        Seed::of(Reader::Npz, "arrays", include_bytes!("../../golden/data.npz").as_slice()),
        Seed::of(Reader::Npz, "arrays of colours", include_bytes!("../../golden/data_rgb.npz").as_slice()),
    ]
}
