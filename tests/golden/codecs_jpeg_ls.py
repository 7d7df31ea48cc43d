"""Writes codecs/jpeg_ls.bin: JPEG-LS streams and what CharLS finds in them, for src/codec/jpeg_ls.

    apt-get install libcharls2
    pip install numpy pyjpegls imagecodecs pylibjpeg-libjpeg
    python tests/golden/codecs_jpeg_ls.py

Most streams are written by CharLS; those that it cannot write, by codecs_jpeg_ls_encoder.py. Every stream is decoded by
CharLS in pyjpegls, or where that does not follow T.87 (MAXVAL of a preset) or does not know the segment, by libjpeg of
Thomas Richter, or by both; they must find what the encoder says is there. A mapping table is applied by numpy.

The file is a list of cases, numbers little-endian: length of the name (1 byte), name, columns, rows (2 each), components,
precision (1 each), FNV-1a of the samples (8: interleaved by pixel, two bytes each), length of the stream (4), stream.
"""

import ctypes as c
import io
from pathlib import Path

import jpeg_ls
import libjpeg
import numpy as np
from codecs_jpeg_ls_encoder import LINE, NONE, SAMPLE, default_thresholds, encode

CHARLS = c.CDLL("libcharls.so.2")
CHARLS.charls_jpegls_encoder_create.restype = c.c_void_p
NAMES = {NONE: "none", LINE: "line", SAMPLE: "sample"}


def picture(columns, rows, components, precision, seed, maxval=None):
    """Flat parts, runs of every length, an edge, a slope and noise, in all of the range of samples."""
    maxval = maxval or (1 << precision) - 1
    random = np.random.default_rng(seed)
    y, x, part = np.mgrid[0:rows, 0:columns, 0:components]
    slope = (x * (3 + part) + 2 * y) * maxval // (5 * columns + 2 * rows)
    noise = random.integers(0, maxval + 1, slope.shape)
    mild = slope + random.integers(-2, 3, slope.shape)
    image = np.where((x + y) % 7 < 3, slope, mild)
    band = y * 6 // rows
    image = np.where(band == 0, maxval // 3, image)
    image = np.where((band == 0) & (x * x % 23 == 0), noise, image)
    image = np.where(band == 2, noise, image)
    image = np.where((band == 3) & ((x // 5 + y // 3) % 2 == 0), maxval, image)
    image = np.where((band == 4) & (x > columns // 4), slope[:, :1], image)
    return np.clip(image, 0, maxval).astype(int)


def charls(image, precision, *, near=0, interleave=NONE, presets=None, transform=0, spiff=False):
    """What CharLS writes."""
    rows, columns, components = image.shape
    pixels = np.moveaxis(image, 2, 0) if interleave == NONE else image
    pixels = np.ascontiguousarray(pixels.astype(np.uint8 if precision <= 8 else np.uint16))
    encoder = c.c_void_p(CHARLS.charls_jpegls_encoder_create())
    written, out = c.c_size_t(), c.create_string_buffer(4 * pixels.nbytes + 4096)

    def do(name, *arguments):
        error = getattr(CHARLS, "charls_jpegls_encoder_" + name)(encoder, *arguments)
        assert error == 0, f"{name}: error {error}"

    do("set_frame_info", (c.c_uint32 * 4)(columns, rows, precision, components))
    do("set_near_lossless", near)
    do("set_interleave_mode", interleave)
    if presets:
        do("set_preset_coding_parameters", (c.c_int32 * 5)(*presets))
    if transform:
        do("set_color_transformation", transform)
    do("set_destination_buffer", out, c.c_size_t(len(out)))
    if spiff:
        do("write_standard_spiff_header", 8 if components == 1 else 10, 1, 96, 96)
    do("encode_from_buffer", pixels.ctypes.data_as(c.c_void_p), c.c_size_t(pixels.nbytes), c.c_uint32(0))
    do("get_bytes_written", c.byref(written))
    return out.raw[: written.value]


def by_charls(stream, shape):
    samples, header = jpeg_ls.decode_buffer(stream)
    samples = np.frombuffer(samples, np.uint8 if header["bits_per_sample"] <= 8 else np.uint16)
    rows, columns, components = shape
    if header["interleave_mode"] == NONE:
        return np.moveaxis(samples.reshape(components, rows, columns), 0, 2)
    return samples.reshape(shape)


def by_libjpeg(stream, shape):
    return np.asarray(libjpeg.decode(stream)).reshape(shape)


cases = []


def add(name, stream, samples, precision, witnesses):
    """Takes in a stream that every witness decodes to the same samples."""
    for witness in witnesses:
        assert (witness(stream, samples.shape) == samples).all(), f"{name}: {witness.__name__} finds other samples"
    hashed = 0xCBF29CE484222325
    for byte in samples.astype("<u2").tobytes():
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    rows, columns, components = samples.shape
    case = bytes([len(name.encode())]) + name.encode() + columns.to_bytes(2, "little") + rows.to_bytes(2, "little")
    case += bytes([components, precision]) + hashed.to_bytes(8, "little")
    cases.append(case + len(stream).to_bytes(4, "little") + stream)


def add_charls(name, image, precision, near=0, **options):
    stream = charls(image, precision, near=near, **options)
    samples = by_charls(stream, image.shape)
    assert abs(samples.astype(int) - image).max() <= near or options.get("transform")
    add(name, stream, samples, precision, [by_charls])


def add_own(name, image, precision, witnesses, **options):
    stream, samples = encode(image, precision, **options)
    assert abs(samples - image).max() <= options.get("near", 0)
    add(name, stream, samples, precision, witnesses)
    return stream


for bits in range(2, 17):
    for near in (0, 1, 3, 40, 255):
        if near <= ((1 << bits) - 1) // 2:
            add_charls(f"grey/{bits} bits/near {near}", picture(41, 30, 1, bits, bits), bits, near)
for bits in (2, 5, 8, 11, 12, 16):
    for mode in (NONE, LINE, SAMPLE):
        for near in (0, 1):
            image = picture(19, 24, 3, bits, 20 + bits)
            add_charls(f"colour/{bits} bits/{NAMES[mode]}/near {near}", image, bits, near, interleave=mode)
for mode in (NONE, LINE, SAMPLE):
    add_charls(f"four/{NAMES[mode]}", picture(17, 18, 4, 8, 5), 8, interleave=mode)
    add_charls(f"four/{NAMES[mode]}/near", picture(17, 18, 4, 10, 5), 10, 2, interleave=mode)

# Wide and flat: run indices up to the greatest.
wide = np.zeros((40, 2500, 1), int)
wide[7, 1999] = wide[30, 3] = 200
add_charls("runs/8 bits", wide, 8)
add_charls("runs/16 bits/near 5", wide * 300, 16, 5)
add_charls("runs/colour", np.repeat(wide[:20], 3, axis=2), 8, interleave=SAMPLE)
for columns, rows in ((1, 1), (1, 20), (20, 1), (2, 2), (3, 5)):
    add_charls(f"small/{columns} × {rows}", picture(columns, rows, 1, 8, 3), 8)
    for mode in (LINE, SAMPLE):
        add_charls(f"small/{columns} × {rows}/{NAMES[mode]}", picture(columns, rows, 3, 12, 3), 12, interleave=mode)

for bits, near, presets in (
    (8, 0, (0, 9, 9, 9, 31)), (8, 2, (0, 9, 9, 9, 31)), (8, 0, (0, 2, 5, 90, 3)), (8, 0, (255, 4, 0, 0, 0)),
    (5, 0, (0, 0, 0, 30, 0)), (12, 0, (0, 30, 300, 3000, 255)), (12, 2, (0, 30, 300, 3000, 255)),
    (16, 0, (0, 1, 1, 1, 65535)), (16, 0, (65535, 18, 67, 276, 64)), (16, 2, (65535, 18, 67, 276, 64)),
):
    name = f"presets/{bits} bits/{' '.join(map(str, presets))}/near {near}"
    add_charls(name, picture(41, 30, 1, bits, 40), bits, near, presets=presets)
for near in (0, 3):
    add_charls(f"presets/colour/near {near}", picture(19, 24, 3, 8, 41), 8, near, presets=(0, 12, 14, 20, 31), interleave=LINE)

for bits, maxval in ((8, 199), (8, 128), (12, 2500), (16, 4095), (16, 1000), (16, 40000), (2, 1)):
    for near in (0, 3):
        if near <= maxval // 2:
            presets = (maxval, *default_thresholds(maxval, near), 64)
            image = picture(31, 24, 1, bits, 50, maxval)
            add_own(f"maxval/{maxval} of {bits} bits/near {near}", image, bits, [by_libjpeg], near=near, presets=presets)
# Decoders differ about zeros in a preset with MAXVAL; T.87 takes the defaults of that MAXVAL.
add_own("maxval/zeros are defaults", picture(31, 24, 1, 12, 50, 1000), 12, [], presets=(1000, 0, 0, 0, 0))

both = [by_charls, by_libjpeg]
for bits, near, components, mode, interval, size in (
    (8, 0, 1, NONE, 5, 2), (12, 2, 1, NONE, 1, 3), (16, 0, 1, NONE, 12, 4), (8, 0, 3, NONE, 7, 2), (8, 1, 3, LINE, 4, 2),
    (10, 0, 3, SAMPLE, 2, 4), (8, 0, 4, SAMPLE, 3, 2), (8, 0, 1, NONE, 100, 2),
):
    witnesses = both if size == 2 else [by_charls]
    name = f"restart/{bits} bits/near {near}/{components} {NAMES[mode]}/every {interval}/{size} bytes"
    image = picture(23, 24, components, bits, 60)
    add_own(name, image, bits, witnesses, near=near, interleave=mode, restart=interval, restart_bytes=size)

for bits in (8, 16):
    for mode in (LINE, SAMPLE):
        for transform in (1, 2, 3):
            image = picture(19, 24, 3, bits, 70)
            add_charls(f"transform/hp{transform}/{bits} bits/{NAMES[mode]}", image, bits, transform=transform, interleave=mode)
add_charls("spiff/grey", picture(19, 24, 1, 8, 80), 8, spiff=True)
add_charls("spiff/colour", picture(19, 24, 3, 8, 80), 8, spiff=True, interleave=LINE)

for size in (2, 3, 4):
    add_own(f"size/in {size} bytes", picture(19, 24, 1, 8, 90), 8, [by_charls], large_bytes=size)
add_own("size/behind the scan", picture(19, 24, 1, 8, 91), 8, [by_libjpeg], lines="behind")
add_own("size/behind the first scan, restarts", picture(19, 24, 3, 8, 91), 8, [by_libjpeg], lines="behind", restart=5)
add_own("scans/two, then one", picture(19, 24, 3, 8, 92), 8, [by_libjpeg], interleave=LINE, scans=[[0, 2], [1]])
add_own("scans/two by sample", picture(19, 24, 2, 8, 93), 8, [by_libjpeg], interleave=SAMPLE)
add_own("scans/one, then two by sample", picture(19, 24, 3, 12, 93), 12, [by_libjpeg], interleave=SAMPLE, near=1, scans=[[2], [1, 0]])

# Sixteen grey levels, told by a table of one byte, of two, and of two in two segments.
indices = picture(19, 24, 1, 4, 94)
levels = np.array([0, 3, 9, 20, 31, 40, 77, 90, 111, 120, 150, 170, 199, 230, 254, 255])
stream, samples = encode(indices, 4, tables=[b"\x02\x07\x01" + levels.astype(np.uint8).tobytes()], table=7)
add("mapping/one byte", stream, levels[samples], 8, [])
values = (levels * 257).astype(">u2").tobytes()
stream, samples = encode(indices, 4, tables=[b"\x02\x07\x02" + values], table=7)
add("mapping/two bytes", stream, (levels * 257)[samples], 16, [])
stream, samples = encode(indices, 4, tables=[b"\x02\x07\x02" + values[:10], b"\x03\x07\x02" + values[10:]], table=7)
add("mapping/in two segments", stream, (levels * 257)[samples], 16, [])

path = Path(__file__).parent / "codecs" / "jpeg_ls.bin"
path.write_bytes(b"".join(cases))
print(len(cases), "cases,", path.stat().st_size, "bytes")
