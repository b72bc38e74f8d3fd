"""Robustness: what is left of a model's accuracy when faces are made worse."""

import streamlit as st

from pages.parts.common import charts, shared
from pages.parts.common.keys import keys_of
from pages.parts.experiments import evaluated

from ferdash.errors import EvaluationError
from ferdash.evaluation.cross import asked_model
from ferdash.evaluation.robustness import Robustness, mean_corruption_error, why_not_comparable
from ferdash.plots.robustness import robustness_difference, robustness_map

keyed = keys_of("experiments")

START = "ferdash evaluate {model} --dataset {dataset} --corruptions"
ALONE = "nothing"


def draw() -> None:
    """The whole tab."""
    reports: dict[str, Robustness] = {}
    for record in evaluated.current("robustness"):
        try:
            report = Robustness.from_dict(record)
        except EvaluationError as error:
            st.caption(f"{record['model']}: {error}")
            continue
        reports[_name(asked_model(record), report)] = report
    if not reports:
        _draw_empty()
        return
    left, right = st.columns(2)
    name = left.selectbox("Model", list(reports), key=keyed("robustness-model"))
    report = reports[name]
    alike = [other for other in reports if other != name and why_not_comparable(report, reports[other]) is None]
    other = right.selectbox(
        "Held against",
        [ALONE, *alike],
        key=keyed("robustness-against"),
        disabled=not alike,
        help="Models that were measured on the same images.",
    )
    charts.draw(robustness_map(report), key=keyed("robustness-map"))
    low, high = (100 * end for end in (report.interval.low, report.interval.high))
    st.caption(
        f"Accuracy in %. Mean over ten kinds and five strengths: 95% CI {low:.1f} to {high:.1f}. {report.describe()} "
        "Kinds and strengths after Hendrycks and Dietterich (2019)."
    )
    if other != ALONE and other in alike:
        short = _short(name, other)
        figure = robustness_difference(report, reports[other], names=short)
        charts.draw(figure, key=keyed("robustness-difference"))
        st.caption(
            f"Mean corruption error {mean_corruption_error(report, reports[other]):.2f}: the errors of {short[0]} over "
            f"those of {short[1]}, the mean of the kinds; below 1 is more robust."
        )


def _name(model: str, report: Robustness) -> str:
    """Tells apart what was measured of one model."""
    protocol = report.protocol
    name = f"{model} · {protocol.dataset} {protocol.split}, {protocol.images:,} images"
    name += "" if protocol.tta == "plain" else f", {protocol.tta}"
    name += "" if protocol.duplicates_included else ", without duplicates"
    return name + (", against the raters' majority" if report.truth == "majority" else "")


def _short(name: str, other: str) -> tuple[str, str]:
    """The two models alone, where that tells them apart."""
    first, second = (one.partition(" · ")[0] for one in (name, other))
    return (first, second) if first != second else (name, other)


def _draw_empty() -> None:
    st.info(
        "Nothing measured yet. This shows how many faces a model still recognises when they are blurred, dark, turned, "
        "covered or otherwise made worse, in ten ways and five strengths each.",
        icon=":material/blur_on:",
    )
    command = START.format(model=shared.model_reference() or "fernet", dataset=shared.dataset_name() or "fer2013")
    st.code(command, language="bash")
