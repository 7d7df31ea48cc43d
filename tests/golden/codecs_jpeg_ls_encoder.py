"""A JPEG-LS encoder after ITU-T T.87, for what no other one writes: restart markers, a MAXVAL that is no power of two less
one, mapping tables, a late number of lines. It is slow and plain; codecs_jpeg_ls.py uses it and checks it.

`encode(image, ...)` takes rows × columns × components and gives the stream and the samples that a decoder finds in it.
"""

import numpy as np

J = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15]
NONE, LINE, SAMPLE = 0, 1, 2


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + bytes(body)


def default_thresholds(maxval, near):
    """C.2.4.1.1.1."""

    def clamp(value, least):
        return least if value > maxval or value < least else value

    if maxval >= 128:
        factor = (min(maxval, 4095) + 128) // 256
        wanted = [factor * 1 + 2 + 3 * near, factor * 4 + 3 + 5 * near, factor * 17 + 4 + 7 * near]
    else:
        factor = 256 // (maxval + 1)
        wanted = [max(2, 3 // factor + 3 * near), max(3, 7 // factor + 5 * near), max(4, 21 // factor + 7 * near)]
    thresholds, least = [], near + 1
    for value in wanted:
        least = clamp(value, least)
        thresholds.append(least)
    return thresholds


class Bits:
    """Bits to bytes; a 0 is stuffed behind eight ones of a byte 0xFF (C.1.1)."""

    def __init__(self):
        self.bytes, self.value, self.free = bytearray(), 0, 8

    def bit(self, bit):
        self.free -= 1
        self.value |= bit << self.free
        if self.free == 0:
            self.bytes.append(self.value)
            self.free = 7 if self.value == 0xFF else 8
            self.value = 0

    def number(self, value, width):
        for place in reversed(range(width)):
            self.bit(value >> place & 1)

    def finish(self):
        while self.free != 8 or (self.bytes and self.bytes[-1] == 0xFF):
            self.bit(0)
            if self.free == 8:
                break
        return bytes(self.bytes)


class Interval:
    """One restart interval: contexts, run indices and lines (annex A)."""

    def __init__(self, components, width, maxval, near, thresholds, reset):
        self.maxval, self.near, self.thresholds, self.reset = maxval, near, thresholds, reset
        self.range = (maxval + 2 * near) // (2 * near + 1) + 1
        self.qbpp = (self.range - 1).bit_length()
        bpp = max(2, maxval.bit_length())
        self.limit = 2 * (bpp + max(8, bpp))
        a = max(2, (self.range + 32) // 64)
        self.contexts = [[a, 0, 0, 1] for _ in range(365)]
        self.interruptions = [[a, 1, 0], [a, 1, 0]]
        self.runs = [0] * components
        self.above = np.zeros((components, width + 2), int)
        self.bits = Bits()

    def golomb(self, value, k, limit):
        if value >> k < limit - self.qbpp - 1:
            self.bits.number(1, (value >> k) + 1)
            self.bits.number(value & ((1 << k) - 1), k)
        else:
            self.bits.number(1, limit - self.qbpp)
            self.bits.number(value - 1, self.qbpp)

    def level(self, gradient):
        size = abs(gradient)
        level = (size > self.near) + sum(size >= t for t in self.thresholds)
        return level if gradient > 0 else -level

    def quantised(self, error):
        step = 2 * self.near + 1
        error = (error + self.near) // step if error > 0 else -((self.near - error) // step)
        if error < 0:
            error += self.range
        return error - self.range if error >= (self.range + 1) // 2 else error

    def reconstructed(self, predicted, error):
        step = 2 * self.near + 1
        value = predicted + error * step
        if value < -self.near:
            value += self.range * step
        elif value > self.maxval + self.near:
            value -= self.range * step
        return min(max(value, 0), self.maxval)

    def regular(self, sample, q, a, b, c):
        sign = -1 if q < 0 else 1
        context = self.contexts[abs(q)]
        total, bias, correction, count = context
        predicted = min(a, b) if c >= max(a, b) else max(a, b) if c <= min(a, b) else a + b - c
        predicted = min(max(predicted + sign * correction, 0), self.maxval)
        error = self.quantised(sign * (sample - predicted))
        k = 0
        while count << k < total:
            k += 1
        if self.near == 0 and k == 0 and 2 * bias <= -count:
            mapped = 2 * error + 1 if error >= 0 else -2 * (error + 1)
        else:
            mapped = 2 * error if error >= 0 else -2 * error - 1
        self.golomb(mapped, k, self.limit)
        bias += error * (2 * self.near + 1)
        total += abs(error)
        if count == self.reset:
            total, bias, count = total >> 1, bias >> 1, count >> 1
        count += 1
        if bias <= -count:
            bias, correction = max(bias + count, 1 - count), max(correction - 1, -128)
        elif bias > 0:
            bias, correction = min(bias - count, 0), min(correction + 1, 127)
        context[:] = total, bias, correction, count
        return self.reconstructed(predicted, sign * error)

    def run(self, length, ends, index):
        """Codes a run that the line's end or another sample ends (A.7.1)."""
        while length >= 1 << J[self.runs[index]]:
            self.bits.bit(1)
            length -= 1 << J[self.runs[index]]
            self.runs[index] = min(self.runs[index] + 1, 31)
        if not ends:
            self.bits.bit(0)
            self.bits.number(length, J[self.runs[index]])
        elif length:
            self.bits.bit(1)

    def interruption(self, sample, a, b, index, flat):
        context = self.interruptions[flat]
        predicted, sign = (a, 1) if flat else (b, -1 if a > b else 1)
        error = self.quantised(sign * (sample - predicted))
        k, total = 0, context[0] + (context[1] >> 1 if flat else 0)
        while context[1] << k < total:
            k += 1
        few = 2 * context[2] < context[1]
        swapped = (error > 0 and k == 0 and few) or (error < 0 and (k != 0 or not few))
        mapped = 2 * abs(error) - flat - swapped
        self.golomb(mapped, k, self.limit - J[self.runs[index]] - 1)
        context[2] += error < 0
        context[0] += (mapped + 1 - flat) >> 1
        if context[1] == self.reset:
            context[:] = [value >> 1 for value in context]
        context[1] += 1
        return self.reconstructed(predicted, sign * error)

    def line(self, samples, places, index, by_sample):
        """Codes a line of the components at `places`, which share the run index `index`."""
        width = samples.shape[1]
        current = np.zeros((len(places), width + 2), int)
        above = self.above[places]
        current[:, 0] = above[:, 1]
        above[:, width + 1] = above[:, width]
        x = 0
        while x < width:
            a, c, b, d = (v.tolist() for v in (current[:, x], above[:, x], above[:, x + 1], above[:, x + 2]))
            q = [
                81 * self.level(d[i] - b[i]) + 9 * self.level(b[i] - c[i]) + self.level(c[i] - a[i])
                for i in range(len(places))
            ]
            if any(q):
                for i in range(len(places)):
                    current[i, x + 1] = self.regular(int(samples[i, x]), q[i], a[i], b[i], c[i])
                x += 1
                continue
            begin = x
            while x < width and all(abs(int(samples[i, x]) - a[i]) <= self.near for i in range(len(places))):
                current[:, x + 1] = a
                x += 1
            self.run(x - begin, x == width, index)
            if x == width:
                break
            for i in range(len(places)):
                b = int(above[i, x + 1])
                flat = int(not by_sample and abs(a[i] - b) <= self.near)
                current[i, x + 1] = self.interruption(int(samples[i, x]), a[i], b, index, flat)
            self.runs[index] = max(self.runs[index] - 1, 0)
            x += 1
        self.above[places] = current
        return current[:, 1:-1]


def encode(image, precision, *, near=0, interleave=NONE, presets=None, restart=0, restart_bytes=2, tables=(), table=0,
           lines="frame", scans=None, large_bytes=0):
    """`presets`: MAXVAL, T1, T2, T3, RESET, 0 for the default. `tables`: segments to write before the scan; `table`: the number
    that scans name. `lines`: where the number of lines stands, in the `frame` header or `behind` the first scan.
    `scans`: lists of components, by default all in one or each in its own. `large_bytes`: size in an LSE segment."""
    rows, columns, components = image.shape
    maxval, t1, t2, t3, reset = presets or (0, 0, 0, 0, 0)
    stream = bytearray(b"\xff\xd8")
    high, wide = (0, 0) if large_bytes else (0 if lines == "behind" else rows, columns)
    specification = b"".join(bytes([i + 1, 0x11, 0]) for i in range(components))
    stream += segment(0xF7, bytes([precision, *high.to_bytes(2, "big"), *wide.to_bytes(2, "big"), components]) + specification)
    if large_bytes:
        size = rows.to_bytes(large_bytes, "big") + columns.to_bytes(large_bytes, "big")
        stream += segment(0xF8, bytes([4, large_bytes]) + size)
    if presets:
        stream += segment(0xF8, b"\x01" + b"".join(value.to_bytes(2, "big") for value in presets))
    if restart:
        stream += segment(0xDD, restart.to_bytes(restart_bytes, "big"))
    for body in tables:
        stream += segment(0xF8, body)
    maxval = maxval or (1 << precision) - 1
    thresholds = [given or default for given, default in zip((t1, t2, t3), default_thresholds(maxval, near))]
    found = np.zeros_like(image)
    scans = scans or ([[i] for i in range(components)] if interleave == NONE else [list(range(components))])
    for number, places in enumerate(scans):
        mode = interleave if len(places) > 1 else NONE
        selectors = b"".join(bytes([place + 1, table]) for place in places)
        stream += segment(0xDA, bytes([len(places)]) + selectors + bytes([near, mode, 0]))
        for i, first in enumerate(range(0, rows, restart or rows)):
            if i:
                stream += bytes([0xFF, 0xD0 + (i - 1) % 8])
            interval = Interval(len(places), columns, maxval, near, thresholds, reset or 64)
            for y in range(first, min(first + (restart or rows), rows)):
                samples = image[y].T[places]
                if mode == SAMPLE:
                    found[y][:, places] = interval.line(samples, list(range(len(places))), 0, True).T
                    continue
                for i_place, place in enumerate(places):
                    found[y][:, place] = interval.line(samples[i_place : i_place + 1], [i_place], i_place, False)[0]
            stream += interval.bits.finish()
        if number == 0 and lines == "behind":
            stream += segment(0xDC, rows.to_bytes(2, "big"))
    return bytes(stream + b"\xff\xd9"), found
