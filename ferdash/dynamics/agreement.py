"""How far raters agree on who shows what when: people who code, and models whose dominant emotion is their word.

Each rater is a list of segments. Ten times a second everyone's emotion at that time is read; where a rater has no
segment it has no opinion, and says nothing about that time. Two raters are compared by Cohen's kappa (1960), all of
them by Krippendorff's alpha for nominal data (2011), and for each emotion by the same of "this emotion or not".

Neighbouring times are no independent observations, so intervals come from a bootstrap of whole blocks of time (Kunsch
1989; blocks here do not overlap): blocks are drawn with replacement, and the 2.5 and 97.5 percentiles taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import numpy as np

from ferdash.emotions import EMOTIONS
from ferdash.errors import SeriesError
from ferdash.evaluation.intervals import Interval

STEP_S = 0.1
"""From one time that is read to the next."""

BLOCK_S = 5.0
FEWEST_BLOCKS = 5
"""With fewer there is no telling how much chance does."""

RESAMPLES = 1000
SILENT = -1
_C = len(EMOTIONS)


class Span(Protocol):
    """From start_s until before end_s an emotion is shown."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def emotion(self) -> str: ...


@dataclass(frozen=True)
class Estimate:
    """A coefficient: 1 is full agreement, 0 that of chance. value: None where only one thing was ever said. interval:
    95%; None where there are too few blocks of time."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Pair:
    """Two raters. seconds: in which both have an opinion. same: share of these in which it is the same. kappa: of the
    seven emotions; each: of every emotion against the rest."""

    first: str
    second: str
    seconds: float
    same: float
    kappa: Estimate
    each: dict[str, Estimate]


@dataclass(frozen=True)
class Agreement:
    """Of all raters. seconds: in which two or more have an opinion. alpha, each: as for pairs. blocks: of block_s
    seconds, in which anything was compared."""

    raters: tuple[str, ...]
    seconds: float
    alpha: Estimate
    each: dict[str, Estimate]
    pairs: tuple[Pair, ...]
    blocks: int
    block_s: float = BLOCK_S

    @property
    def sentence(self) -> str:
        """What it comes to."""
        if self.alpha.value is None:
            return f"{' and '.join(self.raters)} name one emotion only, which tells nothing of agreement."
        between = self.alpha.interval
        words = f" (95% CI {between.low:.2f} to {between.high:.2f})" if between else ", too short for an interval"
        return (
            f"Krippendorff's alpha of {', '.join(self.raters)} is {self.alpha.value:.2f}{words}, over "
            f"{self.seconds:.1f} s on which two or more have an opinion."
        )


def agreement(
    raters: Mapping[str, Sequence[Span]], *, block_s: float = BLOCK_S, resamples: int = RESAMPLES, seed: int = 0
) -> Agreement:
    """How far raters agree, by name.

    Raises SeriesError for fewer than two raters, or where no two have an opinion at the same time.
    """
    if len(raters) < 2:
        raise SeriesError(f"Agreement needs two raters or more; here is {', '.join(raters) or 'none'}.")
    end_s = max((span.end_s for spans in raters.values() for span in spans), default=0.0)
    times_s = STEP_S * (np.arange(max(1, round(end_s / STEP_S))) + 0.5)
    labels = np.stack([labels_at(spans, times_s) for spans in raters.values()])
    compared = (labels != SILENT).sum(axis=0) >= 2
    if not compared.any():
        raise SeriesError(f"{' and '.join(raters)} never have an opinion at the same time, so nothing can be compared.")
    block = (times_s // block_s).astype(np.int64)
    _, block = np.unique(block[compared], return_inverse=True)
    labels = labels[:, compared]
    counts = np.stack([(labels == place).sum(axis=0) for place in range(_C)], axis=1)
    weights = _draws(int(block.max()) + 1, resamples, seed)
    alpha, each = _alphas(counts, block, weights)
    pairs = tuple(
        _pair((first, second), labels[[one, other]], block, weights)
        for (one, first), (other, second) in combinations(enumerate(raters), 2)
        if ((labels[one] != SILENT) & (labels[other] != SILENT)).any()
    )
    return Agreement(
        tuple(raters), len(labels[0]) * STEP_S, alpha, each, pairs, blocks=len(set(block.tolist())), block_s=block_s
    )


def labels_at(spans: Sequence[Span], times_s: np.ndarray) -> np.ndarray:
    """int (T,): position in EMOTIONS of what a rater says at each time, SILENT where nothing. Of segments that overlap,
    the one that began last counts."""
    labels = np.full(len(times_s), SILENT, dtype=np.int64)
    for span in sorted(spans, key=lambda one: one.start_s):
        first, last = np.searchsorted(times_s, [span.start_s, span.end_s])
        labels[first:last] = EMOTIONS.index(span.emotion)
    return labels


def document(found: Agreement) -> dict[str, Any]:
    """Ready for JSON; what cannot be told is None."""
    return {
        "raters": list(found.raters),
        "finding": found.sentence,
        "seconds": round(found.seconds, 3),
        "blocks": found.blocks,
        "block_s": found.block_s,
        "alpha": _plain(found.alpha),
        "alpha_each": {name: _plain(one) for name, one in found.each.items()},
        "pairs": [
            {
                "first": pair.first,
                "second": pair.second,
                "seconds": round(pair.seconds, 3),
                "same": pair.same,
                "kappa": _plain(pair.kappa),
                "kappa_each": {name: _plain(one) for name, one in pair.each.items()},
            }
            for pair in found.pairs
        ],
    }


def _plain(one: Estimate) -> dict[str, Any]:
    return {"value": one.value, "ci95": [one.interval.low, one.interval.high] if one.interval else None}


# --- the coefficients -------------------------------------------------------------------------------------------------


def _alphas(counts: np.ndarray, block: np.ndarray, weights: np.ndarray) -> tuple[Estimate, dict[str, Estimate]]:
    """Of all seven, and of each against the rest. counts: (T, 7) raters that say each emotion."""
    import krippendorff

    def value(table: np.ndarray) -> float | None:
        if (table.sum(axis=0) > 0).sum() < 2:
            return None
        return float(krippendorff.alpha(value_counts=table, level_of_measurement="nominal"))

    coincidences = _sums(_coincidences(counts), block)
    drawn = np.tensordot(weights, coincidences, axes=1)
    each = {}
    for place, emotion in enumerate(EMOTIONS):
        this = counts[:, place]
        table = np.column_stack([this, counts.sum(axis=1) - this])
        each[emotion] = _estimate(value(table), alpha_of(_collapsed(drawn, place)), len(coincidences))
    return _estimate(value(counts), alpha_of(drawn), len(coincidences)), each


def _pair(names: tuple[str, str], labels: np.ndarray, block: np.ndarray, weights: np.ndarray) -> Pair:
    from sklearn.metrics import cohen_kappa_score

    both = (labels != SILENT).all(axis=0)
    first, second = labels[:, both]

    def value(one: np.ndarray, other: np.ndarray) -> float | None:
        if len(np.unique([one, other])) < 2:
            return None
        return float(cohen_kappa_score(one, other))

    tables = np.zeros((weights.shape[1], _C, _C))
    np.add.at(tables, (block[both], first, second), 1)
    drawn = np.tensordot(weights, tables, axes=1)
    blocks = int((tables.sum(axis=(1, 2)) > 0).sum())
    each = {
        emotion: _estimate(value(first == place, second == place), kappa_of(_collapsed(drawn, place)), blocks)
        for place, emotion in enumerate(EMOTIONS)
    }
    kappa = _estimate(value(first, second), kappa_of(drawn), blocks)
    return Pair(*names, float(both.sum() * STEP_S), float((first == second).mean()), kappa, each)


def alpha_of(coincidences: np.ndarray) -> np.ndarray:
    """Krippendorff's nominal alpha of coincidence matrices (..., V, V); nan where one value is all there is."""
    of_value = coincidences.sum(axis=-1)
    total = of_value.sum(axis=-1)
    differing = total - np.trace(coincidences, axis1=-2, axis2=-1)
    expected = total**2 - (of_value**2).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.ndarray = 1 - (total - 1) * differing / np.where(expected > 0, expected, np.nan)
    return found


def kappa_of(tables: np.ndarray) -> np.ndarray:
    """Cohen's kappa of tables (..., V, V) of how often the one said this and the other that; nan where one value is all
    there is."""
    total = tables.sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        same = np.trace(tables, axis1=-2, axis2=-1) / total
        chance = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1) / total**2
        found: np.ndarray = (same - chance) / np.where(chance < 1, 1 - chance, np.nan)
    return found


def _coincidences(counts: np.ndarray) -> np.ndarray:
    """(T, 7, 7): pairs of what is said at each time, each rater's with every other's."""
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(_C)
    found: np.ndarray = pairs / (counts.sum(axis=1) - 1)[:, None, None]
    return found


def _sums(values: np.ndarray, block: np.ndarray) -> np.ndarray:
    summed = np.zeros((int(block.max()) + 1, *values.shape[1:]))
    np.add.at(summed, block, values)
    return summed


def _collapsed(tables: np.ndarray, place: int) -> np.ndarray:
    """(..., 2, 2) of tables (..., 7, 7): this emotion, and the rest."""
    this = np.array([place])
    rest = np.delete(np.arange(_C), place)
    parts = [[tables[..., one, :][..., other].sum(axis=(-2, -1)) for other in (this, rest)] for one in (this, rest)]
    return np.stack([np.stack(row, axis=-1) for row in parts], axis=-2)


def _draws(blocks: int, resamples: int, seed: int) -> np.ndarray:
    """(resamples, blocks): how often each block is drawn."""
    rng = np.random.default_rng(seed)
    drawn: np.ndarray = rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=resamples).astype(np.float64)
    return drawn


def _estimate(value: float | None, drawn: np.ndarray, blocks: int) -> Estimate:
    drawn = drawn[np.isfinite(drawn)]
    if value is None or blocks < FEWEST_BLOCKS or not len(drawn):
        return Estimate(value, None)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(value, Interval(float(low), float(high)))
