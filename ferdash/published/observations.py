"""What the report's figures show, right as they may be, that its text does not say."""

from collections.abc import Iterator

from ferdash.published.findings import Finding, shown
from ferdash.published.reader import ROUNDING, Report


def observations(report: Report) -> list[Finding]:
    """Each as a finding of kind `observation`."""
    return [*_pretrained(report), *_adaptive(report), *_chosen_on_test(report), *_same_images(report), *_rerun(report)]


def _observation(*sections: str, sentence: str) -> Finding:
    return Finding("observation", sections, sentence)


def _pretrained(report: Report) -> Iterator[Finding]:
    """A model that has seen the test images scores too high on them, and loses that when it is trained on others."""
    before = next(one for one in report.experiments if one.epochs == 0)
    after = [one for one in report.experiments if one.epochs and one.images == before.images]
    if after and all(one.accuracy < before.accuracy - ROUNDING for one in after):
        falls = " and ".join(f"{shown(one.accuracy)} ({one.section})" for one in after)
        sentence = (
            f"The pretrained model's {shown(before.accuracy)} falls to {falls} on the same {before.images:,} test "
            "images when it is fine-tuned on the training images of the same dataset. That is what happens when a "
            "model has seen the test images before; then no accuracy on them, of it or of what was trained from it, "
            "says how well it does on new faces."
        )
        yield _observation(before.section, *(one.section for one in after), sentence=sentence)


def _adaptive(report: Report) -> Iterator[Finding]:
    adaptive = report.experiment("adaptive_training")
    plain = report.experiment("full_dataset_single_epoch")
    other = report.experiment("full_dataset_multi_epoch")
    if adaptive.images == plain.images and adaptive.accuracy < plain.accuracy:
        points = 100 * (plain.accuracy - adaptive.accuracy)
        sentence = (
            f"On the same {plain.images:,} images, the best of {adaptive.epochs} epochs of adaptive training "
            f"({shown(adaptive.accuracy)}) is {points:.2f} points below one epoch without it "
            f"({shown(plain.accuracy)}). It is a gain only beside {shown(other.accuracy)}, measured on other images."
        )
        yield _observation(other.section, plain.section, adaptive.section, sentence=sentence)


def _chosen_on_test(report: Report) -> Iterator[Finding]:
    for one in report.experiments:
        if one.best_epoch and one.measured_on == "test":
            last = one.progress[-1].accuracy
            sentence = (
                f"{one.section} states the accuracy of epoch {one.best_epoch}, chosen for its score on the test images "
                f"themselves ({shown(one.accuracy)}), beside a table of epoch {one.epochs} ({shown(last)})."
            )
            yield _observation(one.section, sentence=sentence)


def _same_images(report: Report) -> Iterator[Finding]:
    """Every accuracy of a progression that is a whole number of the test images, and the last one that of the table."""
    for one in report.experiments:
        shares = [row.accuracy for row in one.progress if one.measured_on == "validation"]
        whole = all(abs(round(share * one.images) / one.images - share) <= ROUNDING + 1e-9 for share in shares)
        if shares and whole and shares[-1] == one.accuracy:
            sentence = (
                f"{one.section}: every validation accuracy is a whole number of {one.images:,} images and the last is "
                "the accuracy of the table, so validation and test are most likely the same images, and the epoch was "
                "chosen on those it is reported on."
            )
            yield _observation(one.section, sentence=sentence)


def _rerun(report: Report) -> Iterator[Finding]:
    """Balanced accuracy makes a balanced subset and a whole split comparable, up to the chance of the draw."""
    # Only here: SciPy's statistics take half a second to import, and the rows of the report need none.
    from scipy.stats import binomtest

    subset, whole = (report.experiment(name) for name in report.text.rerun)
    interval = binomtest(round(subset.accuracy * subset.images), subset.images).proportion_ci(method="wilson")
    balanced = whole.table.macro()[1]
    if not interval.low <= balanced <= interval.high:
        sentence = (
            f"{whole.section} explains its higher accuracy by its images. Weighing every emotion equally, as the "
            f"{subset.images:,} images of {subset.section} do, it still reaches {shown(balanced)}, outside the 95% "
            f"CI of {shown(subset.accuracy)} there ({shown(interval.low)} to {shown(interval.high)}): the two "
            "runs of the same settings differ too."
        )
        yield _observation(subset.section, whole.section, sentence=sentence)
