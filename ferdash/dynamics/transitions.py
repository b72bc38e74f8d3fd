"""Which emotion follows which, and whether knowing that helps to predict the next one.

The forecast is a first-order Markov chain at a fixed horizon, fitted on the first part of a track and evaluated on the
rest. Most of the time an emotion simply continues, and some emotions are shown more often than others whatever came
before, so there are two bars: the forecast that it continues, and the one that knows how often each is shown.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ferdash.dynamics.dominant import Segment
from ferdash.dynamics.resampling import block_length, mean_interval
from ferdash.dynamics.series import TrackSeries
from ferdash.emotions import EMOTIONS
from ferdash.evaluation.intervals import Interval

_C = len(EMOTIONS)

FITTED_SHARE = 0.7
"""Share of the track, from its start, on which the forecast is fitted."""

FEWEST_HELD_OUT = 20
"""Pairs of frames below which a forecast is not evaluated."""

PRIOR_STRENGTH = float(_C)
"""Pairs that the baseline is worth in each row of the chain, so that what was seen once does not count as certain."""


@dataclass(frozen=True)
class TransitionMatrix:
    """counts: int64 (7, 7), from (rows) to (columns). shares: float64 (7, 7), rows add up to 1; NaN in a row of an
    emotion that was never left."""

    counts: np.ndarray
    shares: np.ndarray


@dataclass(frozen=True)
class Forecast:
    """How well the dominant emotion horizon_s later is predicted from the dominant one now.

    chain: float64 (7, 7), probability of each next emotion (columns) given this one (rows). stay: the baseline's
    probability that an emotion continues. marginal: float64 (7,), how often each emotion is shown, whatever came
    before. log_loss, baseline_log_loss, marginal_log_loss: nats a pair, on held_out pairs after those fitted. gain,
    marginal_gain: theirs minus the chain's, each with its 95% CI.
    """

    horizon_s: float
    fitted: int
    held_out: int
    chain: np.ndarray
    stay: float
    log_loss: float
    baseline_log_loss: float
    gain: float
    interval: Interval
    marginal: np.ndarray
    marginal_log_loss: float
    marginal_gain: float
    marginal_interval: Interval

    @property
    def sentence(self) -> str:
        """The finding in plain words."""
        if self.interval.low > 0 and self.marginal_interval.low <= 0:
            worse = "; it is worse" if self.marginal_interval.high < 0 else ""
            chance = "" if worse else ", within chance"
            return (
                f"Which emotion tends to follow which does not beat knowing how often each is shown, "
                f"{self.horizon_s:g} s ahead{worse}: log loss {self.log_loss:.3f} against "
                f"{self.marginal_log_loss:.3f} on {self.held_out:,} later frames{chance}."
            )
        losses = f"log loss {self.log_loss:.3f} against {self.baseline_log_loss:.3f} on {self.held_out:,} later frames"
        ahead = f"{self.horizon_s:g} s ahead"
        if self.interval.low > 0:
            return (
                f"Knowing which emotion tends to follow which helps to predict {ahead}: {losses} for staying the same, "
                f"and {self.marginal_log_loss:.3f} for how often each is shown."
            )
        if self.interval.high < 0:
            return f"Which emotion tends to follow which does not beat staying the same {ahead}; it is worse: {losses}."
        return f"Which emotion tends to follow which does not beat staying the same {ahead}: {losses}, within chance."


def segment_transitions(segments: list[Segment]) -> TransitionMatrix:
    """From each segment to the one that follows without a gap; an emotion never follows itself."""
    pairs = [
        (EMOTIONS.index(one.emotion), EMOTIONS.index(other.emotion))
        for one, other in pairwise(segments)
        if one.end_s == other.start_s
    ]
    return _matrix(*np.array(pairs, dtype=np.int64).reshape(-1, 2).T)


def frame_transitions(series: TrackSeries, dominant: np.ndarray) -> TransitionMatrix:
    """From each frame to the next, staying included. dominant: int (T,), the dominant emotion of each frame."""
    follows = ~series.starts[1:]
    return _matrix(dominant[:-1][follows], dominant[1:][follows])


def _matrix(now: np.ndarray, then: np.ndarray) -> TransitionMatrix:
    counts = np.bincount(now * _C + then, minlength=_C * _C).reshape(_C, _C).astype(np.int64)
    totals = counts.sum(axis=1, keepdims=True)
    return TransitionMatrix(counts, counts / np.where(totals > 0, totals, np.nan))


def forecast_next(
    series: TrackSeries, dominant: np.ndarray, *, horizon_s: float = 1.0, seed: int = 0
) -> Forecast | None:
    """Fit the chain on the first FITTED_SHARE of a track and evaluate it on the rest; None where too little is left.

    A pair is a frame and the first one at least horizon_s later in the same segment. Pairs that reach from the fitted
    part into the rest belong to neither. Each row of the chain is a Dirichlet posterior whose prior is the baseline,
    worth PRIOR_STRENGTH pairs: where little was seen, the chain says what the baseline says. The baseline would have
    infinite log loss if it were certain; so it, too, is fitted: one probability of continuing, by Laplace's rule, and
    the rest shared equally among the other six. The marginal is fitted by the same rule.
    """
    now, then = horizon_pairs(series, horizon_s)
    split_s = _split_time(series)
    times = series.timestamps_s
    fitted, held_out = times[then] < split_s, times[now] >= split_s
    if not fitted.any() or held_out.sum() < FEWEST_HELD_OUT:
        return None
    stay, baseline, chain = _fit(dominant[now[fitted]], dominant[then[fitted]])
    marginal = (np.bincount(dominant[then[fitted]], minlength=_C) + 1) / (fitted.sum() + _C)
    here, there = dominant[now[held_out]], dominant[then[held_out]]
    ours, theirs = -np.log(chain[here, there]), -np.log(baseline[here, there])
    unconditional = -np.log(marginal[there])
    block = block_length(len(here), (1 + horizon_s) / series.step_s)
    return Forecast(
        horizon_s=horizon_s,
        fitted=int(fitted.sum()),
        held_out=int(held_out.sum()),
        chain=chain,
        stay=stay,
        log_loss=float(ours.mean()),
        baseline_log_loss=float(theirs.mean()),
        gain=float((theirs - ours).mean()),
        interval=mean_interval((theirs - ours)[:, None], block, seed=seed)[0],
        marginal=marginal,
        marginal_log_loss=float(unconditional.mean()),
        marginal_gain=float((unconditional - ours).mean()),
        marginal_interval=mean_interval((unconditional - ours)[:, None], block, seed=seed)[0],
    )


def horizon_pairs(series: TrackSeries, horizon_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a frame, and of the first frame at least horizon_s later without a gap between, both int (P,)."""
    now = np.arange(len(series))
    # Timestamps are sums of fractions: half a microsecond keeps a frame that is late by rounding alone.
    then = np.searchsorted(series.timestamps_s, series.timestamps_s + horizon_s - 5e-7)
    then = np.maximum(then, now + 1)
    segment = np.cumsum(series.starts)
    inside = then < len(series)
    inside[inside] = segment[then[inside]] == segment[now[inside]]
    return now[inside], then[inside]


def _split_time(series: TrackSeries) -> float:
    if len(series) == 0:
        return 0.0
    return float(series.timestamps_s[min(int(FITTED_SHARE * len(series)), len(series) - 1)])


def _fit(now: np.ndarray, then: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    stay = (float((now == then).sum()) + 1) / (len(now) + 2)
    baseline = np.full((_C, _C), (1 - stay) / (_C - 1))
    np.fill_diagonal(baseline, stay)
    counts = np.bincount(now * _C + then, minlength=_C * _C).reshape(_C, _C)
    chain = (counts + PRIOR_STRENGTH * baseline) / (counts.sum(axis=1, keepdims=True) + PRIOR_STRENGTH)
    return stay, baseline, chain
