import numpy as np
import pandas as pd

from ferdash.data.votes import VOTE_CLASSES
from ferdash.emotions import COLOURS
from ferdash.plots.votes import agreement_bars, vote_bars


def test_every_answer_has_a_bar_and_no_votes_no_text():
    bars = vote_bars(np.array([0, 0, 0, 6, 3, 0, 0, 0, 0, 1])).data[0]
    assert [name.replace(" ", "_") for name in bars.y] == list(VOTE_CLASSES)
    assert list(bars.x) == [0, 0, 0, 6, 3, 0, 0, 0, 0, 1]
    assert bars.text[3] == "6"
    assert bars.text[0] == ""
    assert bars.marker.color[3] == COLOURS["happy"]
    assert bars.marker.color[9] not in COLOURS.values()


def test_agreement_is_stacked_and_told_in_the_title():
    counts = pd.DataFrame({"label": [10, 50], "other": [20, 10], "none": [5, 5]}, index=[5, 9])
    figure = agreement_bars(counts)
    assert [list(bar.y) for bar in figure.data] == [[10, 50], [20, 10], [5, 5]]
    assert figure.layout.title.text == "The label is the raters' commonest answer on 60.0% of 100 images"
    assert len({bar.marker.pattern.shape for bar in figure.data}) == 3
