"""Pictures in, faces and probabilities out. Nothing of them is kept."""

from typing import Annotated

from fastapi import APIRouter, Depends, File, Query, UploadFile

from ferdash.errors import ImageError
from ferdash.inference.photos import UNCERTAIN_BELOW, classify_photos, to_document
from ferdash.models.catalogue import DEFAULT_MODEL
from ferdash.pictures import Picture, read_picture
from ferdash.server.documents import DetectorName, EngineName, PredictDocument, TtaName
from ferdash.server.problems import ProblemError, responses
from ferdash.server.workshop import Workshop, workshop_of

router = APIRouter()


@router.post("/predict", responses=responses(400, 404, 413, 422, 503))
def predict(
    pictures: Annotated[list[UploadFile], File(description="One picture or several: JPEG, PNG, WebP and others.")],
    workshop: Annotated[Workshop, Depends(workshop_of)],
    model: Annotated[str, Query(description="One of /v1/models.")] = DEFAULT_MODEL,
    tta: TtaName = "plain",
    engine: EngineName = "auto",
    detector: DetectorName = "centerface",
    whole: Annotated[bool, Query(description="Each picture is a face already; look for none.")] = False,
    threshold: Annotated[float, Query(ge=0, le=1)] = UNCERTAIN_BELOW,
) -> PredictDocument:
    """Find the faces of pictures and give each the probabilities of the seven emotions.

    A picture that cannot be read does not stop the others; it has a problem and no face.
    """
    limits = workshop.settings
    if len(pictures) > limits.pictures:
        raise ProblemError(413, f"{len(pictures)} pictures came in one request; send at most {limits.pictures}.")
    for one in pictures:
        if (one.size or 0) > 1_000_000 * limits.picture_mb:
            raise ProblemError(413, f"{one.filename} is larger than {limits.picture_mb} MB; make it smaller first.")
    with workshop.turn():
        classifier = workshop.model(model, engine, tta)
        photos = classify_photos(
            (_read(one, place) for place, one in enumerate(pictures, start=1)),
            classifier,
            workshop.detector(detector),
            whole=True if whole else None,
        )
    used = {"model": model, "tta": tta, "engine": classifier.engine}
    settings = used | {"detector": detector, "whole": whole, "threshold": threshold}
    return PredictDocument.model_validate(settings | {"photos": to_document(photos, threshold)})


def _read(upload: UploadFile, place: int) -> tuple[str, Picture | ImageError]:
    """Archives are not opened here: they would unfold into more than the limits have seen."""
    name = upload.filename or f"picture {place}"
    try:
        return name, read_picture(upload.file.read(), name)
    except ImageError as error:
        return name, error
