"""The report: one HTML page that holds all of it, charts included, and opens anywhere without a network."""

import base64
from html import escape

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from ferdash.analyses.store import Analysis
from ferdash.dynamics.summary import Summary, TrackSummary
from ferdash.emotions import COLOURS
from ferdash.exports.facts import facts_of, without_result
from ferdash.plots.changes import delta_heatmap
from ferdash.plots.segments import ribbon, transition_heatmap
from ferdash.plots.timeline import timeline
from ferdash.wording import counted, percent

MOST_EVENTS = 200

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #23252b; background: #fdfcfa; margin: 0 auto; max-width: 1080px;
  padding: 24px; }
h1 { font-size: 1.8rem; margin: 0 0 4px; } h2 { font-size: 1.3rem; margin: 40px 0 8px; }
.lead { font-size: 1.1rem; } .small { font-size: .85rem; color: #5b5f69; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 16px 0; }
dt { color: #5b5f69; } dd { margin: 0; }
.person { display: flex; gap: 16px; align-items: center; }
.person img { width: 96px; border-radius: 8px; }
table { border-collapse: collapse; margin: 8px 0 20px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 3px 12px 3px 0; border-bottom: 1px solid #dedad2; }
th:first-child, td:first-child { text-align: left; } th { font-weight: 600; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 50%; margin-right: 6px; }
details { margin: 12px 0; } summary { cursor: pointer; font-weight: 600; }
@media print { details { display: block; } }
"""

LIMITS = (
    "A model classifies how a face looks, one frame at a time. What a person feels is another matter: people smile out "
    "of politeness and frown in thought. Read the curves as what the model saw, and changes as what is worth a look."
)


def report_html(analysis: Analysis, summary: Summary) -> str:
    """The whole page. Charts are drawn by plotly, whose script is in the page."""
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts_of(analysis).items())
    people = "".join(_person(analysis, track) for track in summary.tracks.values())
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(analysis.name)}: emotions over '
        f'time</title><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<script>{get_plotlyjs()}</script></head><body>"
        f'<h1>{escape(analysis.name)}</h1><p class="lead">{escape(summary.sentence)}</p>{_reasons(summary)}'
        f"<dl>{facts}</dl>{_marks(analysis)}{people}"
        f'<h2>How to read this</h2><p>{LIMITS}</p><p class="small">Changes are moves from one level to another that '
        "this person's own noise would not make; their strength is given in multiples of it. Lines are smoothed, with "
        "the measured values faintly behind; changes are found in the measured values.</p></body></html>\n"
    )


def _reasons(summary: Summary) -> str:
    said = without_result(summary)
    return f'<p class="small">{escape(said)}</p>' if said else ""


def _marks(analysis: Analysis) -> str:
    marks = analysis.marks()
    if not marks:
        return ""
    rows = "".join(f"<li>{mark['timestamp_s']:.2f} s: {escape(str(mark['name']))}</li>" for mark in marks)
    return f"<h2>Markers</h2><ul>{rows}</ul>"


def _person(analysis: Analysis, track: TrackSummary) -> str:
    head = f"<h2>Person {track.track}</h2>{_face(analysis, track)}"
    if not len(track.series):
        return head
    marks = analysis.marks()
    figures = [
        timeline(track.smoothed, raw=track.series, changes=track.moments, marks=marks),
        ribbon(track.segments),
        delta_heatmap(track.series, track.deltas),
    ]
    if track.relative is not None:
        figures.insert(1, timeline(track.smoothed, baseline=track.baseline, changes=track.moments, marks=marks))
    charts = "".join(map(_chart, figures))
    predicted = f"<p>{escape(track.forecast.sentence)}</p>" if track.forecast else ""
    return f"{head}{charts}{_dwell(track)}{_events(track)}{_chart(transition_heatmap(track.transitions))}{predicted}"


def _face(analysis: Analysis, track: TrackSummary) -> str:
    path = analysis.thumbnail(track.track)
    picture = ""
    if path is not None:
        content = base64.b64encode(path.read_bytes()).decode()
        picture = f'<img alt="person {track.track}" src="data:image/jpeg;base64,{content}">'
    return f'<div class="person">{picture}<p>{escape(track.sentence)}</p></div>'


def _chart(figure: go.Figure) -> str:
    figure.update_layout(template="plotly_white", paper_bgcolor="#fdfcfa", plot_bgcolor="#fdfcfa")
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False}))


def _dwell(track: TrackSummary) -> str:
    rows = "".join(
        f'<tr><td><span class="dot" style="background:{COLOURS[str(emotion)]}"></span>{emotion}</td>'
        f"<td>{percent(row['share'])}</td><td>{row['total_s']:.2f} s</td><td>{int(row['visits'])}</td>"
        f"<td>{row['longest_s']:.2f} s</td></tr>"
        for emotion, row in track.dwell.iterrows()
        if row["visits"] > 0
    )
    head = "<tr><th>dominant</th><th>of the time</th><th>in all</th><th>times</th><th>longest</th></tr>"
    return f"<table>{head}{rows}</table>"


def _events(track: TrackSummary) -> str:
    if not track.moments:
        return ""
    # Of very many the largest are shown; events.csv has them all.
    largest = sorted(track.moments, key=lambda moment: -moment.main.size)[:MOST_EVENTS]
    rows = "".join(
        f"<tr><td>{one.main.peak_s:.2f} s</td><td>{one.main.peak_frame:,}</td><td>{one.main.emotion}</td>"
        f"<td>{100 * one.main.size * one.main.direction:+.0f}</td><td>{one.with_it}</td>"
        f"<td>{one.duration_s:.2f} s</td><td>{one.main.z:.1f}</td></tr>"
        for one in sorted(largest, key=lambda moment: moment.main.peak_s)
    )
    names = ("time", "frame", "emotion", "points", "with it", "lasting", "times noise")
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in names)}</tr>"
    shown = f", the largest {MOST_EVENTS}" if len(track.moments) > MOST_EVENTS else ""
    words = counted(len(track.moments), "change")
    return f"<details><summary>{words}{shown}</summary><table>{head}{rows}</table></details>"
