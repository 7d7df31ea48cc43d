"""Writes small DICOM files of every kind that the encoders at hand write, for `pixels_against_pydicom.py`.

    python tests/pixel_kinds.py FOLDER

Transfer syntax × bits allocated and stored × signed × photometric interpretation × planar configuration, of one
frame and of three, with a Basic Offset Table, without, and with an Extended Offset Table, in one fragment a frame and
in several. By pydicom (native, RLE), CharLS (pyjpegls), libjpeg-turbo, OpenJPEG and OpenJPH (imagecodecs, Pillow), and
by dcmtk (dcmcjpeg, dcmcjpls, dcmcrle) and GDCM (gdcmconv) as far as they are installed: some thousand files of 17 × 13
pixels. What an encoder refuses is counted and left out.
"""

import io
import itertools
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import imagecodecs
import jpeg_ls
import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.pixels import get_encoder
from pydicom.uid import UID, generate_uid

SYNTAX = "1.2.840.10008.1.2"
ROWS, COLUMNS = 13, 17
NATIVE = {"implicit": "", "explicit": ".1", "big": ".2", "deflated": ".1.99"}
DCMTK_JPEG = [["+e1"], ["+e1", "-ot"], ["+e1", "+fs", "1"], ["+e1", "+pl"], ["+e1", "+pt", "1"], ["+eb"], ["+ee"]]
DCMTK_JPEG += [["+es"], ["+ep"], ["+ee", "+bt"]] + [["+el", "+sv", str(n)] for n in range(2, 8)]
DCMTK_JPEG += [["+el", "+sv", "5", "+pt", "2"], ["+el", "+sv", "7", "+pl", "+bs"]]
DCMTK_COLOUR = [["+eb", how] for how in ("+cr", "+s4", "+n2", "+n1", "+np")] + [["+ep", "+n1"]]
DCMTK_LS = [["+el"], ["+el", "-ot"], ["+en"], ["+en", "+md", "1"], ["+el", "+pc"], ["+el", "+rs", "20"], ["+el", "+pz"]]
DCMTK_LS += [["+el", "+t1", "4", "+t2", "9", "+t3", "30"]]
DCMTK_LS_COLOUR = [[how, by] for how in ("+el", "+en") for by in ("+il", "+is", "+in", "+iv")]
GDCM = [["--jpeg"], ["--jpegls"], ["--j2k"], ["--rle"], ["--jpeg", "--lossy", "-q", "90"]]
GDCM += [["--j2k", "--lossy", "-r", "4"], ["--jpegls", "--lossy", "-e", "2"], ["--j2k", "-t", "8,8"]]
GDCM += [["--j2k", "-n", "2"], ["--jpeg", "--split", "100"]]
GDCM += [["--j2k", "--split", "100"], ["--rle", "--split", "100"]]
GDCM_COLOUR = [["--raw", "-P", "RGB"], ["--raw", "--planar-configuration", "1"]]

warnings.simplefilter("ignore")


class Kinds:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.made, self.refused, self.sources = folder, 0, 0, []

    def save(self, dataset: Dataset, name: str) -> Path:
        path = self.folder / f"{name.replace(' ', '_')}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        self.made += 1
        return path

    def compressed(self, name, shape, syntax, encode, tables=("bot", "nobot", "ext"), fragments=(1, 2)) -> None:
        """A file for every kind of offset table and number of fragments; `encode` takes a frame."""
        values, dataset = shape
        try:
            frames = [encode(np.ascontiguousarray(f[..., 0] if values.shape[3] == 1 else f)) for f in values]
        except Exception:
            self.refused += 1
            return
        frames = [f + b"\0" * (len(f) % 2) for f in frames]
        dataset.file_meta.TransferSyntaxUID = UID(SYNTAX + syntax)
        for table, pieces in itertools.product(tables, fragments):
            if table == "ext" and pieces == 1:
                data, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = encapsulate_extended(frames)
            elif table == "ext":
                continue
            else:
                data = encapsulate(frames, fragments_per_frame=pieces, has_bot=table == "bot")
            dataset.PixelData = data
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
            self.save(dataset, f"{name}-{table}-n{pieces}")
            for key in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
                if key in dataset:
                    delattr(dataset, key)

    def tool(self, name: str, command: list[str]) -> None:
        target = self.folder / f"{name}.dcm"
        done = subprocess.run([*command, str(target)], capture_output=True, timeout=60)
        if done.returncode or not target.exists():
            target.unlink(missing_ok=True)
            self.refused += 1
        else:
            self.made += 1


def values(frames, samples, stored, signed=False, rows=ROWS, columns=COLUMNS) -> np.ndarray:
    """Waves with noise over the whole range: frames × rows × columns × samples."""
    rng = np.random.default_rng(1 + stored + 100 * samples)
    y, x = np.mgrid[:rows, :columns]
    planes = []
    for frame, sample in itertools.product(range(frames), range(samples)):
        wave = 0.5 + 0.4 * np.sin(x / 5 + sample + frame) * np.cos(y / 4) + 0.1 * rng.standard_normal((rows, columns))
        plane = np.clip(wave, 0, 1)
        plane.flat[0], plane.flat[-1] = 0, 1
        planes.append(plane)
    all_planes = np.stack(planes).reshape(frames, samples, rows, columns).transpose(0, 2, 3, 1)
    return np.rint(all_planes * (2**stored - 1)).astype(np.int64) - signed * 2 ** (stored - 1)


def described(of, allocated, stored, signed, photometric, planar=0) -> tuple[np.ndarray, Dataset]:
    """The values, and an object about them without its pixels."""
    frames, rows, columns, samples = of.shape
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7" + ("" if frames == 1 else ".3")
    for key in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        setattr(dataset, key, generate_uid())
    dataset.Modality, dataset.ConversionType, dataset.PatientName, dataset.PatientID = "OT", "SYN", "A^B", "1"
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = rows, columns, samples
    dataset.PhotometricInterpretation, dataset.PixelRepresentation = photometric, int(signed)
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = allocated, stored, stored - 1
    if samples > 1:
        dataset.PlanarConfiguration = planar
    if frames > 1:
        dataset.NumberOfFrames = frames
    if photometric.startswith("MONO") and stored > 1:
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = "1.5", "-10", "US"
    if photometric == "PALETTE COLOR":
        rng = np.random.default_rng(3)
        for colour in ("Red", "Green", "Blue"):
            entries = 2**stored
            dataset.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [entries % 65536, 0, 16])
            table = rng.integers(0, 65536, entries, np.uint16)
            setattr(dataset, f"{colour}PaletteColorLookupTableData", table.tobytes())
    return of, dataset


def kind(allocated, signed) -> np.dtype:
    return np.dtype(f"{'i' if signed else 'u'}{allocated // 8}")


def native(kinds: Kinds) -> None:
    grey = [(8, 8), (8, 5), (16, 8), (16, 10), (16, 12), (16, 15), (16, 16), (32, 24), (32, 32)]
    grey = [(*bits, signed) for bits, signed in itertools.product(grey, (0, 1))]
    plain = [(al, st, signed, 0, ph) for al, st, signed in grey for ph in ("MONOCHROME1", "MONOCHROME2")]
    plain += [(al, st, 0, 0, "PALETTE COLOR") for al, st in ((8, 8), (8, 4), (16, 12), (16, 16))]
    plain += [(al, st, 0, planar, "RGB") for al, st in ((8, 8), (16, 12), (16, 16)) for planar in (0, 1)]
    plain += [(8, 8, 0, planar, "YBR_FULL") for planar in (0, 1)]
    for (name, end), (al, st, signed, planar, ph), frames in itertools.product(NATIVE.items(), plain, (1, 3)):
        colours = 3 if ph in ("RGB", "YBR_FULL") else 1
        of, dataset = described(values(frames, colours, st, signed), al, st, signed, ph, planar)
        if name == "big" and ph == "PALETTE COLOR":
            continue
        samples = of.astype(kind(al, signed).newbyteorder(">" if name == "big" else "<"))
        data = (samples.transpose(0, 3, 1, 2) if planar else samples).tobytes()
        dataset.PixelData = data + b"\0" * (len(data) % 2)
        dataset["PixelData"].VR = "OW" if al > 8 or name == "implicit" else "OB"
        dataset.file_meta.TransferSyntaxUID = UID(SYNTAX + end)
        path = kinds.save(dataset, f"native-{name}-{ph}-{al}-{st}-{'us'[signed]}-p{planar}-f{frames}")
        if name == "explicit":
            kinds.sources.append((path, colours, frames))


def rle(kinds: Kinds) -> None:
    for (al, st), signed, (samples, ph), frames in itertools.product(
        [(8, 8), (8, 6), (16, 8), (16, 12), (16, 16)], (0, 1), [(1, "MONOCHROME2"), (3, "RGB"), (3, "YBR_FULL")], (1, 3)
    ):
        if samples == 3 and signed:
            continue

        def encode(frame, al=al, st=st, signed=signed, samples=samples, ph=ph):
            return get_encoder(SYNTAX + ".5").encode(
                frame.astype(kind(al, signed)), rows=ROWS, columns=COLUMNS, samples_per_pixel=samples,
                bits_allocated=al, bits_stored=st, pixel_representation=signed, photometric_interpretation=ph,
                number_of_frames=1, planar_configuration=0, encoding_plugin="pydicom",
            )

        shape = described(values(frames, samples, st, signed), al, st, signed, ph, 1)
        kinds.compressed(f"rle-{ph}-{al}-{st}-{'us'[signed]}-f{frames}", shape, ".5", encode)


def charls(kinds: Kinds) -> None:
    for st, near, samples, frames, signed, interleave in itertools.product(
        (2, 3, 7, 8, 9, 10, 12, 13, 15, 16), (0, 1, 3, 7), (1, 3), (1, 3), (0, 1), (0, 1, 2)
    ):
        if (near and st < 8) or (signed and (samples == 3 or near)) or (interleave and samples == 1):
            continue
        al = 8 if st <= 8 else 16

        def encode(frame, st=st, near=near, samples=samples, al=al, interleave=interleave):
            raw = (frame & ((1 << st) - 1)).astype(kind(al, 0))
            raw = raw.transpose(2, 0, 1) if samples == 3 and interleave == 0 else raw
            return bytes(
                jpeg_ls.encode_pixel_data(
                    raw.tobytes(), lossy_error=near, interleave_mode=interleave, rows=ROWS, columns=COLUMNS,
                    samples_per_pixel=samples, bits_allocated=al, bits_stored=st, pixel_representation=0,
                )
            )

        shape = described(values(frames, samples, st, signed), al, st, signed, "RGB" if samples == 3 else "MONOCHROME2")
        name = f"charls-x{samples}-{st}-near{near}-il{interleave}-{'us'[signed]}-f{frames}"
        tables = ("bot", "ext") if frames > 1 else ("nobot",)
        kinds.compressed(name, shape, ".4.81" if near else ".4.80", encode, tables)


def jpeg(kinds: Kinds) -> None:
    labels = {"L": ["MONOCHROME2", "MONOCHROME1"], "kept": ["RGB"], "RGB": ["YBR_FULL_422", "YBR_FULL", "RGB"]}
    for mode, sub, progressive, quality, frames in itertools.product(labels, (0, 1, 2), (0, 1), (50, 95), (1, 3)):
        if mode != "RGB" and sub:
            continue

        def encode(frame, mode=mode, sub=sub, progressive=progressive, quality=quality):
            out, how = io.BytesIO(), {"L": {}, "kept": {"keep_rgb": True}, "RGB": {"subsampling": sub}}[mode]
            how["restart_marker_blocks"] = 2 if quality == 50 else 0
            Image.fromarray(frame.astype(np.uint8)).save(
                out, "JPEG", quality=quality, progressive=bool(progressive), **how
            )
            return out.getvalue()

        for ph in labels[mode]:
            shape = described(values(frames, 1 if mode == "L" else 3, 8), 8, 8, 0, ph)
            name = f"turbo-{mode}-{ph}-s{sub}-p{progressive}-q{quality}-f{frames}"
            kinds.compressed(name, shape, ".4.55" if progressive else ".4.50", encode, ("bot", "nobot"))
    for quality, frames in itertools.product((60, 95), (1, 3)):
        shape = described(values(frames, 1, 12), 16, 12, 0, "MONOCHROME2")
        encode = lambda f: imagecodecs.jpeg8_encode(f.astype(np.uint16), level=quality, bitspersample=12)
        kinds.compressed(f"turbo-12-q{quality}-f{frames}", shape, ".4.51", encode, ("bot",))
    for st, predictor, samples in itertools.product((8, 12, 16), range(1, 8), (1, 3)):
        al = 8 if st <= 8 else 16
        shape = described(values(1, samples, st), al, st, 0, "RGB" if samples == 3 else "MONOCHROME2")
        encode = lambda f: imagecodecs.jpeg8_encode(
            f.astype(kind(al, 0)), lossless=True, predictor=predictor, bitspersample=st
        )
        kinds.compressed(f"turbo-lossless-{st}-sv{predictor}-x{samples}", shape, ".4.57", encode, ("bot",), (1,))


def jpeg_2000(kinds: Kinds) -> None:
    for st, signed, (samples, mct), reversible, frames, codec in itertools.product(
        (1, 5, 8, 10, 12, 13, 16), (0, 1), ((1, 0), (3, 0), (3, 1)), (0, 1), (1, 2), ("j2k", "jp2")
    ):
        if (samples == 3 and signed and st not in (8, 12)) or (frames > 1 and (codec == "jp2" or st not in (8, 12))):
            continue
        al = 8 if st <= 8 else 16
        ph = ("YBR_RCT" if reversible else "YBR_ICT") if mct else "RGB" if samples == 3 else "MONOCHROME2"
        encode = lambda f: imagecodecs.jpeg2k_encode(
            f.astype(kind(al, signed)), level=None if reversible else 60, reversible=bool(reversible), mct=bool(mct),
            bitspersample=st, codecformat=codec, resolutions=3,
        )
        name = f"openjpeg-{codec}-{ph}-{st}-{'us'[signed]}-{'rev' if reversible else 'irr'}-f{frames}"
        shape = described(values(frames, samples, st, signed), al, st, signed, ph)
        tables = ("bot", "ext") if frames > 1 else ("nobot",)
        kinds.compressed(name, shape, ".4.90" if reversible else ".4.91", encode, tables)
    for st, samples, reversible, signed, frames in itertools.product((8, 16), (1, 3), (0, 1), (0, 1), (1, 2)):
        ph = "MONOCHROME2" if samples == 1 else "YBR_RCT" if reversible else "YBR_ICT"
        shape = described(values(frames, samples, st, signed, 64, 65), st, st, signed, ph)
        encode = lambda f: imagecodecs.htj2k_encode(f.astype(kind(st, signed)), reversible=bool(reversible))
        if not (samples == 3 and signed):
            name = f"openjph-{ph}-{st}-{'us'[signed]}-{'rev' if reversible else 'irr'}-f{frames}"
            kinds.compressed(name, shape, ".4.201" if reversible else ".4.203", encode, ("bot",))


def tools(kinds: Kinds) -> None:
    for path, samples, frames in kinds.sources:
        name, colour = path.stem.removeprefix("native-explicit-"), samples == 3
        runs = [("dcmcjpeg", how) for how in DCMTK_JPEG + DCMTK_COLOUR * colour]
        runs += [("dcmcjpls", how) for how in DCMTK_LS + DCMTK_LS_COLOUR * colour] + [("dcmcrle", [])]
        runs += [("gdcmconv", how) for how in GDCM + GDCM_COLOUR * colour]
        for program, how in runs:
            if shutil.which(program):
                kinds.tool(f"{program}-{name}{''.join(how).replace(',', 'x')}", [program, *how, str(path)])


def main() -> None:
    kinds = Kinds(Path(sys.argv[1]))
    for make in (native, rle, charls, jpeg, jpeg_2000, tools):
        make(kinds)
        print(f"{make.__name__}: {kinds.made} files, {kinds.refused} refused by their encoders", flush=True)


if __name__ == "__main__":
    main()
