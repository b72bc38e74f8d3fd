"""The report's tables held against each other and against its text."""

from collections.abc import Iterator

from ferdash.emotions import EMOTIONS
from ferdash.published.findings import Finding, differ, shown
from ferdash.published.observations import observations
from ferdash.published.reader import ROUNDING, Experiment, Report, read_report
from ferdash.published.tables import check_table
from ferdash.wording import counted


def check(report: Report | None = None) -> list[Finding]:
    """Everything that does not add up: first each table with itself, then with the others, then what the figures show
    although nothing is wrong with them. report: None takes the report as published."""
    report = report or read_report()
    own = [finding for experiment in report.experiments for finding in check_table(experiment)]
    between = [
        *_images(report),
        *_timeline(report),
        *_progress(report),
        *_increases(report),
        *_summary(report),
        *_text(report),
    ]
    return [*own, *between, *observations(report)]


def _finding(*sections: str, sentence: str) -> Finding:
    return Finding("another", sections, sentence)


def _images(report: Report) -> Iterator[Finding]:
    for split, images in report.images.items():
        if sum(images.count) != images.total:
            sentence = f"3.2: the {split} images add up to {sum(images.count):,}, not {images.total:,}."
            yield _finding("3.2", sentence=sentence)
        for emotion, count, share in zip(EMOTIONS, images.count, images.share, strict=True):
            if abs(count / images.total - share) > 0.0005 + 1e-9:
                sentence = f"3.2: {count:,} of {images.total:,} {split} images are not {share:.1%} ({emotion})."
                yield _finding("3.2", sentence=sentence)
    test = report.images["test"]
    for experiment in report.experiments:
        if experiment.images == test.total and experiment.table.support != test.count:
            sentence = f"{experiment.section}: the supports are not the test images of 3.2."
            yield _finding("3.2", experiment.section, sentence=sentence)
    train = report.images["train"].count
    if not _fits(report.text.imbalance, max(train) / min(train), max(train) / min(train)):
        sentence = f"6: the imbalance is stated as {report.text.imbalance} to 1; 3.2 has {max(train) / min(train):.2f}."
        yield _finding("3.2", "6", sentence=sentence)


def _timeline(report: Report) -> Iterator[Finding]:
    dates = {name: day for day, name in report.timeline}
    for experiment in report.experiments:
        if dates.get(experiment.name) != experiment.date:
            sentence = f"{experiment.section} and 5.1 give {experiment.name} different dates."
            yield _finding("5.1", experiment.section, sentence=sentence)
    shown_names = {experiment.name for experiment in report.experiments}
    if unknown := [name for _, name in report.timeline if name not in shown_names]:
        sentence = f"5.1 lists {' and '.join(unknown)}, of which the report gives no result."
        yield _finding("5.1", sentence=sentence)


def _progress(report: Report) -> Iterator[Finding]:
    for experiment in filter(lambda one: one.progress, report.experiments):
        for sentence in _progress_sentences(experiment):
            yield Finding("itself", (experiment.section,), f"{experiment.section}: {sentence}")


def _progress_sentences(experiment: Experiment) -> Iterator[str]:
    rows = experiment.progress
    if [row.epoch for row in rows] != list(range(1, experiment.epochs + 1)):
        yield f"the progression does not have the {counted(experiment.epochs, 'epoch')} that are stated."
    best = 0.0
    for row in rows:
        best = max(best, row.accuracy)
        if row.best is not None and row.best != best:
            yield f"the best accuracy until epoch {row.epoch} is stated as {shown(row.best)}, but it was {shown(best)}."
    stated_epoch = experiment.best_epoch or experiment.epochs
    reached = next((row.accuracy for row in rows if row.epoch == stated_epoch), None)
    if reached != experiment.accuracy:
        yield f"epoch {stated_epoch} of the progression does not have the stated {shown(experiment.accuracy)}."
    if best > experiment.accuracy:
        yield f"{shown(experiment.accuracy)} is stated as the result, but the progression reaches {shown(best)}."


def _increases(report: Report) -> Iterator[Finding]:
    for experiment in report.experiments:
        if experiment.increase is None:
            continue
        before = report.experiment(experiment.increase.over)
        pairs = [("the accuracy", experiment.increase.accuracy, before.accuracy, experiment.accuracy)]
        pairs += [
            (f"{emotion}'s F1", experiment.increase.f1[emotion], before.table.f1[place], experiment.table.f1[place])
            for place, emotion in enumerate(EMOTIONS)
        ]
        for what, stated, old, new in pairs:
            if wrong := _wrong_increase(stated, old, new):
                sentence = f"{experiment.section} lets {what} rise by {stated}% over {before.section}; {wrong}."
                yield _finding(before.section, experiment.section, sentence=sentence)


def _wrong_increase(stated: str, old: float, new: float) -> str | None:
    """What the two shares give instead of the printed percentage, or None when rounding explains the difference."""
    low = 100 * ((new - ROUNDING) / (old + ROUNDING) - 1)
    high = 100 * ((new + ROUNDING) / (old - ROUNDING) - 1)
    if _fits(stated, low, high):
        return None
    decimals = len(stated.partition(".")[2])
    cut = " (cut off, not rounded)" if 0 <= low - float(stated) < 10.0**-decimals else ""
    return f"{shown(old)} to {shown(new)} is {100 * (new / old - 1):.{decimals + 2}f}%{cut}"


def _fits(stated: str, low: float, high: float) -> bool:
    """Whether a number between low and high, rounded as `stated` is, can be `stated`."""
    half = 0.5 * 10.0 ** -len(stated.partition(".")[2])
    return low - half - 1e-9 <= float(stated) <= high + half + 1e-9


def _summary(report: Report) -> Iterator[Finding]:
    for row in report.summary:
        experiment = report.experiment(row.name)
        if (row.accuracy, row.date) != (experiment.accuracy, experiment.date):
            sentence = f"5.6 and {experiment.section} give {row.name} another accuracy or date."
            yield _finding("5.6", experiment.section, sentence=sentence)
        higher = [other for other in report.summary if other.accuracy > row.accuracy]
        if row.called_best and higher:
            sentence = (
                f"5.6 marks {shown(row.accuracy)} ({row.name}) as best; it lists {counted(len(higher), 'higher one')}: "
                f"{', '.join(shown(other.accuracy) for other in higher)}."
            )
            yield _finding("5.6", sentence=sentence)
    listed = {row.name for row in report.summary}
    if absent := [one for one in report.experiments if one.name not in listed]:
        names = " and ".join(f"{one.name} ({shown(one.accuracy)})" for one in absent)
        yield _finding("5.6", *(one.section for one in absent), sentence=f"5.6 leaves out {names}.")
    by_images: dict[int, list[str]] = {
        images: [] for images in sorted({report.experiment(row.name).images for row in report.summary})
    }
    for row in report.summary:
        by_images[report.experiment(row.name).images].append(shown(row.accuracy))
    if len(by_images) > 1:
        groups = "; ".join(f"{', '.join(scores)} on {images:,} images" for images, scores in by_images.items())
        sentence = f"5.6 sets side by side what was measured on different images and is not comparable: {groups}."
        yield _finding("5.6", sentence=sentence)


def _text(report: Report) -> Iterator[Finding]:
    text = report.text
    for name, emotion, value in text.f1:
        experiment = report.experiment(name)
        if differ(experiment.table.f1[EMOTIONS.index(emotion)], value):
            yield _finding("6", experiment.section, sentence=f"6 gives {emotion} of {name} another F1: {shown(value)}.")
    for name, value in text.accuracy:
        experiment = report.experiment(name)
        if value != experiment.accuracy:
            yield _finding("6", experiment.section, sentence=f"6 gives {name} another accuracy: {shown(value)}.")
    for experiment in filter(lambda one: one.increase, report.experiments):
        yield from _abstract(report, experiment)
        yield from _most_improved(report, experiment)
    adaptive = report.experiment("adaptive_training")
    f1 = dict(zip(EMOTIONS, adaptive.table.f1, strict=True))
    lowest = sorted(EMOTIONS, key=f1.__getitem__)[: len(text.adaptive_hardest)]
    if set(lowest) != set(text.adaptive_hardest):
        sentence = (
            f"{adaptive.section} says that {' and '.join(text.adaptive_hardest)} stay hard in the last epoch, but the "
            f"lowest F1 are those of {' and '.join(f'{name} ({shown(f1[name])})' for name in lowest)}."
        )
        yield _finding(adaptive.section, sentence=sentence)


def _abstract(report: Report, experiment: Experiment) -> Iterator[Finding]:
    stated, reached = report.text.abstract_increase
    before = report.experiment(experiment.increase.over)  # type: ignore[union-attr]
    if wrong := _wrong_increase(stated, before.accuracy, reached):
        sentence = f"The abstract has an increase of {stated}% lead to {shown(reached)}; {wrong}."
        yield _finding("Abstract", before.section, sentence=sentence)


def _most_improved(report: Report, experiment: Experiment) -> Iterator[Finding]:
    increases = experiment.increase.f1  # type: ignore[union-attr]
    named = report.text.most_improved
    most = max(increases, key=lambda emotion: float(increases[emotion]))
    if most != named:
        sentence = (
            f"5.7 calls {named} the most improved emotion (+{increases[named]}%), but {experiment.section} has "
            f"{most} at +{float(increases[most]):,.0f}%."
        )
        yield _finding("5.7", experiment.section, sentence=sentence)
