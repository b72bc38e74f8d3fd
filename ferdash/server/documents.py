"""The shapes of answers, for OpenAPI and for whoever reads them. They hold what the command line prints with --json."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

EmotionName = Literal["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
DetectorName = Literal["centerface", "haar"]
EngineName = Literal["auto", "onnx", "int8", "torch"]
TtaName = Literal["plain", "flip", "ten-crop"]


class FaceDocument(BaseModel):
    """A face of a picture. box_xyxy: the square that was classified, in pixels, before it is turned by roll_deg."""

    model_config = ConfigDict(extra="allow")

    face: int = Field(description="From 1, row by row, each from left to right.")
    box_xyxy: list[float]
    detector: str
    emotion: EmotionName
    probability: float
    uncertain: bool
    reasons: list[str] = Field(description="What makes the face hard to read; none where nothing does.")
    probabilities: dict[EmotionName, float]


class PhotoDocument(BaseModel):
    """A picture. problem: why there is no face, or why it cannot be read."""

    file: str
    width: int
    height: int
    problem: str | None
    faces: list[FaceDocument]


class PredictDocument(BaseModel):
    """What `ferdash predict --json` prints."""

    model: str
    tta: TtaName
    engine: str
    detector: str
    whole: bool
    threshold: float
    photos: list[PhotoDocument]


class ModelDocument(BaseModel):
    """A model that can be asked for."""

    reference: str
    title: str
    kind: str
    description: str


class DatasetDocument(BaseModel):
    """What an imported dataset holds; its images are not handed out."""

    name: str
    hash: str
    images: int
    splits: dict[str, int]
    counts: dict[EmotionName, dict[str, int]]
    origin: str
    imported_at: str
    notes: list[str]


class ProgressDocument(BaseModel):
    """How far an analysis is. eta_s: seconds still to go, where known."""

    frames: int
    total: int
    timestamp_s: float
    speed: float
    eta_s: float | None


class AnalysisLine(BaseModel):
    """An analysis in a list."""

    id: str
    name: str
    kind: str
    state: str
    created_at: str


class AnalysisDocument(AnalysisLine):
    """An analysis. summary: what summary.json says, once there are results."""

    error: str | None
    progress: ProgressDocument | None
    tables: list[str]
    summary: dict[str, object] | None


class HealthDocument(BaseModel):
    """That the server is up."""

    status: Literal["ok"]
    ferdash: str
