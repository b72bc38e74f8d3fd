import numpy as np
import pandas as pd
import pytest

from ferdash.emotions import COLOURS, EMOTIONS
from ferdash.plots.dataset import distribution, quality_histogram


@pytest.fixture
def counts():
    numbers = {"train": [30, 4, 20, 60, 40, 35, 11], "validation": [3, 1, 2, 6, 4, 3, 1], "test": [0] * 7}
    return pd.DataFrame(numbers, index=list(EMOTIONS))


def test_distribution_draws_the_counts_of_splits_that_have_images(counts):
    figure = distribution(counts)
    bars = [bar for bar in figure.data if len(bar.x) == len(EMOTIONS)]
    assert [bar.name for bar in bars] == ["train", "validation"]
    np.testing.assert_array_equal(bars[0].y, [30, 4, 20, 60, 40, 35, 11])
    assert list(bars[0].marker.color) == [COLOURS[name] for name in EMOTIONS]
    # Splits share the emotions' colours, so something else must tell them apart.
    assert bars[0].marker.pattern.shape != bars[1].marker.pattern.shape


def test_legend_shows_each_split_once_in_no_emotions_colour(counts):
    entries = [bar for bar in distribution(counts).data if bar.showlegend is None]
    assert [bar.name for bar in entries] == ["train", "validation"]
    assert not {bar.marker.color for bar in entries} & set(COLOURS.values())


def test_shares_add_up_to_one_in_each_split(counts):
    bars = [bar for bar in distribution(counts, shares=True).data if len(bar.x) == len(EMOTIONS)]
    assert [sum(bar.y) for bar in bars] == pytest.approx([1, 1])
    assert bars[0].text[3] == "30.0%"


def test_title_states_the_finding(counts):
    assert distribution(counts).layout.title.text == "Happy is the most frequent emotion, disgust the rarest"
    equal = pd.DataFrame({"train": [5] * 7}, index=list(EMOTIONS))
    assert distribution(equal).layout.title.text == "Images per emotion"


def test_quality_shares_cover_every_image():
    rng = np.random.default_rng(0)
    values = {"train": rng.normal(120, 30, 500), "validation": rng.normal(100, 30, 50), "test": np.array([])}
    figure = quality_histogram(values, title="Brightness", x_title="mean grey level")
    assert [line.name for line in figure.data] == ["train", "validation"]
    for line in figure.data:
        assert sum(line.y) == pytest.approx(1)
    assert figure.data[0].line.dash != figure.data[1].line.dash


def test_quality_of_equal_values_and_of_nothing():
    figure = quality_histogram({"train": np.full(9, 128.0)}, title="", x_title="")
    assert max(figure.data[0].y) == 1
    assert len(quality_histogram({"train": np.array([])}, title="", x_title="").data) == 0


def test_outliers_are_counted_without_squeezing_the_rest():
    values = np.concatenate([np.linspace(100, 200, 998), [-9000.0, 9000.0]])
    line = quality_histogram({"train": values}, title="", x_title="").data[0]
    assert sum(line.y) == pytest.approx(1)
    assert 90 < line.x[0] < 110
    assert 190 < line.x[-1] < 210


def test_logarithmic_bins_are_equally_wide_on_their_axis():
    values = np.geomspace(0.5, 1e5, 400)
    line = quality_histogram({"train": values}, title="", x_title="", logarithmic=True).data[0]
    assert sum(line.y) == pytest.approx(1)
    np.testing.assert_allclose(np.diff(np.log(line.x)), np.diff(np.log(line.x))[0])
