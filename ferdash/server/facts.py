"""What there is: the server itself, models, datasets."""

from typing import Annotated

from fastapi import APIRouter, Depends

from ferdash import __version__
from ferdash.data.dataset import FaceDataset, list_datasets, open_dataset
from ferdash.emotions import SPLITS
from ferdash.errors import DatasetError
from ferdash.server.documents import DatasetDocument, HealthDocument, ModelDocument
from ferdash.server.problems import ProblemError, responses
from ferdash.server.workshop import Workshop, workshop_of

router = APIRouter()
Shop = Annotated[Workshop, Depends(workshop_of)]


@router.get("/health", responses=responses())
def health() -> HealthDocument:
    """Whether the server is up; may be asked without a token."""
    return HealthDocument(status="ok", ferdash=__version__)


@router.get("/models", responses=responses())
def models(workshop: Shop) -> list[ModelDocument]:
    """The models that can be asked for."""
    return [
        ModelDocument(reference=one.reference, title=one.title, kind=one.kind, description=one.description)
        for one in workshop.models()
    ]


@router.get("/datasets", responses=responses())
def datasets(workshop: Shop) -> list[str]:
    """The names of the imported datasets."""
    return list_datasets(workshop.settings.data)


@router.get("/datasets/{name}", responses=responses(404, 422))
def dataset(name: str, workshop: Shop) -> DatasetDocument:
    """How many images of each emotion and split a dataset holds, and where it is from."""
    if name not in list_datasets(workshop.settings.data):
        raise ProblemError(404, f"There is no dataset “{name}” here; /v1/datasets lists those there are.")
    try:
        return _document(open_dataset(workshop.settings.data, name))
    except DatasetError as error:
        raise ProblemError(404, str(error)) from error


def _document(opened: FaceDataset) -> DatasetDocument:
    counts = {str(emotion): {split: int(row[split]) for split in SPLITS} for emotion, row in opened.counts().iterrows()}
    return DatasetDocument.model_validate(
        {
            "name": opened.name,
            "hash": opened.hash,
            "images": len(opened),
            "splits": {split: len(opened.rows(split)) for split in SPLITS},
            "counts": counts,
            "origin": str(opened.meta["origin"]),
            "imported_at": str(opened.meta["imported_at"]),
            "notes": list(opened.meta["notes"]),
        }
    )
