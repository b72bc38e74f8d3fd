"""CenterFace: Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2019), in ONNX Runtime.

The network gives four maps at a quarter of the picture's size. A face is a peak of the heatmap; the other maps say, at
that place, how far its centre lies from the cell's, how large its box is, and where in the box its landmarks are.
"""

from pathlib import Path

import cv2
import numpy as np

from ferdash.errors import ModelError
from ferdash.geometry import CropBox, cut_out
from ferdash.inference.faces import Face, from_left, merged, reduced, suppress_duplicates
from ferdash.inference.landmarks import roll_of
from ferdash.models.runtime import open_graph
from ferdash.paths import SHIPPED, checkout

FILE = Path("detectors/centerface/centerface.onnx")
"""Within a folder of checkpoints."""

STRIDE, MULTIPLE = 4, 32
"""Pixels of the picture for one cell of the maps; and what the sides of the network's input are multiples of."""

DETECT_SIDE, CLOSE_SIDE = 640, 1280
"""Longer side, in pixels, at which faces are looked for; and at which larger pictures are looked at once more when the
first look found none, or small ones, which seldom come alone."""

COARSE_SIDE, COARSE_SHARE = 160, 0.5
"""Each look is followed by one at this side, or at this share of the first one's where that is less, which costs a
tenth of it: large faces that are drawn, blurred or half hidden look more like faces when they are small."""

SMALL_SHARE = 1 / 16
"""A face whose box is smaller than this share of the picture's longer side is a small one."""

SMALLEST_SIDE, MOST_ENLARGED = 192, 8
"""Pictures smaller than this are enlarged to it, though no more than so many times: of FER2013's faces of 48 pixels
that finds 98% instead of 81%."""

BORDER = 0.25
"""Where nothing is found the picture is looked at once more with its border continued by this share of its side."""

TURNS_DEG, TURNED_SIDE = (60.0, -60.0), 320
"""Where that finds nothing either, the picture is looked at turned by so much, at this size: a blurred or half-covered
face that is tilted as well is found so."""

TILTED_DEG, UPRIGHT_SIDE, UPRIGHT_SHARE, UPRIGHT_LOOKS = 12.0, 160, 0.55, 2
"""The landmarks of a face that is tilted by more are looked for again in an upright cut-out of so many pixels, of which
the face's box takes the share: on the picture itself the network understates a tilt of 45 degrees by 5 to 15."""


def centerface_file(checkpoints: Path) -> Path:
    """The network's file in `checkpoints`, else the one that comes with ferdash. Raises ModelError where neither is."""
    project = checkout()
    for folder in (checkpoints, SHIPPED if project is None else project / "checkpoints"):
        if (folder / FILE).is_file():
            return folder / FILE
    raise ModelError(
        f"CenterFace's file is missing: there is no {FILE.name} in {(checkpoints / FILE).parent}. "
        "Fetch it with python scripts/fetch_centerface.py, or use the detector haar."
    )


def decode(
    heatmap: np.ndarray, scale: np.ndarray, offset: np.ndarray, landmarks: np.ndarray, min_confidence: float
) -> list[Face]:
    """The faces at the peaks of `heatmap`, in pixels of the network's input, without doubles.

    heatmap: float32 (H, W), 0 to 1. scale: (2, H, W), the logarithm of the box's height and width in cells. offset:
    (2, H, W), of the centre from the middle of the cell, down and to the right, in cells. landmarks: (10, H, W), for
    each of the five how far down and how far to the right in the box, as shares of it.
    """
    peaks = (heatmap >= min_confidence) & (heatmap == cv2.dilate(heatmap, np.ones((3, 3), np.uint8)))
    rows, columns = np.nonzero(peaks)
    size = np.exp(scale[:, rows, columns]) * STRIDE
    centre = (np.stack([rows, columns]) + offset[:, rows, columns] + 0.5) * STRIDE
    corner = centre - size / 2
    points = landmarks[:, rows, columns].reshape(5, 2, -1) * size + corner
    faces = []
    for number, confidence in enumerate(heatmap[rows, columns].tolist()):
        (top, left), (height, width) = corner[:, number].tolist(), size[:, number].tolist()
        places = tuple((x, y) for y, x in points[:, :, number].tolist())
        faces.append(Face((left, top, left + width, top + height), confidence, "centerface", places))
    return suppress_duplicates(faces)


class CenterFaceDetector:
    """Finds faces with the network at `path`; safe to use from several threads at once.

    A quick look takes the picture as it is, at no more than DETECT_SIDE; otherwise tiny pictures are enlarged, and
    large or faceless ones looked at again. Raises ModelError when ONNX Runtime is not installed, or cannot open the
    file.
    """

    name = "centerface"

    def __init__(self, path: Path, min_confidence: float = 0.42) -> None:
        self.min_confidence = min_confidence
        self._runtime = open_graph(path)

    def __call__(self, image_rgb: np.ndarray, *, min_side: int = 0, quick: bool = False) -> list[Face]:
        if quick:
            # Around a face of known size one that is seen in the first look is that face.
            known = min_side > 0 and self._at_side(image_rgb, DETECT_SIDE)
            faces = known or self._detect(image_rgb, DETECT_SIDE)
        else:
            faces = self._search(image_rgb)
        return from_left([self._upright(image_rgb, face) for face in faces])

    def _search(self, image_rgb: np.ndarray) -> list[Face]:
        side = max(image_rgb.shape[:2])
        if side < SMALLEST_SIDE:
            factor = min(SMALLEST_SIDE / side, MOST_ENLARGED)
            large = cv2.resize(image_rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
            return [face.mapped(1 / factor) for face in self._with_border(large)]
        faces = self._with_border(image_rgb)
        small = any(max(_size(face)) < SMALL_SHARE * side for face in faces)
        if side > DETECT_SIDE and (small or not faces):
            faces = merged(self._at_side(image_rgb, CLOSE_SIDE), faces)
        return faces or self._turned(image_rgb)

    def _turned(self, image_rgb: np.ndarray) -> list[Face]:
        """The faces of the picture seen when it is turned one way, else those seen when it is turned the other."""
        height, width = image_rgb.shape[:2]
        for roll_deg in TURNS_DEG:
            box = CropBox(width / 2, height / 2, float(max(height, width)), roll_deg)
            if seen := self._detect(cut_out(image_rgb, box, TURNED_SIDE), TURNED_SIDE):
                return [_turned_back(face, box, TURNED_SIDE, face.confidence) for face in seen]
        return []

    def _with_border(self, image_rgb: np.ndarray) -> list[Face]:
        """A look, and a second one with a border where the first finds nothing."""
        if faces := self._detect(image_rgb, DETECT_SIDE):
            return faces
        small, scale = reduced(image_rgb, DETECT_SIDE)
        border = int(BORDER * min(small.shape[:2]))
        wide = cv2.copyMakeBorder(small, border, border, border, border, cv2.BORDER_REPLICATE)
        return [face.mapped(scale, -border * scale, -border * scale) for face in self._detect(wide, DETECT_SIDE // 2)]

    def _detect(self, image_rgb: np.ndarray, side: int) -> list[Face]:
        """The faces seen with the longer side at no more than `side` pixels, and at a coarse one, in the picture's own.

        A face that is seen at both is taken from the first, where its landmarks are finer.
        """
        fine = self._at_side(image_rgb, side)
        coarse_side = round(min(COARSE_SIDE, COARSE_SHARE * min(side, max(image_rgb.shape[:2]))))
        return merged(fine, self._at_side(image_rgb, coarse_side)) if coarse_side >= MULTIPLE else fine

    def _at_side(self, image_rgb: np.ndarray, side: int) -> list[Face]:
        small, scale = reduced(image_rgb, side)
        height, width = small.shape[:2]
        padded = cv2.copyMakeBorder(small, 0, -height % MULTIPLE, 0, -width % MULTIPLE, cv2.BORDER_CONSTANT)
        pixels = padded.transpose(2, 0, 1)[None].astype(np.float32)
        maps = self._runtime.run(["heatmap", "scale", "offset", "landmarks"], {"image_rgb": pixels})
        faces = decode(maps[0][0, 0], maps[1][0], maps[2][0], maps[3][0], self.min_confidence)
        return [face.mapped(scale) for face in faces]

    def _upright(self, image_rgb: np.ndarray, face: Face) -> Face:
        """A tilted face with the landmarks that are seen when it is turned upright."""
        turned_deg = 0.0
        for _ in range(UPRIGHT_LOOKS):
            roll_deg = roll_of(np.array(face.landmarks))
            if abs(roll_deg - turned_deg) <= TILTED_DEG:
                break
            (width, height), (x0, y0, x1, y1) = _size(face), face.box_xyxy
            box = CropBox((x0 + x1) / 2, (y0 + y1) / 2, max(width, height, 4.0) / UPRIGHT_SHARE, roll_deg)
            seen = self._at_side(cut_out(image_rgb, box, UPRIGHT_SIDE), UPRIGHT_SIDE)
            middle = UPRIGHT_SIDE / 2
            seen = [one for one in seen if one.box_xyxy[0] < middle < one.box_xyxy[2]]
            seen = [one for one in seen if one.box_xyxy[1] < middle < one.box_xyxy[3]]
            if not seen:
                break
            best = max(seen, key=lambda one: one.confidence)
            turned_deg = roll_deg
            face = _turned_back(best, box, UPRIGHT_SIDE, face.confidence)
        return face


def _turned_back(face: Face, box: CropBox, size: int, confidence: float) -> Face:
    """A face of the cut-out of `box`, of `size` pixels, in the picture: landmarks where they are there, and around its
    centre the box that it has in the cut-out."""
    points = box.to_picture(np.array(face.landmarks), size)
    x0, y0, x1, y1 = face.box_xyxy
    ((x, y),) = box.to_picture(np.array([[(x0 + x1) / 2, (y0 + y1) / 2]]), size)
    half = np.array(_size(face)) * box.side / size / 2
    return Face(
        (float(x - half[0]), float(y - half[1]), float(x + half[0]), float(y + half[1])),
        max(face.confidence, confidence),
        face.detector,
        tuple((float(px), float(py)) for px, py in points),
    )


def _size(face: Face) -> tuple[float, float]:
    x0, y0, x1, y1 = face.box_xyxy
    return x1 - x0, y1 - y0
