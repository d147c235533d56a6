"""The students: encoder, landmark refiner, detector and PAD network, as torch modules.

ReLU and not PReLU by default: ONNX Runtime's convolutions on a processor take a ReLU in, while a PReLU is a pass over
the memory of its own and breaks the blocked layout. The time that saves pays for more blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ENCODER_SIDE: Final = 112
LANDMARK_SIDE: Final = 64
PAD_SIDE: Final = 80
PAD_CLASSES: Final = ("print", "bona fide", "screen")
"""Of a PAD student's logits, in MiniFASNet's order."""
PAD_BONA_FIDE: Final = "bona fide"
STRIDES: Final = (8, 16, 32)
DETECTOR_MAPS: Final = (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
"""The detector's outputs at each stride, and their channels: YuNet's."""


class ConvNorm(nn.Sequential):
    """Convolution, batch norm and, unless told otherwise, ReLU or PReLU."""

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int = 3,
        stride: int = 1,
        groups: int = 1,
        act: bool = True,
        prelu: bool = False,
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(c_out),
        ]
        super().__init__(*layers, *([_activation(c_out, prelu)] if act else []))


def _activation(channels: int, prelu: bool) -> nn.Module:
    return nn.PReLU(channels) if prelu else nn.ReLU(inplace=True)


class Residual(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al., CVPR 2016)."""

    def __init__(self, c_in: int, c_out: int, stride: int, prelu: bool = False) -> None:
        super().__init__()
        self.first = ConvNorm(c_in, c_out, 3, stride, prelu=prelu)
        self.second = ConvNorm(c_out, c_out, act=False)
        same = stride == 1 and c_in == c_out
        self.shortcut = nn.Identity() if same else ConvNorm(c_in, c_out, 1, stride, act=False)
        self.act = _activation(c_out, prelu)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H / stride, W / stride)."""
        answer: Tensor = self.act(self.second(self.first(x)) + self.shortcut(x))
        return answer


class EncoderNet(nn.Module):
    """f(x): a residual network with a global depthwise convolution (MobileFaceNet's head) in place of pooling.

    Args:
        channels: of each stage; each stage but the first halves the picture.
        blocks: residual blocks of each stage.
        length: D, values of an embedding.
        prelu: PReLU in place of ReLU.
    """

    def __init__(
        self,
        channels: Sequence[int] = (24, 48, 96, 256),
        blocks: Sequence[int] = (2, 3, 10, 2),
        length: int = 128,
        prelu: bool = False,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [ConvNorm(3, channels[0], 3, 2, prelu=prelu)]
        width, side = channels[0], ENCODER_SIDE // 2
        for stage, (out, count) in enumerate(zip(channels, blocks, strict=True)):
            for j in range(count):
                stride = 2 if j == 0 and stage > 0 else 1
                layers.append(Residual(width, out, stride, prelu))
                width, side = out, side // stride
        self.body = nn.Sequential(*layers)
        self.pool = nn.Sequential(nn.Conv2d(width, width, side, groups=width, bias=False), nn.BatchNorm2d(width))
        self.project = nn.Sequential(nn.Linear(width, length, bias=False), nn.BatchNorm1d(length))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, 112, 112) RGB in [-1, 1] -> (N, D), not normalised."""
        embedding: Tensor = self.project(self.pool(self.body(x)).flatten(1))
        return embedding


class Separable(nn.Sequential):
    """Pointwise then depthwise convolution, batch norm and ReLU: YuNet's unit."""

    def __init__(self, c_in: int, c_out: int, act: bool = True) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(c_in, c_out, 1, bias=not act),
            nn.Conv2d(c_out, c_out, 3, 1, 1, groups=c_out, bias=not act),
        ]
        super().__init__(*layers, *([nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)] if act else []))


class LandmarkNet(nn.Module):
    """Five points on a roughly upright face crop.

    Args:
        width: channels after the first convolution.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        w = width
        self.body = nn.Sequential(
            ConvNorm(3, w, 3, 2),
            Residual(w, w, 1),
            Residual(w, 2 * w, 2),
            Residual(2 * w, 3 * w, 2),
            ConvNorm(3 * w, 4 * w, 3, 2),
            ConvNorm(4 * w, w, 1),
        )
        self.points = nn.Linear(w * (LANDMARK_SIDE // 16) ** 2, 10)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, 64, 64) BGR in [-1, 1] -> (N, 10): x and y of five points, in crop sides from the centre."""
        points: Tensor = self.points(self.body(x).flatten(1))
        return points


class PadNet(nn.Module):
    """Tells faces from prints and screens of faces: a residual network that looks at the whole map at its end.

    Args:
        width: channels of the first stage; the others have two, three and four times as many.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        w, side = width, PAD_SIDE // 16
        self.body = nn.Sequential(
            ConvNorm(3, w, 3, 2),
            Residual(w, w, 1),
            Residual(w, 2 * w, 2),
            Residual(2 * w, 3 * w, 2),
            Residual(3 * w, 4 * w, 2),
        )
        self.pool = nn.Sequential(nn.Conv2d(4 * w, 4 * w, side, groups=4 * w, bias=False), nn.BatchNorm2d(4 * w))
        self.classes = nn.Linear(4 * w, len(PAD_CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, 80, 80) BGR in [-1, 1] -> (N, 3) logits of ``PAD_CLASSES``."""
        logits: Tensor = self.classes(self.pool(self.body(x)).flatten(1))
        return logits


class DetectorNet(nn.Module):
    """A face detector with YuNet's output layout (Wu et al., Machine Intelligence Research 20, 2023).

    Args:
        width: channels from stride 8 on.
    """

    def __init__(self, width: int = 72) -> None:
        super().__init__()
        w = width
        self.stem = nn.Sequential(
            ConvNorm(3, 16, 3, 2), Separable(16, 16), nn.MaxPool2d(2), Separable(16, 32), Separable(32, 32)
        )
        self.at_8 = nn.Sequential(nn.MaxPool2d(2), Separable(32, w), Separable(w, w), Separable(w, w))
        self.at_16 = nn.Sequential(nn.MaxPool2d(2), Separable(w, w), Separable(w, w))
        self.at_32 = nn.Sequential(nn.MaxPool2d(2), Separable(w, w), Separable(w, w))
        self.neck = nn.ModuleList(Separable(w, w) for _ in STRIDES)
        total = sum(channels for _, channels in DETECTOR_MAPS)
        self.heads = nn.ModuleList(nn.Sequential(Separable(w, w), Separable(w, total, act=False)) for _ in STRIDES)
        for name, values in self.heads.named_parameters():
            if name.endswith("1.1.bias"):
                nn.init.constant_(values[:2], -4.0)  # faces are rare: begin near "none"

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, H, W) BGR 0..255, sides multiples of 32 -> per stride (N, H/S * W/S, 16).

        The 16 channels are those of ``DETECTOR_MAPS``; the first two are logits.
        """
        at_8 = self.at_8(self.stem(x / 128.0 - 1.0))
        at_16 = self.at_16(at_8)
        at_32 = self.neck[2](self.at_32(at_16))
        at_16 = self.neck[1](at_16 + F.interpolate(at_32, scale_factor=2.0, mode="nearest"))
        at_8 = self.neck[0](at_8 + F.interpolate(at_16, scale_factor=2.0, mode="nearest"))
        levels = (at_8, at_16, at_32)
        return [head(level).flatten(2).transpose(1, 2) for head, level in zip(self.heads, levels, strict=True)]


class DetectorExport(nn.Module):
    """The detector with the twelve output maps of YuNet, as the program reads them."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) BGR 0..255 -> cls, obj (in [0, 1]), bbox, kps; each at strides 8, 16, 32."""
        levels = self.net(x)
        maps: list[Tensor] = []
        begin = 0
        for name, channels in DETECTOR_MAPS:
            for level in levels:
                part = level[..., begin : begin + channels]
                maps.append(torch.sigmoid(part) if name in ("cls", "obj") else part)
            begin += channels
        return tuple(maps)
