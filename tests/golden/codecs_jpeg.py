"""Writes codecs_jpeg.bin: small JPEG streams of every kind that is read, with the samples that other decoders make.

The streams come from libjpeg-turbo, DCMTK and, for lossless data with restart intervals and what encoders got wrong,
from the encoder below. The samples are those of libjpeg-turbo for DCT data, and the source itself for lossless data;
nothing is written unless two decoders, or the one that reads such streams, yield the same. Restart intervals that end
within a row alone have no judge: the decoders refuse them, or do not restart there.

A record of the file: length of the name and the name; columns, rows (16 bits each); components, bits of a sample (8
bits each); length of the stream (32 bits) and the stream; samples row by row, components by pixel, in one byte each
where they have at most 8 bits, else in two. All numbers are little endian.

Needs numpy, pydicom, pylibjpeg-libjpeg, python-gdcm, Pillow and imagecodecs, and dcmcjpeg, dcmdjpeg (DCMTK) and cjpeg:
`python tests/golden/codecs_jpeg.py`.
"""

import io
import pathlib
import re
import struct
import subprocess
import tempfile
import warnings

import imagecodecs
import libjpeg
import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import get_decoder
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

warnings.simplefilter("ignore")
OUT = pathlib.Path(__file__).with_name("codecs_jpeg.bin")
RNG = np.random.default_rng(81)
ROWS, COLUMNS = 29, 37
LOSSLESS = "1.2.840.10008.1.2.4.57"


# Sources


def grey(bits, rows=ROWS, columns=COLUMNS, noise=0.02):
    """Waves, an edge and noise over the whole range of so many bits."""
    y, x = np.mgrid[0:rows, 0:columns]
    v = 0.5 + 0.3 * np.sin(x / 5.0) * np.cos(y / 7.0) + 0.2 * (x + y > 40) - 0.1
    v = v + noise * RNG.standard_normal(v.shape)
    return (np.clip(v, 0, 1) * (2**bits - 1)).round().astype(np.uint16)


def colour(bits=8, **size):
    return np.stack([grey(bits, **size), grey(bits, **size)[::-1], grey(bits, **size)[:, ::-1]], -1)


# Encoder of lossless data (ITU-T T.81 annex H)


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + bytes(body)


def category(difference):
    d = difference - 65536 if difference > 32768 else difference
    size = abs(d).bit_length()
    if size == 16:
        return 16, 0, 0
    return size, d if d >= 0 else d + (1 << size) - 1, size


def predictions(a, b, c):
    return [None, a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1]


def differences(plane, bits, predictor, point, starts):
    """Differences of a plane, modulo 65536; `starts` tells the samples that begin an interval."""
    v = plane.astype(int) >> point
    out, first_until = [], -1
    for i in range(v.size):
        y, x = divmod(i, v.shape[1])
        if i in starts:
            p, first_until = 1 << (bits - point - 1), (y + 1) * v.shape[1]
        elif i < first_until:
            p = v[y, x - 1]
        elif x == 0:
            p = v[y - 1, x]
        else:
            p = predictions(int(v[y, x - 1]), int(v[y - 1, x]), int(v[y - 1, x - 1]))[predictor]
        out.append((int(v[y, x]) - int(p)) % 65536)
    return out


def lossless(image, bits, predictor=1, point=0, interval=0, together=True, dnl=False, extra=None, sampling=0x11,
             ids=None):
    """Encodes an image; `extra` tells what follows the category 16 where an encoder gets it wrong."""
    planes = image[:, :, None] if image.ndim == 2 else image
    rows, columns, n = planes.shape
    ids = ids or list(range(1, n + 1))
    starts = set(range(0, rows * columns, interval)) if interval else {0}
    coded = [[category(d) for d in differences(planes[:, :, c], bits, predictor, point, starts)] for c in range(n)]

    # Categories by their number: codes of 1 to 14 bits, and of 16 for the three rarest.
    used = sorted(range(17), key=lambda s: -sum(s == size for plane in coded for size, _, _ in plane))
    counts = [1] * 14 + [0, 3]
    codes, code = {}, 0
    lengths = [length for length, count in enumerate(counts, 1) for _ in range(count)]
    if extra == "no code":
        # Sixteen codes of one length each, and none is left for the last category.
        used.remove(16)
        counts, lengths = [1] * 16, list(range(1, 17))
    for symbol, length in zip(used, lengths):
        codes[symbol] = (code, length)
        following = lengths[len(codes)] if len(codes) < len(lengths) else length
        code = (code + 1) << (following - length)
    if extra == "no code":
        codes[16] = ((1 << 17) - 1, 17)
    head = segment(0xC4, bytes([0, *counts, *used]))

    def data(scan):
        out, acc, held = bytearray(), 0, 0

        def flush():
            nonlocal acc, held
            if held:
                put((1 << (8 - held)) - 1, 8 - held)

        def put(value, size):
            nonlocal acc, held
            acc, held = acc << size | value, held + size
            while held >= 8:
                byte = acc >> (held - 8) & 255
                out.append(byte)
                if byte == 255:
                    out.append(0)
                held -= 8
                acc &= (1 << held) - 1

        for i in range(rows * columns):
            if i and i in starts:
                flush()
                out.extend([0xFF, 0xD0 + (i // interval - 1) % 8])
            for c in scan:
                size, value, length = coded[c][i]
                put(*codes[size])
                put(value, length)
                if size == 16 and extra:
                    put(0x8000, 16)
        flush()
        return bytes(out)

    frame = struct.pack(">BHHB", bits, 0 if dnl else rows, columns, n)
    frame += b"".join(bytes([i, sampling, 0]) for i in ids)
    out = b"\xff\xd8" + segment(0xC3, frame) + head
    if interval:
        out += segment(0xDD, struct.pack(">H", interval))
    for k, scan in enumerate([list(range(n))] if together else [[c] for c in range(n)]):
        body = bytes([len(scan)]) + b"".join(bytes([ids[c], 0]) for c in scan) + bytes([predictor, 0, point])
        out += segment(0xDA, body) + data(scan)
        if dnl and k == 0:
            out += segment(0xDC, struct.pack(">H", rows))
    return out + b"\xff\xd9"


# Other programs


def dataset(image, bits, syntax, stream=None):
    n = 1 if image.ndim == 2 else image.shape[2]
    ds = pydicom.Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = ds.SeriesInstanceUID = generate_uid()
    ds.PatientID = ds.PatientName = "none"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = image.shape[0], image.shape[1], n
    ds.PhotometricInterpretation = "RGB" if n == 3 else "MONOCHROME2"
    if n > 1:
        ds.PlanarConfiguration = 0
    wide = bits > 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16 if wide else 8, bits, bits - 1, 0
    if stream:
        ds.PixelData = encapsulate([stream])
        ds["PixelData"].is_undefined_length = True
        ds["PixelData"].VR = "OB"
    else:
        data = image.astype("<u2" if wide else "u1").tobytes()
        ds.PixelData = data + b"\0" * (len(data) % 2)
        ds["PixelData"].VR = "OW" if wide else "OB"
    return ds


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def dcmcjpeg(image, bits, *options):
    with tempfile.TemporaryDirectory() as d:
        dataset(image, bits, ExplicitVRLittleEndian).save_as(f"{d}/i", enforce_file_format=True)
        run("dcmcjpeg", *options, f"{d}/i", f"{d}/o")
        return next(generate_frames(pydicom.dcmread(f"{d}/o").PixelData, number_of_frames=1))


def dcmdjpeg(stream, image, bits, *options):
    with tempfile.TemporaryDirectory() as d:
        dataset(image, bits, LOSSLESS, stream).save_as(f"{d}/i", enforce_file_format=True)
        run("dcmdjpeg", "+cn", "+px", *options, f"{d}/i", f"{d}/o")
        ds = pydicom.dcmread(f"{d}/o")
        return np.frombuffer(ds.PixelData, "<u2" if bits > 8 else "u1")[: image.size].reshape(image.shape)


def gdcm(stream, image, bits):
    ds = dataset(image, bits, LOSSLESS, stream)
    return get_decoder(UID(LOSSLESS)).as_array(ds, raw=True, decoding_plugin="gdcm")[0]


def pillow(stream):
    """Components as they are stored, by the libjpeg-turbo of Pillow."""
    image = Image.open(io.BytesIO(stream))
    if image.mode == "RGB":
        image.draft("YCbCr", None)
    values = np.asarray(image)
    return 255 - values if image.mode == "CMYK" else values


def cjpeg(image, *options, scans=None):
    mode = "P5" if image.ndim == 2 else "P6"
    pnm = f"{mode} {image.shape[1]} {image.shape[0]} 255\n".encode() + image.astype(np.uint8).tobytes()
    with tempfile.TemporaryDirectory() as d:
        if scans:
            pathlib.Path(f"{d}/s").write_text(scans)
            options = (*options, "-scans", f"{d}/s")
        return subprocess.run(["cjpeg", *options], input=pnm, check=True, capture_output=True).stdout


# Records


def lossless_cases():
    def judged(name, image, bits, stream, judges=2, point=0, options=()):
        expected = image >> point << point
        decoders = {
            "dcmdjpeg": lambda: dcmdjpeg(stream, image, max(bits, 8), *options),
            "gdcm": lambda: gdcm(stream, image, bits),
            "pylibjpeg": lambda: libjpeg.decode(stream, colour_transform=0),
            "libjpeg-turbo": lambda: imagecodecs.jpeg8_decode(stream),
        }
        if bits not in (8, 12, 16):
            # It ends the program.
            del decoders["gdcm"]
        agree = []
        for decoder, decode in decoders.items():
            try:
                if np.array_equal(np.asarray(decode()).reshape(expected.shape), expected):
                    agree.append(decoder)
            except Exception:
                pass
        print(f"{name}: {', '.join(agree) or 'none'}")
        assert len(agree) >= judges, name
        return name, bits, expected, stream

    for predictor in range(1, 8):
        image = grey(12)
        yield judged(f"lossless 12 bit predictor {predictor}", image, 12, lossless(image, 12, predictor))
    for bits, predictor in [(2, 1), (3, 4), (5, 7), (7, 5), (8, 6), (10, 2), (15, 5), (16, 4), (16, 7)]:
        image = grey(bits)
        yield judged(f"lossless {bits} bit predictor {predictor}", image, bits, lossless(image, bits, predictor))
    for rows, predictor in [(1, 1), (3, 7), (4, 6)]:
        image = grey(12)
        stream = lossless(image, 12, predictor, interval=rows * COLUMNS)
        yield judged(f"lossless restart {rows} rows predictor {predictor}", image, 12, stream)
    for interval in [17, 50]:
        image = grey(12)
        stream = lossless(image, 12, 5, interval=interval)
        yield judged(f"lossless restart {interval} samples", image, 12, stream, judges=0)
    for point, predictor, interval in [(1, 1, 0), (4, 5, 0), (2, 7, 2 * COLUMNS)]:
        image = grey(12)
        stream = lossless(image, 12, predictor, point, interval)
        yield judged(f"lossless point transform {point} predictor {predictor}", image, 12, stream, point=point)
    image = colour()
    yield judged("lossless colour together", image, 8, lossless(image, 8, 6))
    yield judged("lossless colour together restart", image, 8, lossless(image, 8, 1, interval=COLUMNS))
    yield judged("lossless colour one by one", image, 8, lossless(image, 8, 4, interval=2 * COLUMNS, together=False))
    image = colour(16)
    yield judged("lossless colour 16 bit", image, 16, lossless(image, 16, 5))
    # Steps from one end of the range to the other.
    image = RNG.choice([0, 1, 32767, 32768, 65535], (ROWS, COLUMNS)).astype(np.uint16)
    for predictor in [1, 4, 6]:
        stream = lossless(image, 16, predictor)
        yield judged(f"lossless category 16 predictor {predictor}", image, 16, stream)
    # DCMTK finds such a step where it happens to hold enough bits.
    for name, extra in [("lossless Cornell", "bits"), ("lossless Cornell without a code", "no code")]:
        for step in range(3, 25):
            image = grey(16) // 4
            image[step, 20:] = image[step, 19] + 32768
            stream = lossless(image, 16, 1, extra=extra)
            if np.array_equal(dcmdjpeg(stream, image, 16, "+wc"), image):
                break
        yield judged(name, image, 16, stream, judges=1, options=["+wc"])
    image = grey(12)
    yield judged("lossless height behind the scan", image, 12, lossless(image, 12, 3, dnl=True), judges=1)
    yield judged("lossless sampling 2 x 2", image, 12, lossless(image, 12, 2, sampling=0x22))
    for size in [dict(rows=1), dict(columns=1)]:
        image = grey(12, **size)
        yield judged(f"lossless {image.shape[1]} x {image.shape[0]}", image, 12, lossless(image, 12, 7))
    for options in [("+e1",), ("+el", "+sv", "6"), ("+el", "+sv", "3", "+pt", "3")]:
        image = grey(12)
        stream = dcmcjpeg(image, 12, *options)
        point = int(options[-1]) if "+pt" in options else 0
        yield judged(f"lossless dcmcjpeg {' '.join(options)}", image, 12, stream, point=point)


def dct_cases():
    def eight(name, stream, image, second=True):
        values = pillow(stream)
        if second:
            assert np.array_equal(gdcm(stream, image, 8).reshape(values.shape), values), name
        print(f"{name}: libjpeg-turbo{', gdcm' * second}")
        return name, 8, values.astype(np.uint16), stream

    def twelve(name, stream, image):
        values = imagecodecs.jpeg8_decode(stream)
        assert np.array_equal(dcmdjpeg(stream, image, 12).reshape(values.shape), values), name
        print(f"{name}: libjpeg-turbo, dcmdjpeg")
        return name, 12, values, stream

    one, three = grey(8), colour()
    for quality in [20, 90, 100]:
        yield eight(f"baseline grey quality {quality}", cjpeg(one, "-quality", str(quality)), one)
    yield eight("baseline grey restart", cjpeg(one, "-restart", "2B"), one)
    yield eight("baseline grey sampling 2 x 2", cjpeg(one, "-sample", "2x2"), one)
    yield eight("progressive grey", cjpeg(one, "-progressive"), one)
    yield eight("progressive grey restart", cjpeg(one, "-progressive", "-restart", "3B"), one)
    # libjpeg 6b repeats the samples of components with half the rows alone, libjpeg-turbo does not.
    for sampling in ["1x1", "2x1", "2x2", "1x2", "4x1", "4x2", "1x4", "2x1,1x2", "2x2,2x1,1x2", "2x2,1x2"]:
        stream = cjpeg(three, "-sample", sampling, "-quality", "85")
        second = sampling in ("1x1", "2x1", "2x2", "4x1", "4x2")
        yield eight(f"baseline colour {sampling}", stream, three, second)
    yield eight("baseline colour 2x2 restart", cjpeg(three, "-sample", "2x2", "-restart", "1"), three)
    yield eight("baseline colour one by one", cjpeg(three, "-sample", "2x2", scans="0;\n1;\n2;\n"), three)
    yield eight("baseline colour 4x4", cjpeg(three, "-sample", "4x4", scans="0;\n1;\n2;\n"), three)
    yield eight("baseline colour two and one", cjpeg(three, "-sample", "2x1", scans="0 2;\n1;\n"), three)
    for sampling in ["1x1", "2x1", "2x2"]:
        yield eight(f"progressive colour {sampling}", cjpeg(three, "-progressive", "-sample", sampling), three)
    yield eight("progressive colour restart", cjpeg(three, "-progressive", "-sample", "2x2", "-restart", "1"), three)
    spectral = "0 1 2: 0-0, 0, 0;\n0: 1-5, 0, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0;\n0: 6-63, 0, 0;\n"
    yield eight("progressive colour spectral selection", cjpeg(three, "-sample", "2x2", scans=spectral), three)
    slow = "0: 0-0, 0, 3;\n1 2: 0-0, 0, 1;\n" + "".join(f"0: 0-0, {h}, {h - 1};\n" for h in (3, 2, 1))
    slow += "1 2: 0-0, 1, 0;\n" + "".join(f"{c}: 1-63, 0, 3;\n" for c in range(3))
    slow += "".join(f"{c}: 1-63, {h}, {h - 1};\n" for h in (3, 2, 1) for c in range(3))
    yield eight("progressive colour successive approximation", cjpeg(three, "-sample", "2x2", scans=slow), three)
    for columns in [1, 2, 3, 4, 5]:
        narrow = colour(columns=columns, rows=3)
        yield eight(f"baseline colour 2x2 {columns} x 3", cjpeg(narrow, "-sample", "2x2"), narrow)
    out = io.BytesIO()
    four = np.concatenate([three, one[:, :, None]], 2)
    Image.fromarray(four.astype(np.uint8), "CMYK").save(out, "jpeg", quality=85)
    yield eight("baseline four components", out.getvalue(), four, second=False)
    stream = cjpeg(one)
    at, end = stream.index(b"\xff\xc0") + 5, len(stream) - 2
    stream = stream[:at] + b"\0\0" + stream[at + 2 : end] + segment(0xDC, struct.pack(">H", ROWS)) + stream[end:]
    assert np.abs(libjpeg.decode(stream).astype(int) - pillow(cjpeg(one))).max() <= 1
    yield "baseline height behind the scan", 8, pillow(cjpeg(one)).astype(np.uint16), stream

    one = grey(12)
    for options in [("+ee",), ("+es",), ("+ep",), ("+ee", "+q", "30")]:
        stream = dcmcjpeg(one, 12, *options, "+bt")
        yield twelve(f"12 bit dcmcjpeg {' '.join(options)}", stream, one)
    stream = dcmcjpeg(one, 12, "+ep", "+q", "100", "+bt")
    yield twelve("12 bit dcmcjpeg +ep +q 100", stream, one)
    three = colour(12)
    for sampling in ["444", "422", "420"]:
        stream = imagecodecs.jpeg8_encode(three, level=90, bitspersample=12, subsampling=sampling)
        values = imagecodecs.jpeg8_decode(stream, outcolorspace="YCBCR")
        assert np.abs(dcmdjpeg(stream, three, 12).astype(int) - values).max() == 0
        print(f"12 bit colour {sampling}: libjpeg-turbo, dcmdjpeg")
        yield f"12 bit colour {sampling}", 12, values, stream


def main():
    out = bytearray()
    for name, _, image, stream in [*lossless_cases(), *dct_cases()]:
        rows, columns = image.shape[:2]
        # DCMTK writes lossless data of 12 bits as such of 16.
        bits = re.search(rb"\xff[\xc0-\xc3]..(.)", stream, re.DOTALL)[1][0]
        n = 1 if image.ndim == 2 else image.shape[2]
        out += bytes([len(name)]) + name.encode()
        out += struct.pack("<HHBBI", columns, rows, n, bits, len(stream)) + stream
        out += image.astype("<u2" if bits > 8 else "u1").tobytes()
    OUT.write_bytes(out)
    print(f"{len(out)} bytes")


main()
