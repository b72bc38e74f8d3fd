"""`ferdash export-onnx`: a model for ONNX Runtime. `ferdash calibrate`: the temperature of its probabilities."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from ferdash.cli.output import JsonFlag, print_json, say, stderr
from ferdash.errors import ModelError
from ferdash.paths import checkpoints_root, data_root, is_shipped
from ferdash.references import members_of, parse


def register(app: typer.Typer) -> None:
    """Add `ferdash export-onnx` and `ferdash calibrate`."""
    app.command("export-onnx")(export)
    app.command("calibrate")(calibrate)


def export(
    model: Annotated[str, typer.Argument(help="fernet, a folder, a Hugging Face id, or run:RUN@best.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to; left out, with the model, where the other commands find it."),
    ] = None,
    int8: Annotated[bool, typer.Option(help="Also quantise to 8-bit integers, scored on validation.")] = True,
    dataset: Annotated[str, typer.Option(help="Dataset whose training images set their ranges.")] = "fer2013",
    json_output: JsonFlag = False,
) -> None:
    """Export a model to ONNX, check it against PyTorch, and say what 8-bit integers cost."""
    from ferdash.data.dataset import open_dataset
    from ferdash.inference.compression import export_onnx
    from ferdash.models.loading import load_model
    from ferdash.models.reference import export_folder

    faces = open_dataset(data_root(), dataset) if int8 else None
    loaded = load_model(model, checkpoints_root(), device="cpu")
    folder = out or export_folder(model, checkpoints_root())
    with stderr.status("loading") as status:
        record = export_onnx(loaded, folder, dataset=faces, on_progress=lambda step: status.update(step))
    if json_output:
        print_json({"folder": str(folder)} | asdict(record))
        return
    say(f"[bold]{loaded.title}[/bold] is exported to {folder}.")
    say(record.describe())


def calibrate(
    model: Annotated[str, typer.Argument(help="A model of the models folder, or the path of a model folder.")],
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Dataset whose validation split it is fitted on. As before where the model has a temperature, else "
            "fer2013."
        ),
    ] = None,
    against: Annotated[
        Literal["labels", "majority"] | None,
        typer.Option(
            help="What is right: the dataset's labels, or what over half of FER+'s raters said. "
            "As before where the model has a temperature, else labels."
        ),
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Fit the temperature that makes a model's probabilities match how often it is right, and keep it with the model.

    Every command and page then uses it. `ferdash promote` does this by itself.
    """
    from ferdash.data.dataset import open_dataset
    from ferdash.inference.calibrating import fit_calibration
    from ferdash.inference.scoring import score
    from ferdash.models.calibration import fitted_against, fitted_on, write_calibration
    from ferdash.models.hub import is_hub_id
    from ferdash.models.reference import model_folder
    from ferdash.models.torch_loading import load_in_torch

    if len(members_of(model)) > 1 or parse(model).of_run or parse(model).size is not None:
        raise ModelError(
            f"A temperature is kept in a model's folder, and {model} has none of its own; promote the run to a named "
            "model first (`ferdash promote`), or calibrate each model alone."
        )
    folder = model_folder(model, checkpoints_root())
    if is_hub_id(model) and not Path(model).expanduser().is_dir():
        raise ModelError(
            f"{model} is kept in the cache of the Hugging Face Hub, which is not written to. Copy it to a folder "
            f"(`hf download {model} --local-dir DIR`) and calibrate that."
        )
    if is_shipped(folder):
        raise ModelError(
            f"{model} is part of the installed ferdash, which is not written to. Copy {folder} into "
            f"{checkpoints_root() / 'models'}, under this name or another, and calibrate that."
        )
    faces = open_dataset(data_root(), dataset or fitted_on(folder) or "fer2013")
    loaded = load_in_torch(model, checkpoints_root(), calibrated=False)
    with stderr.status("classifying"):
        truth = against or fitted_against(folder)
        calibration = fit_calibration(loaded, score(loaded, faces, "validation"), truth)
    write_calibration(folder, calibration)
    if json_output:
        print_json(calibration.to_dict())
        return
    say(calibration.describe())
